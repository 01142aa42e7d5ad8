"""The engine: a network, trained, examined, saved and loaded."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from os import PathLike
from typing import Any, Self

import numpy as np

from . import _engine
from ._arrays import as_rows, as_targets, is_array, open_numpy
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
    columns: Sequence[str] = (),
) -> _engine.Dataset:
    """Rows for the engine. Whole numbers are classes where the network has several outputs or the loss is one of classes.

    ``columns``: the names that columns with names must have, in this order.
    """
    given = as_rows(x, most_axes=None)
    names = [str(name) for name in given.names] if given.names else None
    if names is not None and columns and names != list(columns):
        raise ValueError(
            f"the columns are {_listed(names)}, but the network was trained on {_listed(columns)}, in this order; choose these: "
            "x[network.column_names]"
        )
    weighed = None if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
    if y is None:
        return _engine.Dataset(given.array, weights=weighed, feature_names=names)
    targets = as_targets(y)
    if len(targets) != len(given.array):
        raise ValueError(f"x has {len(given.array)} rows, but y has {len(targets)}; each row needs its target")
    if targets.dtype.kind in "OSU":
        _refuse_text(targets)
    if are_classes(targets, outputs, loss):
        if targets.size and int(targets.min()) < 0:
            raise ValueError("class numbers go from 0; make labels numbers first: labels, y = np.unique(y, return_inverse=True)")
        count = classes if classes is not None else max(outputs, 2)
        labels = np.ascontiguousarray(targets, dtype=np.uint32)
        return _engine.Dataset(given.array, labels=labels, classes=count, weights=weighed, feature_names=names)
    values = np.ascontiguousarray(targets.reshape(len(targets), -1), dtype=np.float64)
    return _engine.Dataset(given.array, values=values, weights=weighed, feature_names=names)


def are_classes(targets: Any, outputs: int, loss: Any) -> bool:
    """Whether targets are class numbers: whole ones, where the network has several outputs or the loss is one of classes."""
    spelled(loss)  # refuses a dictionary without a name
    name: Any = loss["name"] if hasattr(loss, "keys") else loss
    is_whole = targets.dtype.kind in "iub" and targets.ndim == 1
    return is_whole and (outputs > 1 or (isinstance(name, str) and name in _OF_CLASSES))


def _refuse_text(targets: Any) -> None:
    labels = [value for value in targets.ravel().tolist() if isinstance(value, (str, bytes))]
    if labels:
        raise ValueError(
            f"y holds text such as {labels[0]!r}; a network takes class numbers: labels, y = np.unique(y, return_inverse=True), "
            "or train a thalweg.MLPClassifier, which takes labels"
        )


class Explanation:
    """One training step with every matrix: ``print`` shows it, ``matrices`` holds the numbers."""

    def __init__(self, text: str, content: dict[str, Any]) -> None:
        self.text = text
        self.content = content

    @property
    def matrices(self) -> dict[str, Any]:
        """Every matrix by its name in the formulas: ``"w0"``, ``"dlogits"`` ..."""
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

    Layers are written as in an experiment file: names (``"relu"``), dictionaries (``{"dense": 64, "activation": "relu"}``), the
    functions of :mod:`thalweg.layers`, or objects of one's own.

    >>> import numpy as np
    >>> import thalweg
    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> line = thalweg.Network([thalweg.layers.dense(1)], input_shape=1, precision="f64")
    >>> history = line.fit(x, 2 * x + 1, optimizer={"name": "sgd", "learning_rate": 0.1}, batch_size="full", epochs=500)
    >>> bool(history["train.loss"][-1] < 1e-12)
    True
    >>> line.predict(np.array([[10.0]])).round(4)
    array([[21.]])
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
            _refuse_half_layers(layer)
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
        """The layers, as they were given or as the file has them."""
        return list(self._layers)

    @property
    def precision(self) -> str:
        """``"f32"`` or ``"f64"``."""
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
        """How many values training changes."""
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
        """The names of the columns that a loaded estimator was trained on; empty where they had none."""
        text = self._engine.preprocessing
        inputs: Any = {} if text is None else json.loads(text).get("inputs", {})
        return [str(name) for name in inputs.get("column_names", ())] if inputs.get("kind") == "array" else []

    def summary(self) -> str:
        """A table of the layers."""
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
        self._engine.set_parameter(name, np.ascontiguousarray(values, dtype=np.float64))

    @property
    def parameters(self) -> dict[str, Any]:
        """A copy of every parameter tensor by its name."""
        return {name: self[name] for name in self}

    def state_dict(self) -> dict[str, Any]:
        """The parameters as a ``torch.nn.Sequential`` of the same layers names and lays them out: weights ``[out, in]``."""
        named: dict[str, Any] = {}
        for name, values in self.parameters.items():
            number, _, kind = name.partition(".")
            is_matrix = kind == "weight" and values.ndim == 2
            kind = {"running_variance": "running_var"}.get(kind, kind)
            named[f"{number}.{kind}"] = np.ascontiguousarray(values.T) if is_matrix else values
        return named

    def load_state_dict(self, named: Mapping[str, Any]) -> None:
        """Takes the parameters of such a ``Sequential``; tensors or arrays."""
        for name in self:
            number, _, kind = name.partition(".")
            key = f"{number}.{ {'running_variance': 'running_var'}.get(kind, kind) }"
            if key not in named:
                raise ValueError(f"there is no {key!r}; there are {', '.join(named)}")
            values = named[key]
            values = np.asarray(values.detach().cpu().numpy() if hasattr(values, "detach") else values)
            self[name] = values.T if kind == "weight" and values.ndim == 2 else values

    def to_torch(self) -> Any:
        """A ``torch.nn.Sequential`` with the same layers and parameters; its outputs are logits where the loss takes them."""
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
        it, that which goes with the targets. ``metrics`` are names, or functions ``metric(predictions, targets) -> number`` of
        ``[rows, outputs]`` predictions, of which less is better where one stops a training. ``training`` takes every other key of an
        experiment's ``training`` table: ``schedule``, ``l2``, ``clip_norm``, ``early_stopping`` ... ``epochs`` or ``steps`` say how long;
        100 epochs without them. ``state`` goes on from the state of another training, by the settings that are given here.

        With validation data the network afterwards has the weights of the best report by validation. Ctrl-C, and whatever a callback, a
        loss, a metric or a layer in Python raises, ends it between two steps: the network has what it came to, ``history`` and ``state``
        are there to go on from with :meth:`resume`, and the exception is raised.
        """
        if epochs is not None and steps is not None:
            raise ValueError(f"epochs={epochs} and steps={steps} both say how long to train; give one of them")
        settings = self._settings(loss, optimizer, learning_rate, batch_size, epochs, steps, training)
        if report_every is not None:
            settings["report_every"] = every(report_every)
        asked = [metrics] if isinstance(metrics, str) or callable(metrics) else list(metrics)
        own = _named_apart([metric for metric in asked if not isinstance(metric, str)])
        if asked:
            settings["metrics"] = [metric for metric in asked if isinstance(metric, str)] + [{"custom": _name(metric)} for metric in own]
        outputs = int(np.prod(self.output_shape))

        def part(data: Any) -> _engine.Dataset | None:
            if data is None:
                return None
            given: list[Any] = [*data] if isinstance(data, (list, tuple)) else []
            if len(given) not in (2, 3):
                raise ValueError("validation_data and test_data must be (x, y) or (x, y, weights)")
            return rows(given[0], given[1], weights=given[2] if len(given) > 2 else None, outputs=outputs, loss=loss)

        train = rows(x, y, weights=weights, outputs=outputs, loss=loss)
        if callable(callbacks):
            raise ValueError(f"callbacks must be a list of functions of the report, such as [print], not {callbacks!r}")
        watchers = list(callbacks)
        progress = None
        if verbose:
            batch = train.rows if batch_size == "full" else int(batch_size)
            of_steps = None if steps is None else -(-steps // max(-(-train.rows // max(batch, 1)), 1))
            progress = Progress(total=epochs or of_steps or 100)
            watchers.append(progress)
        shown = None
        if live:
            from .live import Live

            shown = Live(x, y, are_classes=are_classes(as_targets(y), outputs, loss))
            watchers.append(shown)
        call, with_parameters = joined(watchers, self._like)
        chosen = None if loss is None else spelled(loss)
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
        self.history = self.history.continued(history) if state is not None else history
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
        arguments["loss"] = _loss_of(before, arguments.get("loss"))
        _refuse_other_settings(before, arguments, self.loss)
        _refuse_other_rows(before, x, arguments)
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

    def step(self, x: Any, y: Any, *, weights: Any = None, loss: Any = None, optimizer: Any = "adam", seed: int = 0, **training: Any) -> float:
        """One update by all these rows, the optimizer's state kept from step to step; the loss before it is returned.

        Without ``loss``, that of the training that it goes on with. A step in which a loss or a layer in Python raises changes nothing.
        """
        before = self._training if self.state is not None else None
        if before is not None:
            loss = _loss_of(before, loss)
        outputs = int(np.prod(self.output_shape))
        train = rows(x, y, weights=weights, outputs=outputs, loss=loss)
        settings = self._settings(loss, optimizer, None, "full", None, None, training)
        if before is None:
            self._training = {**self._how(settings, loss, seed), "rows": None, "is_watched": False}
        made = self.state.step if self.state is not None else 0
        settings["steps"] = made + 1_000_000
        settings["report_every"] = "1 steps"
        chosen = None if loss is None else spelled(loss)
        outcome, _ = self._engine.fit(
            train, to_json(settings), loss=chosen, seed=seed_of(seed), threads=1, state=self.state, leave_after=1
        )
        if outcome.steps > made:
            self.state = outcome.state()
        if outcome.error is not None:
            raise outcome.error
        return float(outcome.history()["train.loss"][-1])

    # Using and examining it.

    def predict(self, x: Any, *, threads: int | None = None) -> Any:
        """``[rows, outputs]``: probabilities where the loss takes logits, else numbers in the target's own units."""
        threads = threads_of(threads)
        if is_array(x):
            found = self._engine.predict_in_place(x)
            if found is not None:
                return found
        return self._engine.predict(rows(x, columns=self.column_names), threads)

    def evaluate(self, x: Any, y: Any, *, weights: Any = None) -> dict[str, float]:
        """The loss and every metric that fits."""
        return self._engine.evaluate(self._rows(x, y, weights, None))

    def gradients(
        self, x: Any, y: Any, *, weights: Any = None, loss: Any = None, l2: float = 0.0, l1: float = 0.0
    ) -> tuple[float, dict[str, Any]]:
        """The loss over all rows, and its derivative by every parameter, by name."""
        data = self._rows(x, y, weights, loss)
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
        """Compares backward with central differences in 64 bits: ``{"ok": True, "worst": ..., "kinks": 0, ...}``."""
        data = self._rows(x, y, weights, loss)
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
        """The step after ``step`` updates of a training from these parameters, with its formulas and every matrix."""
        settings = self._settings(loss, optimizer, None, batch_size, None, None, training)
        data = self._rows(x, y, None, loss)
        chosen = None if loss is None else spelled(loss)
        text, content = self._engine.explain(data, to_json(settings), chosen, seed_of(seed), whole("step", step, 0))
        return Explanation(text, json.loads(content))

    def _rows(self, x: Any, y: Any, weights: Any, loss: Any) -> _engine.Dataset:
        own = loss if loss is not None else self.loss
        outputs = int(np.prod(self.output_shape))
        return rows(x, y, weights=weights, outputs=outputs, loss=own, columns=self.column_names)

    # Files and copies.

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a model file, whole or not at all, which the command line and Rust read too."""
        self._engine.save(path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Reads a model file, whoever wrote it."""
        return cls._of(_engine.Network.load(path))

    def copy(self) -> Self:
        """A copy that shares nothing."""
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
            "history": self.history,
            "state": self.state,
            "training": _without_functions(self._training),
        }
        return _rebuilt, (type(self), contents)


def _rebuilt(cls: type[Network], contents: dict[str, Any]) -> Network:
    network = cls(contents["layers"], contents["input_shape"], precision=contents["precision"])
    network._engine.set_parameters(contents["parameters"])
    if contents["loss"] is not None:
        network._engine.set_loss(contents["loss"])
    network.history = contents["history"]
    network.state = contents["state"]
    network._training = contents.get("training")
    return network


def _without_functions(training: dict[str, Any] | None) -> dict[str, Any] | None:
    """What is known of a training, as a pickle holds it: without functions, of which a loss is asked for again."""
    if training is None:
        return None
    kept, asked = dict(training), dict(training.get("asked", {}))
    if callable(kept["loss"]):
        kept |= {"loss": None, "lost_loss": _name(kept["loss"])}
    asked["metrics"] = [metric for metric in asked.get("metrics", ()) if isinstance(metric, str)]
    return {**kept, "asked": asked}


def _loss_of(before: dict[str, Any], given: Any) -> Any:
    """The loss to go on with: the one that is given, or that of the training."""
    lost = before.get("lost_loss")
    if lost is not None and given is None:
        raise ValueError(f"the loss {lost} was a function, which a pickle does not hold; give it again: loss={lost}")
    return before["loss"] if given is None else given


def _refuse_other_settings(before: dict[str, Any], arguments: dict[str, Any], made: Any) -> None:
    """Refuses settings by which another training would go on. ``made``: its loss with all options."""
    known: dict[str, Any] = {**before["settings"], "seed": before["seed"]}
    given = {name: value for name, value in arguments.items() if name not in _FREE}
    if "report_every" in given:
        given["report_every"] = every(given["report_every"])
    if "optimizer" in given or "learning_rate" in given:
        rate = given.pop("learning_rate", None)
        optimizer: Any = given.get("optimizer", known["optimizer"])
        optimizer = {"name": optimizer} if isinstance(optimizer, str) else dict(optimizer)
        rate = rate if rate is not None else optimizer.get("learning_rate", known["optimizer"].get("learning_rate"))
        given["optimizer"] = optimizer if rate is None else {**optimizer, "learning_rate": rate}
    others = [name for name, value in given.items() if to_json(known.get(name)) != to_json(value)]
    loss = arguments["loss"]
    known["loss"], given["loss"] = before["loss"], loss
    # Of functions nobody can tell whether they do the same: a notebook's cell that is run again makes another of the same name.
    if "lost_loss" not in before and _spelling(loss) not in (_spelling(before["loss"]), _spelling(made)):
        others.append("loss")
    for name in others:
        raise ValueError(
            f"the training went by {name}={known.get(name)!r}, not {given[name]!r}; leave it out to go on with the training, or go another "
            f"way from here with fit(x, y, state=network.state, {name}=...)"
        )


def _spelling(loss: Any) -> str:
    """What tells one loss from another."""
    return f"the function {_name(loss)}" if callable(loss) else to_json({"name": loss} if isinstance(loss, str) else loss)


#: What may be another where a training goes on: it decides no update.
_FREE = ("loss", "epochs", "steps", "metrics", "callbacks", "threads", "verbose", "live", "weights", "validation_data", "test_data")


def _refuse_other_rows(before: dict[str, Any], x: Any, arguments: dict[str, Any]) -> None:
    """Refuses rows that cannot be those of the training."""
    # A stream of rows does not say how many there are.
    count = len(x) if hasattr(x, "__len__") and not hasattr(x, "tocsr") else None
    if None not in (count, before["rows"]) and count != before["rows"]:
        raise ValueError(
            f"the training had {before['rows']} rows, not {count}; give the same, or train on others from here with "
            "fit(x, y, state=network.state, ...)"
        )
    if before["is_watched"] and "validation_data" not in arguments:
        raise ValueError("the training was watched by validation rows, which choose its weights; give the same: validation_data=(x, y)")


#: What a layer of one's own must have (:class:`thalweg.layers.Layer`).
_LAYER_NEEDS = ("output_shape", "forward", "backward")


def _refuse_half_layers(layer: Any) -> None:
    """Refuses an object that lacks what a layer needs, a class in place of its object, and a layer of one's own within a block."""
    if isinstance(layer, str):
        return
    if hasattr(layer, "items"):
        for name, inner in layer.items():
            listed: list[Any] = [*inner] if isinstance(inner, (list, tuple)) else []
            if any(hasattr(one, "forward") for one in listed):
                raise ValueError(f"a layer of one's own cannot stand inside {name!r}; put it between the blocks, in the network's own list")
        return
    found = [name for name in _LAYER_NEEDS if callable(getattr(layer, name, None))]
    lacking = [name for name in _LAYER_NEEDS if name not in found]
    kind = layer.__name__ if isinstance(layer, type) else type(layer).__name__
    if found and isinstance(layer, type):
        raise ValueError(f"the layer {kind} is a class; give an object of it: {kind}()")
    if found and lacking:
        raise ValueError(f"the layer {kind} has no {' and no '.join(lacking)}; a layer of one's own needs {', '.join(_LAYER_NEEDS)}")


class _Metric:
    """A metric under a name of its own."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.function = function
        self.name = name

    def __call__(self, predictions: Any, targets: Any) -> Any:
        return self.function(predictions, targets)


def _name(part: Any) -> str:
    """The name of a function or an object of one's own."""
    named = getattr(part, "name", None) if hasattr(part, "name") else getattr(part, "__name__", None)
    return named if isinstance(named, str) else type(part).__name__


def _named_apart(metrics: Sequence[Any]) -> list[Any]:
    """Metrics of one name, as lambdas are, numbered from the second on: ``<lambda>``, ``<lambda>_2``."""
    seen: dict[str, int] = {}
    apart: list[Any] = []
    for metric in metrics:
        name = _name(metric)
        seen[name] = seen.get(name, 0) + 1
        apart.append(metric if seen[name] == 1 else _Metric(metric, f"{name}_{seen[name]}"))
    return apart


def _listed(names: Sequence[str]) -> str:
    """The first of these."""
    return ", ".join(repr(name) for name in names[:5]) + (" ..." if len(names) > 5 else "")


def _shape(axes: Sequence[int]) -> str:
    return "[" + ", ".join(str(axis) for axis in axes) + "]"
