"""Trainings that are cut short by what Python raises, and that go on: what stays, and which settings they go on with."""

import os
import pickle
import signal
import threading
import time

import numpy as np
import pytest

import thalweg
from thalweg import Network, layers

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")


class Cut:
    """A loss that raises at one of its calls, and half the squares at all others."""

    def __init__(self, at, kind=RuntimeError):
        self.at, self.kind, self.calls = at, kind, 0

    def __call__(self, predictions, targets, weights):
        self.calls += 1
        if self.calls == self.at:
            raise self.kind("cut")
        error = predictions - targets
        return 0.5 * (error**2).sum(axis=1), error


class CutLayer:
    """Doubles; raises at one call of one of its passes."""

    def __init__(self, at, which):
        self.at, self.which, self.calls = at, which, 0

    def count(self, which):
        self.calls += which == self.which
        if which == self.which and self.calls == self.at:
            raise KeyboardInterrupt

    def output_shape(self, input_shape):
        return input_shape

    def forward(self, x, parameters, training):
        self.count("forward")
        return 2 * x

    def backward(self, dy, x, y, parameters):
        self.count("backward")
        return 2 * dy


def net(*more, seed=0):
    hidden = [layers.dense(4, activation="tanh"), layers.dropout(0.2), "batch_norm"]
    return Network([*hidden, *more, layers.dense(1)], 2, precision="f64", seed=seed)


#: So many rows a batch that an epoch has four steps.
BATCH = 50


@pytest.mark.parametrize("kind", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("settings", [{"optimizer": "adam"}, {"optimizer": "lbfgs", "batch_size": "full"}, {"batch_size": "full"}])
def test_a_step_in_which_a_loss_raises_changes_nothing(wave, kind, settings):
    x, t = wave
    settings = {"batch_size": BATCH, "epochs": 6, "seed": 3, **settings}
    for at in (1, 2, 6, 9, 10):
        whole, cut, loss = net(), net(), Cut(at, kind)
        start = cut.parameters
        with pytest.raises(kind, match="cut"):
            cut.fit(x, t, loss=loss, **settings)
        assert cut.state is not None and all(np.isfinite(cut[name]).all() for name in cut)
        if at == 1:
            assert cut.state.step == 0 and all(np.array_equal(cut[name], start[name]) for name in cut)
        if settings["batch_size"] == BATCH:
            # A step calls the loss for its value and for its gradient.
            assert cut.state.step == (at - 1) // 2 and len(cut.history["step"]) == (at - 1) // 8
        cut.resume(x, t)
        whole.fit(x, t, loss=Cut(0), **settings)
        assert all(np.array_equal(whole[name], cut[name]) for name in whole)
        assert np.array_equal(whole.history["train.loss"], cut.history["train.loss"])


@pytest.mark.parametrize("which", ["forward", "backward"])
def test_a_step_in_which_a_layer_raises_changes_nothing(wave, which):
    x, t = wave
    whole, cut = net(CutLayer(0, which)), net(CutLayer(7, which))
    with pytest.raises(KeyboardInterrupt):
        cut.fit(x, t, batch_size=BATCH, epochs=3)
    assert cut.state.step == 6 and cut.history["step"].tolist() == [4]
    cut.resume(x, t)
    whole.fit(x, t, batch_size=BATCH, epochs=3)
    assert all(np.array_equal(whole[name], cut[name]) for name in whole)


def test_a_report_in_which_a_metric_raises_is_left_out(wave):
    x, t = wave
    calls = []

    def metric(predictions, targets):
        calls.append(1)
        if len(calls) == 3:
            raise LookupError("of mine")
        return 1.0

    cut = net()
    with pytest.raises(LookupError, match="of mine"):
        cut.fit(x, t, batch_size=BATCH, epochs=5, metrics=[metric])
    assert cut.history["epoch"].tolist() == [1, 2] and cut.state.step == 12
    assert np.isfinite(cut.history["train.loss"]).all()
    with pytest.raises(TypeError, match="the metric <lambda> must return a number, not <class 'str'>"):
        net().fit(x, t, epochs=1, metrics=[lambda predictions, targets: "1"])


def test_a_single_step_that_raises_changes_nothing(wave):
    x, t = wave
    loss = Cut(6)
    stepped = net()
    for _ in range(2):
        stepped.step(x, t, loss=loss)
    before = stepped.parameters
    with pytest.raises(RuntimeError, match="cut"):
        stepped.step(x, t)  # by the loss of the steps before
    assert loss.calls == 6 and stepped.state.step == 2
    assert all(np.array_equal(stepped[name], before[name]) for name in stepped)
    stepped.step(x, t)
    assert stepped.state.step == 3 and loss.calls > 6


def test_an_estimator_keeps_what_it_came_to(wave):
    x, t = wave
    mlp = thalweg.MLPRegressor(Cut(27), (4,), random_state=0, batch_size=BATCH, max_iter=50, tol=0)
    with pytest.raises(RuntimeError, match="cut"):
        mlp.fit(x, t)
    assert mlp.n_iter_ == 3 and mlp.history_["epoch"].tolist() == [1, 2, 3] and len(mlp.loss_curve_) == 3
    assert np.isfinite(mlp.predict(x)).all()
    three = thalweg.MLPRegressor(Cut(0), (4,), random_state=0, batch_size=BATCH, max_iter=3, tol=0).fit(x, t)
    assert mlp.loss_curve_ == three.loss_curve_ and not np.array_equal(mlp.predict(x), three.predict(x))  # a step more


def test_ctrl_c_within_a_loss_leaves_a_fitted_estimator(wave):
    x, t = wave

    def slow(predictions, targets, weights):
        time.sleep(0.002)
        return Cut(0)(predictions, targets, weights)

    mlp = thalweg.MLPRegressor(slow, (4,), random_state=0, max_iter=10**6, tol=0, n_iter_no_change=10**9)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        mlp.fit(x, t)
    assert mlp.n_iter_ > 0 and len(mlp.loss_curve_) == mlp.n_iter_ and np.isfinite(mlp.predict(x)).all()


def test_a_training_goes_on_with_its_settings(wave):
    x, t = wave
    settings = dict(loss="huber", batch_size=20, l2=1e-3, optimizer="momentum", learning_rate=0.02, seed=5, schedule="cosine")
    whole, other = net(), net()
    whole.fit(x, t, epochs=4, **settings)

    def stop(report):
        if report["epoch"] == 2:
            raise KeyboardInterrupt

    for passes in (lambda net: net, lambda net: pickle.loads(pickle.dumps(net))):
        in_two = net()
        with pytest.raises(KeyboardInterrupt):
            in_two.fit(x, t, epochs=4, callbacks=[stop], **settings)
        in_two = passes(in_two)
        assert in_two.resume(x, t)["epoch"].tolist() == [3, 4]
        assert all(np.array_equal(whole[name], in_two[name]) for name in whole) and in_two.loss["name"] == "huber"
    other.fit(x, t, epochs=1, **settings)
    other.resume(x, t, epochs=2, batch_size=20, loss={"name": "huber"}, optimizer="momentum", learning_rate=np.float64(0.02), metrics=["mape"])
    other.resume(x, t, epochs=3, optimizer={"name": "momentum"}, learning_rate=None)


def test_another_training_does_not_go_on_unsaid(wave):
    x, t = wave
    begun = net()
    begun.fit(x, t, loss="huber", epochs=2, batch_size=20, seed=1)
    for name, value in [
        ("loss", "mean_squared_error"),
        ("batch_size", 40),
        ("l2", 0.1),
        ("optimizer", "sgd"),
        ("learning_rate", 0.5),
        ("seed", 2),
        ("schedule", "cosine"),
        ("report_every", 2),
    ]:
        shown = "optimizer" if name == "learning_rate" else name
        with pytest.raises(ValueError, match=rf"went by {shown}(=| at its default).*leave it out.*fit\(x, y, state=network.state, {shown}="):
            begun.resume(x, t, epochs=4, **{name: value})
    with pytest.raises(ValueError, match="2 epochs are made already.*epochs=4"):
        begun.resume(x, t)
    with pytest.raises(ValueError, match="20 steps are made already"):
        begun.resume(x, t, steps=20)
    with pytest.raises(ValueError, match="had 200 rows, not 100"):
        begun.resume(x[:100], t[:100], epochs=4)
    assert begun.state.epoch == 2 and begun.loss["name"] == "huber"
    assert begun.fit(x[:100], t[:100], state=begun.state, epochs=3, loss="mean_squared_error")["epoch"].tolist() == [3]
    watched = net()
    watched.fit(x, t, validation_data=(x, t), epochs=1)
    with pytest.raises(ValueError, match="watched by validation rows"):
        watched.resume(x, t, epochs=2)
    plain = net()
    plain.fit(x, t, epochs=1)
    plain.resume(x, t, epochs=2, loss="mean_squared_error")
    own = net()
    own.fit(x, t, loss=Cut(0), epochs=1)
    again = pickle.loads(pickle.dumps(own))
    with pytest.raises(ValueError, match="the loss Cut was a function, which a pickle does not hold; give it again: loss=Cut"):
        again.resume(x, t, epochs=2)
    own.resume(x, t, epochs=2)
    again.resume(x, t, epochs=2, loss=Cut(0))
    assert all(np.array_equal(own[name], again[name]) for name in own)


@pytest.mark.parametrize("part", ["train", "validation"])
def test_metrics_in_python_are_there_as_named_ones(wave, part):
    x, t = wave

    def root(predictions, targets):
        assert predictions.shape == targets.shape
        return float(np.sqrt(((predictions - targets) ** 2).mean()))

    for settings in ({"batch_size": 30}, {"batch_size": "full", "report_every": "1 steps"}):
        trained = net()
        watched = {} if part == "train" else {"validation_data": (x[:60], t[:60])}
        history = trained.fit(x, t, epochs=4, metrics=["rmse", root], **watched, **settings)
        assert np.allclose(history[f"{part}.root"], history[f"{part}.rmse"], rtol=1e-12)
        stopped = net()
        stopping = {"metric": f"{part}.<lambda>", "patience": 2}
        history = stopped.fit(x, t, epochs=50, metrics=[lambda p, t: 1.0], early_stopping=stopping, **watched, **settings)
        assert len(history["epoch"]) == 3


def test_a_metric_in_python_is_given_probabilities_and_class_numbers(blobs):
    x, y = blobs

    def accuracy_of_mine(predictions, targets):
        assert np.allclose(predictions.sum(axis=1), 1)
        return float((predictions.argmax(axis=1) == targets).mean())

    history = Network([layers.dense(3)], 3).fit(x, y, epochs=3, metrics=accuracy_of_mine)
    assert np.allclose(history["train.accuracy_of_mine"], history["train.accuracy"])


def test_metrics_of_an_epoch_that_was_left_within_are_those_of_all_its_rows(wave):
    x, t = wave
    mean = lambda predictions, targets: float(predictions.mean())
    settings = dict(batch_size=BATCH, epochs=2, metrics=[mean])
    whole, cut = net(), net()
    whole.fit(x, t, loss=Cut(0), **settings)
    with pytest.raises(RuntimeError):
        cut.fit(x, t, loss=Cut(7), **settings)
    cut = pickle.loads(pickle.dumps(cut))
    cut.resume(x, t, loss=Cut(0), metrics=[mean])
    assert np.array_equal(cut.history["train.<lambda>"], whole.history["train.<lambda>"])


def test_callbacks_see_what_predict_says(blobs):
    x, y = blobs
    seen = []
    trained = Network([layers.dense(3)], 3)

    def watch(report, network):
        seen.append((network.loss, network.predict(x)))

    trained.fit(x, y, epochs=2, callbacks=[watch])
    assert all(loss == "softmax_cross_entropy" and np.allclose(said.sum(axis=1), 1) for loss, said in seen)
    assert np.array_equal(seen[-1][1], trained.predict(x))
    # What cannot begin leaves the network as it was.
    fresh = Network([layers.dense(1)], 3)
    with pytest.raises(ValueError):
        fresh.fit(x, y, loss="huber", l2=-1.0)
    assert fresh.loss is None


@pytest.mark.parametrize("how", [{"batch_size": 32}, {"batch_size": "full"}, {"batch_size": "full", "report_every": "1 steps"}])
def test_steps_go_on_after_a_fit(how, wave):
    x, y = wave
    network = net()
    network.fit(x, y, optimizer="sgd", epochs=1, **how)
    for made in range(3):
        step, before = network.state.step, network["0.weight"]
        assert np.isfinite(network.step(x, y)) and network.state.step == step + 1, made
        assert (network["0.weight"] != before).any()


def test_a_step_is_told_in_its_own_words(wave):
    x, y = wave
    assert net().step(x, y, learning_rate=0.5) == net().step(x, y, optimizer=None)
    fast, slow = net(), net()
    fast.step(x, y, optimizer="sgd", learning_rate=0.5)
    slow.step(x, y, optimizer="sgd", learning_rate=0.001)
    assert (fast["0.weight"] != slow["0.weight"]).any()
    for name, value in (("batch_size", 2), ("epochs", 3), ("steps", 3), ("report_every", 1)):
        with pytest.raises(ValueError, match=f"a step is one update .* {name} has no place"):
            net().step(x, y, **{name: value})
    with pytest.raises(ValueError, match="go on with the network, the optimizer and the batch size"):
        fast.step(x, y, optimizer="adam")
    assert "dw0" in fast.explain(x, y, learning_rate=0.5).matrices


def test_settings_that_are_spelled_out_are_the_same(wave):
    x, y = wave
    network = net()
    network.fit(x, y, epochs=1)
    network.resume(x, y, epochs=2, shuffle=True)
    network.resume(x, y, epochs=3, learning_rate=0.001, seed=0)
    network.resume(x, y, epochs=4, optimizer={"name": "adam", "beta1": 0.9})
    for other in ({"shuffle": False}, {"learning_rate": 0.01}, {"seed": 1}, {"l2": 0.1}):
        with pytest.raises(ValueError, match="the training went by"):
            network.resume(x, y, epochs=5, **other)
    with pytest.raises(ValueError, match="did you mean `shuffle`"):
        network.resume(x, y, epochs=5, shufle=True)


def test_pickles_of_before_load(wave):
    x, y = wave
    network = net()
    network.fit(x, y, epochs=1)
    rebuilt, (cls, contents) = network.__reduce__()
    for absent in ("description", "training"):
        contents.pop(absent)
    old = rebuilt(cls, contents)
    assert np.array_equal(old.predict(x), network.predict(x)) and old.state.step == network.state.step
    history = thalweg.History.__new__(thalweg.History)
    history.__setstate__({"_columns": dict(network.history)})
    assert list(history) == list(network.history) and history.__dict__ == {}


def test_fits_of_copies_do_not_end_each_other(wave):
    x, y = wave[0][:50], wave[1][:50]
    # So large that what one of them raises is on its way for long.
    network = Network([layers.dense(1200, activation="relu"), layers.dense(1200, activation="relu"), layers.dense(1)], 2)
    copy, told, done = network.copy(), [], threading.Event()

    def bad(predictions, targets):
        raise RuntimeError("one only")

    def other():
        while not done.is_set():
            with pytest.raises(RuntimeError, match="one only"):
                network.fit(x, y, epochs=1, metrics=[bad], threads=1)
            told.append(True)

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    try:
        for _ in range(8):
            copy.fit(x, y, epochs=4, metrics=[lambda predictions, targets: 0.0], threads=1)
            assert copy.state.epoch == 4
    finally:
        done.set()
        thread.join()
    assert told


def test_a_copy_tells_what_its_own_loss_raises(wave):
    x, y = wave
    loss = Cut(10**9)
    network = net()
    network.fit(x, y, loss=loss, epochs=1)
    copy = network.copy()
    loss.at = loss.calls + 1
    with pytest.raises(RuntimeError, match="cut"):
        copy.evaluate(x, y)
    loss.at = None
    assert np.isfinite(network.evaluate(x, y)["loss"])


def test_a_description_is_an_object():
    network = net()
    for wrong in ("[]", "3", "null", '"l2"'):
        with pytest.raises(ValueError, match="must be an object"):
            network._engine.describe(wrong)
    with pytest.raises(ValueError, match="label_names .* list of names"):
        network._engine.describe('{"label_names": [1]}')
    network._engine.describe('{"label_names": ["a", "b"]}')
    network._engine.describe("{}")
    assert network.label_names == ["a", "b"]


def test_a_history_counts_on_as_a_whole():
    counts = {name: np.array([1.0, 2.0]) for name in ("epoch", "step", "seconds")}
    first = thalweg.History({**counts, "train.loss": np.array([2.0, 1.0])})
    slower = {**counts, "seconds": np.array([5.0, 6.0])}
    assert first.continued(slower)["seconds"].tolist() == [1, 2, 7, 8]
    within = {**counts, "epoch": np.array([2.0, 3.0]), "step": np.array([3.0, 4.0]), "seconds": np.array([2.5, 3.0])}
    assert first.continued(within)["epoch"].tolist() == [1, 2, 2, 3]
    later = {**counts, "step": np.array([9.0, 18.0])}
    assert first.continued(later, is_anew=True)["step"].tolist() == [1, 2, 11, 20]
