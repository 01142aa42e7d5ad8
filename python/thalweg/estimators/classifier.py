"""``MLPClassifier``: scikit-learn's, finished."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
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
    """A multi-layer perceptron that tells classes apart.

    The parameters are those of ``sklearn.neural_network.MLPClassifier``, with the same defaults, and these:

    - ``activation`` and ``dropout`` may be lists, one entry for each hidden layer; every activation of the engine is there.
    - ``hidden_layer_sizes=()`` is a linear model.
    - ``loss``: any loss of the engine but that of counts (``"poisson"``), or a function
      ``loss(predictions, targets, weights) -> (loss per row, dpredictions)``. A function is given the last layer's outputs, of which the
      softmax is taken for probabilities, or where y is a matrix of several labels the sigmoid. With ``"hinge"`` and ``"squared_hinge"``
      there are no probabilities, but ``decision_function``.
    - ``class_weight``: ``"balanced"`` or ``{label: weight}``.
    - ``optimizer``, ``schedule``, ``weight_decay``, ``clip_norm``: as in an experiment file, in place of ``solver``.
    - ``init``: how weights start, such as ``"he_normal"`` (biases are 0 then). Without it, as scikit-learn's: weights and biases uniform
      between ±√(6 / (inputs + outputs)) of their layer (Glorot and Bengio 2010), or ±√(2 / ...) with the logistic activation.
    - ``validation_metric``: what early stopping goes by; ``"accuracy"`` without it.
    - ``precision``: ``"f32"``, ``"f64"``, or ``"auto"``: 32 bits for float32 and bytes, else 64.
    - ``threads``: how many to work on. The bits of the result do not depend on it.
    - ``callbacks``: functions called after each epoch (:mod:`thalweg.callbacks`); ``verbose=True`` shows a progress bar.

    ``fit`` takes ``sample_weight`` and ``validation_data=(X, y)``; the losses and metrics of every epoch are in ``history_``, and with
    validation the best weights are kept.

    >>> import numpy as np
    >>> from thalweg import MLPClassifier
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> y = np.array(["same", "different", "different", "same"])
    >>> mlp = MLPClassifier(hidden_layer_sizes=(8,), activation="tanh", solver="lbfgs", random_state=1, max_iter=100)
    >>> mlp.fit(X, y).predict(X).tolist()
    ['same', 'different', 'different', 'same']
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

        ``validation_data=(X, y)`` is looked at after each epoch; ``X_val`` and ``y_val`` are the same in two, as scikit-learn's pipelines
        transform it (``transform_input=["X_val"]``).
        """
        return self._fit(X, y, sample_weight, self._one_validation(validation_data, X_val, y_val), live=live)

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None, validation_data: Any = None
    ) -> Self:
        """One more epoch, on these rows. ``classes``: all labels there will be, at the first call; not needed for a matrix of labels."""
        if getattr(self, "classes_", None) is None:
            if classes is None and 1 in (np.ndim(y), *np.shape(y)[1:]):
                raise ValueError("classes must be passed on the first call to partial_fit: all labels that there will be")
        elif classes is not None and not np.array_equal(np.unique(as_targets(classes)), self.classes_):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
            )
        return self._fit(X, y, sample_weight, validation_data, incremental=True, classes=classes)

    def predict(self, X: Any) -> Any:
        """The likeliest class of each row, or all likely labels."""
        said = self._predictions(X)
        if self._is_multilabel:
            return (self._likely(said) > 0.5).astype(np.int64)
        if len(self.classes_) == 1:
            return self.classes_.take(np.zeros(len(said), dtype=np.intp))
        if said.shape[1] == 1:
            border = 0.0 if self._gives_scores() else 0.5
            return self.classes_.take((said[:, 0] > border).astype(np.intp))
        return self.classes_.take(said.argmax(axis=1))

    @available("loss={0.loss!r} gives scores, not probabilities; take decision_function", lambda self: not self._gives_scores())
    def predict_proba(self, X: Any) -> Any:
        """How likely each class is, ``[rows, classes]``."""
        said = self._likely(self._predictions(X))
        if self._is_multilabel:
            return said
        if len(self.classes_) == 1:
            return np.ones((len(said), 1), dtype=said.dtype)
        return np.concatenate([1 - said, said], axis=1) if said.shape[1] == 1 else said

    def _likely(self, said: Any) -> Any:
        """Probabilities of what the network says: a function as the loss says nothing of what outputs mean, and one sigmoid for each
        of several classes need not add up to 1."""
        if callable(self.loss):
            return sigmoid(said) if self._is_multilabel else softmax(said)
        if said.shape[1] > 1 and not self._is_multilabel and self._takes_sigmoids():
            total = said.sum(axis=1, keepdims=True)
            return open_numpy.where(total > 0, said / np.where(total > 0, total, 1), 1 / said.shape[1]).astype(said.dtype)
        return said

    @available("only the losses hinge and squared_hinge give scores; take predict_proba", lambda self: self._gives_scores())
    def decision_function(self, X: Any) -> Any:
        """With ``loss="hinge"`` or ``"squared_hinge"``: the scores that the classes are chosen by, ``[rows, classes]``, or for two classes
        ``[rows]``, above 0 for the second."""
        said = self._predictions(X)
        return said[:, 0] if said.shape[1] == 1 else said

    def _takes_sigmoids(self) -> bool:
        return name_of(self._chosen_loss()) in _SIGMOID

    def _gives_scores(self) -> bool:
        return name_of(self.loss) in _SCORES

    @available("loss={0.loss!r} gives scores, not probabilities; take decision_function", lambda self: not self._gives_scores())
    def predict_log_proba(self, X: Any) -> Any:
        """The logarithms of these."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of rows whose class (or all of whose labels) is right."""
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
        """``"logistic"`` or ``"softmax"``, or ``"identity"`` where the outputs are scores. Where several classes have a sigmoid each, probabilities are these over their sum."""
        if self._gives_scores():
            return "identity"
        return "logistic" if self._is_multilabel or self._takes_sigmoids() else "softmax"

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
        return "binary_cross_entropy" if self._is_multilabel or len(self.classes_) <= 2 else "softmax_cross_entropy"

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
        numbers = [float(label) for label in self.classes_] if self.classes_.dtype.kind in "iufb" else None
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


def sigmoid(logits: Any) -> Any:
    return 0.5 * (1.0 + np.tanh(0.5 * logits))  # which does not overflow


def softmax(logits: Any) -> Any:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
