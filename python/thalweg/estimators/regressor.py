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
    """A multi-layer perceptron that says one number or several: scikit-learn's ``MLPRegressor``, and what its users have missed.

    What :class:`MLPClassifier` has by the same name means the same, and stands there at length; ``class_weight`` is for classes only. Sizes
    may come first too, as in scikit-learn up to 1.6: ``MLPRegressor((32, 32))``.

    Parameters
    ----------
    loss : str, dict or callable, default='squared_error'
        What training makes small. ``'squared_error'`` is half the squares, added over targets and averaged over rows. Any loss of
        :mod:`thalweg.losses` but the hinges, or a function ``loss(predictions, targets, weights) -> (loss of each row, derivative by each
        prediction)``. ``'poisson'`` predicts rates, of targets that are 0 or more; cross-entropies want targets from 0 to 1, and predict these.
    hidden_layer_sizes : int or list of int, default=(100,)
        How many units each hidden layer has; ``()`` is a linear model.
    activation : str, dict or list of these, default='relu'
        What follows each hidden layer, or one for each; the last layer has none.
    solver : {'adam', 'sgd', 'lbfgs'}, default='adam'
        How weights are found; ``'lbfgs'`` is good for small sets.
    alpha : float, default=0.0001
        The strength of the L2 penalty, 0 or more.
    batch_size : int, 'auto' or 'full', default='auto'
        Rows for each update; ``'auto'`` is 200 at most.
    learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
        How the rate of ``solver='sgd'`` changes.
    learning_rate_init : float, default=0.001
        The rate at the start, of ``'sgd'`` and ``'adam'``, above 0.
    power_t : float, default=0.5
        The exponent of ``'invscaling'``, 0 or more.
    max_iter : int, default=200
        The most epochs of one ``fit``.
    shuffle : bool, default=True
        Whether each epoch has an order of rows of its own.
    random_state : int, RandomState, Generator or None, default=None
        Where all that is random comes from; the same number gives the same bits.
    tol : float, default=0.0001
        How much the loss has to fall (with ``early_stopping``: the score to get better) within ``n_iter_no_change`` epochs. With
        ``'squared_error'`` it is of ½ of the squares, averaged over targets.
    verbose : bool, default=False
        Whether a progress bar is shown.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last one.
    momentum : float, default=0.9
        Of ``'sgd'``, 0 or more and below 1.
    nesterovs_momentum : bool, default=True
        Whether momentum looks one step ahead.
    early_stopping : bool, default=False
        Whether training ends when R² on rows that are held out gets no better; the best weights are kept.
    validation_fraction : float, default=0.1
        Which share of the rows that holds out, above 0 and below 1.
    beta_1 : float, default=0.9
        Of ``'adam'``, 0 or more and below 1.
    beta_2 : float, default=0.999
        Of ``'adam'``, 0 or more and below 1.
    epsilon : float, default=1e-8
        Of ``'adam'``, above 0.
    n_iter_no_change : int, default=10
        For how many epochs ``tol`` may be missed.
    max_fun : int, default=15000
        How often ``'lbfgs'`` may compute the loss.
    dropout : float or list of float, default=0.0
        With which chance each value of a hidden layer is left out in training, 0 or more and below 1.
    init : str, dict or None, default=None
        How weights start; ``None`` is as scikit-learn's.
    optimizer : str, dict or None, default=None
        A rule of :mod:`thalweg.optimizers`, in place of ``solver`` and its rate.
    schedule : str, dict or None, default=None
        The rate as a function of the step (:mod:`thalweg.schedules`).
    weight_decay : float, default=0.0
        Decoupled decay of the weights, 0 or more.
    clip_norm : float or None, default=None
        The longest that a gradient may be, above 0.
    validation_metric : str or None, default=None
        What ``early_stopping`` goes by, such as ``'mae'`` or ``'loss'``; ``None`` is ``'r2'``, or ``'loss'`` where one row is held out.
    precision : {'auto', 'f32', 'f64'}, default='auto'
        The type of weights and sums; ``'auto'`` is that of the rows.
    threads : int or None, default=None
        How many threads work; the result does not depend on it.
    callbacks : list of callable or None, default=None
        Functions called after each epoch with the report (:mod:`thalweg.callbacks`).

    Attributes
    ----------
    coefs_ : list of array
        The weights of each layer, ``[inputs, outputs]``, as copies.
    intercepts_ : list of array
        The biases of each layer, ``[outputs]``, as copies.
    n_layers_ : int
        How many layers there are, input and output counted.
    n_outputs_ : int
        How many targets.
    out_activation_ : str
        ``'identity'``, or ``'exp'`` with the Poisson loss.
    n_iter_ : int
        How many epochs were trained, over all fits that went on from one another.
    t_ : int
        How many rows training saw in them.
    loss_curve_ : list of float
        The training loss of each epoch, penalty included.
    loss_ : float
        The last of ``loss_curve_``; NaN where there is none.
    best_loss_ : float
        The least of ``loss_curve_``.
    validation_scores_ : list of float or None
        The validation score of each epoch, R²; ``None`` without validation.
    best_validation_score_ : float or None
        With ``early_stopping``, the score of the weights that were kept.
    stopped_ : bool
        With ``early_stopping``, whether its patience was at its end.
    history_ : History
        Every loss and metric of every epoch as arrays (:class:`thalweg.History`).
    network_ : Network
        The trained network (:class:`thalweg.Network`).
    n_features_in_ : int
        How many columns it was trained on.
    feature_names_in_ : array of str
        Their names; only where the rows came with names that are text.

    Examples
    --------
    >>> import numpy as np
    >>> from thalweg import MLPRegressor
    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> mlp = MLPRegressor(hidden_layer_sizes=(20,), activation="tanh", solver="lbfgs", random_state=0, max_iter=500)
    >>> bool(mlp.fit(X, X.ravel() ** 2).score(X, X.ravel() ** 2) > 0.99)
    True

    Several targets, and counts:

    >>> both = mlp.fit(X, np.hstack([X, X**2]))
    >>> both.predict(X).shape, both.n_outputs_, both.out_activation_
    ((50, 2), 2, 'identity')
    >>> rates = MLPRegressor("poisson", (8,), solver="lbfgs", random_state=0, max_iter=500).fit(X, np.round(3 + 2 * X.ravel()))
    >>> bool((rates.predict(X) > 0).all()), rates.out_activation_
    (True, 'exp')
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

        Raises ``ValueError`` for parameters, shapes and targets that do not fit, ``TypeError`` for columns that are no numbers, and
        :class:`thalweg.DivergedError` where the loss runs away. Warns with :class:`thalweg.ConvergenceWarning`.

        Parameters
        ----------
        X : array, frame or sparse matrix, [rows, features]
            Finite numbers. float32, float64, integers and bool are read where they lie; leave them unchanged while training runs.
        y : array, [rows] or [rows, targets]
            Finite numbers.
        sample_weight : float or array, [rows], default=None
            What each row counts, 0 or more: 2 is the row twice, 0 its absence.
        validation_data : (X, y) or (X, y, sample_weight), default=None
            Looked at after each epoch; the weights of the best score (without ``early_stopping``: of the least validation loss) are kept.
        live : bool, default=False
            Whether pictures are redrawn in a notebook while training goes on (:mod:`thalweg.live`).
        X_val, y_val : default=None
            ``validation_data`` in two, so that scikit-learn's pipelines transform it (``transform_input=["X_val"]``).

        Examples
        --------
        >>> X = np.linspace(-1, 1, 20).reshape(-1, 1)
        >>> mlp = MLPRegressor((), solver="lbfgs", random_state=0).fit(X, 2 * X.ravel(), validation_data=(X[:5], 2 * X[:5, 0]))
        >>> round(float(mlp.history_["validation.r2"].max()), 3)
        1.0
        """
        return self._fit(X, y, sample_weight, self._one_validation(validation_data, X_val, y_val), live=live)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> Self:
        """One more epoch, on these rows, with the optimizer's state of the last call; the arguments are those of ``fit``.

        >>> mlp = MLPRegressor((4,), random_state=0)
        >>> mlp.partial_fit([[0.0], [1.0]], [1.0, 3.0]).partial_fit([[2.0]], [5.0]).n_iter_
        2
        """
        return self._fit(X, y, sample_weight, validation_data, incremental=True)

    def predict(self, X: Any) -> Any:
        """The numbers that are said of each row: ``[rows]``, or ``[rows, targets]`` for several targets, in the type of the network.

        >>> mlp = MLPRegressor((), solver="lbfgs", random_state=0, alpha=0).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
        >>> mlp.predict([[3.0], [4.0]]).round(2).tolist()
        [7.0, 9.0]
        """
        said = self._predictions(X)
        return said.ravel() if self._is_vector else said

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R², averaged over targets: 1 is right everywhere, 0 as good as the mean. Of one row NaN, with a warning.

        >>> mlp = MLPRegressor((), solver="lbfgs", random_state=0, alpha=0).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
        >>> round(mlp.score([[0.0], [1.0]], [1.0, 3.0]), 3), round(mlp.score([[0.0], [1.0]], [3.0, 1.0]), 3)
        (1.0, -3.0)
        """
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
        return "exp" if name_of(self._loss_of_predictions) == "poisson" else "identity"

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

    def _take_loss(self, loss: Any) -> None:
        self.loss = "squared_error" if loss == "half_squares" else loss

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
