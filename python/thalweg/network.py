"""The engine: a network, trained, examined, saved and loaded."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, Self

import numpy as np

from . import _engine
from ._arrays import Rows, as_columns, as_labels, as_rows, as_targets, is_array, open_numpy
from ._settings import every, seed_of, spelled, threads_of, to_json, whole
from .callbacks import Progress, joined
from .history import History

__all__ = ["Explanation", "Network", "rows"]

#: Losses whose targets are classes.
_OF_CLASSES = frozenset({"binary_cross_entropy", "focal", "softmax_cross_entropy", "hinge", "squared_hinge"})


def rows(
    x: Any,
    y: Any = None,
    *,
    weights: Any = None,
    outputs: int = 1,
    loss: Any = None,
    classes: int | None = None,
) -> _engine.Dataset:
    """Rows for the engine. Whole numbers are classes where ``classes`` are known, the network has several outputs or the loss is one of
    classes.

    >>> rows(np.ones((4, 3)), [0, 1, 2, 1], outputs=3).rows
    4
    """
    given = x if isinstance(x, Rows) else as_rows(x, most_axes=None, sparse=True)
    names = [*given.names] if given.names and all(isinstance(name, str) for name in given.names) else None
    weighed = None if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
    if y is None:
        return _engine.Dataset(given.array, weights=weighed, feature_names=names)
    targets = as_targets(y)
    if len(targets) != len(given.array):
        raise ValueError(f"x has {len(given.array)} rows, but y has {len(targets)}; each row needs its target")
    spelled(loss)  # refuses a dictionary without a name
    name: Any = loss["name"] if hasattr(loss, "keys") else loss
    is_whole = targets.dtype.kind in "iub" and targets.ndim == 1
    if is_whole and (classes is not None or outputs > 1 or (isinstance(name, str) and name in _OF_CLASSES)):
        if targets.size and int(targets.min()) < 0:
            raise ValueError("class numbers go from 0; make labels numbers first: labels, y = np.unique(y, return_inverse=True)")
        count = classes if classes is not None else max(outputs, 2)
        labels = np.ascontiguousarray(targets, dtype=np.uint32)
        return _engine.Dataset(given.array, labels=labels, classes=count, weights=weighed, feature_names=names)
    values = np.ascontiguousarray(targets.reshape(len(targets), -1), dtype=np.float64)
    return _engine.Dataset(given.array, values=values, weights=weighed, feature_names=names)


class Explanation:
    """One training step with every matrix: ``print`` shows it, ``matrices`` holds the numbers.

    :meth:`Network.explain` gives it. ``text`` is what is printed, ``content`` the same as dictionaries.

    >>> import thalweg
    >>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=2, init="zeros", precision="f64")
    >>> step = net.explain(np.array([[1.0, 2.0]]), [3.0], optimizer={"name": "sgd", "learning_rate": 0.5})
    >>> step.matrices["w0"].tolist(), step.matrices["dw0"].tolist()
    ([[0.0], [0.0]], [[-6.0], [-12.0]])
    """

    def __init__(self, text: str, content: dict[str, Any]) -> None:
        self.text = text
        self.content = content

    @property
    def matrices(self) -> dict[str, Any]:
        """Every matrix by its name in the formulas: ``"w0"``, ``"dlogits"`` ...; values that are not finite are NaN."""
        found: dict[str, Any] = {}
        for section in self.content["sections"]:
            for entry in section["entries"]:
                matrix = entry.get("matrix")
                if matrix is not None:
                    values = np.asarray([np.nan if v is None else v for v in matrix["values"]])
                    found.setdefault(matrix["name"], values.reshape(matrix["shape"]))
        return found

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


class Network:
    """Ordered layers and their parameters.

    Layers are written as in an experiment file: names (``"relu"``), dictionaries (``{"dense": 64, "activation": "relu"}``), the functions of
    :mod:`thalweg.layers`, or objects of one's own (:class:`thalweg.layers.Layer`). ``input_shape``: the sizes of one example, ``4`` or ``[1,
    28, 28]``. ``precision``: ``"f32"`` or ``"f64"``, of weights and sums. ``seed``: where weights start, from 0 to 2⁶⁴ - 1; the same seed
    gives the same bits. ``init``: how they start, such as ``"glorot_uniform"`` or ``{"name": "normal", "std": 0.1}``; without it by He's rule
    before ReLU and its kin, else Glorot's. Layers that do not fit one another raise ``ValueError``.

    ``net["0.weight"]`` is a copy of a parameter, ``net["0.weight"] = values`` sets it, and iterating gives the names. ``history`` has the
    reports of the last training, ``state`` what it goes on from.

    >>> import numpy as np
    >>> import thalweg
    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> line = thalweg.Network([thalweg.layers.dense(1)], input_shape=1, precision="f64")
    >>> history = line.fit(x, 2 * x + 1, optimizer={"name": "sgd", "learning_rate": 0.1}, batch_size="full", epochs=500)
    >>> bool(history["train.loss"][-1] < 1e-12)
    True
    >>> line.predict(np.array([[10.0]])).round(4)
    array([[21.]])

    What it is:

    >>> line.input_shape, line.output_shape, line.precision, line.parameter_count, line.loss
    ((1,), (1,), 'f64', 2, 'mean_squared_error')
    >>> list(line), line["0.weight"].round(3).tolist(), line.layers
    (['0.weight', '0.bias'], [[2.0]], [{'dense': 1}])
    >>> line.label_names, line.column_names, sorted(line.parameters)
    ([], [], ['0.bias', '0.weight'])
    """

    def __init__(
        self,
        layers: Sequence[Any],
        input_shape: int | Sequence[int],
        *,
        precision: str = "f32",
        seed: int = 0,
        init: Any = None,
    ) -> None:
        entries = self._entries(layers)
        given: Any = input_shape
        axes: list[Any] = [*given] if hasattr(given, "__iter__") else [given]
        shape = [whole("input_shape", size, 1) for size in axes]
        self._layers = list(layers)
        self._engine = _engine.Network(entries, shape, precision, seed_of(seed), None if init is None else to_json(init))
        self.history = History()
        self.state: _engine.State | None = None

    @staticmethod
    def _entries(layers: Sequence[Any]) -> list[Any]:
        """Objects of one's own as they are, and what lies between them as lists in JSON."""
        entries: list[Any] = []
        described: list[Any] = []
        for layer in layers:
            if hasattr(layer, "forward") and hasattr(layer, "backward"):
                entries += [to_json(described), layer] if described else [layer]
                described = []
            else:
                described.append(layer)
        return [*entries, to_json(described)] if described or not entries else entries

    @classmethod
    def _of(cls, engine: _engine.Network, layers: Sequence[Any] | None = None) -> Self:
        network = cls.__new__(cls)
        network._engine = engine
        network._layers = list(json.loads(engine.layers()) if layers is None else layers)
        network.history = History()
        network.state = None
        return network

    # What it is.

    @property
    def layers(self) -> list[Any]:
        """The layers, as they were given or as the file has them: a list of names, dictionaries and objects."""
        return list(self._layers)

    @property
    def precision(self) -> str:
        """``"f32"`` or ``"f64"``: the type of parameters, sums and predictions."""
        return self._engine.precision

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return tuple(self._engine.input_shape)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of one prediction."""
        return tuple(self._engine.output_shape)

    @property
    def parameter_count(self) -> int:
        """How many numbers the parameters have; averages that batch normalisation keeps are counted."""
        return self._engine.parameter_count

    @property
    def loss(self) -> Any:
        """The loss that it was trained by; ``None`` before."""
        text = self._engine.loss
        return None if text is None else json.loads(text)

    @property
    def label_names(self) -> list[str]:
        """The names of the classes, by number: of a classifier's file its labels; empty where there are none."""
        return list(self._engine.label_names)

    @property
    def column_names(self) -> list[str]:
        """The names of the columns that it was trained on, in their order; empty where they had none.

        A frame is read by these names, whatever the order of its columns.
        """
        return self._engine.column_names

    @property
    def feature_names(self) -> list[str]:
        """What an array has in its columns: the names of the columns, of a category one for each of its values (``"kind=large"``)."""
        return self._engine.feature_names

    def summary(self) -> str:
        """A table of the layers: number, kind, shape of one example's output, parameters. ``print(net)`` shows it too.

        >>> import thalweg
        >>> thalweg.Network(["relu", {"dense": 2}], input_shape=3).summary().splitlines()[-1].split()
        ['total', '8']
        """
        return self._engine.summary()

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{number}</td><td>{kind}</td><td>{_shape(output)}</td><td>{count:,}</td></tr>"
            for number, kind, _, output, count in self._engine.placed_layers()
        )
        weights = [name for name in self if name.endswith("weight") and self[name].ndim == 2]
        picture = ""
        if weights:
            values = np.asarray(self[weights[0]], dtype=np.float64)
            picture = _engine.draw_heatmap(f"{weights[0]} {_shape(values.shape)}", values[:64, :64])
        return (
            "<table><thead><tr><th>layer</th><th>kind</th><th>output</th><th>parameters</th></tr></thead>"
            f"<tbody>{cells}<tr><td></td><td>total</td><td></td><td>{self.parameter_count:,}</td></tr></tbody></table>"
            + picture
        )

    # Its parameters, by name.

    def __iter__(self) -> Iterator[str]:
        return iter(self._engine.parameter_names)

    def __getitem__(self, name: str) -> Any:
        return self._engine.parameter(name)

    def __setitem__(self, name: str, values: Any) -> None:
        self._engine.set_parameter(name, np.ascontiguousarray(values, dtype=np.float64))

    @property
    def parameters(self) -> dict[str, Any]:
        """A copy of every parameter tensor by its name, such as ``"0.weight"``, ``[in, out]``, and ``"0.bias"``, ``[out]``."""
        return {name: self[name] for name in self}

    def state_dict(self) -> dict[str, Any]:
        """The parameters as a ``torch.nn.Sequential`` of the same layers names and lays them out: weights ``[out, in]``.

        >>> import thalweg
        >>> net = thalweg.Network([thalweg.layers.dense(4, activation="relu"), thalweg.layers.dense(2)], input_shape=3)
        >>> {name: values.shape for name, values in net.state_dict().items()}
        {'0.weight': (4, 3), '0.bias': (4,), '2.weight': (2, 4), '2.bias': (2,)}
        """
        named: dict[str, Any] = {}
        for name, values in self.parameters.items():
            is_matrix = name.endswith(".weight") and values.ndim == 2
            named[_torch_name(name)] = np.ascontiguousarray(values.T) if is_matrix else values
        return named

    def load_state_dict(self, named: Mapping[str, Any]) -> None:
        """Takes the parameters of such a ``Sequential``; tensors or arrays. PyTorch's counts of batches are left out.

        Raises ``ValueError`` where one is absent, is of another shape, or belongs to no layer; nothing is taken then.

        >>> import thalweg
        >>> first, second = (thalweg.Network([thalweg.layers.dense(2)], input_shape=3, seed=seed) for seed in (1, 2))
        >>> second.load_state_dict(first.state_dict())
        >>> bool((second["0.weight"] == first["0.weight"]).all())
        True
        """
        own = {_torch_name(name): name for name in self}
        surplus = [key for key in named if key not in own and not key.endswith("num_batches_tracked")]
        if surplus:
            raise ValueError(f"there is no layer for {', '.join(map(repr, surplus))}; the network has {', '.join(own)}")
        taken: dict[str, Any] = {}
        for key, name in own.items():
            if key not in named:
                raise ValueError(f"there is no {key!r}; there are {', '.join(named)}")
            values = named[key]
            values = np.asarray(values.detach().cpu().numpy() if hasattr(values, "detach") else values)
            before = self[name]
            wanted = before.T.shape if name.endswith(".weight") and before.ndim == 2 else before.shape
            if values.shape != wanted:
                raise ValueError(f"{key!r} must have the shape {wanted}, not {values.shape}")
            taken[name] = values.T if name.endswith(".weight") and values.ndim == 2 else values
        for name, values in taken.items():
            self[name] = values

    def to_torch(self) -> Any:
        """A ``torch.nn.Sequential`` with the same layers and parameters, in evaluation mode; its outputs are logits where the loss takes them.

        Where a network came with a scale, the layer ``scale`` before the others takes features in their own units, and the layer
        ``target_scale`` behind them gives predictions in the target's own. Neither has parameters: the names of the others stay.

        Raises ``ImportError`` where PyTorch is not installed, ``ValueError`` for a layer that PyTorch has not.

        >>> import thalweg, torch
        >>> net = thalweg.Network([thalweg.layers.dense(2, activation="tanh")], input_shape=3)
        >>> x = np.ones((1, 3), dtype=np.float32)
        >>> bool(np.allclose(net.to_torch()(torch.from_numpy(x)).detach().numpy(), net.predict(x), atol=1e-6))
        True
        """
        from .sequential import sequential

        return sequential(self)

    # Training.

    def fit(
        self,
        x: Any,
        y: Any,
        *,
        weights: Any = None,
        validation_data: Any = None,
        test_data: Any = None,
        loss: Any = None,
        optimizer: Any = "adam",
        learning_rate: float | None = None,
        batch_size: int | str = 32,
        epochs: int | None = None,
        steps: int | None = None,
        metrics: Sequence[Any] = (),
        callbacks: Sequence[Callable[..., Any]] = (),
        report_every: int | str | None = None,
        seed: int = 0,
        threads: int | None = None,
        state: _engine.State | None = None,
        verbose: bool = False,
        live: bool = False,
        **training: Any,
    ) -> History:
        """Trains on all rows, and returns every report.

        ``loss`` is a name, a dictionary, or a function ``loss(predictions, targets, weights) -> (loss per row, dpredictions)``; without
        it, that which goes with the targets. ``metrics`` are names, or functions ``metric(predictions, targets)``. ``training`` takes
        every other key of an experiment's ``training`` table: ``schedule``, ``l2``, ``clip_norm``, ``early_stopping`` ...

        With validation data the network afterwards has the weights of the best report by validation. Ctrl-C stops within a step: the
        network has what it came to, and ``state`` is there to go on from.

        ``x``: ``[rows, *input_shape]``, finite numbers, which are read where they lie. ``y``: ``[rows]`` or ``[rows, outputs]``, numbers; or
        class numbers from 0, where they are whole numbers and the network has several outputs or the loss is one of classes. ``weights``:
        what each row counts, ``[rows]``, 0 or more. ``validation_data`` and ``test_data``: ``(x, y)`` or ``(x, y, weights)``. ``batch_size``:
        rows of an update, 1 or more, or ``"full"``. ``epochs``: passes over the rows, 100 where neither it nor ``steps``, the number of
        updates, is given. ``report_every``: epochs, or text such as ``"10 steps"``; by default every epoch, of full batches every 100 steps.
        ``threads`` changes no result. ``verbose`` shows a progress bar, ``live`` redraws pictures in a notebook.

        Raises ``ValueError`` for settings and shapes that do not fit, and :class:`thalweg.DivergedError` where the loss runs away.

        >>> import thalweg
        >>> x, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
        >>> net = thalweg.Network([thalweg.layers.dense(2)], input_shape=1, seed=1)
        >>> history = net.fit(x, y, batch_size=2, epochs=30, optimizer="adam", learning_rate=0.1, metrics=["f1_macro"], l2=1e-4)
        >>> net.loss, history["epoch"][-1].item(), history["train.accuracy"][-1].item()
        ('softmax_cross_entropy', 30, 1.0)
        """
        settings = self._settings(loss, optimizer, learning_rate, batch_size, epochs, steps, training)
        if report_every is not None:
            settings["report_every"] = every(report_every)
        named = [metric for metric in metrics if isinstance(metric, str)]
        if named:
            settings["metrics"] = named

        def part(data: Any) -> _engine.Dataset | None:
            if data is None:
                return None
            given: list[Any] = [*data] if isinstance(data, (list, tuple)) else []
            if len(given) not in (2, 3):
                raise ValueError("validation_data and test_data must be (x, y) or (x, y, weights)")
            return self._given(given[0], given[1], given[2] if len(given) > 2 else None, loss)

        train = self._given(x, y, weights, loss)
        self._engine.keep_names(train)
        if callable(callbacks):
            raise ValueError(f"callbacks must be a list of functions of the report, such as [print], not {callbacks!r}")
        watchers = list(callbacks)
        progress = None
        if verbose:
            batch = train.rows if batch_size == "full" else int(batch_size)
            of_steps = None if steps is None else -(-steps // max(-(-train.rows // max(batch, 1)), 1))
            progress = Progress(total=epochs or of_steps or 100)
            watchers.append(progress)
        if live:
            from .live import Live

            watchers.append(Live(train.unscaled(), y))
        call, with_parameters = joined(watchers, self._like)
        chosen = None if loss is None else spelled(loss)
        if chosen is not None:
            self._engine.set_loss(chosen)
        outcome, _ = self._engine.fit(
            train,
            to_json(settings),
            loss=chosen,
            validation=part(validation_data),
            test=part(test_data),
            seed=seed_of(seed),
            threads=threads_of(threads),
            state=state,
            metrics=_named_apart([metric for metric in metrics if not isinstance(metric, str)]),
            callback=call,
            with_parameters=with_parameters,
        )
        if progress is not None:
            progress.close()
        history = History(outcome.history())
        self.history = self.history.continued(history) if state is not None else history
        self.state = outcome.state()
        self.outcome = outcome
        if outcome.error is not None:
            raise outcome.error
        return history

    @staticmethod
    def _settings(
        loss: Any,
        optimizer: Any,
        learning_rate: float | None,
        batch_size: Any,
        epochs: int | None,
        steps: int | None,
        training: Mapping[str, Any],
    ) -> dict[str, Any]:
        settings: dict[str, Any] = {"batch_size": batch_size, **training}
        if learning_rate is not None:
            optimizer = {"name": optimizer} if isinstance(optimizer, str) else dict(optimizer)
            optimizer["learning_rate"] = learning_rate
        settings["optimizer"] = optimizer
        if loss is not None and not callable(loss):
            settings["loss"] = loss
        if epochs is not None:
            settings["epochs"] = epochs
        if steps is not None:
            settings["steps"] = steps
        return settings

    def resume(self, x: Any, y: Any, **arguments: Any) -> History:
        """Goes on from where the last ``fit`` ended, with its optimizer's state: the same bits as if it had never stopped.

        The arguments are those of ``fit``; ``epochs`` and ``steps`` count from the very start. Raises ``ValueError`` where there was no ``fit``.

        >>> import thalweg
        >>> x, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([1.0, 3.0, 5.0, 7.0])
        >>> whole, parts = (thalweg.Network([thalweg.layers.dense(1)], input_shape=1) for _ in range(2))
        >>> history = whole.fit(x, y, batch_size=2, epochs=4)
        >>> history = parts.fit(x, y, batch_size=2, epochs=2)
        >>> parts.resume(x, y, batch_size=2, epochs=4)["epoch"].tolist()
        [3, 4]
        >>> bool((parts["0.weight"] == whole["0.weight"]).all())
        True
        """
        if self.state is None:
            raise ValueError("there is nothing to go on from: call fit first")
        return self.fit(x, y, state=self.state, **arguments)

    def step(self, x: Any, y: Any, *, weights: Any = None, loss: Any = None, optimizer: Any = "adam", seed: int = 0, **training: Any) -> float:
        """One update by all these rows, the optimizer's state kept from step to step; the loss before it is returned.

        The arguments are those of ``fit``; it works on one thread.

        >>> import thalweg
        >>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=1, init="zeros")
        >>> [round(net.step([[1.0]], [2.0], optimizer={"name": "sgd", "learning_rate": 0.25}), 3) for _ in range(3)]
        [4.0, 0.0, 0.0]
        """
        train = self._given(x, y, weights, loss)
        self._engine.keep_names(train)
        settings = self._settings(loss, optimizer, None, "full", None, None, training)
        made = self.state.step if self.state is not None else 0
        settings["steps"] = made + 1_000_000
        settings["report_every"] = "1 steps"
        chosen = None if loss is None else spelled(loss)
        outcome, _ = self._engine.fit(
            train, to_json(settings), loss=chosen, seed=seed_of(seed), threads=1, state=self.state, leave_after=1
        )
        self.state = outcome.state()
        if outcome.error is not None:
            raise outcome.error
        return float(outcome.history()["train.loss"][-1])

    # Using and examining it.

    def predict(self, x: Any, *, threads: int | None = None) -> Any:
        """``[rows, outputs]``: probabilities where the loss takes logits, else numbers in the target's own units.

        ``x``: ``[rows, *input_shape]``; another shape raises ``ValueError``. ``threads`` changes no result.

        A network that came with preprocessing (from the command, ``train`` or a file) applies it here and wherever else it is given rows:
        ``x`` and ``y`` are in their own units, and labels as they were in training. A frame is read by ``column_names``, text and missing
        values as in training; an array by position, in columns as ``feature_names`` says.

        >>> import thalweg
        >>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=2, init="zeros")
        >>> net["0.weight"] = [[1.0], [2.0]]
        >>> net.predict(np.array([[1.0, 1.0], [0.0, 3.0]])).tolist()
        [[3.0], [6.0]]
        """
        if is_array(x):
            found = self._engine.predict_in_place(x)
            if found is not None:
                return found
        return self._engine.predict(self._given(x), threads_of(threads))

    def evaluate(self, x: Any, y: Any, *, weights: Any = None) -> dict[str, float]:
        """The loss and every metric that fits, by name, of predictions and targets in their own units. ``y`` and ``weights`` are as in ``fit``; metrics count every row once.

        >>> import thalweg
        >>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=1, init="zeros")
        >>> found = net.evaluate([[0.0], [1.0]], [1.0, 3.0])
        >>> found["loss"], found["mae"], sorted(found)
        (5.0, 2.0, ['data_loss', 'loss', 'mae', 'mape', 'mse', 'r2', 'rmse'])
        """
        return self._engine.evaluate(self._given(x, y, weights, self._own(None)))

    def gradients(
        self, x: Any, y: Any, *, weights: Any = None, loss: Any = None, l2: float = 0.0, l1: float = 0.0
    ) -> tuple[float, dict[str, Any]]:
        """The loss over all rows, penalties included, and its derivative by every parameter, by name and shaped as it.

        >>> import thalweg
        >>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=2, init="zeros")
        >>> loss, gradients = net.gradients([[1.0, 2.0]], [3.0])
        >>> loss, gradients["0.weight"].tolist(), gradients["0.bias"].tolist()
        (9.0, [[-6.0], [-12.0]], [-6.0])
        """
        data = self._given(x, y, weights, self._own(loss))
        value, flat = self._engine.gradients(data, to_json({"l2": l2, "l1": l1}), None if loss is None else spelled(loss))
        named: dict[str, Any] = {}
        start = 0
        for name in self:
            shape = self[name].shape
            size = int(open_numpy.prod(shape))
            named[name] = flat[start : start + size].reshape(shape)
            start += size
        return value, named

    def gradcheck(self, x: Any, y: Any, *, weights: Any = None, loss: Any = None, seed: int = 0) -> dict[str, Any]:
        """Compares backward with central differences in 64 bits: ``{"ok": True, "worst": ..., "kinks": 0, ...}``.

        ``seed`` says where in the parameters differences are taken.

        >>> import thalweg
        >>> net = thalweg.Network([thalweg.layers.dense(3, activation="tanh"), thalweg.layers.dense(1)], input_shape=2)
        >>> check = net.gradcheck([[1.0, 2.0], [0.0, 1.0]], [3.0, 1.0])
        >>> check["ok"], check["kinks"]
        (True, 0)
        """
        data = self._given(x, y, weights, self._own(loss))
        return self._engine.gradcheck(data, "{}", None if loss is None else spelled(loss), seed_of(seed))

    def explain(
        self,
        x: Any,
        y: Any,
        *,
        step: int = 0,
        loss: Any = None,
        optimizer: Any = "adam",
        batch_size: int | str = 32,
        seed: int = 0,
        **training: Any,
    ) -> Explanation:
        """The step after ``step`` updates of a training from these parameters, with its formulas and every matrix.

        The arguments are those of ``fit``; the network stays as it is.

        >>> import thalweg
        >>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=1, init="zeros")
        >>> sorted(net.explain([[1.0], [2.0]], [1.0, 2.0], batch_size="full").matrices)[:4]
        ['b0', 'db0', 'dw0', 'dŷ']
        """
        settings = self._settings(loss, optimizer, None, batch_size, None, None, training)
        data = self._given(x, y, None, self._own(loss))
        chosen = None if loss is None else spelled(loss)
        text, content = self._engine.explain(data, to_json(settings), chosen, seed_of(seed), whole("step", step, 0))
        return Explanation(text, json.loads(content))

    def _own(self, loss: Any) -> Any:
        """This loss, or the network's own."""
        return loss if loss is not None else self.loss

    def _given(self, x: Any, y: Any = None, weights: Any = None, loss: Any = None) -> _engine.Dataset:
        """Rows as this network takes them: columns and labels by the preprocessing that it came with. The engine scales them."""
        features = self._features(x)
        outputs = int(np.prod(self.output_shape))
        classes: int | None = None
        if y is not None and self._engine.preprocessing is not None:
            found = self._engine.class_ids(as_labels(as_targets(y)))
            if found is not None:
                y, classes = found
        return rows(features, y, weights=weights, outputs=outputs, loss=loss, classes=classes)

    def _features(self, x: Any) -> Rows:
        """The features of a frame's columns, found by their names; arrays of numbers are features already."""
        columns = as_columns(x) if self._engine.takes_columns else None
        if columns is not None:
            self._in_order([name for name, _ in columns])
            array, notices = self._engine.encode(columns)
            for notice in notices:
                warnings.warn(notice, UserWarning, stacklevel=4)
            return Rows(array, None)
        given = as_rows(x, most_axes=None)
        order = None if given.names is None else self._in_order([str(name) for name in given.names])
        if order is None or given.names is None:
            return given
        return Rows(given.array[:, order], [given.names[place] for place in order])

    def _in_order(self, names: list[str]) -> list[int] | None:
        """Where each column stands that the network was trained on; ``None`` where it is where it was, or one side has no names."""
        trained = self.column_names
        if not trained or names == trained or names == [str(number) for number in range(len(names))]:
            return None
        missing, surplus = Counter(trained) - Counter(names), Counter(names) - Counter(trained)
        if missing:
            raise ValueError(
                f"the network was trained on the columns {_listed(trained)}, but these are {_listed(names)}: "
                f"{_listed(list(missing.elements()))} {'is' if missing.total() == 1 else 'are'} missing"
            )
        if surplus:
            raise ValueError(
                f"the network was not trained on the columns {_listed(list(surplus.elements()))}; choose those that it was trained on: "
                "x[network.column_names]"
            )
        places = {name: [place for place, own in enumerate(names) if own == name] for name in names}
        return [places[name].pop(0) for name in trained]

    # Files and copies.

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a model file, whole or not at all, which the command line and Rust read too. Raises ``OSError`` where it cannot.

        A layer that is an object of Python's is a ``ValueError``: a file holds none. Pickle such a network.

        >>> import os, tempfile, thalweg
        >>> net = thalweg.Network([thalweg.layers.dense(2)], input_shape=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     net.save(os.path.join(folder, "net.safetensors"))
        ...     again = thalweg.Network.load(os.path.join(folder, "net.safetensors"))
        >>> bool((again["0.weight"] == net["0.weight"]).all()), again.layers
        (True, [{'dense': 2}])
        """
        self._engine.save(path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Reads a model file, whoever wrote it: Python, Rust or the command line.

        Raises :class:`thalweg.FileError` where it is no model file, and ``OSError`` where it cannot be read.

        >>> import os, tempfile, thalweg
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     thalweg.Network([thalweg.layers.dense(2)], input_shape=3).save(os.path.join(folder, "net.safetensors"))
        ...     thalweg.Network.load(os.path.join(folder, "net.safetensors")).parameter_count
        8
        """
        return cls._of(_engine.Network.load(path))

    def copy(self) -> Self:
        """A copy that shares nothing, without history and state.

        >>> import thalweg
        >>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=1)
        >>> other = net.copy()
        >>> other["0.bias"] = [5.0]
        >>> net["0.bias"].tolist(), other["0.bias"].tolist()
        ([0.0], [5.0])
        """
        return type(self)._of(self._engine.copy(), self._layers)

    def _like(self, parameters: Any) -> Self:
        """A copy with these parameters."""
        network = self.copy()
        network._engine.set_parameters(np.asarray(parameters, dtype=np.float32 if self.precision == "f32" else np.float64))
        return network

    def __reduce__(self) -> Any:
        custom = self._engine.loss == '"custom"'
        contents = {
            "layers": self._layers,
            "input_shape": list(self.input_shape),
            "precision": self.precision,
            "parameters": self._engine.parameters(),
            "loss": None if custom else self._engine.loss,
            "description": self._engine.description(),
            "history": self.history,
            "state": self.state,
        }
        return _rebuilt, (type(self), contents)


def _rebuilt(cls: type[Network], contents: dict[str, Any]) -> Network:
    network = cls(contents["layers"], contents["input_shape"], precision=contents["precision"])
    network._engine.set_parameters(contents["parameters"])
    if contents["loss"] is not None:
        network._engine.set_loss(contents["loss"])
    network._engine.describe(contents["description"])
    network.history = contents["history"]
    network.state = contents["state"]
    return network


class _Metric:
    """A metric under a name of its own."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.function = function
        self.name = name

    def __call__(self, predictions: Any, targets: Any) -> Any:
        return self.function(predictions, targets)


def _named_apart(metrics: Sequence[Any]) -> list[Any]:
    """Metrics of one name, as lambdas are, numbered from the second on: ``<lambda>``, ``<lambda>_2``."""
    seen: dict[str, int] = {}
    apart: list[Any] = []
    for metric in metrics:
        name = str(getattr(metric, "name", getattr(metric, "__name__", type(metric).__name__)))
        seen[name] = seen.get(name, 0) + 1
        apart.append(metric if seen[name] == 1 else _Metric(metric, f"{name}_{seen[name]}"))
    return apart


def _listed(names: Sequence[str]) -> str:
    """The first of these."""
    return ", ".join(repr(name) for name in names[:5]) + (" ..." if len(names) > 5 else "")


def _shape(axes: Sequence[int]) -> str:
    return "[" + ", ".join(str(axis) for axis in axes) + "]"


def _torch_name(name: str) -> str:
    """PyTorch's name of a parameter: its batch normalisation says ``running_var``."""
    return name.removesuffix("running_variance") + "running_var" if name.endswith(".running_variance") else name
