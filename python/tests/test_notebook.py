"""What shows itself in a notebook, and pictures on Matplotlib's axes."""

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


def test_live_pictures_need_a_notebook(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with pytest.raises(ImportError, match="need a notebook"):
        Live(np.ones((3, 1)), np.ones(3))


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
    with pytest.raises(ValueError, match="no reports yet; call fit first"):
        thalweg.plot_history(thalweg.Network([{"dense": 1}], 2))
