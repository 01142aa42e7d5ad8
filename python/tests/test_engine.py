"""The engine from Python: layers, losses, steps, gradients, files, runs."""

import copy
import pickle
import re
import subprocess

import numpy as np
import pytest

import thalweg
from thalweg import Network, layers, losses, optimizers, schedules


def small(precision="f64", seed=0):
    return Network([layers.dense(5, activation="tanh"), layers.dense(1)], 2, precision=precision, seed=seed)


def test_three_spellings_of_a_layer(wave):
    x, t = wave
    nets = [
        Network([{"dense": 4, "activation": "relu"}, {"dense": 1}], 2),
        Network([layers.dense(4), "relu", layers.dense(1)], 2),
        Network([layers.dense(4), layers.activation("relu"), layers.dense(1)], 2),
    ]
    said = [net.predict(x) for net in nets]
    assert np.array_equal(said[0], said[1]) and np.array_equal(said[0], said[2])
    with pytest.raises(ValueError, match="relu"):
        Network(["rellu"], 2)


@pytest.mark.parametrize("name", [n for n in optimizers.__all__])
def test_every_optimizer_lowers_the_loss(name, wave):
    x, t = wave
    make = getattr(optimizers, name)
    net = small()
    full = name in ("lbfgs", "rprop")
    rate = {"learning_rate": 0.01} if name not in ("lbfgs", "adadelta", "rprop") else {}
    history = net.fit(x, t, optimizer=make(**rate), epochs=30, batch_size="full" if full else 20, report_every=1)
    assert history["train.loss"][-1] < history["train.loss"][0]


@pytest.mark.parametrize("loss", ["mean_absolute_error", losses.huber(delta=0.5), losses.quantile(quantile=0.9), "log_cosh", "sum_of_squares"])
def test_losses_are_gradient_checked(loss, wave):
    x, t = wave
    assert small().gradcheck(x[:20], t[:20], loss=loss)["ok"]


def test_schedules_and_other_settings(wave):
    x, t = wave
    net = small()
    history = net.fit(x, t, schedule=schedules.cosine(), l2=1e-3, clip_norm=1.0, epochs=10, metrics=["mape"])
    assert history["learning_rate"][-1] < history["learning_rate"][0]
    with pytest.raises(ValueError, match="did you mean `schedule`"):
        net.fit(x, t, scedule="cosine")


def test_gradients_are_those_of_a_step(wave):
    x, t = wave
    net = small()
    loss, gradients = net.gradients(x, t, loss="half_squares")
    before = net.parameters
    stepped = net.step(x, t, loss="half_squares", optimizer={"name": "sgd", "learning_rate": 0.1})
    assert stepped == pytest.approx(loss, rel=1e-12)
    for name in net:
        assert np.allclose(net[name], before[name] - 0.1 * gradients[name], rtol=1e-12, atol=1e-15)


def test_steps_are_a_fit_and_a_fit_goes_on(wave):
    x, t = wave
    at_once, by_steps, in_two = small(), small(), small()
    settings = dict(optimizer="adam", batch_size="full", report_every="1 steps")
    at_once.fit(x, t, epochs=6, **settings)
    for _ in range(6):
        by_steps.step(x, t, optimizer="adam")
    in_two.fit(x, t, epochs=2, **settings)
    in_two = pickle.loads(pickle.dumps(in_two))
    in_two.resume(x, t, epochs=6, **settings)
    for name in at_once:
        assert np.array_equal(at_once[name], by_steps[name]) and np.array_equal(at_once[name], in_two[name])


def test_a_step_is_explained(wave):
    x, t = wave
    told = small().explain(x[:3], t[:3], batch_size="full")
    assert told.matrices["w0"].shape == (2, 5) and "x·w0" in str(told)


def test_custom_layers_losses_and_metrics(wave, tmp_path):
    x, t = wave

    class Gate:
        """y = s·x with one parameter for each feature."""

        name = "gate"

        def output_shape(self, input_shape):
            return input_shape

        def parameters(self, input_shape):
            return {"weight": input_shape}

        def forward(self, x, parameters, training):
            return x * parameters["weight"]

        def backward(self, dy, x, y, parameters):
            return dy * parameters["weight"], {"weight": (dy * x).sum(axis=0)}

    def fourth(predictions, targets, weights):
        error = predictions - targets
        return (error**4).sum(axis=1), 4 * error**3

    def largest(predictions, targets):
        return np.abs(predictions - targets).max()

    net = Network([layers.dense(4, activation="tanh"), Gate(), layers.dense(1)], 2, precision="f64")
    assert [name for name in net] == ["0.weight", "0.bias", "2.weight", "3.weight", "3.bias"]
    assert net.gradcheck(x[:10], t[:10], loss=fourth)["ok"]
    history = net.fit(x, t, loss=fourth, metrics=[largest], validation_data=(x[:50], t[:50]), epochs=20)
    assert history["train.loss"][-1] < history["train.loss"][0]
    assert history["validation.largest"][-1] > 0

    class Wrong(Gate):
        def backward(self, dy, x, y, parameters):
            return dy, {"weight": (dy * x).sum(axis=0)}

    with pytest.raises(ValueError, match=r"layer 2 \(gate\) is an object of Python's, .*pickle the network instead, or keep its state_dict"):
        net.save(tmp_path / "net.safetensors")
    assert not any(tmp_path.iterdir())

    wrong = Network([layers.dense(4), Wrong(), layers.dense(1)], 2, precision="f64")
    assert not wrong.gradcheck(x[:10], t[:10])["ok"]


def test_what_a_custom_part_raises_arrives(wave):
    x, t = wave

    def broken(predictions, targets, weights):
        raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        small().fit(x, t, loss=broken)
    with pytest.raises(ValueError, match="the loss of each row must have 32 values"):
        small().fit(x, t, loss=lambda p, t, w: (0.0, p))


def test_files_come_back_to_the_bit(wave, tmp_path):
    x, t = wave
    for precision in ("f32", "f64"):
        net = small(precision)
        net.fit(x, t, epochs=3)
        net.save(tmp_path / "net.safetensors")
        loaded = Network.load(tmp_path / "net.safetensors")
        assert loaded.precision == precision and np.array_equal(loaded.predict(x), net.predict(x))
    assert np.array_equal(copy.deepcopy(net).predict(x), net.predict(x))


def test_errors_are_pythons(tmp_path, wave):
    x, t = wave
    with pytest.raises(FileNotFoundError):
        Network.load(tmp_path / "absent.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"no model")
    with pytest.raises(thalweg.FileError, match="cannot use"):
        Network.load(tmp_path / "broken.safetensors")
    assert issubclass(thalweg.FileError, OSError)
    with pytest.raises(ValueError):
        small().predict(np.ones((2, 3)))
    with pytest.raises(ValueError):
        small()["0.weight"] = np.ones((3, 3))


def test_models_load_in_the_command_with_equal_predictions(command, wave, tmp_path):
    x, t = wave
    x = x.round(3)
    mlp = thalweg.MLPRegressor((16,), random_state=0, max_iter=20, tol=0).fit(x, t)
    mlp.save(tmp_path / "mlp.safetensors")
    np.savetxt(tmp_path / "rows.csv", x, delimiter=",", header="a,b", comments="", fmt="%.3f")
    out = tmp_path / "said.csv"
    subprocess.run([command, "predict", tmp_path / "mlp.safetensors", tmp_path / "rows.csv", "--out", out], check=True)
    said = np.genfromtxt(out, delimiter=",", names=True)["prediction"]
    assert np.array_equal(said, mlp.predict(x))


def test_models_of_the_command_load_here(command, tmp_path):
    run = tmp_path / "run"
    subprocess.run([command, "train", "iris", "--out", run, "--epochs", "5", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    opened = thalweg.Run.open(run)
    again = thalweg.train("iris", out=tmp_path / "again", epochs=5)
    assert opened.result["parameters_sha256"] == again.result["parameters_sha256"]
    x = opened.data("test")
    assert x is not None and opened.network.predict(x).shape[1] == 3


def test_runs_are_made_verified_and_taken_up(tmp_path):
    run = thalweg.train("spiral-linear", out=tmp_path / "run", steps=300)
    assert run.result["status"] == "finished" and run.path == tmp_path / "run"
    assert run.history["step"].tolist() == [0, 100, 200, 300]
    verification = run.verify(threads=1)
    assert verification and "identical" in repr(verification)
    assert np.array_equal(run.at(300)["0.weight"], thalweg.Run.open(run.path).network["0.weight"])
    assert not np.array_equal(run.at(100)["0.weight"], run.network["0.weight"])
    lines = (run.path / "metrics.jsonl").read_text()
    for found, instead, what in [
        (f'"data_loss":{run.history["train.data_loss"][2]}', '"data_loss":0.125', r"train\.data_loss"),
        (f'"accuracy":{run.history["train.accuracy"][0]}', '"accuracy":1.0', r"train\.accuracy"),
        (lines[lines[:-1].rindex("\n") + 1 :], "", "the train line"),
        (lines, 2 * lines, "the train line"),
    ]:
        assert lines.count(found) == 1
        (run.path / "metrics.jsonl").write_text(lines.replace(found, instead))
        with_changes = run.verify()
        assert not with_changes and re.search(f"different between steps .*: {what} of metrics.jsonl, which was changed", repr(with_changes))
    (run.path / "metrics.jsonl").write_text(lines)
    assert run.verify()
    with pytest.raises(OSError):
        thalweg.train("spiral-linear", out=tmp_path / "run", steps=300)
    with pytest.raises(ValueError, match="spiral"):
        thalweg.train("spirall", out=tmp_path / "no")


def test_an_interrupted_run_goes_on_to_the_same_bits(tmp_path):
    def interrupt(report):
        if report["step"] >= 200:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        thalweg.train("spiral-linear", out=tmp_path / "run", steps=500, callback=interrupt)
    run = thalweg.Run.open(tmp_path / "run")
    run.resume()
    whole = thalweg.train("spiral-linear", out=tmp_path / "whole", steps=500)
    assert run.result["parameters_sha256"] == whole.result["parameters_sha256"]


def test_a_callback_returns_no_truth_value_and_no_impossible_rate(wave):
    x, t = wave
    net = thalweg.Network([thalweg.layers.dense(1)], input_shape=2)
    for answer in (True, False, np.True_):
        with pytest.raises(TypeError, match="must return None, 'stop' or a learning rate"):
            net.fit(x, t, epochs=2, callbacks=[lambda report: answer])
    for answer in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="it must be a finite number, 0 or more"):
            net.fit(x, t, epochs=2, callbacks=[lambda report: answer])
    net.fit(x, t, epochs=2, callbacks=[lambda report: np.float32(0.5)])
    assert net.history["learning_rate"][-1] == 0.5


def counted(calls):
    def squares(predictions, targets, weights):
        calls.append(len(predictions))
        return ((predictions - targets) ** 2).sum(axis=1), 2 * (predictions - targets)

    return squares


def test_a_loss_in_python_is_asked_for_whole_batches(wave):
    x, t = wave
    calls = []
    Network([layers.dense(4, activation="tanh"), layers.dense(1)], 2).fit(x, t, loss=counted(calls), batch_size=50, epochs=2)
    assert set(calls) <= {50, 200} and len(calls) <= 20


def test_a_loss_that_raised_is_not_called_again(wave):
    x, t = wave
    calls = []

    def wrong(predictions, targets, weights):
        calls.append(len(predictions))
        raise ZeroDivisionError("of mine")

    with pytest.raises(ZeroDivisionError, match="of mine"):
        Network([layers.dense(1)], 2).fit(x, t, loss=wrong, epochs=2)
    assert len(calls) == 1


def test_an_exception_is_raised_where_it_happened(wave):
    x, t = wave
    net = small()
    wrong = lambda predictions, targets, weights: 1 / 0
    for act in (net.explain, net.gradients, net.gradcheck):
        with pytest.raises(ZeroDivisionError):
            act(x, t, loss=wrong)
        assert np.isfinite(net.predict(x)).all()


def test_parameters_of_another_shape_are_refused(wave):
    net = Network([layers.dense(3), layers.dense(4)], 4, precision="f64")
    weights = net["0.weight"]
    assert weights.shape == (4, 3)
    with pytest.raises(ValueError, match=r"0.weight.*\[4, 3\].*\[3, 4\]"):
        net["0.weight"] = weights.T
    with pytest.raises(ValueError, match="0.weight"):
        net.load_state_dict({name: values.T if values.ndim == 2 else values for name, values in net.state_dict().items()})
    assert np.array_equal(net["0.weight"], weights)
    net["0.weight"] = 2 * weights
    assert np.array_equal(net["0.weight"], 2 * weights)


def test_a_network_beyond_all_memory_is_a_memory_error():
    with pytest.raises(MemoryError, match="the network has 40001600002 parameters, for which .* make its layers smaller"):
        Network([layers.dense(200_000), layers.dense(200_000), layers.dense(2)], 4)


def test_cures_are_python_words(wave, tmp_path):
    x, t = wave
    net = Network([layers.dense(1)], 2)
    with pytest.raises(thalweg.DivergedError, match="scale them first, for example with scikit-learn's TransformedTargetRegressor"):
        net.fit(x, 1e9 * t, optimizer=optimizers.sgd(learning_rate=1e6), epochs=50)
    with pytest.raises(thalweg.DivergedError, match="scale them first, for example with scikit-learn's StandardScaler"):
        net.fit(1e9 * x, t, optimizer=optimizers.sgd(learning_rate=1e6), epochs=50)
    with pytest.raises(ValueError, match="^`learning_rate` must"):
        net.fit(x, t, learning_rate=0.0)
    thalweg.train("spiral-linear", out=tmp_path / "run", steps=2)
    with pytest.raises(OSError, match="out=.*force=True"):
        thalweg.train("spiral-linear", out=tmp_path / "run", steps=2)
    for array in (np.full((2, 2), np.nan), np.asfortranarray(np.full((2, 2), np.nan))):
        with pytest.raises(ValueError, match="cannot predict from"):
            small().predict(array)


def test_a_file_with_a_loss_in_python_predicts(wave, tmp_path):
    x, t = wave
    net = small()
    net.fit(x, t, loss=counted([]), epochs=2)
    net.save(tmp_path / "net.safetensors")
    loaded = Network.load(tmp_path / "net.safetensors")
    assert np.array_equal(loaded.predict(x), net.predict(x))
    with pytest.raises(ValueError, match="was a function of Python's, which a model file does not hold; give it again: loss=squares"):
        loaded.evaluate(x, t)
    loaded.fit(x, t, loss="mean_squared_error", epochs=1)


class Half:
    """What somebody may take for a layer."""

    def forward(self, x):
        return x


class Whole(Half):
    def output_shape(self, input_shape):
        return input_shape

    def forward(self, x, parameters, training):
        return x

    def backward(self, dy, x, y, parameters):
        return dy


def test_one_stands_for_a_list_of_one(wave):
    x, t = wave
    for one in ("relu", {"dense": 1}, layers.dense(1), Whole()):
        assert len(Network(one, 2).layers) == 1
    for metrics in ("rmse", lambda predictions, targets: 1.0):
        history = small().fit(x, t, epochs=1, metrics=metrics)
        assert "train.rmse" in history or "train.<lambda>" in history


def test_every_wrong_argument_has_its_sentence(wave, tmp_path):
    x, t = wave
    net = small()
    assert Network([layers.dense(1)], np.int64(2)).input_shape == (2,)
    run = thalweg.train("spiral-linear", out=tmp_path / "run", steps=2)
    for act, text in [
        (lambda: Network([layers.dense(1)], 2, seed=-1), "seed must be a whole number, 0 or more, not -1"),
        (lambda: Network([layers.dense(1)], 2.5), "input_shape must be a whole number, 1 or more"),
        (lambda: net.fit(x, t, seed=-1), "seed must be a whole number, 0 or more"),
        (lambda: net.fit(x, t, threads=-1), "threads must be a whole number, 1 or more, or None"),
        (lambda: net.predict(np.asfortranarray(x), threads=0), "threads must be a whole number, 1 or more"),
        (lambda: net.fit(x, t, validation_data=(x,)), r"must be \(x, y\) or \(x, y, weights\)"),
        (lambda: net.fit(x, t, loss={"foo": 1}), "has no 'name'"),
        (lambda: net.fit(x, t, callbacks=print), "callbacks must be a list of functions"),
        (lambda: net.fit(x, t, learning_rate=float("nan")), "learning_rate is nan; give a finite number"),
        (lambda: net.predict(x, threads=0), "threads must be a whole number, 1 or more"),
        (lambda: net.fit(x, t, epochs=2, steps=3), "epochs=2 and steps=3 both say how long"),
        (lambda: net.fit(x, t, shuffle="no"), "`shuffle` must be true or false"),
        (lambda: net.fit(x, np.where(t > 0, "a", "b")), r"y holds text such as '[ab]'; .* or train a thalweg.MLPClassifier"),
        (lambda: net.fit(x, np.array(["a", 1.0] * 100, dtype=object)), "y holds text such as 'a'"),
        (lambda: Network([Half()], 2), "the layer Half has no output_shape and no backward; a layer of one's own needs output_shape, f"),
        (lambda: Network([Whole], 2), r"the layer Whole is a class; give an object of it: Whole\(\)"),
        (lambda: Network([layers.residual([Whole()])], 2), "a layer of one's own cannot stand inside 'residual'"),
        (lambda: run.at(-1), "step must be a whole number, 0 or more, not -1"),
    ]:
        with pytest.raises(ValueError, match=text):
            act()


def test_without_pytorch_that_is_said():
    import importlib.util

    if importlib.util.find_spec("torch") is not None:
        pytest.skip("SKIPPED: PyTorch is installed")
    with pytest.raises(ImportError, match="pip install torch"):
        small().to_torch()


def test_an_estimators_file_gives_the_estimator_back(blobs, wave, tmp_path):
    x, y = blobs
    path = tmp_path / "model.safetensors"
    names = np.array(["no", "perhaps", "yes"])
    two, t = np.stack([wave[1], -wave[1]], axis=1), wave[1]
    settings = dict(random_state=0, max_iter=5)
    for fitted, given in [
        (thalweg.MLPClassifier((8, 4), "tanh", **settings).fit(x, names[y]), x),
        (thalweg.MLPClassifier((8,), **settings).fit(x, y + 3), x),
        (thalweg.MLPClassifier((8,), loss="focal", **settings).fit(x, np.eye(3)[y]), x),
        (thalweg.LogisticRegression().fit(x, y == 1), x),
        (thalweg.MLPRegressor((8,), activation="logistic", dropout=0.1, **settings).fit(wave[0], two), wave[0]),
        (thalweg.MLPRegressor(counted([]), (8,), **settings).fit(wave[0], t), wave[0]),
        (thalweg.LinearRegression().fit(wave[0], t), wave[0]),
    ]:
        fitted.save(path)
        loaded = type(fitted).load(path)
        assert np.array_equal(loaded.predict(given), fitted.predict(given))
        if hasattr(fitted, "predict_proba"):
            assert np.array_equal(loaded.predict_proba(given), fitted.predict_proba(given))
        else:
            assert loaded.score(given, fitted.predict(given)) == 1.0
            with pytest.raises(ValueError, match="the file holds a regressor|load it with MLPClassifier.load"):
                thalweg.MLPClassifier.load(path)
        if isinstance(fitted, thalweg.MLPClassifier) and fitted.activation == "tanh":
            assert (loaded.hidden_layer_sizes, loaded.activation) == ((8, 4), "tanh")
            assert Network.load(path).label_names == names.tolist()
            assert np.isfinite(loaded.partial_fit(x, names[y]).loss_)
            with pytest.raises(ValueError, match="the file holds a classifier"):
                thalweg.MLPRegressor.load(path)
    small().save(path)
    with pytest.raises(ValueError, match="load it with thalweg.Network.load"):
        thalweg.MLPClassifier.load(path)


def test_a_loaded_network_holds_columns_against_their_names(blobs, tmp_path):
    pandas = pytest.importorskip("pandas")
    x, y = blobs
    frame = pandas.DataFrame(x, columns=["a", "b", "c"])
    mlp = thalweg.MLPClassifier((8,), random_state=0, max_iter=5).fit(frame, y)
    mlp.save(tmp_path / "mlp.safetensors")
    net = Network.load(tmp_path / "mlp.safetensors")
    assert net.column_names == ["a", "b", "c"]
    assert np.array_equal(net.predict(frame), mlp.predict_proba(frame))
    turned = frame[["b", "a", "c"]]
    assert np.array_equal(net.predict(turned), net.predict(frame)) and net.evaluate(turned, y) == net.evaluate(frame, y)
    for act in (lambda x: net.predict(x), lambda x: net.evaluate(x, y)):
        with pytest.raises(ValueError, match="trained on the columns 'a', 'b', 'c', but these are 'a', 'b', 'd': 'c' is missing"):
            act(frame.rename(columns={"c": "d"}))
        with pytest.raises(ValueError, match=r"was not trained on the columns 'd'; choose those .*: x\[network.column_names\]"):
            act(frame.assign(d=1.0))
    assert thalweg.MLPClassifier.load(tmp_path / "mlp.safetensors").feature_names_in_.tolist() == ["a", "b", "c"]


def test_predictions_that_are_images_are_images():
    from thalweg import layers

    net = Network([layers.conv2d(4, kernel_size=3, padding="same"), layers.upsample(2)], [1, 3, 5])
    x = np.random.default_rng(0).normal(size=(2, 1, 3, 5)).astype(np.float32)
    assert net.predict(x).shape == (2, 4, 6, 10) == net.predict(list(x)).shape
    assert Network([{"dense": 3}], 2).predict(x[0, 0, :, :2]).shape == (3, 3)


def test_targets_and_weights_that_are_no_numbers_are_refused(wave):
    x, t = wave
    masked = np.ma.array(t, mask=[True] + [False] * (len(t) - 1))
    dates = np.arange(len(t)).astype("datetime64[s]")
    for wrong, said in ((masked, "masked"), (t + 1j, "Complex"), (dates, "dates or durations"), (dates - dates[0], "dates or durations")):
        for act in (
            lambda: small().fit(x, wrong, epochs=1),
            lambda: small().fit(x, t, weights=wrong, epochs=1),
            lambda: thalweg.MLPRegressor(max_iter=1).fit(x, wrong),
            lambda: thalweg.LinearRegression().fit(x, t, sample_weight=wrong),
        ):
            with pytest.raises(ValueError, match=said):
                act()
    with pytest.raises(ValueError, match="masked"):
        thalweg.MLPClassifier(max_iter=1).fit(x, np.ma.array(t > 0, mask=masked.mask))
    net = small()
    with pytest.raises(ValueError, match="Complex"):
        net["0.bias"] = np.zeros(5) + 1j


def test_class_numbers_do_not_wrap(wave):
    x, t = wave
    net = Network([{"dense": 2}], 2)
    for kind in (np.int64, np.uint64):
        with pytest.raises(ValueError, match=r"label 4294967297, but with 2 classes labels go from 0 to 1"):
            net.fit(x, (t > 0).astype(kind) * (2**32 + 1), epochs=1)


def test_weights_may_be_a_column_or_one_number(wave):
    x, t = wave
    weights = np.linspace(0.5, 2, len(t))
    losses = [small().fit(x, t, weights=w, epochs=2)["train.loss"].tolist() for w in (weights, weights[:, np.newaxis], list(weights))]
    assert losses[0] == losses[1] == losses[2]
    plain, once = (small().fit(x, t, weights=w, epochs=2)["train.loss"] for w in (None, 1.0))
    assert np.allclose(plain, once)
    with pytest.raises(ValueError, match="one number for each row"):
        small().fit(x, t, weights=np.ones((len(t), 2)), epochs=1)


def test_none_and_numpys_numbers_are_taken(wave, tmp_path):
    x, t = wave
    history = small().fit(x, t, metrics=None, callbacks=None, epochs=np.int64(4), report_every=np.int64(2))
    assert history["epoch"].tolist() == [2, 4]
    for wrong in (0, True, 1.5):
        with pytest.raises(ValueError, match="report_every must be a whole number"):
            small().fit(x, t, report_every=wrong, epochs=1)
    with pytest.raises(ValueError, match='`batch_size` must be a whole number from 1, or "full", not "auto"'):
        small().fit(x, t, batch_size="auto", verbose=True, epochs=1)
    settings = {"training.optimizer.learning_rate": np.float64(0.1), "hidden": np.array([8, 8])}
    assert thalweg.train("spiral", out=tmp_path / "run", steps=np.int64(10), **settings).result["steps"] == 10


@pytest.mark.parametrize("name", ["rmse", "accuracy", "loss", "data_loss"])
def test_a_metric_of_ones_own_has_a_name_of_its_own(wave, name):
    x, t = wave

    def metric(predictions, targets):
        return 7.0

    metric.__name__ = name
    with pytest.raises(ValueError, match=f'cannot be called "{name}"'):
        small().fit(x, t, metrics=[metric], epochs=1)


def test_a_refused_fit_leaves_no_names(wave):
    pandas = pytest.importorskip("pandas")
    x, t = wave
    net = small()
    for act in (net.fit, net.step):
        with pytest.raises(ValueError, match="nope"):
            act(pandas.DataFrame(x, columns=["a", "b"]), t, optimizer="nope")
        assert net.column_names == []
    net.fit(pandas.DataFrame(x, columns=["c", "d"]), t, epochs=1)
    assert net.column_names == ["c", "d"]


def test_a_stop_needs_a_limit():
    with pytest.raises(ValueError, match="needs a limit"):
        thalweg.callbacks.StopWhen("train.loss")
