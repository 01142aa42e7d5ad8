"""Taking over what other libraries trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from .estimators import MLPClassifier, MLPRegressor
from .history import History
from .network import Network

__all__ = ["from_sklearn"]


def from_sklearn(fitted: Any) -> MLPClassifier | MLPRegressor:
    """A fitted ``sklearn.neural_network`` perceptron as one of Thalweg's: its parameters, classes and weights.

    Predictions are equal to rounding. It can be trained on with ``partial_fit`` or ``warm_start``, the optimizer's state beginning anew.
    ``history_`` has the loss curve, and the validation scores if there are any. Raises ``ValueError`` for what is not fitted, no
    perceptron, or a pipeline (give its last step).

    >>> from sklearn import neural_network
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), ["few", "few", "many", "many"]
    >>> theirs = neural_network.MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, y)
    >>> ours = from_sklearn(theirs)
    >>> np.allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-10, atol=1e-14), ours.predict([[2.5]]).tolist()
    (True, ['many'])
    """
    if hasattr(fitted, "steps"):
        raise ValueError(f"{type(fitted).__name__} has steps; give the one that is a perceptron, such as {type(fitted).__name__.lower()}[-1]")
    if not hasattr(fitted, "coefs_"):
        raise ValueError(f"{type(fitted).__name__} is not fitted, or no multi-layer perceptron of scikit-learn's")
    is_classifier = hasattr(fitted, "classes_")
    ours = (MLPClassifier if is_classifier else MLPRegressor)()
    known = ours.get_params()
    taken = {name: value for name, value in fitted.get_params().items() if name in known and name != "loss"}
    if not is_classifier and getattr(fitted, "loss", "squared_error") == "poisson":
        taken["loss"] = "poisson"
    ours.set_params(**taken)
    ours.n_features_in_ = int(fitted.n_features_in_)
    if hasattr(fitted, "feature_names_in_"):
        ours.feature_names_in_ = fitted.feature_names_in_
    if isinstance(ours, MLPClassifier):
        ours.classes_ = np.asarray(fitted.classes_)
        ours._is_multilabel = fitted.out_activation_ == "logistic" and fitted.n_outputs_ > 1
    else:
        ours._targets = int(fitted.n_outputs_)
        ours._is_vector = fitted.n_outputs_ == 1
    precision = "f32" if fitted.coefs_[0].dtype == np.float32 else "f64"
    network = Network(ours._layers(), ours.n_features_in_, precision=precision)
    weights = [name for name in network if name.endswith(".weight")]
    for name, weight, bias in zip(weights, fitted.coefs_, fitted.intercepts_):
        network[name] = weight
        network[name.replace(".weight", ".bias")] = bias
    from ._settings import spelled

    network._engine.set_loss(spelled(ours._chosen_loss()))
    ours.network_ = network
    ours._fitted_loss = ours.loss
    curve = np.asarray(getattr(fitted, "loss_curve_", [float(fitted.loss_)]), dtype=np.float64)
    epochs = np.arange(1, len(curve) + 1)
    columns = {"epoch": epochs, "step": epochs, "train.loss": curve}
    scores: Any = getattr(fitted, "validation_scores_", None)
    if scores is not None and len(scores) == len(curve):
        columns["validation.accuracy" if is_classifier else "validation.r2"] = np.asarray(scores, dtype=np.float64)
    ours.history_ = History(columns)
    ours.best_validation_score_ = getattr(fitted, "best_validation_score_", None)
    ours._state = None
    ours.n_iter_ = int(fitted.n_iter_)
    ours.t_ = int(fitted.t_)
    return ours
