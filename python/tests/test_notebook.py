"""What shows itself in a notebook, and pictures on Matplotlib's axes."""

import os
import sys
import threading

import numpy as np
import pytest

import thalweg
from conftest import needs
from thalweg.live import Live

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")


def test_networks_histories_and_runs_show_themselves(blobs, tmp_path):
    x, y = blobs
    mlp = thalweg.MLPClassifier((8,), random_state=0, max_iter=30, early_stopping=True).fit(x, y)
    shown = mlp.history_._repr_html_()
    assert shown.startswith("<svg") and "validation" in shown
    table = mlp.network_._repr_html_()
    assert "<table>" in table and "relu" in table and "<svg" in table
    run = thalweg.train("spiral-linear", out=tmp_path / "run", steps=200)
    assert "finished" in run._repr_html_() and "<svg" in run._repr_html_()


def test_live_pictures_are_redrawn_while_training_goes_on(monkeypatch):
    random = np.random.default_rng(0)
    monkeypatch.setattr("thalweg.live._PAUSE", 0.0)
    shown = []
    monkeypatch.setattr("thalweg.live._notebook", lambda: shown.append)
    x = random.uniform(-1, 1, size=(40, 1))
    thalweg.MLPRegressor((8,), random_state=0, max_iter=4, tol=0).fit(x, x[:, 0] ** 2, live=True)
    assert len(shown) >= 4 and shown[-1].count("<div><svg") == 2 and len(set(shown)) == len(shown)
    shown.clear()
    points = random.normal(size=(40, 2))
    thalweg.MLPClassifier((8,), random_state=0, max_iter=3).fit(points, points[:, 0] > 0, live=True)
    assert shown[-1].count("<div><svg") == 2
    shown.clear()
    thalweg.Network([{"dense": 1}], 3).fit(random.normal(size=(20, 3)), np.ones(20), epochs=2, live=True)
    assert shown[-1].count("<div><svg") == 1


def epochs_shown(shown):
    return [int(picture.split("epoch ")[1].split("<")[0]) for picture in shown]


def test_live_pictures_show_the_last_state(monkeypatch):
    shown = []
    monkeypatch.setattr("thalweg.live._notebook", lambda: shown.append)
    monkeypatch.setattr("thalweg.live._PAUSE", 1e9)  # the first and the last, however slow the machine is
    x = np.random.default_rng(0).normal(size=(40, 1))
    thalweg.MLPRegressor((8,), random_state=0, max_iter=40, tol=0).fit(x, x[:, 0], live=True)
    assert epochs_shown(shown) == [1, 40]
    shown.clear()
    net = thalweg.Network([{"dense": 1}], 1)
    net.fit(x, x[:, 0], epochs=30, live=True)
    assert epochs_shown(shown) == [1, 30] and shown[-1].count("<div><svg") == 2

    def stop(report):
        if report["epoch"] == 33:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        net.resume(x, x[:, 0], epochs=90, live=True, callbacks=[stop])
    assert epochs_shown(shown)[-1] >= 32


def test_live_pictures_draw_what_the_targets_are(monkeypatch):
    shown = []
    monkeypatch.setattr("thalweg.live._notebook", lambda: shown.append)
    x = np.random.default_rng(0).normal(size=(40, 2))
    whole, classes = (4 * x[:, 0]).astype(int), (x[:, 0] > 0).astype(int)
    settings = dict(random_state=0, max_iter=2)
    regressor, classifier = thalweg.MLPRegressor((8,), **settings), thalweg.MLPClassifier((8,), **settings)

    def drawn(act):
        shown.clear()
        act()
        return [kind for kind in ("fit", "regions") if f">{kind}<" in shown[-1]]

    assert drawn(lambda: regressor.fit(x, whole, live=True)) == []
    assert drawn(lambda: regressor.fit(x[:, :1], whole, live=True)) == ["fit"]
    assert drawn(lambda: regressor.fit(x[:, :1], whole[:, np.newaxis] * 1.0, live=True)) == ["fit"]
    with pytest.warns(UserWarning, match="column-vector"):
        assert drawn(lambda: classifier.fit(x, classes[:, np.newaxis], live=True)) == ["regions"]
    assert drawn(lambda: classifier.fit(x, classes.astype(float), live=True)) == ["regions"]
    for loss, kinds in ((None, []), ("hinge", ["regions"])):
        assert drawn(lambda: thalweg.Network([{"dense": 1}], 2).fit(x, classes, loss=loss, epochs=2, live=True)) == kinds
    assert drawn(lambda: thalweg.Network([{"dense": 1}], 1).fit(x[:, :1], whole, epochs=2, live=True)) == ["fit"]


def test_live_pictures_without_a_notebook_or_a_terminal_are_missed_with_a_word():
    x = np.random.default_rng(0).normal(size=(20, 1))
    with pytest.warns(UserWarning, match="draws in a notebook or a terminal, and this is neither"):
        thalweg.Network([{"dense": 1}], 1).fit(x, x[:, 0], epochs=2, live=True)


@pytest.mark.skipif(sys.platform == "win32", reason="SKIPPED: needs a pseudo-terminal")
@pytest.mark.parametrize("colour", [True, False])
def test_live_pictures_in_a_terminal(monkeypatch, colour):
    import fcntl
    import pty
    import struct
    import termios

    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 60, 0, 0))
    random = np.random.default_rng(0)
    points = random.normal(size=(30, 2))
    monkeypatch.setattr("thalweg.live._PAUSE", 1e9)
    monkeypatch.setenv("TERM", "xterm" if colour else "dumb")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def lines(act):
        seen = bytearray()

        def read():
            while not seen.endswith(b"\0"):
                seen.extend(os.read(outer, 4096))

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        with os.fdopen(os.dup(inner), "w") as terminal:
            monkeypatch.setattr("sys.stderr", terminal)
            act()
            terminal.write("\0")
        reader.join()
        return seen.decode().split("\r\n")

    for act in (
        lambda: thalweg.MLPRegressor((4,), random_state=0, max_iter=9).fit(points[:, :1], points[:, 0], live=True),
        lambda: thalweg.MLPClassifier((4,), random_state=0, max_iter=9).fit(points, points[:, 0] > 0, live=True),
        lambda: thalweg.Network([{"dense": 2}], 2).fit(points, points, epochs=9, batch_size=10, live=True),
    ):
        drawn = lines(act)
        assert len(drawn) == 2 * 11 + 1, drawn  # two pictures of 11 lines
        assert "epoch 1 " in drawn[0] and "epoch 9 " in drawn[11] and drawn[11].startswith("\x1b[11A\r")
        assert any("8;5;" in line for line in drawn) == colour
    os.close(outer)
    os.close(inner)


@needs("IPython")
def test_ipythons_terminal_is_no_notebook(monkeypatch):
    import types

    shell = types.SimpleNamespace(display_formatter=types.SimpleNamespace(active_types=["text/plain"]))
    import IPython

    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    with pytest.warns(UserWarning, match="neither"):
        Live(np.ones((3, 1)), np.ones(3))
    shell.display_formatter.active_types.append("text/html")
    given = []
    monkeypatch.setattr("IPython.display.display", lambda thing, display_id: given.append(thing))
    Live(np.ones((3, 1)), np.ones(3))
    assert len(given) == 1


def test_names_of_layers_are_escaped():
    class Own:
        name = "<b>own</b>"

        def output_shape(self, input_shape):
            return input_shape

        def forward(self, x, parameters, training):
            return x

        def backward(self, dy, x, y, parameters):
            return dy

    assert "&lt;b&gt;own&lt;/b&gt;" in thalweg.Network([Own()], 2)._repr_html_()


@needs("matplotlib")
def test_pictures_on_axes(blobs):
    import matplotlib

    matplotlib.use("agg")
    x, y = blobs
    labels = np.array(["a", "b", "c"])[y]
    mlp = thalweg.MLPClassifier((8,), random_state=0, max_iter=20).fit(x[:, :2], labels)
    ax = thalweg.plot_history(mlp)
    assert ax.get_ylabel() == "loss" and len(ax.lines) == 1
    assert len(thalweg.plot_boundary(mlp, x[:, :2], labels, resolution=30).collections) >= 2
    ax = thalweg.plot_confusion(mlp, x[:, :2], labels)
    assert sum(int(text.get_text()) for text in ax.texts) == len(y)
    with pytest.raises(ValueError, match="no 'los'"):
        thalweg.plot_history(mlp, "los")
    with pytest.raises(ValueError, match="over two features"):
        thalweg.plot_boundary(mlp, x, labels)


def test_progress_counts_on_and_shows_the_last_report(blobs, capsys):
    x, y = blobs
    mlp = thalweg.MLPClassifier((4,), verbose=True, random_state=0)
    for epoch in (1, 2, 3):
        mlp.partial_fit(x, y, classes=[0, 1, 2])
        assert f"epoch {epoch}/{epoch} " in capsys.readouterr().err
    stopped = thalweg.MLPClassifier((4,), verbose=True, random_state=0, max_iter=500, tol=10.0, n_iter_no_change=3).fit(x, y)
    assert stopped.n_iter_ < 500 and f"epoch {stopped.n_iter_}/500 " in capsys.readouterr().err
    thalweg.Network([{"dense": 1}], 3).fit(x, y * 1.0, steps=12, batch_size=50, verbose=True)
    assert "epoch 4/4 " in capsys.readouterr().err


def test_metrics_of_one_name_have_columns_of_their_own(blobs):
    x, y = blobs
    own = [lambda predictions, targets: 1.0, lambda predictions, targets: 2.0]
    history = thalweg.Network([{"dense": 1}], 3).fit(x, y * 1.0, epochs=2, metrics=own, validation_data=(x, y * 1.0))
    found = {name: values[-1] for name, values in history.items() if "<lambda>" in name and name.startswith("validation")}
    assert found == {"validation.<lambda>": 1.0, "validation.<lambda>_2": 2.0}


def test_live_pictures_of_one_class(monkeypatch):
    shown = []
    monkeypatch.setattr("thalweg.live._notebook", lambda: shown.append)
    points = np.random.default_rng(0).normal(size=(20, 2))
    thalweg.MLPClassifier((4,), random_state=0, max_iter=3).fit(points, np.zeros(20, dtype=int), live=True)
    assert shown


@needs("matplotlib")
def test_what_cannot_be_drawn_is_said(blobs):
    import matplotlib

    matplotlib.use("agg")
    x, y = blobs
    mlp = thalweg.MLPClassifier((8,), random_state=0, max_iter=5).fit(x[:, :2], np.eye(3)[y])
    assert len(thalweg.plot_history(mlp.network_).lines) == 1
    for draw in (thalweg.plot_boundary, thalweg.plot_confusion):
        with pytest.raises(ValueError, match="y has 3 labels a row"):
            draw(mlp, x[:, :2], np.eye(3)[y])
    for fresh in (thalweg.Network([{"dense": 1}], 2), thalweg.MLPClassifier(), {}):
        with pytest.raises(ValueError, match="no reports yet; call fit first"):
            thalweg.plot_history(fresh)
    with pytest.raises(ValueError, match="a run or a history can be drawn, not 3"):
        thalweg.plot_history(3)
    x = x[:, :2]
    regressor = thalweg.MLPRegressor((4,), random_state=0, max_iter=3).fit(x, y)
    net = thalweg.Network([{"dense": 2}], 2)
    for draw in (thalweg.plot_boundary, thalweg.plot_confusion):
        for trained, labels, text in [
            (regressor, y, "MLPRegressor predicts numbers; take a classifier"),
            (net, y * 1.0, "tells classes 0 to 1 apart"),
            (net, y, "tells classes 0 to 1 apart"),
            (net, y[:5], "X has 150 rows, but y has 5"),
        ]:
            with pytest.raises(ValueError, match=text):
                draw(trained, x, labels)
        draw(net, x, y % 2)


@needs("matplotlib")
def test_every_class_has_its_region():
    import matplotlib

    matplotlib.use("agg")
    y = np.arange(240) % 12
    x = np.stack([3.0 * y, np.zeros(240)], axis=1) + np.random.default_rng(0).normal(scale=0.1, size=(240, 2))

    class Nearest:
        classes_ = np.arange(12)

        def predict(self, places):
            return np.clip(np.round(places[:, 0] / 3), 0, 11).astype(int)

    ax = thalweg.plot_boundary(Nearest(), x, y, resolution=100)
    assert ax.collections[0].levels[-1] == 11.5
    # A class that no point has is a region too.
    chosen = thalweg.plot_boundary(Nearest(), x[y != 5], y[y != 5], resolution=100)
    assert chosen.collections[0].levels[-1] == 11.5


@needs("pandas")
def test_a_history_is_a_table(blobs):
    import pandas

    x, y = blobs
    history = thalweg.Network([{"dense": 3}], 3).fit(x, y, epochs=4)
    frame = pandas.DataFrame(history)
    assert frame.shape == (4, len(history)) and list(frame.columns) == list(history)
    assert frame["epoch"].tolist() == [1, 2, 3, 4]


@needs("matplotlib", "pandas")
def test_pictures_of_networks_with_columns_and_labels(monkeypatch, tmp_path):
    import pandas
    from matplotlib.figure import Figure

    random = np.random.default_rng(0)
    frame = pandas.DataFrame({"a": random.normal(100, 10, 60), "b": random.normal(size=60), "kind": ["x", "y", "z"] * 20})
    labels = np.where(frame.a > 99, "yes", "no")
    shown = []
    monkeypatch.setattr("thalweg.live._notebook", lambda: shown.append)

    def trained(columns):
        frame[columns].assign(label=labels).to_csv(tmp_path / "rows.csv", index=False)
        data = f'[data]\nsource="{tmp_path / "rows.csv"}"\ntarget="label"\nscale="standard"\n'
        text = data + "[network]\nlayers=[{dense=2}]\n[training]\nepochs=20\n"
        return thalweg.train(text, out=tmp_path / "run", force=True).network

    network = trained(["a", "kind"])
    axes = thalweg.plot_confusion(network, frame[["kind", "a"]], labels, ax=Figure().add_subplot())
    assert [label.get_text() for label in axes.get_yticklabels()] == ["no", "yes"]
    counted = np.array([int(text.get_text()) for text in axes.texts]).reshape(2, 2)
    assert counted.sum(axis=1).tolist() == [(labels == "no").sum(), (labels == "yes").sum()]
    assert np.trace(counted) == round(network.evaluate(frame[["a", "kind"]], labels)["accuracy"] * 60)
    network = trained(["a", "b"])
    thalweg.plot_boundary(network, frame[["b", "a"]], labels, ax=Figure().add_subplot(), resolution=5)
    network.fit(frame[["a", "b"]], labels, epochs=2, live=True)
    assert ">regions<" in shown[-1] and ">yes<" in shown[-1]
    shown.clear()
    network = trained(["a"])
    network.fit(frame[["a"]], labels, epochs=2, live=True)
    assert shown and ">fit<" not in shown[-1]
