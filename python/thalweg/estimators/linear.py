"""Linear models by gradient descent: a network without hidden layers."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from .. import _engine
from .._arrays import as_rows, open_numpy
from .._settings import spelled, to_json
from ..network import Network
from . import checks
from .classifier import MLPClassifier, sigmoid, softmax
from .perceptron import MultiLayerPerceptron, name_of
from .regressor import MLPRegressor

__all__ = ["LinearRegression", "LogisticRegression"]


#: How often longer a loss that hardly falls is waited for where columns that differ so much in size are not divided.
_MORE_PATIENCE = 10.0

#: A loss that could still fall by such a share of itself is not at rest; a cross-entropy below this is at rest anyway.
_LEFT_SHARE = 0.01
_LEFT = 1e-5

#: Columns up to which it is asked how much that is, and rows that are looked at for it, at least.
_MOST_COLUMNS = 300
_LEAST_ROWS = 1024

#: Losses whose curvature is known.
_CURVED = frozenset({"half_squares", "binary_cross_entropy", "softmax_cross_entropy"})

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
        ends = x.min(axis=0), x.max(axis=0)
        low, high = (np.asarray(end.toarray()[0] if hasattr(end, "toarray") else end, dtype=np.float64) for end in ends)
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

    @abstractmethod
    def _curvatures(self, scores: Any) -> Any:
        """The second derivatives of a row's loss by its scores, one by one, ``[rows, outputs]``."""

    @abstractmethod
    def _little(self) -> float:
        """What a loss may be above its least, however small it is."""

    def _is_at_rest(self, network: Network, train: _engine.Dataset, settings: dict[str, Any]) -> bool:
        """Whether a step of Newton's method, g'·H⁻¹·g / 2, would not lower the loss by much. H is taken output by output, from some rows."""
        columns, outputs = train.columns, self._outputs()
        if columns > _MOST_COLUMNS or not self._is_lbfgs() or name_of(self._chosen_loss()) not in _CURVED:
            return True
        loss, gradient = network._engine.gradients(train, to_json({"l2": settings["l2"]}), spelled(self._chosen_loss()))
        x = open_numpy.column_stack([features := train.features(max(_LEAST_ROWS, 4 * columns)), np.ones(len(features))])
        weights = np.asarray(network["0.weight"], dtype=np.float64)
        curvatures = self._curvatures(features @ weights + network["0.bias"])
        penalty = np.append(np.full(columns, settings["l2"]), 0.0)
        of_weights = np.asarray(gradient[: columns * outputs], dtype=np.float64).reshape(columns, outputs)
        of_biases = np.asarray(gradient[columns * outputs :], dtype=np.float64)
        left = 0.0
        for output in range(outputs):
            hessian = (x.T * curvatures[:, output]) @ x / len(x) + np.diag(penalty)
            values, directions = np.linalg.eigh(hessian)
            along = directions.T @ np.append(of_weights[:, output], of_biases[output])
            is_felt = values > 1e-12 * values[-1]
            left += float((along[is_felt] ** 2 / (2.0 * values[is_felt])).sum())
        return left <= _LEFT_SHARE * loss + self._little()


class LogisticRegression(_Linear, MLPClassifier):
    """A linear classifier with a logistic loss and an L2 penalty, by gradient descent.

    What becomes least is C·Σ loss + ½·Σ w², as in scikit-learn, with the cross-entropy of a sigmoid for two classes and for several labels a
    row, else of a softmax; biases are not in the penalty. Columns that lie far from 0 are centred while training; ``coef_`` and
    ``intercept_`` are of the columns themselves. A ``ConvergenceWarning`` says where the loss is not at its least, and why.

    Parameters
    ----------
    C : float, default=1.0
        The inverse of the penalty's strength, above 0; large is hardly any.
    class_weight : dict, 'balanced' or None, default=None
        What a row of each class counts, as in :class:`MLPClassifier`.
    solver : {'lbfgs', 'adam', 'sgd'}, default='lbfgs'
        How weights are found. ``'lbfgs'`` makes quasi-Newton steps over all rows; ``'adam'`` and ``'sgd'`` one update for each batch, and want
        columns of similar size.
    learning_rate_init : float, default=0.1
        The rate of ``'adam'`` and ``'sgd'``, above 0.
    batch_size : int, 'auto' or 'full', default='full'
        Rows for each update of ``'adam'`` and ``'sgd'``; ``'auto'`` is 200 at most.
    max_iter : int, default=1000
        The most epochs (of ``'lbfgs'``, steps) of one ``fit``, 1 or more.
    tol : float, default=1e-8
        Training ends when the loss has not fallen by more than this for ``n_iter_no_change`` epochs.
    n_iter_no_change : int, default=10
        For how many epochs ``tol`` may be missed, 1 or more.
    random_state : int, RandomState, Generator or None, default=None
        Where the order of rows and what is held out come from; weights start at 0.
    verbose : bool, default=False
        Whether a progress bar is shown, on the standard error output.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last one.
    early_stopping : bool, default=False
        Whether training ends when the score on rows that are held out gets no better; the best weights are kept.
    validation_fraction : float, default=0.1
        Which share of the rows that holds out, above 0 and below 1.
    loss : str, dict, callable or None, default=None
        What training makes small, as in :class:`MLPClassifier`; ``None`` is the cross-entropy, ``'hinge'`` a support-vector machine's loss.
    optimizer : str, dict or None, default=None
        A rule of :mod:`thalweg.optimizers`, in place of ``solver`` and its rate.
    schedule : str, dict or None, default=None
        The rate as a function of the step (:mod:`thalweg.schedules`).
    precision : {'auto', 'f32', 'f64'}, default='auto'
        The type of weights and sums; ``'auto'`` is 32 bits for rows of float32 and bytes, else 64.
    threads : int or None, default=None
        How many threads work; the result does not depend on it.
    callbacks : list of callable or None, default=None
        Functions called after each epoch with the report (:mod:`thalweg.callbacks`).

    Attributes
    ----------
    coef_ : array, [classes, features]
        The weights; one row for two classes.
    intercept_ : array, [classes]
        The biases; one for two classes.
    classes_ : array, [classes]
        The labels in ascending order.
    n_iter_ : int
        How many epochs (of ``'lbfgs'``, steps) were trained.
    history_ : History
        Every loss and metric of every epoch as arrays; this and what else a fit leaves behind is as of :class:`MLPClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> from thalweg import LogisticRegression
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = LogisticRegression().fit(X, [0, 0, 1, 1])
    >>> model.predict([[0.5], [2.5]]).tolist()
    [0, 1]
    >>> model.coef_.shape, model.intercept_.shape, round(float(-model.intercept_[0] / model.coef_[0, 0]), 2)
    ((1, 1), (1,), 1.5)
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

    def _curvatures(self, scores: Any) -> Any:
        if self._takes_sigmoids():
            likely = sigmoid(scores)
            return likely * (1.0 - likely) / self._outputs()
        likely = softmax(scores)
        return likely * (1.0 - likely)

    def _little(self) -> float:
        return _LEFT

    def decision_function(self, X: Any) -> Any:
        """The scores that the classes are chosen by: ``[rows, classes]``, or for two classes ``[rows]``, above 0 for the second.

        >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
        >>> (model.decision_function([[0.5], [2.5]]) > 0).tolist()
        [False, True]
        """
        self._fitted()
        given = as_rows(X, sparse=True)
        checks.check_columns(self, given.names, given.array.shape[1], reset=False)
        _engine.Dataset(given.array)  # refuses values that are not finite, with their place
        scores = given.array @ self.coefs_[0] + self.intercepts_[0]
        if self._is_multilabel or len(self.classes_) > 2:
            return scores
        return scores[:, 0] if scores.shape[1] == 1 else scores[:, 1] - scores[:, 0]

    @property
    def coef_(self) -> Any:
        """The weights of the columns, ``[classes, features]``; one row for two classes."""
        return self.coefs_[0].T

    @property
    def intercept_(self) -> Any:
        """The biases, ``[classes]``; one for two classes."""
        return self.intercepts_[0]


class LinearRegression(_Linear, MLPRegressor):
    """Least squares by gradient descent, without a penalty; ``loss`` may be any other.

    Columns of very different sizes are centred and scaled while training; ``coef_`` and ``intercept_`` are of the columns themselves. A
    ``ConvergenceWarning`` says where the loss is not at its least, and why.

    Parameters
    ----------
    loss : str, dict or callable, default='squared_error'
        What training makes small, as in :class:`MLPRegressor`: ``'huber'`` and ``'mean_absolute_error'`` mind outliers less,
        ``{"name": "quantile", "quantile": 0.9}`` predicts a quantile, ``'poisson'`` rates.
    solver : {'lbfgs', 'adam', 'sgd'}, default='lbfgs'
        How weights are found. ``'lbfgs'`` makes quasi-Newton steps over all rows; ``'adam'`` and ``'sgd'`` one update for each batch, and want
        columns of similar size.
    learning_rate_init : float, default=0.1
        The rate of ``'adam'`` and ``'sgd'``, above 0.
    batch_size : int, 'auto' or 'full', default='full'
        Rows for each update of ``'adam'`` and ``'sgd'``; ``'auto'`` is 200 at most.
    max_iter : int, default=1000
        The most epochs (of ``'lbfgs'``, steps) of one ``fit``, 1 or more.
    tol : float, default=1e-10
        Training ends when the loss has not fallen by more than this for ``n_iter_no_change`` epochs. Of ``'squared_error'``
        it is a share of the target's variance.
    n_iter_no_change : int, default=10
        For how many epochs ``tol`` may be missed, 1 or more.
    random_state : int, RandomState, Generator or None, default=None
        Where the order of rows and what is held out come from; weights start at 0.
    verbose : bool, default=False
        Whether a progress bar is shown, on the standard error output.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last one.
    early_stopping : bool, default=False
        Whether training ends when the score on rows that are held out gets no better; the best weights are kept.
    validation_fraction : float, default=0.1
        Which share of the rows that holds out, above 0 and below 1.
    optimizer : str, dict or None, default=None
        A rule of :mod:`thalweg.optimizers`, in place of ``solver`` and its rate.
    schedule : str, dict or None, default=None
        The rate as a function of the step (:mod:`thalweg.schedules`).
    precision : {'auto', 'f32', 'f64'}, default='auto'
        The type of weights and sums; ``'auto'`` is 32 bits for rows of float32 and bytes, else 64.
    threads : int or None, default=None
        How many threads work; the result does not depend on it.
    callbacks : list of callable or None, default=None
        Functions called after each epoch with the report (:mod:`thalweg.callbacks`).

    Attributes
    ----------
    coef_ : array, [features] or [targets, features]
        The weights.
    intercept_ : array, [] or [targets]
        The bias, or one for each target.
    n_iter_ : int
        How many epochs (of ``'lbfgs'``, steps) were trained.
    history_ : History
        Every loss and metric of every epoch as arrays; this and what else a fit leaves behind is as of :class:`MLPRegressor`.

    Examples
    --------
    >>> import numpy as np
    >>> from thalweg import LinearRegression
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> line = LinearRegression().fit(X, [1.0, 3.0, 5.0])
    >>> line.coef_.round(4).tolist(), float(line.intercept_.round(4)), line.predict([[3.0]]).round(4).tolist()
    ([2.0], 1.0, [7.0])
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

    def _curvatures(self, scores: Any) -> Any:
        return np.ones_like(scores)

    def _little(self) -> float:
        # Of the target's variance: what rounding leaves of the gradients of squares.
        return self._spread * (1e-9 if self.network_.precision == "f64" else 1e-6)

    def _prepare(self, y: Any, classes: Any, continues: bool) -> Any:
        values = super()._prepare(y, classes, continues)
        self._spread = float(values.var(axis=0).sum())
        return values

    @property
    def coef_(self) -> Any:
        """The weights of the columns, ``[features]``, or ``[targets, features]`` for several targets."""
        weights = self.coefs_[0].T
        return weights[0] if self._is_vector else weights

    @property
    def intercept_(self) -> Any:
        """The bias, or one for each target."""
        return np.asarray(self.intercepts_[0][0]) if self._is_vector else self.intercepts_[0]
