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
