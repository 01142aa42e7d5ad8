"""``MLPRegressor``: scikit-learn's, finished."""

from __future__ import annotations

import math
import warnings
from importlib import import_module
from typing import Any, Self

import numpy as np

from .. import _engine
from ..exceptions import UndefinedMetricWarning, shared_class
from . import checks
from .perceptron import MultiLayerPerceptron, held_out, name_of

__all__ = ["MLPRegressor"]


class MLPRegressor(MultiLayerPerceptron):
    """A multi-layer perceptron that says one number or several.

    The parameters are those of ``sklearn.neural_network.MLPRegressor``, in its order, and those that :class:`MLPClassifier` adds, but
    for ``class_weight``; ``loss`` also takes scikit-learn's ``"squared_error"``. Sizes may come first too, as in scikit-learn up to 1.6.
    Early stopping goes by R².

    >>> import numpy as np
    >>> from thalweg import MLPRegressor
    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> mlp = MLPRegressor(hidden_layer_sizes=(20,), activation="tanh", solver="lbfgs", random_state=0, max_iter=500)
    >>> bool(mlp.fit(X, X.ravel() ** 2).score(X, X.ravel() ** 2) > 0.99)
    True
    """

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
        dropout: Any = 0.0,
        init: Any = None,
        optimizer: Any = None,
        schedule: Any = None,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        validation_metric: str | None = None,
        precision: str = "auto",
        threads: int | None = None,
        callbacks: Any = None,
    ) -> None:
        if checks.are_sizes(loss):
            # Sizes and activation came first: before scikit-learn 1.7, the loss did not stand before them.
            activation = activation if hidden_layer_sizes == (100,) else hidden_layer_sizes
            loss, hidden_layer_sizes = "squared_error", loss
        self._keep(locals())

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        validation_data: Any = None,
        live: bool = False,
        *,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Self:
        """Trains on all rows: from the start, or with ``warm_start`` from where the last training ended.

        ``validation_data=(X, y)`` is looked at after each epoch; ``X_val`` and ``y_val`` are the same in two, as scikit-learn's pipelines
        transform it (``transform_input=["X_val"]``).
        """
        return self._fit(X, y, sample_weight, self._one_validation(validation_data, X_val, y_val), live=live)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> Self:
        """One more epoch, on these rows."""
        return self._fit(X, y, sample_weight, validation_data, incremental=True)

    def predict(self, X: Any) -> Any:
        """``[rows]``, or ``[rows, targets]`` for several targets."""
        said = self._predictions(X)
        return said.ravel() if self._is_vector else said

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R², averaged over targets."""
        given = checks.required(self, y)
        wanted, _ = checks.regression_targets(self, given.ravel() if given.shape[1:] == (1,) else given)
        said = np.asarray(self._predictions(X), dtype=np.float64)
        checks.check_lengths(len(said), wanted)
        if wanted.shape[1] != said.shape[1]:
            raise ValueError(f"y has {wanted.shape[1]} targets, but {said.shape[1]} are predicted; give a column for each")
        if len(said) < 2:
            warnings.warn(
                "R^2 score is not well-defined with less than two samples.",
                shared_class(UndefinedMetricWarning),
                stacklevel=2,
            )
            return math.nan
        weights = checks.row_weights(sample_weight, len(said))
        weights = np.ones(len(said)) if weights is None else weights
        left = weights @ (wanted - said) ** 2
        total = weights @ (wanted - np.average(wanted, axis=0, weights=weights)) ** 2
        of_each = np.where(total > 0, 1 - left / np.where(total > 0, total, 1), np.where(left > 0, 0.0, 1.0))
        return float(of_each.mean())

    @property
    def out_activation_(self) -> str:
        """``"identity"``, or ``"exp"`` with the Poisson loss, whose predictions are rates."""
        return "exp" if name_of(self.loss) == "poisson" else "identity"

    def _prepare(self, y: Any, classes: Any, continues: bool) -> Any:
        values, is_vector = checks.regression_targets(self, y)
        self._check_loss(values)
        if continues:
            if values.shape[1] != self._targets:
                raise ValueError(f"y has {values.shape[1]} targets, but {self._targets} were fitted before")
        else:
            self._targets, self._is_vector = values.shape[1], is_vector
        return values

    def _check_loss(self, values: Any) -> None:
        name = name_of(self.loss)
        if name in ("hinge", "squared_hinge"):
            raise ValueError(f"loss={name!r} is for classes; take MLPClassifier, or for numbers 'huber' or 'mean_absolute_error'")
        is_share = name in ("binary_cross_entropy", "focal", "softmax_cross_entropy")
        if is_share and not ((values >= 0) & (values <= 1)).all():
            raise ValueError(f"loss={name!r} wants targets from 0 to 1, which are probabilities; y goes from {values.min():g} to {values.max():g}")

    def _encoded(self, y: Any) -> Any:
        return checks.regression_targets(self, y)[0]

    def _weighed(self, targets: Any, weights: Any) -> Any:
        return weights

    def _dataset(self, x: Any, targets: Any, weights: Any) -> _engine.Dataset:
        return _engine.Dataset(x, values=np.ascontiguousarray(targets), weights=weights, scale=self._scale_lists())

    def _chosen_loss(self) -> Any:
        return "half_squares" if self._is_squared() else self.loss

    def _is_squared(self) -> bool:
        return self.loss is None or self.loss == "squared_error"

    def _rule(self) -> dict[str, float]:
        # scikit-learn averages squares over targets, the engine adds them up.
        rule = super()._rule()
        if self._is_squared():
            rule["tol"] *= self._targets
        return rule

    def _outputs(self) -> int:
        return self._targets

    def _metric(self, rows: int) -> str:
        return "r2" if rows > 1 else "loss"

    def _split(self, targets: Any, seed: int) -> tuple[Any, Any]:
        return held_out(len(targets), self.validation_fraction, seed, None)

    def _target_schema(self) -> tuple[dict[str, Any], list[str], list[str]]:
        names = ["target"] if self._targets == 1 else [f"target {j}" for j in range(self._targets)]
        return {"kind": "values", "names": names}, [], names

    def _take_targets(self, target: dict[str, Any], path: Any) -> None:
        if target["kind"] != "values" or str(target["names"][0]).startswith("label "):
            raise ValueError(f"{path}: the file holds a classifier; load it with MLPClassifier.load")
        self._targets = len(target["names"])
        self._is_vector = self._targets == 1

    def __sklearn_tags__(self) -> Any:
        tags: Any = import_module("sklearn.utils")
        return tags.Tags(
            estimator_type="regressor",
            target_tags=tags.TargetTags(required=True, multi_output=True),
            regressor_tags=tags.RegressorTags(),
            input_tags=tags.InputTags(sparse=True),
        )

    _estimator_type = "regressor"
    _targets: int
    _is_vector: bool
