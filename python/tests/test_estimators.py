"""What the estimators do beyond scikit-learn's."""

import pickle
import warnings

import numpy as np
import pytest

import thalweg
from thalweg import LinearRegression, LogisticRegression, MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")


def test_hidden_layers_may_be_missing(blobs):
    x, y = blobs
    mlp = MLPClassifier(hidden_layer_sizes=(), learning_rate_init=0.05, random_state=0).fit(x, y)
    assert mlp.score(x, y) > 0.9
    assert [w.shape for w in mlp.coefs_] == [(3, 3)] and mlp.n_layers_ == 2


def test_activations_and_dropout_for_each_layer(blobs):
    x, y = blobs
    mlp = MLPClassifier((16, 8), activation=["relu", "tanh"], dropout=[0.1, 0.0], random_state=0, max_iter=50).fit(x, y)
    kinds = [row[1] for row in mlp.network_._engine.placed_layers()]
    assert kinds == ["dense", "relu", "dropout", "dense", "tanh", "dense"]
    with pytest.raises(ValueError, match="3 entries for 2 hidden layers"):
        MLPClassifier((16, 8), activation=["relu"] * 3).fit(x, y)


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "focal", "mean_squared_error", {"name": "softmax_cross_entropy", "label_smoothing": 0.1}])
def test_any_loss_gives_probabilities(blobs, loss):
    x, y = blobs
    p = MLPClassifier((16,), loss=loss, random_state=0, max_iter=60, learning_rate_init=0.01).fit(x, y).predict_proba(x)
    assert p.shape == (150, 3) and p.min() >= 0 and p.max() <= 1
    assert (p.argmax(axis=1) == y).mean() > 0.85


def test_loss_in_python_is_the_engines(wave):
    x, t = wave

    def half_squares(predictions, targets, weights):
        error = predictions - targets
        return 0.5 * (error**2).sum(axis=1), error

    own = MLPRegressor(half_squares, (8,), random_state=3, max_iter=20).fit(x, t)
    built_in = MLPRegressor((8,), random_state=3, max_iter=20).fit(x, t)
    assert np.allclose(own.predict(x), built_in.predict(x), rtol=1e-10)


def test_class_weight_and_sample_weight(blobs):
    x, y = blobs
    few = np.concatenate([np.flatnonzero(y != 2), np.flatnonzero(y == 2)[:5]])
    x, y = x[few], y[few]
    plain = MLPClassifier((8,), random_state=0, max_iter=60, learning_rate_init=0.01).fit(x, y)
    balanced = MLPClassifier((8,), class_weight="balanced", random_state=0, max_iter=60, learning_rate_init=0.01).fit(x, y)
    assert balanced.predict_proba(x)[:, 2].mean() > plain.predict_proba(x)[:, 2].mean()
    weights = np.where(y == 2, 20.0, 1.0)
    by_rows = MLPClassifier((8,), random_state=0, max_iter=60, learning_rate_init=0.01).fit(x, y, weights)
    by_class = MLPClassifier((8,), class_weight={2: 20.0}, random_state=0, max_iter=60, learning_rate_init=0.01).fit(x, y)
    assert np.array_equal(by_rows.predict_proba(x), by_class.predict_proba(x))


def test_own_validation_set_is_reported_and_decides(blobs):
    x, y = blobs
    mlp = MLPClassifier((32,), random_state=0, max_iter=40, learning_rate_init=0.02)
    mlp.fit(x[:100], y[:100], validation_data=(x[100:], y[100:]))
    losses = mlp.history_["validation.loss"]
    assert len(losses) == len(mlp.history_["train.loss"]) and "validation.accuracy" in mlp.history_
    kept = mlp.network_.evaluate(x[100:], y[100:].astype(np.int64))["data_loss"]
    assert kept <= np.nanmin(mlp.history_["validation.data_loss"]) + 1e-12


def test_early_stopping_keeps_the_best_weights(blobs):
    x, y = blobs
    mlp = MLPClassifier((64,), early_stopping=True, random_state=1, max_iter=300, learning_rate_init=0.05, n_iter_no_change=5)
    mlp.fit(x, y)
    assert mlp.n_iter_ < 300 and mlp.stopped_
    assert mlp.best_validation_score_ == max(mlp.validation_scores_)


def test_validation_scores_are_what_early_stopping_goes_by(blobs):
    x, y = blobs
    labels = np.stack([y > 0, y == 2], axis=1).astype(int)
    mlp = MLPClassifier((8,), early_stopping=True, random_state=0, max_iter=20, tol=0).fit(x, labels)
    assert mlp.validation_scores_ == mlp.history_["validation.loss"].tolist()
    assert mlp.best_validation_score_ == min(mlp.validation_scores_)


def test_partial_fit_works_with_early_stopping(blobs):
    x, y = blobs
    mlp = MLPClassifier((16,), early_stopping=True, random_state=0, n_iter_no_change=3)
    for _ in range(12):
        mlp.partial_fit(x, y, classes=[0, 1, 2])
    assert mlp.n_iter_ == 12 and len(mlp.history_["validation.loss"]) >= 12
    assert mlp.best_validation_score_ == max(mlp.validation_scores_)


def test_partial_fit_is_fit_epoch_by_epoch(blobs):
    x, y = blobs
    once = MLPClassifier((8,), batch_size=32, random_state=4, max_iter=5).fit(x, y)
    bit_by_bit = MLPClassifier((8,), batch_size=32, random_state=4)
    for _ in range(5):
        bit_by_bit.partial_fit(x, y, classes=[0, 1, 2])
        bit_by_bit = pickle.loads(pickle.dumps(bit_by_bit))  # the optimizer's state goes along
    assert np.array_equal(once.predict_proba(x), bit_by_bit.predict_proba(x))


def test_warm_start_goes_on_and_so_does_the_history(blobs):
    x, y = blobs
    settings = dict(early_stopping=True, random_state=0, validation_metric="loss", n_iter_no_change=20)
    once = MLPClassifier((8,), max_iter=10, **settings).fit(x, y)
    twice = MLPClassifier((8,), max_iter=5, warm_start=True, **settings).fit(x, y).fit(x, y)
    assert twice.n_iter_ == 10 and (np.diff(twice.history_["epoch"]) > 0).all()
    assert np.array_equal(once.predict_proba(x), twice.predict_proba(x))
    assert np.array_equal(once.history_["validation.loss"], twice.history_["validation.loss"])
    changed = twice.set_params(solver="sgd", early_stopping=False).fit(x, y)
    assert changed.n_iter_ == 15 and changed.history_["train.loss"][-1] < once.history_["train.loss"][0]


def test_several_targets_and_several_labels(wave):
    x, t = wave
    both = np.stack([t, -t], axis=1)
    mlp = MLPRegressor((32,), random_state=0, learning_rate_init=0.01).fit(x, both)
    assert mlp.predict(x).shape == (200, 2) and mlp.score(x, both) > 0.9
    labels = np.stack([t > 0, x[:, 0] > 0], axis=1).astype(int)
    tagger = MLPClassifier((32,), random_state=0, learning_rate_init=0.01).fit(x, labels)
    assert tagger.predict(x).shape == (200, 2) and tagger.score(x, labels) > 0.8


def test_same_bits_on_any_number_of_threads():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(3000, 80)), random.integers(0, 5, size=3000)
    fit = lambda threads: MLPClassifier((256,), random_state=0, max_iter=3, threads=threads).fit(x, y)
    one, two = fit(1), fit(3)
    assert all(np.array_equal(a, b) for a, b in zip(one.coefs_, two.coefs_))
    assert np.array_equal(one.predict_proba(x), two.predict_proba(x))


def test_random_states_of_every_kind(blobs):
    x, y = blobs
    fit = lambda state: MLPClassifier((4,), random_state=state, max_iter=3).fit(x, y).predict_proba(x)
    assert np.array_equal(fit(7), fit(np.int64(7)))
    assert np.array_equal(fit(np.random.RandomState(1)), fit(np.random.RandomState(1)))
    assert np.array_equal(fit(np.random.default_rng(1)), fit(np.random.default_rng(1)))
    assert not np.array_equal(fit(1), fit(2))
    with pytest.raises(ValueError, match="cannot be used to seed"):
        fit("seven")


@pytest.mark.parametrize("solver, rate", [("sgd", "constant"), ("sgd", "invscaling"), ("sgd", "adaptive"), ("adam", "constant"), ("lbfgs", "constant")])
def test_every_solver_learns(blobs, solver, rate):
    x, y = blobs
    mlp = MLPClassifier((16,), solver=solver, learning_rate=rate, learning_rate_init=0.05, power_t=0.1, random_state=0, max_iter=300)
    assert mlp.fit(x, y).score(x, y) > 0.9
    if rate == "invscaling":
        assert (np.diff(mlp.history_["learning_rate"][1:]) < 0).all()
    if rate == "adaptive" and mlp.n_iter_ < 300:
        assert mlp.history_["learning_rate"][-1] < 0.05


def test_callbacks_watch_and_steer(wave):
    x, t = wave
    seen = []

    def watch(report, network):
        seen.append((report["epoch"], network.predict(x[:1])[0, 0]))
        return 1e-4 if report["epoch"] == 3 else None

    mlp = MLPRegressor((8,), batch_size=50, random_state=0, callbacks=[watch, thalweg.callbacks.StopWhen("epoch", above=6)])
    mlp.fit(x, t)
    assert [epoch for epoch, _ in seen] == [1, 2, 3, 4, 5, 6] and len({p for _, p in seen}) == 6
    assert mlp.history_["learning_rate"][-1] == 1e-4
    with pytest.raises(ZeroDivisionError):
        mlp.set_params(callbacks=[lambda report: 1 / 0]).fit(x, t)
    assert mlp.n_iter_ >= 1 and np.isfinite(mlp.predict(x)).all()


def test_progress_is_one_line(wave, capsys):
    x, t = wave
    MLPRegressor((4,), verbose=True, random_state=0, max_iter=5).fit(x, t)
    shown = capsys.readouterr().err
    assert "epoch 5/5" in shown and shown.count("\n") == 1


def test_linear_models_find_the_least(wave):
    x, t = wave
    line = LinearRegression().fit(x, t)
    design = np.column_stack([x, np.ones(len(x))])
    exact = np.linalg.lstsq(design, t, rcond=None)[0]
    assert np.allclose([*line.coef_, line.intercept_], exact, atol=1e-5)
    assert line.coef_.shape == (2,)
    y = (t > 0).astype(int)
    logistic = LogisticRegression(C=10.0).fit(x, y)
    p = logistic.predict_proba(x)[:, 1]
    gradient = 10.0 * x.T @ (p - y) + logistic.coef_[0]
    assert np.abs(gradient).max() < 1e-2 and logistic.coef_.shape == (1, 2)


def test_wrong_parameters_are_refused_in_a_sentence(blobs):
    x, y = blobs
    for wrong, text in [
        ({"solver": "adamm"}, "solver must be"),
        ({"activation": "rellu"}, "did you mean `relu`|relu"),
        ({"alpha": -1}, "alpha must be 0 or more"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes must be > 0"),
        ({"learning_rate": 0.1}, "the rate itself is learning_rate_init"),
    ]:
        with pytest.raises(ValueError, match=text):
            MLPClassifier(**wrong).fit(x, y)
    with pytest.raises(ValueError, match="Invalid parameter 'hidden'"):
        MLPClassifier().set_params(hidden=3)


def test_a_run_that_ran_away_says_so(wave):
    x, t = wave
    with pytest.raises(thalweg.DivergedError, match="the loss is"):
        MLPRegressor((8,), solver="sgd", learning_rate_init=1e6, random_state=0).fit(x, 1e6 * t)


def test_weights_are_rows(wave):
    x, t = wave
    weights = np.random.default_rng(0).integers(0, 4, size=len(x))
    weights[100:] = 0
    settings = dict(hidden_layer_sizes=(8,), random_state=0, batch_size="full", max_iter=100)
    weighted = MLPRegressor(**settings).fit(x, t, weights)
    repeated = MLPRegressor(**settings).fit(np.repeat(x, weights, axis=0), np.repeat(t, weights))
    assert np.allclose(weighted.predict(x), repeated.predict(x), rtol=1e-9)


def test_no_warning_when_at_rest(blobs):
    x, y = blobs
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MLPClassifier((8,), random_state=0, learning_rate_init=0.1, max_iter=2000).fit(x, y)


def test_positions_are_scikit_learns():
    """As they are since its version 1.7, and as they were before."""
    for regressor in (MLPRegressor("huber", (8,), "tanh"), MLPRegressor(loss="huber", hidden_layer_sizes=(8,), activation="tanh")):
        assert (regressor.loss, regressor.hidden_layer_sizes, regressor.activation) == ("huber", (8,), "tanh")
    for regressor in (MLPRegressor((8, 4), "tanh"), MLPRegressor([8, 4], activation="tanh"), MLPRegressor(8, "tanh")):
        assert regressor.loss == "squared_error" and regressor.activation == "tanh"
        assert np.ravel(regressor.hidden_layer_sizes)[0] == 8
    classifier = MLPClassifier((8,), "tanh")
    assert (classifier.hidden_layer_sizes, classifier.activation) == ((8,), "tanh")


def test_a_batch_of_all_rows_is_an_epoch_like_any_other(blobs):
    """Its loss is the one that its update saw, as scikit-learn's ``loss_curve_`` has it."""
    from sklearn.neural_network import MLPClassifier as Theirs

    x, y = blobs
    settings = dict(hidden_layer_sizes=(8,), max_iter=7, tol=0.0, random_state=0, batch_size=len(x))
    ours = MLPClassifier(**settings).fit(x, y)
    assert len(ours.loss_curve_) == ours.n_iter_ == len(Theirs(**settings).fit(x, y).loss_curve_)
    assert ours.history_["step"].tolist() == list(range(1, 8))
    gone_on = MLPClassifier(**settings | {"max_iter": 3}, warm_start=True).fit(x, y)
    start = gone_on.loss_curve_
    gone_on.set_params(max_iter=4).fit(x, y)
    assert start == ours.loss_curve_[:3] and gone_on.loss_curve_ == ours.loss_curve_


def test_max_fun_ends_lbfgs(blobs):
    x, y = blobs
    settings = dict(hidden_layer_sizes=(8,), solver="lbfgs", random_state=0, tol=0.0, max_iter=500)
    with pytest.warns(UserWarning, match="max_fun=9 times"):
        ended = MLPClassifier(**settings, max_fun=9).fit(x, y)
    assert 1 <= ended.n_iter_ <= 9
    with pytest.raises(ValueError, match="max_fun must be 1 or more"):
        MLPClassifier(**settings, max_fun=0).fit(x, y)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_a_reported_loss_and_its_penalty_are_of_the_same_parameters(blobs, solver):
    x, y = blobs
    settings = dict(solver=solver, C=0.01, learning_rate_init=0.1, tol=0.0, max_iter=5)
    model = LogisticRegression(**settings).fit(x, y)
    assert model.loss_curve_[0] == pytest.approx(np.log(3), abs=1e-14)  # the start is zeros: no penalty yet
    before = LogisticRegression(**settings | {"max_iter": 4}).fit(x, y)
    p = before.predict_proba(x)[np.arange(len(y)), y]
    expected = -np.log(p).mean() + 0.5 * (before.coef_**2).sum() / (0.01 * len(y))
    assert model.loss_curve_[4] == pytest.approx(expected, rel=1e-12)


def test_lbfgs_with_a_penalty_comes_to_rest_at_the_least():
    iris = pytest.importorskip("sklearn.datasets").load_iris()
    model = LogisticRegression(C=10).fit(iris.data, iris.target)
    errors = model.predict_proba(iris.data) - np.eye(3)[iris.target]
    assert np.abs(10 * errors.T @ iris.data + model.coef_).max() < 0.05


def test_the_start_is_scikit_learns(blobs):
    """Weights and biases uniform between its bounds; with an ``init`` of one's own, biases are 0."""
    x, y = blobs
    for activation, factor in (("relu", 6.0), ("logistic", 2.0)):
        mlp = MLPClassifier((40, 30), activation, learning_rate_init=1e-12, max_iter=1, random_state=0).fit(x, y)
        for weights, biases in zip(mlp.coefs_, mlp.intercepts_):
            bound = np.sqrt(factor / sum(weights.shape))
            assert 0.9 * bound < np.abs(weights).max() < bound + 1e-9
            assert 0.3 * bound < np.abs(biases).max() < bound + 1e-9
    he = MLPClassifier((40,), init="he_normal", learning_rate_init=1e-12, max_iter=1, random_state=0).fit(x, y)
    assert np.abs(he.intercepts_[0]).max() < 1e-9


def test_raw_columns_are_learned_from_as_scikit_learn_does():
    iris = pytest.importorskip("sklearn.datasets").load_iris()
    scores = [MLPClassifier(random_state=seed).fit(iris.data, iris.target).score(iris.data, iris.target) for seed in range(4)]
    assert np.mean(scores) > 0.9


def test_r2_is_scikit_learns_or_refused(wave):
    x, t = wave
    mlp = MLPRegressor((4,), random_state=0, max_iter=5).fit(x, t)
    assert mlp.score(x, t.reshape(-1, 1)) == mlp.score(x, t)
    with pytest.raises(ValueError, match="Input y contains NaN"):
        mlp.score(x, np.where(np.arange(len(t)) == 3, np.nan, t))
    with pytest.warns(UserWarning, match="less than two samples"):
        assert np.isnan(mlp.score(x[:1], t[:1]))
    with pytest.raises(ValueError, match="sample_weight.shape"):
        mlp.score(x, t, sample_weight=[1.0])
    both = MLPRegressor((4,), random_state=0, max_iter=5).fit(x, np.stack([t, -t], axis=1))
    with pytest.raises(ValueError, match="y has 1 targets, but 2 are predicted"):
        both.score(x, t)


def test_accuracy_is_refused_where_it_means_nothing(blobs):
    x, y = blobs
    mlp = MLPClassifier((4,), random_state=0, max_iter=5).fit(x, y)
    with pytest.raises(ValueError, match="sample_weight.shape"):
        mlp.score(x, y, sample_weight=[1.0])
    with pytest.raises(ValueError, match="y has 2 columns"):
        mlp.score(x, np.stack([y, y], axis=1))
    tagger = MLPClassifier((4,), random_state=0, max_iter=5).fit(x, np.eye(3)[y])
    with pytest.raises(ValueError, match="one column for each of 3 labels"):
        tagger.score(x, y)


def squares_of_sigmoids(predictions, targets, weights):
    """A loss of one's own for several labels."""
    p = 1 / (1 + np.exp(-predictions))
    return ((p - targets) ** 2).sum(axis=1), 2 * (p - targets) * p * (1 - p)


@pytest.mark.parametrize("loss", [None, "mean_squared_error", "huber", "focal", squares_of_sigmoids])
def test_every_loss_learns_several_labels(wave, loss):
    x, t = wave
    labels = np.stack([t > 0, x[:, 0] > 0, x[:, 1] > 0.2], axis=1).astype(int)
    tagger = MLPClassifier((32,), loss=loss, random_state=0, learning_rate_init=0.02, max_iter=400).fit(x, labels)
    p = tagger.predict_proba(x)
    assert tagger.score(x, labels) > 0.85 and tagger.out_activation_ == "logistic"
    assert p.min() >= 0 and p.max() <= 1 and np.array_equal(p > 0.5, tagger.predict(x) == 1)


def test_losses_of_one_class_a_row_refuse_several_labels(wave):
    x, t = wave
    with pytest.raises(ValueError, match="take 'binary_cross_entropy'"):
        MLPClassifier(loss="softmax_cross_entropy").fit(x, np.stack([t > 0, t < 0], axis=1).astype(int))


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "focal", "huber", "log_cosh", "quantile", "sum_of_squares"])
def test_probabilities_of_classes_add_up_to_one(blobs, loss):
    x, y = blobs
    mlp = MLPClassifier((16,), loss=loss, random_state=0, max_iter=60, learning_rate_init=0.01).fit(x, y)
    p = mlp.predict_proba(x)
    assert np.allclose(p.sum(axis=1), 1, atol=1e-9) and p.min() >= 0
    assert np.array_equal(p.argmax(axis=1), mlp.predict(x)) and mlp.score(x, y) > 0.85
    assert mlp.out_activation_ == ("logistic" if loss in ("binary_cross_entropy", "focal") else "softmax")


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_scores_have_a_decision_function_and_no_probabilities(blobs, loss):
    x, y = blobs
    several = MLPClassifier((16,), loss=loss, random_state=0, learning_rate_init=0.01).fit(x, y)
    assert several.score(x, y) > 0.85 and several.decision_function(x).shape == (len(x), 3)
    assert np.array_equal(several.decision_function(x).argmax(axis=1), several.predict(x))
    two = MLPClassifier((16,), loss=loss, random_state=0, learning_rate_init=0.01).fit(x, y > 0)
    assert np.array_equal(two.decision_function(x) > 0, two.predict(x)) and two.score(x, y > 0) > 0.85
    assert not hasattr(two, "predict_proba") and two.out_activation_ == "identity"
    with pytest.raises(AttributeError, match=f"loss='{loss}' gives scores, not probabilities; take decision_function"):
        two.predict_log_proba(x)
    assert not hasattr(MLPClassifier().fit(x, y), "decision_function")


def test_steps_of_several_labels_are_scikit_learns():
    """The engine averages the labels' losses, scikit-learn adds them up: from the same weights the same steps are made."""
    perceptrons = pytest.importorskip("sklearn.neural_network")
    random = np.random.default_rng(0)
    x = random.normal(size=(150, 4))
    y = (x @ random.normal(size=(4, 3)) > 0).astype(int)
    settings = dict(hidden_layer_sizes=(6,), solver="sgd", random_state=0, shuffle=False, batch_size=150, tol=0, n_iter_no_change=100)
    theirs = perceptrons.MLPClassifier(max_iter=1, **settings).fit(x, y)
    ours = thalweg.from_sklearn(theirs).set_params(max_iter=20, warm_start=True)
    ours.fit(x, y)
    theirs = perceptrons.MLPClassifier(max_iter=20, **settings)
    theirs.set_params(max_iter=1).fit(x, y)
    theirs._optimizer = None
    theirs.set_params(warm_start=True, max_iter=20).fit(x, y)
    for own, their in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_):
        assert np.allclose(own, their, rtol=1e-7, atol=1e-9)


def test_losses_without_probabilities_are_refused(blobs):
    x, y = blobs
    with pytest.raises(ValueError, match="loss='poisson' is for counts, not for classes"):
        MLPClassifier(loss="poisson").fit(x, y)
    with pytest.raises(ValueError, match="there is no loss 'log_loss'; leave loss out"):
        MLPClassifier(loss="log_loss").fit(x, y)


def test_linear_regression_does_not_depend_on_the_columns_units():
    """Times since 1970, years, shares and prices: the least squares are found as NumPy finds them, and are of the columns as they are."""
    random = np.random.default_rng(0)
    x = np.column_stack([1.7e9 + random.uniform(0, 3e7, 500), random.integers(1900, 2020, 500), random.uniform(0, 1, 500), random.uniform(1e4, 1e6, 500)])
    centred = x - x.mean(axis=0)
    t = 1e5 + centred @ [1e-3, 50.0, 5e4, 0.2] + 1e4 * random.normal(size=500)
    exact = np.linalg.lstsq(centred, t - t.mean(), rcond=None)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for target in (t, 1e-9 * t):
            line = LinearRegression().fit(x, target)
            assert np.allclose(line.coef_, exact * (target[0] / t[0]), rtol=1e-3)
    assert np.allclose(line.predict(x), x @ line.coef_ + line.intercept_, rtol=1e-6)
    seen = []
    twice = LinearRegression(solver="adam", batch_size=100, random_state=0, max_iter=5, warm_start=True, tol=-1.0)
    twice.set_params(callbacks=[lambda report, network: seen.append(network.predict(x[:1])[0, 0])]).fit(x, t).fit(x, t)
    once = LinearRegression(solver="adam", batch_size=100, random_state=0, max_iter=10, tol=-1.0).fit(x, t)
    assert np.allclose(twice.predict(x), once.predict(x)) and seen[-1] == pytest.approx(once.predict(x[:1])[0])


def test_logistic_regression_finds_its_least_among_uneven_columns():
    random = np.random.default_rng(0)
    x = np.column_stack([random.uniform(1e5, 1e6, 500), random.uniform(0, 1, 500), 1.7e9 + random.uniform(0, 3e7, 500)])
    y = (x[:, 0] / 4.5e5 + 4 * x[:, 1] + random.normal(size=500) > 3.2).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression().fit(x, y)
    gradient = (x - x.mean(axis=0)).T @ (model.predict_proba(x)[:, 1] - y) + model.coef_[0]
    assert model.score(x, y) > 0.75 and (np.abs(gradient) / np.ptp(x, axis=0) < 0.5).all()


def test_logistic_regression_says_so_where_it_came_to_no_least():
    random = np.random.default_rng(0)
    x = np.column_stack([random.uniform(5e2, 5e3, 1000), random.integers(1900, 2020, 1000), random.uniform(0, 1, 1000), random.uniform(1e4, 1e6, 1000)])
    value = x @ [100.0, 50.0, 5e4, 0.2]
    y = np.digitize(value, np.quantile(value, [0.3, 0.6]))
    with pytest.warns(UserWarning, match="the columns' sizes differ too much, or some are nearly made of others"):
        LogisticRegression(n_iter_no_change=1).fit(x, y)


def test_class_weights_that_would_be_ignored_are_refused(blobs):
    x, y = blobs
    for wrong, text in [
        ({"0": 5.0}, r"class_weight names \['0'\], which are not among the classes \[0, 1, 2\]"),
        ({0: -1.0}, r"class_weight\[0\] must be a finite number, 0 or more"),
        ([1, 2], "class_weight must be 'balanced', a dictionary"),
    ]:
        with pytest.raises(ValueError, match=text):
            MLPClassifier(class_weight=wrong).fit(x, y)
    with pytest.raises(ValueError, match="class_weight is for one class a row"):
        MLPClassifier(class_weight="balanced").fit(x, np.eye(3)[y])


def test_a_class_whose_rows_weigh_nothing_is_a_class(blobs):
    x, y = blobs
    weights = (y != 1).astype(float)
    mlp = MLPClassifier((8,), random_state=0, max_iter=60, learning_rate_init=0.02).fit(x, y, weights)
    assert mlp.classes_.tolist() == [0, 1, 2] and mlp.predict_proba(x)[:, 1].max() < 0.5
    sparse = pytest.importorskip("scipy.sparse")
    tagger = MLPClassifier((8,), random_state=0, max_iter=5).fit(x, sparse.csr_matrix(np.eye(3)[y]), weights)
    assert tagger.predict(x).shape == (150, 3)


def test_training_that_ended_before_the_first_report_has_no_loss(blobs):
    x, y = blobs
    def interrupted(predictions, targets, weights):
        raise KeyboardInterrupt

    mlp = MLPClassifier((8,), loss=interrupted, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        mlp.fit(x, y)
    assert mlp.n_iter_ == 0 and mlp.loss_curve_ == [] and np.isnan([mlp.loss_, mlp.best_loss_]).all()
    assert mlp.set_params(loss=None).predict(x).shape == (150,)


def test_a_column_is_a_vector_of_targets(wave):
    x, t = wave
    with pytest.warns(UserWarning, match="A column-vector y was passed"):
        mlp = MLPRegressor((8,), random_state=0, max_iter=5).fit(x, t.reshape(-1, 1))
    assert mlp.predict(x).shape == (200,)
    assert np.array_equal(mlp.predict(x), MLPRegressor((8,), random_state=0, max_iter=5).fit(x, t).predict(x))


def test_a_poisson_perceptron_is_taken_over(wave):
    neural_network = pytest.importorskip("sklearn.neural_network")
    x, t = wave
    counts = np.random.default_rng(0).poisson(np.exp(t))
    try:
        theirs = neural_network.MLPRegressor(loss="poisson", hidden_layer_sizes=(8,), random_state=0, max_iter=50).fit(x, counts)
    except TypeError:
        pytest.skip("SKIPPED: scikit-learn has no Poisson loss before 1.7")
    ours = thalweg.from_sklearn(theirs)
    assert np.allclose(ours.predict(x), theirs.predict(x)) and ours.out_activation_ == theirs.out_activation_ == "exp"


def test_scores_of_a_logistic_regression(blobs):
    x, y = blobs
    model = LogisticRegression().fit(x, y)
    scores = model.decision_function(x)
    assert scores.shape == (150, 3) and np.array_equal(model.classes_[scores.argmax(axis=1)], model.predict(x))
    two = LogisticRegression().fit(x, y == 1)
    p = two.predict_proba(x)[:, 1]
    assert np.allclose(two.decision_function(x), np.log(p / (1 - p)))


def test_partial_fit_holds_on_to_its_classes(blobs):
    x, y = blobs
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        MLPClassifier((4,)).partial_fit(x, y)
    mlp = MLPClassifier((4,), random_state=0).partial_fit(x, y, classes=[0, 1, 2, 3])
    assert mlp.best_validation_score_ is None
    with pytest.raises(ValueError, match="is not the same as on last call"):
        mlp.partial_fit(x, y, classes=[0, 1, 2])
    assert mlp.partial_fit(x, y).predict_proba(x).shape == (150, 4)


@pytest.mark.parametrize(
    "wrong, text",
    [
        ({"alpha": float("nan")}, "alpha must be 0 or more, not nan"),
        ({"alpha": "a"}, "alpha must be 0 or more, not 'a'"),
        ({"learning_rate_init": 0}, "learning_rate_init must be a number above 0, not 0"),
        ({"learning_rate_init": float("inf")}, "learning_rate_init must be a number above 0, not inf"),
        ({"hidden_layer_sizes": 2.5}, "hidden_layer_sizes must be a whole number or a list of these"),
        ({"hidden_layer_sizes": (2.7,)}, "hidden_layer_sizes must be whole numbers"),
        ({"max_iter": 2.5}, "max_iter must be 1 or more, a whole number"),
        ({"dropout": 1}, "dropout must be 0 or more and below 1"),
        ({"clip_norm": -1}, "clip_norm must be a number above 0"),
        ({"threads": -1}, "threads must be a whole number, 1 or more, or None"),
        ({"callbacks": print}, r"callbacks must be a list of functions of the report, such as \[print\]"),
        ({"loss": {"foo": 1}}, "has no 'name'; write for example"),
        ({"optimizer": {"name": "sgd", "learning_rate": float("nan")}}, "learning_rate is nan; give a finite number"),
        ({"validation_fraction": "half"}, "validation_fraction must be above 0 and below 1"),
    ],
)
def test_every_wrong_parameter_has_its_sentence(blobs, wrong, text):
    x, y = blobs
    with pytest.raises(ValueError, match=text):
        MLPClassifier(**wrong).fit(x, y)


def test_a_penalty_that_is_none_is_refused(blobs):
    with pytest.raises(ValueError, match="C must be a number above 0"):
        LogisticRegression(C="strong").fit(*blobs)


def test_linear_regression_says_so_where_columns_are_nearly_made_of_others():
    random = np.random.default_rng(0)
    a = random.normal(size=(500, 3))
    x = np.column_stack([a, a[:, 0] + 1e-4 * random.normal(size=500), np.vander(a[:, 1] + 5, 6)])
    t = x @ random.normal(size=x.shape[1]) + 0.1 * random.normal(size=500)
    design = np.column_stack([x, np.ones(500)])
    least = np.mean((design @ np.linalg.lstsq(design, t, rcond=None)[0] - t) ** 2)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model = LinearRegression().fit(x, t)
    is_far = np.mean((model.predict(x) - t) ** 2) > 1.1 * least
    assert is_far == any("some are nearly made of others" in str(warning.message) for warning in said)
    assert is_far  # which is what this asks about


def test_warm_start_refuses_layers_that_it_does_not_have(blobs):
    x, y = blobs
    mlp = MLPClassifier((3,), max_iter=2, warm_start=True, random_state=0).fit(x, y)
    with pytest.raises(ValueError, match="training goes on with the network that was begun, whose layers are .*; set them back"):
        mlp.set_params(hidden_layer_sizes=(9, 9)).fit(x, y)
    with pytest.raises(ValueError, match="training goes on"):
        mlp.set_params(hidden_layer_sizes=(3,), dropout=0.5).partial_fit(x, y)
    mlp.set_params(dropout=0.0, solver="sgd").fit(x, y)


@pytest.mark.parametrize(
    ("labels", "kind"),
    [([True, False], "b"), ([2**53 + 1, 2**53 + 3], "i"), ([2.0, 3.0], "f"), ([7], "i"), (["only"], "U"), (["a", "b"], "U")],
)
def test_a_file_keeps_the_labels(tmp_path, labels, kind):
    x = np.arange(20.0).reshape(10, 2)
    y = np.asarray(labels)[np.arange(10) % len(labels)]
    mlp = MLPClassifier((4,), max_iter=3, random_state=0, tol=0).fit(x, y)
    mlp.save(tmp_path / "m.thalweg")
    loaded = MLPClassifier.load(tmp_path / "m.thalweg")
    assert loaded.classes_.dtype.kind == kind and np.array_equal(loaded.classes_, mlp.classes_)
    assert np.array_equal(loaded.predict(x), mlp.predict(x))
    assert np.array_equal(loaded.predict_proba(x), mlp.predict_proba(x))


def test_validation_in_two_parts_goes_through_a_pipeline(blobs):
    sklearn = pytest.importorskip("sklearn")
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = blobs
    x = 100 * x + 7
    mlp = MLPClassifier((8,), max_iter=5, random_state=0, tol=0)
    with sklearn.config_context(enable_metadata_routing=True):
        mlp.set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline([("scale", StandardScaler()), ("mlp", mlp)], transform_input=["X_val"])
        pipeline.fit(x[::2], y[::2], X_val=x[1::2], y_val=y[1::2])
    assert pipeline[-1].history_["validation.accuracy"][-1] == pipeline.score(x[1::2], y[1::2])
    with pytest.raises(ValueError, match="give X_val and y_val together"):
        MLPClassifier().fit(x, y, X_val=x)


def test_an_estimator_shows_itself(blobs):
    x, y = blobs
    mlp = MLPClassifier((8,), "tanh", loss="<b>", random_state=0)
    assert mlp._repr_html_() == "<pre>MLPClassifier(hidden_layer_sizes=(8,), activation=&#x27;tanh&#x27;, random_state=0, loss=&#x27;&lt;b&gt;&#x27;)</pre>"
    shown = mlp.set_params(loss=None).fit(x, y)._repr_html_()
    assert "<table>" in shown and "<svg" in shown


def test_losses_of_classes_are_no_regressors(wave):
    x, t = wave
    with pytest.raises(ValueError, match="loss='hinge' is for classes; take MLPClassifier"):
        MLPRegressor("hinge").fit(x, t)
    with pytest.raises(ValueError, match="loss='binary_cross_entropy' wants targets from 0 to 1"):
        MLPRegressor("binary_cross_entropy").fit(x, t * 5)
    shares = 1 / (1 + np.exp(-3 * t))
    mlp = MLPRegressor("binary_cross_entropy", (32,), random_state=0, learning_rate_init=0.01).fit(x, shares)
    assert mlp.score(x, shares) > 0.9 and mlp.predict(x).min() >= 0


def test_what_is_taken_over_keeps_its_validation(blobs):
    perceptrons = pytest.importorskip("sklearn.neural_network")
    pipelines = pytest.importorskip("sklearn.pipeline")
    x, y = blobs
    theirs = perceptrons.MLPClassifier((8,), early_stopping=True, max_iter=30, random_state=0).fit(x, y)
    ours = thalweg.from_sklearn(theirs)
    assert ours.validation_scores_ == theirs.validation_scores_ and ours.best_validation_score_ == theirs.best_validation_score_
    with pytest.raises(ValueError, match=r"Pipeline has steps; give the one that is a perceptron, such as pipeline\[-1\]"):
        thalweg.from_sklearn(pipelines.make_pipeline(theirs))


def test_masked_values_are_refused(blobs):
    x, y = blobs
    masked = np.ma.masked_greater(x, 1.0)
    with pytest.raises(ValueError, match="the array has masked values; fill them first"):
        MLPClassifier().fit(masked, y)
    MLPClassifier(max_iter=1, tol=0).fit(np.ma.masked_greater(x, 1e9), y)


def test_a_batch_larger_than_the_data_is_told(blobs):
    x, y = blobs
    with pytest.warns(UserWarning, match="batch_size=100000 is more than the"):
        MLPClassifier((4,), batch_size=100_000, max_iter=1).fit(x, y)


def test_an_adaptive_rate_falls_where_validation_decides(blobs):
    x, y = blobs
    settings = dict(solver="sgd", learning_rate="adaptive", learning_rate_init=0.1, early_stopping=True, random_state=0)
    mlp = MLPClassifier((8,), max_iter=2000, n_iter_no_change=3, **settings).fit(x, y)
    rates = np.unique(mlp.history_["learning_rate"])
    assert len(rates) == 9 and np.allclose(rates[1:] / rates[:-1], 5) and 1e-6 / 5 < rates[0] <= 1e-6
    assert mlp.n_iter_ < 2000 and mlp.best_validation_score_ == max(mlp.validation_scores_)


def test_a_missing_label_is_named(blobs):
    x, y = blobs
    for missing in (None, np.nan):
        names = np.array(["a", "b", "c"], dtype=object)[y]
        names[4] = missing
        with pytest.raises(ValueError, match=r"Input y contains NaN: row 4 \(counted from 0\) has no label"):
            MLPClassifier().fit(x, names)


@pytest.mark.parametrize("name", ["shuffle", "warm_start", "nesterovs_momentum", "early_stopping"])
def test_a_word_is_no_truth_value(blobs, name):
    x, y = blobs
    with pytest.raises(ValueError, match=f"{name} must be True or False, not 'no'"):
        MLPClassifier((4,), **{name: "no"}).fit(x, y)


def test_a_refused_fit_changes_nothing(blobs):
    x, y = blobs
    mlp = MLPClassifier((4,), random_state=0, max_iter=3).fit(x, y)
    before, attributes = mlp.predict_proba(x), dict(mlp.__dict__)
    for wrong in ({"validation_data": 5}, {"sample_weight": -1.0}):
        with pytest.raises(ValueError):
            mlp.fit(x[:, :2], np.array(["a", "b", "c"])[y], **wrong)
        assert mlp.__dict__ == attributes
    mlp.set_params(schedule="nope", solver="sgd")
    with pytest.raises(ValueError, match="nope"):
        mlp.fit(x, y)
    assert np.array_equal(mlp.predict_proba(x), before) and mlp.n_iter_ == 3 and mlp.solver == "sgd"
    fresh = MLPClassifier(schedule="nope")
    with pytest.raises(ValueError, match="nope"):
        fresh.fit(x, y)
    with pytest.raises(ValueError, match="not fitted"):
        fresh.predict(x)


def test_a_refused_fit_leaves_the_state_to_go_on_from(blobs):
    x, y = blobs
    mlp = MLPClassifier((4,), random_state=0, max_iter=3, warm_start=True).fit(x, y)
    mlp.set_params(solver="sgd", early_stopping=True, validation_metric="nonsense")
    with pytest.raises(ValueError, match="nonsense"):
        mlp.fit(x, y)
    mlp.set_params(validation_metric=None, early_stopping=False)
    assert len(mlp.fit(x, y).loss_curve_) == 6


@pytest.mark.parametrize("estimator", [MLPClassifier((4,), solver="lbfgs", random_state=0), LogisticRegression()])
def test_predictions_go_by_the_loss_that_was_fitted(estimator, blobs):
    x, y = blobs[0], blobs[1] > 0
    estimator.set_params(loss=None).fit(x, y)
    said, likely = estimator.predict(x), estimator.predict_proba(x)
    estimator.set_params(loss="hinge")
    assert np.array_equal(estimator.predict(x), said) and np.array_equal(estimator.predict_proba(x), likely)
    assert estimator.out_activation_ == "logistic"
    again = pickle.loads(pickle.dumps(estimator))
    assert np.array_equal(again.predict(x), said)
    estimator.fit(x, y)
    assert not hasattr(estimator, "predict_proba") and estimator.out_activation_ == "identity"
    said = estimator.predict(x)
    estimator.set_params(loss=None)
    assert np.array_equal(estimator.predict(x), said) and not hasattr(estimator, "predict_proba")
    # An older pickle knows the parameter only.
    estimator.set_params(loss="hinge")
    del estimator.__dict__["_fitted_loss"]
    assert np.array_equal(estimator.predict(x), said)
    rates = MLPRegressor("poisson", (4,), solver="lbfgs", random_state=0).fit(x, blobs[1])
    assert rates.set_params(loss="squared_error").out_activation_ == "exp"


def test_a_linear_model_predicts_from_its_own_columns_while_it_trains():
    x = np.linspace(1e6, 2e6, 40).reshape(-1, 2) * [1, 1e-6]
    y = x[:, 0] * 1e-6
    line = LinearRegression(warm_start=True, max_iter=3, random_state=0).fit(x, y)
    before, seen = line.predict(x), []
    network = line.network_
    line.set_params(callbacks=[lambda report: seen.append(line.predict(x))]).fit(x, y)
    assert seen and all(np.array_equal(said, before) for said in seen)
    assert line.network_ is network and np.allclose(line.predict(x), y)
    chances = []
    model = LogisticRegression()
    model.set_params(callbacks=[lambda report: chances.append(model.predict_proba(x))]).fit(x, y > 1.5)
    assert all(np.allclose(chance, 0.5) for chance in chances) and model.score(x, y > 1.5) > 0.9


def test_a_file_gives_the_parameters_back(blobs, tmp_path):
    x, y = blobs
    path = tmp_path / "one.safetensors"

    def again(estimator):
        estimator.save(path)
        return type(estimator).load(path)

    settings = dict(random_state=0, max_iter=3)
    assert again(MLPRegressor((4,), **settings).fit(x, x[:, 0])).loss == "squared_error"
    assert again(MLPRegressor("huber", (4,), **settings).fit(x, x[:, 0])).loss["name"] == "huber"
    for labels in (y, y > 0, np.eye(3)[y]):
        assert again(MLPClassifier((4,), **settings).fit(x, labels)).loss is None
    line = again(LinearRegression().fit(x, 1000 * x[:, 0] + 5))
    assert line.loss == "squared_error" and np.allclose(line.fit(x, 1000 * x[:, 0] + 5).coef_, [1000, 0, 0], atol=1e-3)
    numbers = MLPClassifier((4,), **settings).fit(x, np.array([3, 4, 10], dtype=object)[y])
    loaded = again(numbers)
    assert loaded.classes_.tolist() == [3, 4, 10] and loaded.score(x, numbers.predict(x)) == 1.0


def test_scores_of_a_linear_classifier_are_of_finite_rows(blobs):
    x, y = blobs
    model = LogisticRegression().fit(x, y)
    with pytest.raises(ValueError, match="NaN"):
        model.decision_function([[np.nan, 1.0, 2.0]])


def test_what_fit_refuses_can_be_asked_for_its_methods(blobs):
    x, y = blobs
    assert hasattr(MLPClassifier(loss={"delta": 1}), "predict_proba")
    with pytest.raises(ValueError, match=r"random_state must be below 2\*\*64"):
        MLPClassifier(random_state=2**64).fit(x, y)
    mlp = MLPClassifier((4,), random_state=2**64 - 1, max_iter=1).fit(x, y)
    mlp.set_params(warm_start=True, solver="sgd").fit(x, y)
