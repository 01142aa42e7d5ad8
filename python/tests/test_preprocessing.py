"""Networks that came with preprocessing say the same wherever they are given rows."""

import copy
import pickle
import subprocess

import numpy as np
import pytest

import thalweg
from thalweg import Network, Run, layers

pandas = pytest.importorskip("pandas", reason="SKIPPED: needs pandas")


@pytest.fixture(scope="module")
def frame():
    """Columns of very different sizes, one of them text, a target in thousands and one of classes."""
    random = np.random.default_rng(0)
    table = pandas.DataFrame({"a": random.normal(100, 10, 200), "kind": random.choice(["red", "green", "blue"], 200), "b": random.normal(0, 1000, 200)})
    table["price"] = 50 * table.a + table.b + 1000 + 500 * (table.kind == "red")
    table["size"] = np.where(table.a > 100, "large", "small")
    return table


COLUMNS = ["a", "kind", "b"]


def trained(frame, folder, target, epochs=60):
    """A run on a table, as the command makes it."""
    frame[[*COLUMNS, target]].to_csv(folder / "table.csv", index=False)
    scale = "scale_target = 'standard'" if target == "price" else ""
    text = f"""
        [data]
        source = {str(folder / "table.csv")!r}
        target = {target!r}
        scale = "standard"
        {scale}
        [network]
        layers = [{{ dense = 16, activation = "tanh" }}, {{ dense = {1 if target == "price" else 2} }}]
        [training]
        epochs = {epochs}
    """
    return thalweg.train(text, out=folder / "run")


@pytest.fixture(scope="module")
def prices(frame, tmp_path_factory):
    return trained(frame, tmp_path_factory.mktemp("prices"), "price")


@pytest.fixture(scope="module")
def sizes(frame, tmp_path_factory):
    return trained(frame, tmp_path_factory.mktemp("sizes"), "size", epochs=20)


def r2(said, targets):
    return 1 - ((said.ravel() - targets) ** 2).sum() / ((targets - targets.mean()) ** 2).sum()


def test_the_command_says_the_same(command, prices, frame):
    out = prices.path / "said.csv"
    subprocess.run([command, "predict", prices.path, prices.path.parent / "table.csv", "--out", out], check=True)
    assert np.array_equal(pandas.read_csv(out).prediction, prices.network.predict(frame[COLUMNS])[:, 0])


def test_copies_predict_the_same(prices, frame, tmp_path):
    net, x = prices.network, frame[COLUMNS]
    net.save(tmp_path / "net.safetensors")
    for other in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net), net.copy(), Network.load(tmp_path / "net.safetensors")):
        assert np.array_equal(other.predict(x), net.predict(x))
        assert (other.column_names, other.feature_names) == (net.column_names, net.feature_names)
        assert other.evaluate(x, frame.price) == net.evaluate(x, frame.price)


def test_labels_outlive_a_pickle(sizes, frame):
    net = pickle.loads(pickle.dumps(sizes.network))
    assert net.label_names == ["large", "small"]
    assert net.evaluate(frame[COLUMNS], frame["size"])["accuracy"] > 0.8
    with pytest.raises(ValueError, match='the label "huge", which is none of the classes known from training: large, small'):
        net.evaluate(frame[COLUMNS], ["huge"] * len(frame))


def test_a_run_evaluates_as_it_reported(prices, frame):
    """Over each part of the run: its rows are those that the network predicts from, in units that its reports have."""
    net = prices.network
    for part in ("train", "validation", "test"):
        x = prices.data(part)
        if x is None:
            continue
        names = net.feature_names
        assert names == ["a", "kind=blue", "kind=green", "kind=red", "b"]
        # The target is known from the columns.
        y = 50 * x[:, 0] + x[:, 4] + 1000 + 500 * x[:, 3]
        found, reported = net.evaluate(x, y), prices.result[part]
        assert found["mse"] == pytest.approx(reported["mse"], rel=1e-9) and found["r2"] == pytest.approx(reported["r2"], rel=1e-9)
        assert found["r2"] == pytest.approx(r2(net.predict(x), y), rel=1e-5)


def test_a_frame_is_read_by_its_names(prices, frame):
    net, x = prices.network, frame[COLUMNS]
    assert net.column_names == COLUMNS
    said = net.predict(x)
    assert np.array_equal(net.predict(x[["b", "kind", "a"]]), said)
    assert np.array_equal(net.predict(x.assign(kind=x.kind.astype("category"))), said)
    assert np.array_equal(net.predict(x.to_numpy()), said)
    one_hot = np.column_stack([x.a, x.kind == "blue", x.kind == "green", x.kind == "red", x.b])
    assert np.array_equal(net.predict(one_hot), said)
    assert np.array_equal(net.predict(x.to_numpy()[:1].tolist()), said[:1])
    with pytest.raises(ValueError, match="not trained on the columns 'price', 'size'; .*network.column_names"):
        net.predict(frame)
    with pytest.raises(ValueError, match="'kind' is missing"):
        net.predict(frame[["a", "b"]])
    polars = pytest.importorskip("polars", reason="SKIPPED: needs polars")
    assert np.array_equal(net.predict(polars.DataFrame({name: x[name].tolist() for name in ("b", "a", "kind")})), said)
    pyarrow = pytest.importorskip("pyarrow", reason="SKIPPED: needs pyarrow")
    assert np.array_equal(net.predict(pyarrow.table({name: x[name].tolist() for name in ("b", "a", "kind")})), said)


def test_what_is_missing_is_filled_as_in_training_and_said(prices, frame):
    x = frame[COLUMNS].head(2).copy()
    x.loc[0, "a"] = np.nan
    x.loc[1, "kind"] = "pink"
    with pytest.warns(UserWarning) as told:
        assert np.isfinite(prices.network.predict(x)).all()
    said = " ".join(str(warning.message) for warning in told)
    assert 'missing in the column "a" took the training part\'s mean' in said and '"pink"' in said
    assert {warning.filename for warning in told} == {__file__}


def test_training_goes_on_in_the_same_units(prices, frame):
    x, y = frame[COLUMNS], frame.price.to_numpy()
    before = prices.network.evaluate(x, y)
    net = prices.network
    history = net.fit(x, y, epochs=2, optimizer={"name": "adam", "learning_rate": 1e-4}, validation_data=(x, y))
    assert history["train.r2"][-1] > before["r2"] - 0.01 and history["validation.mse"][-1] < 2 * before["mse"]
    assert net.evaluate(x, y)["r2"] == pytest.approx(r2(net.predict(x), y), rel=1e-5)
    history = net.resume(x, y, epochs=3, validation_data=(x, y))
    assert history["train.r2"][-1] > before["r2"] - 0.01
    net = prices.network
    net.step(x, y, optimizer={"name": "sgd", "learning_rate": 0.0001})
    assert net.evaluate(x, y)["r2"] > before["r2"] - 0.01


def test_gradients_are_of_scaled_rows(prices, frame):
    x, y = frame[COLUMNS].head(20), frame.price.head(20)
    net = prices.network
    _, gradients = net.gradients(x, y)
    assert net.gradcheck(x, y)["ok"]
    told = net.explain(x, y, batch_size="full", optimizer="sgd")
    assert np.abs(told.matrices["x"]).max() < 10
    assert np.allclose(told.matrices["dw0"], gradients["0.weight"], rtol=1e-4, atol=1e-7)
    before = net.parameters
    net.step(x, y, optimizer={"name": "sgd", "learning_rate": 0.5})
    assert np.allclose(net["0.weight"], before["0.weight"] - 0.5 * gradients["0.weight"], rtol=1e-4, atol=1e-6)


def test_images_of_bytes(tmp_path):
    run = thalweg.train("digits", out=tmp_path / "run", epochs=2)
    x = run.data("test")
    assert x.max() > 1.0
    net = run.network
    labels = net.predict(x).argmax(axis=1)
    assert net.evaluate(x, labels)["accuracy"] == 1.0
    assert np.array_equal(pickle.loads(pickle.dumps(net)).predict(x), net.predict(x))
    assert np.array_equal(net.predict(x.reshape(-1, 8, 8)), net.predict(x))
    assert np.array_equal(Run.open(run.path).network.predict(x.astype(np.uint8)), net.predict(x))


def test_a_fit_on_a_frame_keeps_its_names(command, frame, tmp_path):
    x, y = frame[["a", "b"]] / 100, frame.price / 1000
    net = Network([layers.dense(1)], 2, precision="f64")
    seen = []
    net.fit(x, y, epochs=1, callbacks=[lambda report, network: seen.append(network.column_names)])
    assert net.column_names == net.feature_names == seen[0] == ["a", "b"]
    said = net.predict(x)
    assert np.array_equal(net.predict(x[["b", "a"]]), said) and np.array_equal(net.predict(x.to_numpy()), said)
    with pytest.raises(ValueError, match="'a' is missing"):
        net.fit(x.rename(columns={"a": "c"}), y, epochs=1)
    # Of targets it says nothing: they are taken as they are.
    net.fit(x[["b", "a"]], (y > 6).astype(int), loss="binary_cross_entropy", epochs=1)
    net.save(tmp_path / "net.safetensors")
    loaded = Network.load(tmp_path / "net.safetensors")
    assert loaded.column_names == ["a", "b"] and np.array_equal(loaded.predict(x[["b", "a"]]), net.predict(x))
    x[["b", "a"]].to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "said.csv"
    subprocess.run([command, "predict", tmp_path / "net.safetensors", tmp_path / "rows.csv", "--out", out], check=True)
    assert len(pandas.read_csv(out)) == len(x)


def test_wrong_shapes_are_value_errors(prices, frame):
    for net, width in ((prices.network, 5), (Network([layers.dense(1)], 2), 2)):
        y = np.ones(3)
        for x in (np.ones((3, 7)), np.ones((3, 7, 2)), np.ones((3, 0)), np.ones((0, width)), np.ones(width), np.ones(())):
            for act in (net.predict, *(lambda x, act=act: act(x, y) for act in (net.evaluate, net.fit, net.step, net.gradients, net.gradcheck, net.explain))):
                with pytest.raises(ValueError):
                    act(x)
        for act in (net.predict, lambda x: net.evaluate(x, y)):
            with pytest.raises(ValueError, match=rf"the network takes rows of the shape \[{width}\], but the data has rows of the shape \[7\]"):
                act(np.ones((3, 7)))
