"""Linear models by gradient descent: a network without hidden layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .classifier import MLPClassifier
from .perceptron import MultiLayerPerceptron
from .regressor import MLPRegressor

__all__ = ["LinearRegression", "LogisticRegression"]


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


class LogisticRegression(_Linear, MLPClassifier):
    """A linear classifier with a logistic loss and an L2 penalty, by gradient descent.

    ``C`` is the inverse of the penalty's strength, as in scikit-learn: C·Σ loss + ½·Σ w² becomes least. ``solver="lbfgs"`` descends along
    quasi-Newton directions over all rows; ``"sgd"`` and ``"adam"`` take batches, like :class:`MLPClassifier`.

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

    def _settings(self, rows: int, weight: float) -> tuple[dict[str, Any], int]:
        settings, batch = super()._settings(rows, weight)
        if not self.C > 0:
            raise ValueError(f"C must be above 0, not {self.C!r}")
        settings["l2"] = 1.0 / (self.C * weight)
        return settings, batch

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
    :class:`MLPRegressor`, and want features of similar size.

    >>> import numpy as np
    >>> from thalweg import LinearRegression
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> line = LinearRegression().fit(X, [1.0, 3.0, 5.0])
    >>> line.coef_.round(4).tolist(), float(line.intercept_.round(4))
    ([2.0], 1.0)
    """

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

    @property
    def coef_(self) -> Any:
        """The weights, ``[features]``, or ``[targets, features]`` for several targets."""
        weights = self.coefs_[0].T
        return weights[0] if self._is_vector else weights

    @property
    def intercept_(self) -> Any:
        """The bias, or one for each target."""
        return np.asarray(self.intercepts_[0][0]) if self._is_vector else self.intercepts_[0]
