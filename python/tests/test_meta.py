"""In scikit-learn's machinery."""

import pickle

import numpy as np
import pytest

from conftest import needs
from thalweg import LogisticRegression, MLPClassifier, MLPRegressor, from_sklearn

pytestmark = [needs("sklearn"), pytest.mark.filterwarnings("ignore:Maximum iterations", "ignore:Stochastic Optimizer")]


def test_pipelines_and_output_as_frames(blobs):
    pandas = pytest.importorskip("pandas", reason="SKIPPED: needs pandas")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = blobs
    frame = pandas.DataFrame(x, columns=list("abc"))
    pipe = make_pipeline(StandardScaler(), MLPClassifier((8,), random_state=0, learning_rate_init=0.01))
    pipe.set_output(transform="pandas").fit(frame, y)
    assert list(pipe[-1].feature_names_in_) == list("abc") and pipe.score(frame, y) > 0.85
    pipe.fit(frame, y, mlpclassifier__sample_weight=np.ones(len(y)))
    assert "StandardScaler" in pipe._repr_html_()


def test_column_transformers(blobs):
    pandas = pytest.importorskip("pandas", reason="SKIPPED: needs pandas")
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    x, y = blobs
    frame = pandas.DataFrame(x, columns=list("abc")).assign(kind=np.where(y == 1, "yes", "no"))
    columns = make_column_transformer((StandardScaler(), ["a", "b", "c"]), (OneHotEncoder(), ["kind"]))
    assert make_pipeline(columns, LogisticRegression()).fit(frame, y).score(frame, y) > 0.9


def test_searches_and_cross_validation(blobs):
    from sklearn.model_selection import GridSearchCV, cross_val_score

    x, y = blobs
    search = GridSearchCV(MLPClassifier(random_state=0, learning_rate_init=0.01), {"hidden_layer_sizes": [(), (8,)], "alpha": [1e-4, 1e-2]}, cv=3)
    assert search.fit(x, y).best_score_ > 0.85
    assert cross_val_score(MLPClassifier((8,), random_state=0, learning_rate_init=0.01), x, y, cv=3, n_jobs=2).mean() > 0.85


def test_calibration_importance_and_ensembles(blobs):
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import BaggingClassifier, VotingClassifier
    from sklearn.inspection import permutation_importance

    x, y = blobs
    mlp = MLPClassifier((8,), random_state=0, learning_rate_init=0.01)
    assert CalibratedClassifierCV(mlp, cv=3).fit(x, y).score(x, y) > 0.85
    importance = permutation_importance(mlp.fit(x, y), x, y, n_repeats=3, random_state=0)
    assert importance.importances_mean.min() > 0.05
    assert BaggingClassifier(mlp, n_estimators=2, random_state=0).fit(x, y).score(x, y) > 0.8
    assert VotingClassifier([("a", mlp), ("b", LogisticRegression())], voting="soft").fit(x, y).score(x, y) > 0.8


def test_metadata_is_routed(blobs):
    import sklearn
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = blobs
    weights = np.where(y == 2, 50.0, 0.02)
    with sklearn.config_context(enable_metadata_routing=True):
        mlp = MLPClassifier((8,), random_state=0, max_iter=50).set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        assert clone(mlp).get_metadata_routing().fit.requests["sample_weight"] is True
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), mlp)
        routed = pipe.fit(x, y, sample_weight=weights).predict_proba(x)
        scaled = StandardScaler().fit_transform(x)
        assert np.array_equal(routed, clone(mlp).fit(scaled, y, sample_weight=weights).predict_proba(scaled))
        assert not np.array_equal(routed, clone(mlp).fit(scaled, y).predict_proba(scaled))
        GridSearchCV(mlp, {"alpha": [1e-3]}, cv=2).fit(x, y, sample_weight=weights)


def test_clone_pickle_joblib(blobs, tmp_path):
    import joblib
    from sklearn.base import clone, is_classifier, is_regressor

    x, y = blobs
    mlp = MLPClassifier((8,), random_state=0, max_iter=10).fit(x, y)
    assert clone(mlp).get_params() == mlp.get_params() and not hasattr(clone(mlp), "network_")
    assert np.array_equal(pickle.loads(pickle.dumps(mlp)).predict_proba(x), mlp.predict_proba(x))
    joblib.dump(mlp, tmp_path / "mlp.joblib")
    assert np.array_equal(joblib.load(tmp_path / "mlp.joblib").predict_proba(x), mlp.predict_proba(x))
    assert is_classifier(mlp) and is_regressor(MLPRegressor())


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("kind", ["three", "two", "labels", "number", "numbers"])
def test_fitted_perceptrons_are_taken_over(blobs, activation, kind):
    from sklearn import neural_network

    x, y = blobs
    targets = {
        "three": y,
        "two": np.where(y > 0, "yes", "no"),
        "labels": np.stack([y > 0, y > 1], axis=1).astype(int),
        "number": x[:, 0] * 2,
        "numbers": x[:, :2] * 2,
    }[kind]
    cls = neural_network.MLPRegressor if kind.startswith("number") else neural_network.MLPClassifier
    theirs = cls(hidden_layer_sizes=(9, 5), activation=activation, random_state=0, max_iter=20).fit(x, targets)
    ours = from_sklearn(theirs)
    if kind.startswith("number"):
        assert np.allclose(ours.predict(x), theirs.predict(x), rtol=1e-10, atol=1e-12)
    else:
        assert np.allclose(ours.predict_proba(x), theirs.predict_proba(x), rtol=1e-10, atol=1e-12)
        assert np.array_equal(ours.predict(x), theirs.predict(x))
    assert ours.loss_ == theirs.loss_ and ours.n_iter_ == theirs.n_iter_
    ours.partial_fit(x, targets)


def test_parameter_names_are_theirs():
    from sklearn import neural_network

    for ours, theirs in [(MLPClassifier, neural_network.MLPClassifier), (MLPRegressor, neural_network.MLPRegressor)]:
        mine, known = ours().get_params(), theirs().get_params()
        assert set(known) - {"loss"} <= set(mine)
        assert {k: v for k, v in mine.items() if k in known and k != "loss"} == {k: v for k, v in known.items() if k != "loss"}
