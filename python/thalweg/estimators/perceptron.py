"""What scikit-learn's multi-layer perceptrons share: parameters, fitting, what a fit leaves behind."""

from __future__ import annotations

import math
import warnings
from abc import abstractmethod
from collections.abc import Callable
from contextlib import nullcontext, suppress
from difflib import get_close_matches
from html import escape
from typing import Any, Self

import numpy as np

from .. import _engine
from .._arrays import as_rows
from .._settings import spelled, threads_of, to_json
from ..callbacks import Progress, joined
from ..exceptions import ConvergenceWarning, shared_class
from ..history import History
from ..network import Network
from . import checks
from .stored import Stored

__all__ = ["MultiLayerPerceptron", "held_out", "name_of"]

#: scikit-learn's names of activations that have another here.
_ACTIVATIONS = {"logistic": "sigmoid"}
_ACTIVATION_NAMES = frozenset(_engine.activation_names())

#: scikit-learn lowers an adaptive rate to this, and by this.
_ADAPTIVE_DIVISOR = 5.0
_ADAPTIVE_LEAST = 1e-6

#: Metrics of which less is better.
_LESS_IS_BETTER = frozenset({"loss", "mse", "mae", "rmse", "mape", "log_loss", "brier", "calibration_error"})


#: What numbers among the parameters must be, and how that is said.
_LIMITS: dict[str, tuple[Callable[[float], bool], str]] = {
    "alpha": (lambda value: value >= 0, "0 or more"),
    "learning_rate_init": (lambda value: value > 0, "a number above 0"),
    "power_t": (lambda value: value >= 0, "a number, 0 or more"),
    "tol": (lambda value: True, "a finite number"),
    "momentum": (lambda value: 0 <= value < 1, "a number, 0 or more and below 1"),
    "validation_fraction": (lambda value: 0 < value < 1, "above 0 and below 1"),
    "beta_1": (lambda value: 0 <= value < 1, "a number, 0 or more and below 1"),
    "beta_2": (lambda value: 0 <= value < 1, "a number, 0 or more and below 1"),
    "epsilon": (lambda value: value > 0, "a number above 0"),
    "weight_decay": (lambda value: value >= 0, "a number, 0 or more"),
}


def name_of(part: Any) -> str | None:
    """The name of a part that has one; ``None`` of a function.

    >>> name_of({"name": "huber", "delta": 2.0}), name_of("adam"), name_of(print)
    ('huber', 'adam', None)
    """
    if hasattr(part, "keys") and "name" not in part:
        raise ValueError(f"{part!r} has no 'name'; write for example {{'name': 'huber', 'delta': 2.0}}")
    named: Any = part["name"] if hasattr(part, "keys") else part
    return named if isinstance(named, str) else None


class MultiLayerPerceptron(Stored):
    """What :class:`MLPClassifier` and :class:`MLPRegressor` share; there are no objects of it.

    >>> from thalweg import MLPRegressor
    >>> mlp = MLPRegressor((4,), solver="lbfgs", random_state=0).fit([[0.0, 1.0], [1.0, 0.0]], [1.0, 3.0])
    >>> mlp.n_layers_, mlp.n_outputs_, [w.shape for w in mlp.coefs_], [b.shape for b in mlp.intercepts_]
    (3, 1, [(2, 4), (4, 1)], [(4,), (1,)])
    >>> mlp.loss_ == mlp.loss_curve_[-1] == mlp.best_loss_ < 1e-3, mlp.validation_scores_
    (True, None)
    """

    solver: str
    alpha: float
    batch_size: Any
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    random_state: Any
    tol: float
    verbose: bool
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: int
    max_fun: int
    dropout: Any
    init: Any
    optimizer: Any
    schedule: Any
    weight_decay: float
    clip_norm: float | None
    validation_metric: str | None
    precision: str
    threads: int | None
    callbacks: Any

    # Of each subclass.

    @abstractmethod
    def _prepare(self, y: Any, classes: Any, continues: bool) -> Any: ...

    @abstractmethod
    def _encoded(self, y: Any) -> Any: ...

    @abstractmethod
    def _weighed(self, targets: Any, weights: Any) -> Any: ...

    @abstractmethod
    def _dataset(self, x: Any, targets: Any, weights: Any) -> _engine.Dataset: ...

    @abstractmethod
    def _chosen_loss(self) -> Any: ...

    @abstractmethod
    def _outputs(self) -> int: ...

    @abstractmethod
    def _split(self, targets: Any, seed: int) -> tuple[Any, Any]: ...

    @abstractmethod
    def _metric(self, rows: int) -> str: ...

    # Fitting.

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation_data: Any,
        *,
        incremental: bool = False,
        classes: Any = None,
        live: bool = False,
    ) -> Self:
        before = self.__dict__.copy()
        try:
            self._check_parameters()
            continues = hasattr(self, "network_") and (incremental or self.warm_start)
            given = as_rows(X, sparse=True)
            checks.check_columns(self, given.names, given.array.shape[1], reset=not continues)
            targets = self._prepare(y, classes, continues)
            x = given.array
            checks.check_lengths(x.shape[0], targets)
            weights = checks.row_weights(sample_weight, x.shape[0])
            if weights is not None and not weights.all():
                # A weight of 0 is the row's absence.
                present = weights > 0
                x, weights, targets = x[present], weights[present], targets[present]
            weights = self._weighed(targets, weights)
            seed = checks.seed_from(self.random_state)
            if not continues:
                self._scale = self._column_scale(x)
            validation: _engine.Dataset | None = None
            if validation_data is not None:
                validation = self._validation(validation_data)
            elif self.early_stopping:
                kept, held = self._split(targets, seed)
                held_weights = None if weights is None else weights[held]
                validation = self._dataset(x[held], targets[held], held_weights)
                x, targets, weights = x[kept], targets[kept], None if weights is None else weights[kept]
            train = self._dataset(x, targets, weights)
            if continues:
                self._check_layers()
            else:
                self._begin(x, seed)
            return self._train(train, validation, weights, seed, continues, incremental, live, (X, y), before)
        except BaseException:
            if before:
                # Refused before there was an outcome: what was fitted before stays.
                own = vars(self)
                own.clear()
                own.update(before)
            raise

    def _begin(self, x: Any, seed: int) -> None:
        """A new network at its start."""
        if self.precision == "auto":
            precision = "f32" if x.dtype in (np.float32, np.uint8) else "f64"
        else:
            precision = self.precision
        layers = self._layers()
        self._made_of = layers
        if self.init is None:
            layers = _with_start(layers, self.n_features_in_)
        self.network_ = Network(layers, self.n_features_in_, precision=precision, seed=seed, init=self.init)
        self.history_ = History()
        self._state: _engine.State | None = None
        self.best_validation_score_: float | None = None
        self.n_iter_ = 0
        self.t_ = 0

    #: The layers of the network that was begun, as the parameters said; ``None`` where it came from elsewhere.
    _made_of: list[Any] | None = None

    def _check_layers(self) -> None:
        """What is trained on has the layers that it began with."""
        layers = self._layers()
        if self._made_of is not None and layers != self._made_of:
            raise ValueError(
                f"training goes on with the network that was begun, whose layers are {self._made_of}, but the parameters now say "
                f"{layers}; set them back, or begin anew with warm_start=False"
            )

    def _sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        if not checks.are_sizes(sizes) and not hasattr(sizes, "tolist"):
            raise ValueError(f"hidden_layer_sizes must be a whole number or a list of these, not {sizes!r}")
        listed: list[Any] = [sizes] if checks.is_whole(sizes) else list(sizes)
        if not all(checks.is_whole(size) for size in listed):
            raise ValueError(f"hidden_layer_sizes must be whole numbers, not {sizes!r}")
        if any(size <= 0 for size in listed):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes!r}")
        return [int(size) for size in listed]

    def _layers(self) -> list[Any]:
        sizes = self._sizes()

        def each(option: Any, what: str) -> list[Any]:
            if not isinstance(option, (list, tuple)):
                return [option] * len(sizes)
            entries: list[Any] = [*option]
            if len(entries) != len(sizes):
                raise ValueError(f"{what} has {len(entries)} entries for {len(sizes)} hidden layers; give one for each")
            return entries

        layers: list[Any] = []
        for size, activation, dropout in zip(sizes, each(self.activation, "activation"), each(self.dropout, "dropout")):
            layers.append({"dense": size})
            if activation is not None and activation != "identity":
                named = _ACTIVATIONS.get(activation, activation) if isinstance(activation, str) else activation
                layers.append(named if isinstance(named, str) else {"activation": named})
            if dropout:
                layers.append({"dropout": dropout})
        layers.append({"dense": self._outputs()})
        return layers

    def _check_parameters(self) -> None:
        for name in ("max_iter", "n_iter_no_change", "max_fun"):
            value = getattr(self, name)
            is_whole = checks.is_whole(value) or checks.is_number(value) and (value == math.inf or value == np.floor(value))
            if not is_whole or value < 1 or name == "max_iter" and value == math.inf:
                raise ValueError(f"{name} must be 1 or more, a whole number, not {value!r}")
        for name, (is_right, limits) in _LIMITS.items():
            value = getattr(self, name)
            if not checks.is_number(value) or not math.isfinite(value) or not is_right(value):
                raise ValueError(f"{name} must be {limits}, not {value!r}")
        for name in ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping"):
            value = getattr(self, name)
            if not isinstance(value, (bool, np.bool_)):
                raise ValueError(f"{name} must be True or False, not {value!r}")
        if self.clip_norm is not None and not (checks.is_number(self.clip_norm) and 0 < self.clip_norm < math.inf):
            raise ValueError(f"clip_norm must be a number above 0 or None, not {self.clip_norm!r}")
        given: Any = self.dropout
        shares: list[Any] = [*given] if isinstance(given, (list, tuple)) else [given]
        for dropout in shares:
            if not checks.is_number(dropout) or not 0 <= dropout < 1:
                raise ValueError(f"dropout must be 0 or more and below 1, the share of units that are left out, not {dropout!r}")
        chosen: Any = self.activation
        listed: list[Any] = [*chosen] if isinstance(chosen, (list, tuple)) else [chosen]
        for activation in listed:
            _check_activation(activation)
        threads_of(self.threads)
        if self.callbacks is not None:
            if callable(self.callbacks) or not all(callable(callback) for callback in self.callbacks):
                raise ValueError(f"callbacks must be a list of functions of the report, such as [print], not {self.callbacks!r}")
        if self.solver not in ("adam", "sgd", "lbfgs"):
            raise ValueError(f"solver must be 'adam', 'sgd' or 'lbfgs', not {self.solver!r}; other rules go into optimizer")
        if self.learning_rate not in ("constant", "invscaling", "adaptive"):
            raise ValueError(
                f"learning_rate must be 'constant', 'invscaling' or 'adaptive', not {self.learning_rate!r}; "
                "the rate itself is learning_rate_init"
            )
        if self.precision not in ("auto", "f32", "f64"):
            raise ValueError(f"precision must be 'auto', 'f32' or 'f64', not {self.precision!r}")

    def _optimizer(self) -> Any:
        if self.optimizer is not None:
            return self.optimizer
        rate = self.learning_rate_init
        if self.solver == "adam":
            return {
                "name": "adam",
                "learning_rate": rate,
                "beta1": self.beta_1,
                "beta2": self.beta_2,
                "epsilon": self.epsilon * self._loss_scale(),
            }
        if self.solver == "lbfgs":
            return "lbfgs"
        rate /= self._loss_scale()
        if self.momentum > 0:
            nesterov = bool(self.nesterovs_momentum)
            return {"name": "momentum", "learning_rate": rate, "momentum": self.momentum, "nesterov": nesterov}
        return {"name": "sgd", "learning_rate": rate}

    def _is_lbfgs(self) -> bool:
        return name_of(self._optimizer()) == "lbfgs"

    def _settings(self, rows: int, weight: float) -> tuple[dict[str, Any], int]:
        """The training's settings, and how many rows an update sees."""
        given = self.batch_size
        if self._is_lbfgs():
            batch = rows
        elif isinstance(given, str) and given == "auto":
            batch = min(200, rows)
        elif isinstance(given, str) and given == "full":
            batch = rows
        elif checks.is_whole(given) and int(given) >= 1:
            batch = min(int(given), rows)
            if int(given) > rows:
                warnings.warn(f"batch_size={given} is more than the {rows} rows; a batch is all of them", stacklevel=6)
        else:
            raise ValueError(f"batch_size must be 'auto', 'full' or a number of rows, not {given!r}")
        # scikit-learn divides alpha by the rows of a batch; rows that weigh more are more rows.
        l2 = self.alpha * rows / (batch * weight) * self._loss_scale()
        settings: dict[str, Any] = {
            "optimizer": self._optimizer(),
            "batch_size": "full" if batch == rows else batch,
            "shuffle": bool(self.shuffle),
            "l2": l2,
            "report_every": "1 epochs",
        }
        if self.weight_decay:
            settings["weight_decay"] = self.weight_decay
        if self.clip_norm is not None:
            settings["clip_norm"] = self.clip_norm
        if self.schedule is not None:
            settings["schedule"] = self.schedule
        return settings, batch

    def _loss_scale(self) -> float:
        """How much of scikit-learn's loss ours is: where it is a share, penalty, rates and tolerances are for the same steps."""
        return 1.0

    def _train(
        self,
        train: _engine.Dataset,
        validation: _engine.Dataset | None,
        weights: Any,
        seed: int,
        continues: bool,
        incremental: bool,
        live: bool,
        shown: tuple[Any, Any],
        before: dict[str, Any],
    ) -> Self:
        """Trains; ``before``, the attributes to go back to, is emptied as soon as there is an outcome."""
        rows = train.rows
        settings, batch = self._settings(rows, float(rows if weights is None else weights.sum()))
        state = self._state_to_go_on_from(settings["optimizer"], rows, batch, incremental, continues)
        epochs = 1 if incremental else int(self.max_iter)
        settings["epochs"] = epochs + (state.epoch if state is not None else 0)
        rule: dict[str, float] | None = None
        adaptive: Callable[..., Any] | None = None
        if validation is not None and self.early_stopping:
            patience = 1_000_000_000 if incremental else int(min(self.n_iter_no_change, 1_000_000_000))
            metric = f"validation.{self.validation_metric or self._metric(validation.rows)}"
            if self._is_adaptive() and not incremental:
                # The rate's rule ends the training; the engine keeps the best weights.
                patience = 1_000_000_000
                adaptive = self._adaptive(metric)
            settings["early_stopping"] = {"metric": metric, "patience": patience, "min_delta": max(self.tol, 0.0)}
        elif not incremental:
            rule = self._rule()
        watchers: list[Callable[..., Any]] = [*([] if adaptive is None else [adaptive]), *(self.callbacks or ())]
        progress = Progress(total=settings["epochs"]) if self.verbose else None
        if progress is not None:
            watchers.append(progress)
        if self.learning_rate == "invscaling" and self.solver == "sgd" and self.optimizer is None:
            watchers.append(self._inverse_scaling(rows))
        pictures = None
        if live:
            from ..live import Live

            pictures = Live(*shown, estimator=self)
            watchers.append(pictures)
        call, with_parameters = joined(watchers, self._seen)
        chosen = spelled(self._chosen_loss())
        self._fitted_loss = self.loss
        network = trained = self.network_
        if self._scale is not None:
            # Whoever is called while training goes on predicts from the columns as they are.
            trained, self.network_ = network.copy(), network.copy()
            self.network_._engine.set_loss(chosen)
            self._to_scaled_columns(trained)
        engine = trained._engine
        try:
            outcome, at_rest = engine.fit(
                train,
                to_json(settings),
                loss=chosen,
                validation=validation,
                # A training that goes on without its state does not repeat the order of its rows.
                seed=seed if state is not None else (seed + self.n_iter_) % 2**64,
                threads=self.threads,
                state=state,
                callback=call,
                with_parameters=with_parameters,
                plateau_rule=rule,
                brief=True,
                most_looks=int(min(self.max_fun, 1e15)) if self._is_lbfgs() else None,
            )
            before.clear()
            is_at_rest = not at_rest or self._is_at_rest(trained, train, settings)
        finally:
            self.network_ = network
            if progress is not None:
                progress.close()
        if trained is not network:
            self._to_own_columns(trained)
            network._engine = engine
        self._take(outcome, incremental, state, rows, at_rest)
        ended = at_rest or outcome.ending == "stopped"
        if pictures is not None:
            # A picture that fails is no reason beside another.
            with suppress(Exception) if outcome.error is not None else nullcontext():
                pictures.close()
        if outcome.error is not None:
            raise outcome.error
        if not incremental and not ended and outcome.epochs >= self.max_iter:
            kind = shared_class(ConvergenceWarning)
            text = f"Maximum iterations ({self.max_iter}) reached and the optimization hasn't converged yet."
            warnings.warn(text, kind, stacklevel=4)
        elif outcome.looked_enough:
            kind = shared_class(ConvergenceWarning)
            text = f"The loss was computed max_fun={self.max_fun} times and the optimization hasn't converged yet."
            warnings.warn(text, kind, stacklevel=4)
        elif not is_at_rest:
            kind = shared_class(ConvergenceWarning)
            text = (
                "The loss hardly falls any more, but it is not at its least: the columns' sizes differ too much, or some are nearly "
                "made of others. Scale them first, for example with scikit-learn's StandardScaler, leave such columns out, or wait longer "
                "with a smaller tol and a larger n_iter_no_change."
            )
            warnings.warn(text, kind, stacklevel=4)
        return self

    # Columns that are scaled within: a linear model of them is one of the columns themselves.

    _scale: tuple[Any, Any] | None = None

    def _column_scale(self, x: Any) -> tuple[Any, Any] | None:
        """What is taken away from each column while training, and what the rest is divided by; ``None``: columns are taken as they are."""
        return None

    def _scale_lists(self) -> tuple[list[float], list[float]] | None:
        return None if self._scale is None else (self._scale[0].tolist(), self._scale[1].tolist())

    def _to_scaled_columns(self, network: Network) -> None:
        """Makes a model of the columns one of the scaled columns."""
        if self._scale is not None:
            shift, width = self._scale
            weights = np.asarray(network["0.weight"], dtype=np.float64)
            network["0.bias"] = network["0.bias"] + shift @ weights
            network["0.weight"] = weights * width[:, np.newaxis]

    def _to_own_columns(self, network: Network) -> None:
        """Makes a model of the scaled columns one of the columns."""
        if self._scale is not None:
            shift, width = self._scale
            weights = np.asarray(network["0.weight"], dtype=np.float64) / width[:, np.newaxis]
            network["0.weight"] = weights
            network["0.bias"] = network["0.bias"] - shift @ weights

    def _seen(self, parameters: Any) -> Network:
        """The network with these parameters, as callbacks are given it."""
        network = self.network_._like(parameters)
        self._to_own_columns(network)
        return network

    def _is_at_rest(self, network: Network, train: _engine.Dataset, settings: dict[str, Any]) -> bool:
        """Whether a loss that hardly falls any more is at its least."""
        return True

    def _rule(self) -> dict[str, float]:
        """When the training loss has come to rest."""
        rule = {"tol": self.tol * self._loss_scale(), "patience": float(min(self.n_iter_no_change, 1e15))}
        if self._is_adaptive():
            rule |= {"divide_by": _ADAPTIVE_DIVISOR, "least_rate": _ADAPTIVE_LEAST / self._loss_scale()}
        return rule

    def _is_adaptive(self) -> bool:
        return self.learning_rate == "adaptive" and self.solver == "sgd" and self.optimizer is None

    def _adaptive(self, metric: str) -> Callable[[dict[str, Any]], Any]:
        """scikit-learn's rule for the rate where a validation metric decides: divided where that no longer gains, ended at the least rate."""
        sign = -1.0 if metric.removeprefix("validation.") in _LESS_IS_BETTER else 1.0
        best, stale = -math.inf, 0

        def watch(report: dict[str, Any]) -> Any:
            nonlocal best, stale
            value = sign * float(report[metric])
            stale = stale + 1 if value < best + self.tol else 0
            best = max(best, value)
            if stale <= self.n_iter_no_change:
                return None
            stale = 0
            rate = float(report["learning_rate"])
            return rate / _ADAPTIVE_DIVISOR if rate > _ADAPTIVE_LEAST / self._loss_scale() else "stop"

        return watch

    def _inverse_scaling(self, rows: int) -> Callable[[dict[str, Any]], float]:
        """scikit-learn's rate: the first one over a power of the rows seen."""
        first, power = self.learning_rate_init / self._loss_scale(), self.power_t
        return lambda report: first / (int(report["epoch"]) * rows + 1) ** power

    def _state_to_go_on_from(
        self, optimizer: Any, rows: int, batch: int, incremental: bool, continues: bool
    ) -> _engine.State | None:
        """The last training's state: its optimizer's, and what its early stopping knows.

        A training that came to its own end begins anew from the weights that it kept, and so does one with another optimizer.
        """
        before, self._last_run = getattr(self, "_last_run", None), (to_json(optimizer), rows, batch)
        if not (incremental or continues) or before is None or before[0] != self._last_run[0]:
            return None
        # What stopped within an epoch goes on with the same batches only.
        is_within = self._state is not None and self._state.batch > 0
        return None if is_within and before != self._last_run else self._state

    def _take(
        self, outcome: _engine.Outcome, incremental: bool, state: _engine.State | None, rows: int, at_rest: bool
    ) -> None:
        """Keeps what a training came to."""
        epochs = outcome.epochs - (state.epoch if state is not None else 0)
        self.n_iter_ += int(epochs)
        self.t_ += int(epochs) * rows
        self.history_ = self.network_.history = self.history_.continued(outcome.history(), is_anew=state is None)
        came_to_its_end = not incremental and (at_rest or outcome.ending == "stopped")
        self._state = None if came_to_its_end else outcome.state()
        if self.early_stopping:
            self.stopped_ = outcome.reports_without_gain >= self.n_iter_no_change
            self.best_validation_score_ = outcome.best_value

    # What was learned.

    @property
    def _loss_of_predictions(self) -> Any:
        """The loss that it was fitted by, which says what predictions mean; the parameter before, and of pickles that do not know."""
        return self.__dict__.get("_fitted_loss", self.loss)

    def _repr_html_(self) -> str:
        head = f"<pre>{escape(repr(self))}</pre>"
        network: Network | None = self.__dict__.get("network_")
        return head if network is None else head + network._repr_html_() + self.history_._repr_html_()

    def _predictions(self, X: Any) -> Any:
        """What the network says of rows, ``[rows, outputs]``."""
        network = self._fitted()
        if type(X) is np.ndarray and "feature_names_in_" not in self.__dict__:
            found = network._engine.predict_in_place(X)
            if found is not None:
                return found
        given = as_rows(X, sparse=True)
        checks.check_columns(self, given.names, given.array.shape[1], reset=False)
        return network._engine.predict(_engine.Dataset(given.array), self.threads)

    @property
    def coefs_(self) -> list[Any]:
        """The weights of each layer, ``[inputs, outputs]``, from the first on; copies, which change nothing."""
        network = self._fitted()
        return [network[name] for name in network if name.endswith(".weight")]

    @property
    def intercepts_(self) -> list[Any]:
        """The biases of each layer, ``[outputs]``; copies, which change nothing."""
        network = self._fitted()
        return [network[name] for name in network if name.endswith(".bias")]

    @property
    def n_layers_(self) -> int:
        """How many layers there are, input and output counted."""
        return len(self.coefs_) + 1

    @property
    def n_outputs_(self) -> int:
        """How many outputs the network has: one for each target, class or label; one for two classes with a sigmoid or a single score."""
        return int(np.prod(self._fitted().output_shape))

    @property
    def loss_curve_(self) -> list[float]:
        """The training loss of each epoch, penalties included; empty where training ended before the first."""
        self._fitted()
        return [float(value) for value in self.history_.get("train.loss", ()) if math.isfinite(value)]

    @property
    def loss_(self) -> float:
        """The last of ``loss_curve_``; NaN where there is none."""
        return self.loss_curve_[-1] if self.loss_curve_ else math.nan

    @property
    def best_loss_(self) -> float:
        """The least of ``loss_curve_``; NaN where there is none."""
        return min(self.loss_curve_, default=math.nan)

    @property
    def validation_scores_(self) -> list[float] | None:
        """What early stopping goes by on the validation part, epoch by epoch; ``None`` without validation."""
        self._fitted()
        names = [f"validation.{name}" for name in (self.validation_metric, self._metric(2), "accuracy", "r2", "loss")]
        found = next((name for name in names if name in self.history_), None)
        return None if found is None else [float(value) for value in self.history_[found]]

    def to_torch(self) -> Any:
        """A ``torch.nn.Sequential`` with the same layers and parameters, in evaluation mode; a classifier's gives logits.

        Raises ``ImportError`` where PyTorch is not installed.

        >>> import torch
        >>> from thalweg import LinearRegression
        >>> line = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
        >>> round(line.to_torch()(torch.tensor([[2.0]], dtype=torch.float64)).item(), 3)
        5.0
        """
        return self._fitted().to_torch()

    def state_dict(self) -> dict[str, Any]:
        """The parameters as a ``torch.nn.Sequential`` of the same layers names and lays them out: weights ``[out, in]``.

        >>> from thalweg import MLPRegressor
        >>> mlp = MLPRegressor((4,), solver="lbfgs", random_state=0).fit([[0.0, 1.0], [1.0, 0.0]], [1.0, 3.0])
        >>> {name: values.shape for name, values in mlp.state_dict().items()}
        {'0.weight': (4, 2), '0.bias': (4,), '2.weight': (1, 4), '2.bias': (1,)}
        """
        return self._fitted().state_dict()

    @staticmethod
    def _one_validation(data: Any, x: Any, y: Any) -> Any:
        if x is None and y is None:
            return data
        if x is None or y is None or data is not None:
            raise ValueError("give X_val and y_val together, or validation_data=(X, y) in their place")
        return x, y

    def _validation(self, data: Any) -> _engine.Dataset:
        entries: list[Any] = [*data] if isinstance(data, (list, tuple)) else []
        if len(entries) not in (2, 3):
            raise ValueError("validation_data must be (X, y) or (X, y, sample_weight)")
        given = as_rows(entries[0], sparse=True)
        checks.check_columns(self, given.names, given.array.shape[1], reset=False)
        targets = self._encoded(entries[1])
        checks.check_lengths(given.array.shape[0], targets)
        weights = checks.row_weights(entries[2], given.array.shape[0]) if len(entries) == 3 else None
        return self._dataset(given.array, targets, weights)


def _check_activation(activation: Any) -> None:
    named = name_of(activation)
    if activation is None or named in _ACTIVATIONS or named in _ACTIVATION_NAMES:
        return
    near = get_close_matches(str(named), [*_ACTIVATION_NAMES, *_ACTIVATIONS], 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"activation must be one of {', '.join(sorted(_ACTIVATION_NAMES))}, not {activation!r}{hint}")


def _with_start(layers: list[Any], inputs: int) -> list[Any]:
    """These layers with scikit-learn's start: weights by Glorot's rule for uniform numbers, and biases between the same bounds; a third
    of the variance where the last activation is a sigmoid."""
    factor, fan_in = 6.0, inputs
    started: list[Any] = []
    for number, layer in enumerate(layers):
        if hasattr(layer, "keys") and "dense" in layer:
            following = layers[number + 1] if number + 1 < len(layers) - 1 else None
            factor = 2.0 if following == "sigmoid" else factor if following is None else 6.0
            bound = math.sqrt(factor / (fan_in + layer["dense"]))
            uniform = {"name": "uniform", "low": -bound, "high": bound}
            started.append({**layer, "init": "glorot_uniform" if factor == 6.0 else uniform, "bias_init": uniform})
            fan_in = layer["dense"]
        else:
            started.append(layer)
    return started


def held_out(count: int, fraction: float, seed: int, classes: Any) -> tuple[Any, Any]:
    """Which rows are trained on and which are held out; classes in proportion.

    >>> kept, held = held_out(10, 0.2, 0, np.array([0] * 5 + [1] * 5))
    >>> len(kept), len(held), (held < 5).tolist()
    (8, 2, [True, False])
    """
    held = min(max(math.ceil(count * fraction), 1), count - 1)
    if held < 1:
        raise ValueError(f"{count} row cannot be split into a part to train on and one to validate")
    order = np.random.default_rng(seed).permutation(count)
    if classes is None:
        return np.sort(order[held:]), np.sort(order[:held])
    # Each class's rows, in their random order, are spread evenly over the whole: the first share of that is held out.
    places = np.empty(count)
    for label in np.unique(classes):
        own = order[classes[order] == label]
        places[own] = (np.arange(len(own)) + 0.5) / len(own)
    spread = np.argsort(places, kind="stable")
    return np.sort(spread[held:]), np.sort(spread[:held])
