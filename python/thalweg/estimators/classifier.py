"""``MLPClassifier``: scikit-learn's, finished."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from numbers import Real
from typing import Any, Self

import numpy as np

from .. import _engine
from .._arrays import as_targets, open_numpy
from . import checks
from .parameters import available
from .perceptron import MultiLayerPerceptron, held_out, name_of

__all__ = ["MLPClassifier", "sigmoid", "softmax"]

#: Losses that take logits, and what makes probabilities of these.
_SIGMOID = frozenset({"binary_cross_entropy", "focal"})
_SOFTMAX = frozenset({"softmax_cross_entropy"})

#: Losses whose outputs are scores: the highest is the class, or with two classes the second above 0; they are no probabilities.
_SCORES = frozenset({"hinge", "squared_hinge"})

#: scikit-learn's and others' names of what has another here.
_CROSS_ENTROPIES = frozenset({"log_loss", "cross_entropy", "crossentropy", "nll", "logistic"})


class MLPClassifier(MultiLayerPerceptron):
    """A multi-layer perceptron that tells classes apart: scikit-learn's ``MLPClassifier``, and what its users have missed.

    Rows of numbers go through dense layers, each followed by an activation; the last layer's outputs become probabilities. With the
    parameters that scikit-learn's has, and their defaults, it takes the same steps; what is beyond it comes after ``max_fun``. Parameters are
    checked by ``fit`` and ``partial_fit``, which raise ``ValueError`` with the name and the range.

    Parameters
    ----------
    hidden_layer_sizes : int or list of int, default=(100,)
        How many units each hidden layer has, from the input on; each 1 or more. ``()`` is a linear model.
    activation : str, dict or list of these, default='relu'
        What follows each hidden layer, or a list with one entry for each: ``'identity'``, ``'logistic'`` (also ``'sigmoid'``), ``'tanh'``,
        ``'relu'``, ``'leaky_relu'``, ``'elu'``, ``'selu'``, ``'gelu'``, ``'gelu_tanh'``, ``'silu'``, ``'softplus'``, ``'mish'`` or
        ``'softmax'``; with an option as a dictionary, such as ``{"name": "leaky_relu", "slope": 0.1}``.
    solver : {'adam', 'sgd', 'lbfgs'}, default='adam'
        How weights are found. ``'adam'`` and ``'sgd'`` make one update for each batch, ``'sgd'`` with ``momentum``; ``'lbfgs'`` makes quasi-Newton
        steps over all rows, and is good for small sets. Every other rule goes into ``optimizer``.
    alpha : float, default=0.0001
        The strength of the L2 penalty, 0 or more: ½·alpha·Σw², divided by the rows of a batch, is added to the loss; biases are left out.
    batch_size : int, 'auto' or 'full', default='auto'
        Rows for each update, 1 or more. ``'auto'`` is 200, or all rows where there are fewer; ``'full'`` is all. More than there are is all of
        them, with a warning. ``'lbfgs'`` always takes all.
    learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
        How the rate of ``solver='sgd'`` changes. ``'invscaling'`` makes it learning_rate_init / (rows seen + 1)^power_t after each epoch.
        ``'adaptive'`` divides it by 5 whenever the loss has come to rest by ``tol`` and ``n_iter_no_change``, and ends below 1e-6; with
        ``early_stopping`` it stays constant. Other courses go into ``schedule``.
    learning_rate_init : float, default=0.001
        The rate at the start, above 0, of ``'sgd'`` and ``'adam'``.
    power_t : float, default=0.5
        The exponent of ``learning_rate='invscaling'``, 0 or more.
    max_iter : int, default=200
        The most epochs (passes over all rows; of ``'lbfgs'``, steps) of one ``fit``, 1 or more. A ``ConvergenceWarning`` says that they were not
        enough.
    shuffle : bool, default=True
        Whether each epoch has an order of rows of its own.
    random_state : int, RandomState, Generator or None, default=None
        Where the start, the order of rows, dropout and what is held out come from. The same number gives the same bits on any number of
        threads; ``None`` draws from NumPy's global state.
    tol : float, default=0.0001
        Training ends when the loss has not fallen by more than this for ``n_iter_no_change`` epochs; with ``early_stopping``, when the
        validation score has not become better by more than this.
    verbose : bool, default=False
        Whether a progress bar is shown, on the standard error output.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last one, with the optimizer's state and early stopping's patience; else it begins anew.
    momentum : float, default=0.9
        Which share of the last step of ``solver='sgd'`` goes into the next, 0 or more and below 1.
    nesterovs_momentum : bool, default=True
        Whether momentum looks one step ahead (Nesterov).
    early_stopping : bool, default=False
        Whether part of the rows is held out, each class in proportion, and training ends when their score gets no better. The weights of the
        best score are kept. Where ``fit`` is given ``validation_data``, nothing is held out and that is looked at.
    validation_fraction : float, default=0.1
        Which share of the rows ``early_stopping`` holds out, above 0 and below 1, at least one row.
    beta_1 : float, default=0.9
        How much of the old mean of gradients ``'adam'`` keeps, 0 or more and below 1.
    beta_2 : float, default=0.999
        How much of the old mean of squared gradients ``'adam'`` keeps, 0 or more and below 1.
    epsilon : float, default=1e-8
        What keeps the divisor of ``'adam'`` from 0, above 0.
    n_iter_no_change : int, default=10
        For how many epochs ``tol`` may be missed, 1 or more; ``inf`` never ends training early.
    max_fun : int, default=15000
        How often ``'lbfgs'`` may compute the loss, 1 or more. A ``ConvergenceWarning`` says that it was not enough.
    loss : str, dict, callable or None, default=None
        What training makes small. ``None`` is the cross-entropy: of a sigmoid for two classes and for several labels a row, else of a
        softmax. Any loss of :mod:`thalweg.losses` but ``'poisson'``, or a function ``loss(predictions, targets, weights) -> (loss of each
        row, derivative by each prediction)``, which is given the last layer's outputs: probabilities are their softmax, for several labels
        their sigmoid. ``'hinge'`` and ``'squared_hinge'`` give scores: there is ``decision_function`` then, and no ``predict_proba``. A loss
        of numbers (``'mean_squared_error'``) is given probabilities.
    class_weight : dict, 'balanced' or None, default=None
        What a row of each class counts, ``{label: weight}``, 0 or more and 1 where a label is not named; ``'balanced'`` makes all classes count the
        same. It multiplies ``sample_weight``. Not for several labels a row.
    dropout : float or list of float, default=0.0
        With which chance each value of a hidden layer is left out in training, 0 or more and below 1; or one for each hidden layer.
    init : str, dict or None, default=None
        How weights start: ``'he_normal'``, ``'he_uniform'``, ``'glorot_normal'``, ``'glorot_uniform'``, ``'lecun_normal'``, ``'zeros'``,
        ``{"name": "normal", "std": 0.1}`` or ``{"name": "uniform", "low": -0.1, "high": 0.1}``; biases are 0 then. ``None`` is scikit-learn's start:
        weights and biases uniform between ±√(6 / (inputs + outputs)) of their layer (Glorot and Bengio 2010), ±√(2 / ...) before a sigmoid.
    optimizer : str, dict or None, default=None
        A rule of :mod:`thalweg.optimizers`, by name or with options. It takes the place of ``solver``, ``learning_rate``, ``learning_rate_init``,
        ``momentum`` and Adam's constants; a name alone has its own rate.
    schedule : str, dict or None, default=None
        The rate as a function of the step (:mod:`thalweg.schedules`), as a share of the optimizer's.
    weight_decay : float, default=0.0
        Decoupled decay, 0 or more: each step takes rate·weight_decay·w off each weight; biases are left out.
    clip_norm : float or None, default=None
        A gradient that is longer than this, above 0, is shortened to it.
    validation_metric : str or None, default=None
        What ``early_stopping`` goes by, such as ``'f1_macro'``, ``'roc_auc'`` or ``'loss'``. ``None`` is ``'accuracy'``, for several labels a
        row ``'loss'``.
    precision : {'auto', 'f32', 'f64'}, default='auto'
        The type of weights and sums. ``'auto'`` is 32 bits for rows of float32 and bytes, else 64.
    threads : int or None, default=None
        How many threads work, 1 or more; ``None`` is :func:`thalweg.default_threads`. The result does not depend on it.
    callbacks : list of callable or None, default=None
        Functions called after each epoch with the report (:mod:`thalweg.callbacks`); they may stop training or set the rate.

    Attributes
    ----------
    classes_ : array, [classes]
        The labels in ascending order; for several labels a row their numbers from 0.
    coefs_ : list of array
        The weights of each layer, ``[inputs, outputs]``, as copies.
    intercepts_ : list of array
        The biases of each layer, ``[outputs]``, as copies.
    n_layers_ : int
        How many layers there are, input and output counted.
    n_outputs_ : int
        How many outputs: 1 for two classes with a loss of one sigmoid or one score, else one for each class or label.
    out_activation_ : str
        What makes probabilities of the outputs: ``'logistic'`` or ``'softmax'``; ``'identity'`` where they are scores.
    n_iter_ : int
        How many epochs were trained, over all fits that went on from one another.
    t_ : int
        How many rows training saw, repetitions counted: ``n_iter_`` times the rows.
    loss_curve_ : list of float
        The training loss of each epoch, penalty included.
    loss_ : float
        The last of ``loss_curve_``; NaN where there is none.
    best_loss_ : float
        The least of ``loss_curve_``, also with ``early_stopping``, where scikit-learn has ``None``.
    validation_scores_ : list of float or None
        The validation score of each epoch; ``None`` without validation.
    best_validation_score_ : float or None
        With ``early_stopping``, the score of the weights that were kept.
    stopped_ : bool
        With ``early_stopping``, whether its patience was at its end.
    history_ : History
        Every loss and metric of every epoch as arrays, ``"train.loss"``, ``"validation.accuracy"`` and so on (:class:`thalweg.History`).
    network_ : Network
        The trained network (:class:`thalweg.Network`).
    n_features_in_ : int
        How many columns it was trained on.
    feature_names_in_ : array of str
        Their names; only where the rows came with names that are text.

    Examples
    --------
    >>> import numpy as np
    >>> from thalweg import MLPClassifier
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> y = np.array(["same", "different", "different", "same"])
    >>> mlp = MLPClassifier(hidden_layer_sizes=(8,), activation="tanh", solver="lbfgs", random_state=1, max_iter=100)
    >>> mlp.fit(X, y).predict(X).tolist()
    ['same', 'different', 'different', 'same']

    What a fit leaves behind:

    >>> mlp.classes_.tolist(), mlp.n_layers_, mlp.n_outputs_, mlp.out_activation_
    (['different', 'same'], 3, 1, 'logistic')
    >>> [w.shape for w in mlp.coefs_], [b.shape for b in mlp.intercepts_]
    ([(2, 8), (8, 1)], [(8,), (1,)])
    >>> mlp.loss_ == mlp.loss_curve_[-1] == mlp.best_loss_ < 0.01, mlp.t_ == 4 * mlp.n_iter_
    (True, True)

    Validation, several labels a row, and a loss of scores:

    >>> fitted = MLPClassifier((8,), random_state=0, early_stopping=True, max_iter=300).fit(np.repeat(X, 20, axis=0), np.repeat(y, 20))
    >>> max(fitted.validation_scores_) == fitted.best_validation_score_
    True
    >>> labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> MLPClassifier((8,), solver="lbfgs", random_state=0).fit(X, labels).predict([[1.0, 0.0]]).tolist()
    [[1, 0]]
    >>> hasattr(MLPClassifier(loss="hinge"), "predict_proba"), hasattr(MLPClassifier(loss="hinge"), "decision_function")
    (False, True)
    """

    class_weight: Any
    classes_: Any
    _is_multilabel: bool

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
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
        loss: Any = None,
        class_weight: Any = None,
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

        Raises ``ValueError`` for parameters, shapes and labels that do not fit, ``TypeError`` for columns that are no numbers, and
        :class:`thalweg.DivergedError` where the loss runs away. Warns with :class:`thalweg.ConvergenceWarning`.

        Parameters
        ----------
        X : array, frame or sparse matrix, [rows, features]
            Finite numbers. float32, float64, integers and bool are read where they lie; leave them unchanged while training runs.
        y : array, [rows] or [rows, labels]
            A label for each row, text or whole numbers; or a matrix of zeros and ones, a column for each of several labels.
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
        >>> import numpy as np
        >>> X, y = np.linspace(-1, 1, 40).reshape(-1, 1), np.repeat(["low", "high"], 20)
        >>> mlp = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, y, validation_data=(X[::2], y[::2]))
        >>> mlp.score(X, y), max(mlp.validation_scores_)
        (1.0, 1.0)
        """
        return self._fit(X, y, sample_weight, self._one_validation(validation_data, X_val, y_val), live=live)

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None, validation_data: Any = None
    ) -> Self:
        """One more epoch, on these rows, with the optimizer's state of the last call.

        ``classes``: all labels that there will be, needed at the first call; not for a matrix of labels. ``X``, ``y``, ``sample_weight`` and
        ``validation_data`` are those of ``fit``. With ``early_stopping`` the best weights are kept, but nothing is ended.

        >>> mlp = MLPClassifier((4,), random_state=0)
        >>> for _ in range(3):
        ...     _ = mlp.partial_fit([[0.0], [1.0]], ["no", "yes"], classes=["no", "yes", "maybe"])
        >>> mlp.n_iter_, mlp.classes_.tolist()
        (3, ['maybe', 'no', 'yes'])
        """
        if getattr(self, "classes_", None) is None:
            if classes is None and 1 in (np.ndim(y), *np.shape(y)[1:]):
                raise ValueError("classes must be passed on the first call to partial_fit: all labels that there will be")
        elif classes is not None and not np.array_equal(np.unique(as_targets(classes)), self.classes_):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
            )
        return self._fit(X, y, sample_weight, validation_data, incremental=True, classes=classes)

    def predict(self, X: Any) -> Any:
        """The likeliest class of each row, ``[rows]``; of several labels a matrix of zeros and ones, 1 above a probability of ½.

        >>> mlp = MLPClassifier((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"])
        >>> mlp.predict([[0.5], [2.5]]).tolist()
        ['a', 'b']
        """
        said = self._predictions(X)
        if self._is_multilabel:
            return (self._likely(said) > 0.5).astype(np.int64)
        if len(self.classes_) == 1:
            return self.classes_.take(np.zeros(len(said), dtype=np.intp))
        if said.shape[1] == 1:
            border = 0.0 if self._gives_scores() else 0.5
            return self.classes_.take((said[:, 0] > border).astype(np.intp))
        return self.classes_.take(said.argmax(axis=1))

    @available("loss={0._loss_of_predictions!r} gives scores, not probabilities; take decision_function", lambda self: not self._gives_scores())
    def predict_proba(self, X: Any) -> Any:
        """How likely each class is, ``[rows, classes]``, in the order of ``classes_``; each row adds up to 1, but not of several labels.

        With ``loss="hinge"`` and ``"squared_hinge"`` there is no such method.

        >>> mlp = MLPClassifier((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"])
        >>> mlp.predict_proba([[0.5], [2.5]]).round(2).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        """
        said = self._likely(self._predictions(X))
        if self._is_multilabel:
            return said
        if len(self.classes_) == 1:
            return np.ones((len(said), 1), dtype=said.dtype)
        return np.concatenate([1 - said, said], axis=1) if said.shape[1] == 1 else said

    def _likely(self, said: Any) -> Any:
        """Probabilities of what the network says: a function as the loss says nothing of what outputs mean, and one sigmoid for each
        of several classes need not add up to 1."""
        if callable(self._loss_of_predictions):
            return sigmoid(said) if self._is_multilabel else softmax(said)
        if said.shape[1] > 1 and not self._is_multilabel and self._gives_sigmoids():
            total = said.sum(axis=1, keepdims=True)
            return open_numpy.where(total > 0, said / np.where(total > 0, total, 1), 1 / said.shape[1]).astype(said.dtype)
        return said

    @available("only the losses hinge and squared_hinge give scores; take predict_proba", lambda self: self._gives_scores())
    def decision_function(self, X: Any) -> Any:
        """With ``loss="hinge"`` or ``"squared_hinge"``: the scores that the classes are chosen by, ``[rows, classes]``, or for two classes
        ``[rows]``, above 0 for the second.

        >>> mlp = MLPClassifier((4,), solver="lbfgs", loss="hinge", random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
        >>> (mlp.decision_function([[0.5], [2.5]]) > 0).tolist()
        [False, True]
        """
        said = self._predictions(X)
        return said[:, 0] if said.shape[1] == 1 else said

    def _takes_sigmoids(self) -> bool:
        return name_of(self._chosen_loss()) in _SIGMOID

    def _gives_sigmoids(self) -> bool:
        loss = self._loss_of_predictions
        return name_of(self._default_loss() if loss is None else loss) in _SIGMOID

    def _gives_scores(self) -> bool:
        return _name_if_any(self._loss_of_predictions) in _SCORES

    @available("loss={0._loss_of_predictions!r} gives scores, not probabilities; take decision_function", lambda self: not self._gives_scores())
    def predict_log_proba(self, X: Any) -> Any:
        """The natural logarithms of ``predict_proba``, ``[rows, classes]``; minus infinity where a probability is 0.

        >>> mlp = MLPClassifier((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"])
        >>> bool((mlp.predict_log_proba([[0.5]]) == np.log(mlp.predict_proba([[0.5]]))).all())
        True
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of rows whose class (or all of whose labels) is right, from 0 to 1; each row counts ``sample_weight``.

        >>> mlp = MLPClassifier((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"])
        >>> mlp.score([[0.0], [3.0]], ["a", "a"]), mlp.score([[0.0], [3.0]], ["a", "a"], sample_weight=[3, 1])
        (0.5, 0.75)
        """
        said, wanted = self.predict(X), as_targets(y)
        checks.check_lengths(len(said), wanted)
        if self._is_multilabel:
            if wanted.shape != said.shape:
                raise ValueError(f"y must have one column for each of {len(self.classes_)} labels")
            right = (said == wanted).all(axis=1)
        else:
            if wanted.ndim == 2 and wanted.shape[1] > 1:
                raise ValueError(f"y has {wanted.shape[1]} columns, but one class a row was learned; give a label for each row")
            right = said == wanted.ravel()
        return float(np.average(right, weights=checks.row_weights(sample_weight, len(said))))

    @property
    def out_activation_(self) -> str:
        """``"logistic"`` or ``"softmax"``, or ``"identity"`` where the outputs are scores.

        Where several classes have a sigmoid each, probabilities are these over their sum.
        """
        if self._gives_scores():
            return "identity"
        return "logistic" if self._is_multilabel or self._gives_sigmoids() else "softmax"

    # Classes.

    def _prepare(self, y: Any, classes: Any, continues: bool) -> Any:
        labels = checks.class_labels(self, y)
        if continues:
            return self._ids(labels)
        self._is_multilabel = labels.ndim == 2
        if self._is_multilabel:
            self.classes_ = np.arange(labels.shape[1])
        else:
            self.classes_ = np.unique(labels if classes is None else as_targets(classes))
        return self._ids(labels)

    def _encoded(self, y: Any) -> Any:
        return self._ids(checks.class_labels(self, y))

    def _ids(self, labels: Any) -> Any:
        """The classes' numbers, or the matrix of labels."""
        if self._is_multilabel:
            if labels.ndim != 2 or labels.shape[1] != len(self.classes_):
                raise ValueError(f"y must have one column for each of {len(self.classes_)} labels")
            return np.asarray(labels, dtype=np.float64)
        ids = open_numpy.minimum(np.searchsorted(self.classes_, labels), len(self.classes_) - 1)
        if (self.classes_[ids] != labels).any():
            unknown = np.setdiff1d(labels, self.classes_)
            raise ValueError(f"`y` contains classes {unknown.tolist()} that are not among {self.classes_.tolist()}")
        return ids.astype(np.uint32)

    def _weighed(self, targets: Any, weights: Any) -> Any:
        if self.class_weight is None:
            return weights
        if self._is_multilabel:
            raise ValueError("class_weight is for one class a row, but y has several labels; give sample_weight instead")
        return checks.balanced_weights(self.class_weight, self.classes_, targets, weights)

    def _dataset(self, x: Any, targets: Any, weights: Any) -> _engine.Dataset:
        scale = self._scale_lists()
        if self._is_multilabel:
            return _engine.Dataset(x, values=np.ascontiguousarray(targets), weights=weights, scale=scale)
        names = [str(label) for label in self.classes_] if len(self.classes_) > 1 else None
        count = max(len(self.classes_), 2)
        return _engine.Dataset(x, labels=targets, classes=count, weights=weights, label_names=names, scale=scale)

    def _chosen_loss(self) -> Any:
        name = name_of(self.loss)
        if name == "poisson":
            raise ValueError("loss='poisson' is for counts, not for classes; take MLPRegressor, or leave loss out")
        if name in _CROSS_ENTROPIES:
            raise ValueError(
                f"there is no loss {name!r}; leave loss out for the cross-entropy that fits, or take 'binary_cross_entropy' "
                "or 'softmax_cross_entropy'"
            )
        if self._is_multilabel and name in _SOFTMAX | _SCORES:
            raise ValueError(
                f"loss={name!r} is for one class a row, but y has several labels; take 'binary_cross_entropy'"
            )
        if self.loss is not None:
            return self.loss
        return self._default_loss()

    def _default_loss(self) -> str:
        """The cross-entropy that fits the classes."""
        return "binary_cross_entropy" if self._is_multilabel or len(self.classes_) <= 2 else "softmax_cross_entropy"

    def _take_loss(self, loss: Any) -> None:
        self.loss = None if loss == self._default_loss() else loss

    def _outputs(self) -> int:
        count = len(self.classes_)
        if self._is_multilabel or count > 2:
            return count
        return 1 if name_of(self._chosen_loss()) in _SIGMOID | _SCORES else 2

    def _layers(self) -> list[Any]:
        name = name_of(self._chosen_loss())
        layers = super()._layers()
        if name is not None and name not in _SIGMOID | _SOFTMAX | _SCORES:
            # A loss that takes neither logits nor scores is given probabilities.
            layers.append("sigmoid" if self._is_multilabel else "softmax")
        return layers

    def _loss_scale(self) -> float:
        # scikit-learn adds the losses of several labels up, the engine averages them.
        return 1.0 / len(self.classes_) if self._is_multilabel and self.loss is None else 1.0

    def _metric(self, rows: int) -> str:
        return "loss" if self._is_multilabel else "accuracy"

    def _split(self, targets: Any, seed: int) -> tuple[Any, Any]:
        return held_out(len(targets), self.validation_fraction, seed, None if self._is_multilabel else targets)

    def _target_schema(self) -> tuple[dict[str, Any], list[str], list[str]]:
        labels = [str(label) for label in self.classes_]
        if self._is_multilabel:
            names = [f"label {j}" for j in range(len(labels))]
            return {"kind": "values", "names": names}, [], names
        are_numbers = self.classes_.dtype.kind in "iufb" or all(isinstance(label, Real) for label in self.classes_)
        numbers = [float(label) for label in self.classes_] if are_numbers else None
        if len(labels) == 1:
            labels = [labels[0], labels[0] + _NO_SECOND]
            numbers = None if numbers is None else [numbers[0], numbers[0] + 1]
        keys: dict[str, Any] = {"text": labels} if numbers is None else {"numbers": numbers}
        return {"kind": "classes", "name": "label", "keys": keys, "labels": labels}, labels, ["label"]

    def _take_targets(self, target: dict[str, Any], path: Any) -> None:
        self._is_multilabel = target["kind"] == "values"
        labels = self.network_._engine.label_names
        if self._is_multilabel:
            names = target["names"]
            if not names or not str(names[0]).startswith("label "):
                raise ValueError(f"{path}: the file holds a regressor; load it with MLPRegressor.load")
            self.classes_ = np.arange(len(names))
        elif target["keys"].get("numbers") is not None:
            self.classes_ = _numbers(labels, target["keys"]["numbers"])
        else:
            self.classes_ = np.asarray(target["keys"]["text"])
        if labels and labels[1:] == [labels[0] + _NO_SECOND]:
            self.classes_ = self.classes_[:1]

    def __sklearn_tags__(self) -> Any:
        tags: Any = import_module("sklearn.utils")
        return tags.Tags(
            estimator_type="classifier",
            target_tags=tags.TargetTags(required=True),
            classifier_tags=tags.ClassifierTags(multi_label=True),
            input_tags=tags.InputTags(sparse=True),
        )

    _estimator_type = "classifier"


#: What a file, which has two classes or more, calls the second of one, after its name.
_NO_SECOND = " (no second class)"


def _numbers(labels: list[str], numbers: list[float]) -> Any:
    """Classes that are numbers, in the type that their names show."""
    named = [label.removesuffix(_NO_SECOND) for label in labels]
    if set(named) <= {"True", "False"}:
        return np.asarray([label == "True" for label in named])
    try:
        return np.asarray([int(label) for label in named])
    except (ValueError, OverflowError):
        return np.asarray(numbers, dtype=np.float64)


def _name_if_any(loss: Any) -> str | None:
    """The name of a loss; ``None`` also of one that ``fit`` refuses, for which nobody can be told whether a method is there."""
    return None if hasattr(loss, "keys") and "name" not in loss else name_of(loss)


def sigmoid(logits: Any) -> Any:
    """1 / (1 + exp(-z)), value by value."""
    return 0.5 * (1.0 + np.tanh(0.5 * logits))  # which does not overflow


def softmax(logits: Any) -> Any:
    """exp(z) over its sum, row by row."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
