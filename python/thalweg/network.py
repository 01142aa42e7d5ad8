"""The engine: a network, trained, examined, saved and loaded."""

from __future__ import annotations

import html
import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from os import PathLike
from typing import Any, Self

import numpy as np

from . import _engine
from ._arrays import Rows, as_columns, as_labels, as_rows, as_targets, is_array, open_numpy, refuse_no_numbers
from ._own_parts import name_of_own, named_apart, refuse_half_layers
from ._resumed import loss_of, refuse_other_rows, refuse_other_settings, without_functions
from ._rows import are_classes, rows
from ._settings import every, seed_of, spelled, threads_of, to_json, whole
from .callbacks import Progress, joined
from .explanation import Explanation
from .history import History

__all__ = ["Network"]


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
        one: Any = layers  # a single layer does as well as a list of one
        layers = [one] if isinstance(one, str) or hasattr(one, "keys") or hasattr(one, "forward") else list(layers)
        entries = self._entries(layers)
        given: Any = input_shape
        axes: list[Any] = [*given] if hasattr(given, "__iter__") else [given]
        shape = [whole("input_shape", size, 1) for size in axes]
        self._layers = layers
        self._engine = _engine.Network(entries, shape, precision, seed_of(seed), None if init is None else to_json(init))
        self.history = History()
        self.state: _engine.State | None = None
        self._training: dict[str, Any] | None = None

    @staticmethod
    def _entries(layers: Sequence[Any]) -> list[Any]:
        """Objects of one's own as they are, and what lies between them as lists in JSON."""
        entries: list[Any] = []
        described: list[Any] = []
        for layer in layers:
            refuse_half_layers(layer)
            if hasattr(layer, "forward"):
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
        network._training = None
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
        """What an array has in its columns: the names of the columns, of a category one for each of its values (``"kind=large"``).

        >>> import thalweg
        >>> thalweg.Network([thalweg.layers.dense(1)], input_shape=2).feature_names
        []
        """
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
            f"<tr><td>{number}</td><td>{html.escape(kind)}</td><td>{_shape(output)}</td><td>{count:,}</td></tr>"
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
        given = np.asarray(values)
        refuse_no_numbers(given, f"the parameter {name!r}")
        self._engine.set_parameter(name, np.ascontiguousarray(given, dtype=np.float64))

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
        metrics: Any = (),
        callbacks: Sequence[Callable[..., Any]] | None = (),
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
        it, that which goes with the targets. ``metrics`` are names, or functions ``metric(predictions, targets) -> number`` of
        ``[rows, outputs]`` predictions, under names that Thalweg's have not, of which less is better where one stops a training.
        ``training`` takes every other key of an
        experiment's ``training`` table: ``schedule``, ``l2``, ``clip_norm``, ``early_stopping`` ... ``epochs`` or ``steps`` say how long;
        100 epochs without them. ``state`` goes on from the state of another training, by the settings that are given here.

        With validation data the network afterwards has the weights of the best report by validation. Ctrl-C, and whatever a callback, a
        loss, a metric or a layer in Python raises, ends it between two steps: the network has what it came to, ``history`` and ``state``
        are there to go on from with :meth:`resume`, and the exception is raised.

        ``x``: ``[rows, *input_shape]``, finite numbers, which are read where they lie. ``y``: ``[rows]`` or ``[rows, outputs]``, numbers; or
        class numbers from 0, where they are whole numbers and the network has several outputs or the loss is one of classes. ``weights``:
        what each row counts, ``[rows]`` or one number, 0 or more. ``validation_data`` and ``test_data``: ``(x, y)`` or ``(x, y, weights)``.
        ``batch_size``: rows of an update, 1 or more, or ``"full"``. ``epochs``: passes over the rows, 100 where neither it nor ``steps``, the number of
        updates, is given. ``report_every``: epochs, or text such as ``"10 steps"``; by default every epoch, of full batches every 100 steps.
        ``threads`` changes no result. ``verbose`` shows a progress bar, ``live`` redraws pictures
        in a notebook or a terminal.

        Raises ``ValueError`` for settings and shapes that do not fit, and :class:`thalweg.DivergedError` where the loss runs away.

        >>> import thalweg
        >>> x, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
        >>> net = thalweg.Network([thalweg.layers.dense(2)], input_shape=1, seed=1)
        >>> history = net.fit(x, y, batch_size=2, epochs=30, optimizer="adam", learning_rate=0.1, metrics=["f1_macro"], l2=1e-4)
        >>> net.loss, history["epoch"][-1].item(), history["train.accuracy"][-1].item()
        ('softmax_cross_entropy', 30, 1.0)
        """
        if epochs is not None and steps is not None:
            raise ValueError(f"epochs={epochs} and steps={steps} both say how long to train; give one of them")
        settings = self._settings(loss, optimizer, learning_rate, batch_size, epochs, steps, training)
        if report_every is not None:
            settings["report_every"] = every(report_every)
        asked = [metrics] if isinstance(metrics, str) or callable(metrics) else list(metrics or ())
        own = named_apart([metric for metric in asked if not isinstance(metric, str)])
        if asked:
            settings["metrics"] = [metric for metric in asked if isinstance(metric, str)] + [{"custom": name_of_own(metric)} for metric in own]
        outputs = int(np.prod(self.output_shape))

        def part(data: Any) -> _engine.Dataset | None:
            if data is None:
                return None
            given: list[Any] = [*data] if isinstance(data, (list, tuple)) else []
            if len(given) not in (2, 3):
                raise ValueError("validation_data and test_data must be (x, y) or (x, y, weights)")
            return self._given(given[0], given[1], given[2] if len(given) > 2 else None, loss)

        if callable(callbacks):
            raise ValueError(f"callbacks must be a list of functions of the report, such as [print], not {callbacks!r}")
        watchers = list(callbacks or ())
        train = self._given(x, y, weights, loss)
        progress = None
        if verbose:
            # What is neither "full" nor a number is refused by the engine.
            batch = int(batch_size) if hasattr(batch_size, "__index__") else train.rows
            of_steps = None if steps is None else -(-steps // max(-(-train.rows // max(batch, 1)), 1))
            progress = Progress(total=epochs or of_steps or 100)
            watchers.append(progress)
        shown = None
        if live:
            from .live import Live
            from .plot import class_ids

            ids = class_ids(self, y)
            drawn = y if ids is None else ids
            shown = Live(train.unscaled(), drawn, are_classes=ids is not None or are_classes(as_targets(y), outputs, loss))
            watchers.append(shown)
        call, with_parameters = joined(watchers, self._like)
        chosen = None if loss is None else spelled(loss)
        are_new = self._engine.keep_names(train)
        try:
            outcome, _ = self._engine.fit(
                train,
                to_json(settings),
                loss=chosen,
                validation=part(validation_data),
                test=part(test_data),
                seed=seed_of(seed),
                threads=threads_of(threads),
                state=state,
                metrics=own,
                callback=call,
                with_parameters=with_parameters,
            )
        except BaseException:
            if are_new:
                self._engine.forget_names()
            raise
        finally:
            if progress is not None:
                progress.close()
        history = History(outcome.history())
        how = self._how(settings, loss, seed)
        self._training = {
            **how,
            "asked": {"metrics": asked, "epochs": epochs, "steps": steps},
            "rows": train.rows,
            "is_watched": validation_data is not None,
        }
        self.history = self.history.continued(history, is_anew=False) if state is not None else history
        self.state = outcome.state()
        self.outcome = outcome
        if shown is not None:
            # A picture that fails is no reason beside another.
            with suppress(Exception) if outcome.error is not None else nullcontext():
                shown.close()
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
        optimizer = "adam" if optimizer is None else optimizer
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
        """Goes on from where the last ``fit`` ended, with its optimizer's state and its settings, to the same bits as if it had never
        stopped.

        ``x`` and ``y`` are the rows of that ``fit``, and so are ``weights``, ``validation_data`` and ``test_data`` where it had such.
        ``epochs`` or ``steps`` count from the very start; without them it goes on to where the ``fit`` was to end. A schedule that
        depends on the end goes by the new one from here on. ``metrics``, ``callbacks``, ``threads``, ``verbose`` and ``live`` may be
        others; settings that decide an update may not: ``fit(x, y, state=network.state, ...)`` goes on with others.

        A loss that was a function is not in a pickle, and is given again.

        >>> import numpy as np
        >>> import thalweg
        >>> x = np.linspace(-1, 1, 50).reshape(-1, 1)
        >>> nets = [thalweg.Network(["tanh", {"dense": 1}], 1) for _ in range(2)]
        >>> history = nets[0].fit(x, x**2, loss="huber", epochs=5)
        >>> history = nets[1].fit(x, x**2, loss="huber", epochs=2)
        >>> nets[1].resume(x, x**2, epochs=5)["epoch"].tolist()
        [3, 4, 5]
        >>> bool((nets[0]["1.weight"] == nets[1]["1.weight"]).all())
        True
        """
        if self.state is None:
            raise ValueError("there is nothing to go on from: call fit first")
        before = self._training
        if before is None:
            return self.fit(x, y, state=self.state, **arguments)
        arguments = {name: value for name, value in arguments.items() if value is not None}
        arguments["loss"] = loss_of(before, arguments.get("loss"))
        refuse_other_settings(before, arguments, self.loss, self._engine.are_same)
        refuse_other_rows(before, x, arguments)
        asked: dict[str, Any] = before.get("asked", {})
        if "epochs" not in arguments and "steps" not in arguments:
            arguments |= {name: asked[name] for name in ("epochs", "steps") if asked.get(name) is not None} or {"epochs": 100}
        for unit, made in (("epochs", self.state.epoch), ("steps", self.state.step)):
            if unit in arguments and whole(unit, arguments[unit], 1) <= made:
                raise ValueError(f"{made} {unit} are made already, counted from the very start; say how far to go on: {unit}={2 * made}")
        merged = {"metrics": asked.get("metrics", ()), "seed": before["seed"], **before["settings"], **arguments}
        merged |= {"optimizer": before["settings"]["optimizer"], "learning_rate": None}
        return self.fit(x, y, state=self.state, **merged)

    @staticmethod
    def _how(settings: Mapping[str, Any], loss: Any, seed: int) -> dict[str, Any]:
        """What decides every update of a training, beside its rows."""
        optimizer: Any = settings["optimizer"]
        decides = {name: value for name, value in settings.items() if name not in ("epochs", "steps", "metrics")}
        decides["optimizer"] = {"name": optimizer} if isinstance(optimizer, str) else optimizer
        return {"settings": json.loads(to_json(decides)), "loss": loss, "seed": seed_of(seed)}

    def step(
        self,
        x: Any,
        y: Any,
        *,
        weights: Any = None,
        loss: Any = None,
        optimizer: Any = None,
        learning_rate: float | None = None,
        seed: int = 0,
        **training: Any,
    ) -> float:
        """One update by all these rows, the optimizer's state kept from step to step; the loss before it is returned.

        The arguments are those of ``fit``; it works on one thread. Without ``loss`` and ``optimizer``, those of the training that it goes on
        with, of a new network ``"adam"``. What says how many updates there are, how large or when reported, is refused with ``ValueError``, and
        so is an optimizer that cannot go on from the state of another. A step in which a loss or a layer in Python raises changes nothing.

        >>> import thalweg
        >>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=1, init="zeros")
        >>> [round(net.step([[1.0]], [2.0], optimizer={"name": "sgd", "learning_rate": 0.25}), 3) for _ in range(3)]
        [4.0, 0.0, 0.0]
        """
        refused = [name for name in _OF_MANY_STEPS if name in training]
        if refused:
            raise ValueError(f"a step is one update by all the rows it is given: {refused[0]} has no place in it; leave it out, or call fit")
        before = self._training if self.state is not None else None
        if before is not None:
            loss = loss_of(before, loss)
        if optimizer is None:
            optimizer = "adam" if before is None else before["settings"]["optimizer"]
        train = self._given(x, y, weights, loss)
        settings = self._settings(loss, optimizer, learning_rate, "full", None, None, training)
        how = {**self._how(settings, loss, seed), "rows": None, "is_watched": False}
        made = self.state.step if self.state is not None else 0
        settings["steps"] = made + 1_000_000
        settings["report_every"] = "1 steps"
        chosen = None if loss is None else spelled(loss)
        are_new = self._engine.keep_names(train)
        try:
            outcome, _ = self._engine.fit(
                train, to_json(settings), loss=chosen, seed=seed_of(seed), threads=1, state=self.state, leave_after=1
            )
        except BaseException:
            if are_new:
                self._engine.forget_names()
            raise
        if before is None:
            self._training = how
        if outcome.steps > made:
            self.state = outcome.state()
        if outcome.error is not None:
            raise outcome.error
        return float(outcome.history()["train.loss"][-1])

    # Using and examining it.

    def predict(self, x: Any, *, threads: int | None = None) -> Any:
        """``[rows, *output_shape]``: probabilities where the loss takes logits, else numbers in the target's own units.

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
        threads = threads_of(threads)
        if is_array(x):
            found = self._engine.predict_in_place(x)
            if found is not None:
                return self._shaped(found)
        return self._shaped(self._engine.predict(self._given(x), threads))

    def _shaped(self, said: Any) -> Any:
        """Predictions that are images are images."""
        shape = self._engine.output_shape
        return said if len(shape) == 1 else said.reshape(len(said), *shape)

    def evaluate(self, x: Any, y: Any, *, weights: Any = None) -> dict[str, float]:
        """The loss and every metric that fits, by name, of predictions and targets in their own units. ``y`` and ``weights`` are as in ``fit``;
        metrics count every row once.

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
        learning_rate: float | None = None,
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
        settings = self._settings(loss, optimizer, learning_rate, batch_size, None, None, training)
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
        given = as_rows(x, most_axes=None, sparse=True)
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
            "training": without_functions(self._training),
        }
        return _rebuilt, (type(self), contents)


def _rebuilt(cls: type[Network], contents: dict[str, Any]) -> Network:
    network = cls(contents["layers"], contents["input_shape"], precision=contents["precision"])
    network._engine.set_parameters(contents["parameters"])
    if contents["loss"] is not None:
        network._engine.set_loss(contents["loss"])
    if "description" in contents:  # which pickles of earlier versions have not
        network._engine.describe(contents["description"])
    network.history = contents["history"]
    network.state = contents["state"]
    network._training = contents.get("training")
    return network


#: Arguments of ``fit`` that say how many updates there are, how large, or when they are reported.
_OF_MANY_STEPS = (
    *("batch_size", "epochs", "steps", "report_every", "metrics", "callbacks"),
    *("validation_data", "test_data", "threads", "verbose", "live"),
)


def _listed(names: Sequence[str]) -> str:
    """The first of these."""
    return ", ".join(repr(name) for name in names[:5]) + (" ..." if len(names) > 5 else "")


def _shape(axes: Sequence[int]) -> str:
    return "[" + ", ".join(str(axis) for axis in axes) + "]"


def _torch_name(name: str) -> str:
    """PyTorch's name of a parameter: its batch normalisation says ``running_var``."""
    return name.removesuffix("running_variance") + "running_var" if name.endswith(".running_variance") else name
