"""Linear models by gradient descent: a network without hidden layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arrays import as_rows
from .. import _engine
from .._settings import spelled, to_json
from . import checks
from .classifier import MLPClassifier
from .perceptron import MultiLayerPerceptron
from .regressor import MLPRegressor

__all__ = ["LinearRegression", "LogisticRegression"]


#: How often longer a loss that hardly falls is waited for where columns that differ so much in size are not divided.
_MORE_PATIENCE = 10.0

#: A cross-entropy that could still fall by so much is not at rest.
_LEFT = 1e-4

#: Columns are scaled within where the largest value is so many times the half range of some column: what lies below, the solvers do with.
_UNEVEN = 100.0


class _Linear(MultiLayerPerceptron):
    """What a linear model does not vary, as attributes of the class, so that they are no parameters."""

    hidden_layer_sizes = ()
    activation = "identity"
    alpha = 0.0
    power_t = 0.5
    shuffle = True
    momentum = 0.0
    nesterovs_momentum = False
    beta_1 = 0.9
    beta_2 = 0.999
    epsilon = 1e-8
    learning_rate = "constant"
    max_fun = 15000
    dropout = 0.0
    init = "zeros"
    weight_decay = 0.0
    clip_norm = None
    validation_metric = None

    #: The half ranges of the columns, where they differ much and are not divided.
    _uneven: Any = None

    def _column_scale(self, x: Any) -> tuple[Any, Any] | None:
        self._uneven = None
        # Bytes are pictures, whose columns are of one kind.
        if x.dtype.itemsize == 1:
            return None
        low, high = np.asarray(x.min(axis=0), dtype=np.float64), np.asarray(x.max(axis=0), dtype=np.float64)
        width = high / 2 - low / 2
        varies = width > 0
        if not varies.any() or not (np.isfinite(low) & np.isfinite(high)).all():
            return None  # values that are not finite are refused later, with their place
        largest = float(np.maximum(np.abs(low), np.abs(high)).max())
        if largest <= _UNEVEN * float(width[varies].min()):
            return None
        return low + width, self._widths(np.where(varies, width, np.maximum(np.abs(low), 1.0)))

    def _widths(self, width: Any) -> Any:
        """What columns of these half ranges are divided by."""
        return width


class LogisticRegression(_Linear, MLPClassifier):
    """A linear classifier with a logistic loss and an L2 penalty, by gradient descent.

    ``C`` is the inverse of the penalty's strength, as in scikit-learn: C·Σ loss + ½·Σ w² becomes least. ``solver="lbfgs"`` descends along
    quasi-Newton directions over all rows; ``"sgd"`` and ``"adam"`` take batches, like :class:`MLPClassifier`, and want features of similar
    size. Columns that lie far from 0 are centred while training; ``coef_`` and ``intercept_`` are of the columns themselves.

    >>> import numpy as np
    >>> from thalweg import LogisticRegression
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> LogisticRegression().fit(X, [0, 0, 1, 1]).predict([[0.5], [2.5]]).tolist()
    [0, 1]
    """

    C: float

    def __init__(
        self,
        *,
        C: float = 1.0,
        class_weight: Any = None,
        solver: str = "lbfgs",
        learning_rate_init: float = 0.1,
        batch_size: int | str = "full",
        max_iter: int = 1000,
        tol: float = 1e-8,
        n_iter_no_change: int = 10,
        random_state: Any = None,
        verbose: bool = False,
        warm_start: bool = False,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        loss: Any = None,
        optimizer: Any = None,
        schedule: Any = None,
        precision: str = "auto",
        threads: int | None = None,
        callbacks: Any = None,
    ) -> None:
        self._keep(locals())

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if not checks.is_number(self.C) or not 0 < self.C < np.inf:
            raise ValueError(f"C must be a number above 0, not {self.C!r}; it is the inverse of the penalty's strength")

    def _settings(self, rows: int, weight: float) -> tuple[dict[str, Any], int]:
        settings, batch = super()._settings(rows, weight)
        settings["l2"] = 1.0 / (self.C * weight)
        return settings, batch

    def _widths(self, width: Any) -> Any:
        # The penalty is one of the weights of the columns as they are: these may be moved, not divided.
        if width.max() > _UNEVEN * width.min():
            self._uneven = width
        return np.ones_like(width)

    def _rule(self) -> dict[str, float]:
        rule = super()._rule()
        if self._uneven is not None:
            rule["patience"] *= _MORE_PATIENCE
        return rule

    def _is_at_rest(self, train: _engine.Dataset, settings: dict[str, Any]) -> bool:
        """Whether no weight alone, moved as far as is best, would still lower the loss by much: by g² / 2h or more, where h is at most a
        quarter of the mean square of its column (a third of the square of the half range, if values are spread evenly), and the penalty."""
        if self._uneven is None or self.loss is not None or not self._is_lbfgs():
            return True
        chosen = spelled(self._chosen_loss())
        _, gradient = self.network_._engine.gradients(train, to_json({"l2": settings["l2"]}), chosen)
        of_weights = gradient[: self._uneven.size * self._outputs()].reshape(self._uneven.size, -1)
        curvature = self._uneven**2 / 12.0 + settings["l2"]
        return bool(((of_weights**2).max(axis=1) / (2.0 * curvature)).max() < _LEFT)

    def decision_function(self, X: Any) -> Any:
        """The scores that the classes are chosen by: ``[rows, classes]``, or for two classes ``[rows]``, above 0 for the second.

        >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
        >>> (model.decision_function([[0.5], [2.5]]) > 0).tolist()
        [False, True]
        """
        self._fitted()
        given = as_rows(X)
        checks.check_columns(self, given.names, given.array.shape[1], reset=False)
        scores = given.array @ self.coefs_[0] + self.intercepts_[0]
        if self._is_multilabel or len(self.classes_) > 2:
            return scores
        return scores[:, 0] if scores.shape[1] == 1 else scores[:, 1] - scores[:, 0]

    @property
    def coef_(self) -> Any:
        """The weights, ``[classes, features]``; one row for two classes."""
        return self.coefs_[0].T

    @property
    def intercept_(self) -> Any:
        """The biases, ``[classes]``."""
        return self.intercepts_[0]


class LinearRegression(_Linear, MLPRegressor):
    """Least squares by gradient descent; ``loss`` may be any other.

    ``solver="lbfgs"`` descends along quasi-Newton directions over all rows; ``"sgd"`` and ``"adam"`` take batches, like
    :class:`MLPRegressor`. Columns of very different sizes are centred and scaled while training; ``coef_`` is of the columns themselves.

    >>> import numpy as np
    >>> from thalweg import LinearRegression
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> line = LinearRegression().fit(X, [1.0, 3.0, 5.0])
    >>> line.coef_.round(4).tolist(), float(line.intercept_.round(4))
    ([2.0], 1.0)
    """

    _spread: float

    def __init__(
        self,
        *,
        loss: Any = "squared_error",
        solver: str = "lbfgs",
        learning_rate_init: float = 0.1,
        batch_size: int | str = "full",
        max_iter: int = 1000,
        tol: float = 1e-10,
        n_iter_no_change: int = 10,
        random_state: Any = None,
        verbose: bool = False,
        warm_start: bool = False,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        optimizer: Any = None,
        schedule: Any = None,
        precision: str = "auto",
        threads: int | None = None,
        callbacks: Any = None,
    ) -> None:
        self._keep(locals())

    def _rule(self) -> dict[str, float]:
        # Squares are in the target's own unit, squared: what is little depends on it.
        rule = super()._rule()
        if self.loss in (None, "squared_error") and self._spread > 0:
            rule["tol"] *= self._spread
        return rule

    def _prepare(self, y: Any, classes: Any, continues: bool) -> Any:
        values = super()._prepare(y, classes, continues)
        self._spread = float(values.var(axis=0).sum())
        return values

    @property
    def coef_(self) -> Any:
        """The weights, ``[features]``, or ``[targets, features]`` for several targets."""
        weights = self.coefs_[0].T
        return weights[0] if self._is_vector else weights

    @property
    def intercept_(self) -> Any:
        """The bias, or one for each target."""
        return np.asarray(self.intercepts_[0][0]) if self._is_vector else self.intercepts_[0]
