"""Pictures on Matplotlib's axes, which is imported when they are drawn.

Each function draws on ``ax``, or on the axes of a new figure of ``pyplot``, and returns the axes. Without Matplotlib it raises ``ImportError``.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np

from ._arrays import open_numpy

__all__ = ["plot_boundary", "plot_confusion", "plot_history"]


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    pyplot: Any = import_module("matplotlib.pyplot")
    return pyplot.subplots()[1]


def plot_history(trained: Any, metric: str = "loss", *, ax: Any = None) -> Any:
    """The curves of a metric of every part over the epochs.

    ``trained``: a fitted estimator, a network, a run, or a history. ``metric``: ``"loss"``, ``"accuracy"``, ``"r2"`` or another that the
    history has. Raises ``ValueError`` where there are no reports, or none has the metric.

    >>> from matplotlib.figure import Figure
    >>> from thalweg import LinearRegression
    >>> line = LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> axes = plot_history(line, "mse", ax=Figure().add_subplot())
    >>> axes.get_xlabel(), axes.get_ylabel(), axes.get_legend_handles_labels()[1]
    ('epoch', 'mse', ['train'])
    """
    history: Any = trained
    for name in ("history_", "history"):
        history = getattr(trained, name, history)
    if not hasattr(history, "keys"):
        if not hasattr(history, "fit"):
            raise ValueError(f"an estimator, a network, a run or a history can be drawn, not {trained!r}")
        history = {}  # of an estimator that was not fitted
    if not len(history.get("epoch", ())):
        raise ValueError("there are no reports yet; call fit first")
    ax = _axes(ax)
    drawn = False
    for part in ("train", "validation", "test"):
        values = history.get(f"{part}.{metric}")
        if values is not None:
            known = np.isfinite(values)
            ax.plot(np.asarray(history["epoch"])[known], values[known], label=part)
            drawn = True
    if not drawn:
        raise ValueError(f"the history has no {metric!r}; it has {', '.join(history)}")
    ax.set_xlabel("epoch")
    ax.set_ylabel(metric)
    ax.legend()
    return ax


def plot_boundary(trained: Any, X: Any, y: Any, *, ax: Any = None, resolution: int = 200) -> Any:
    """The class that is chosen at each place around points of two features, and the points.

    ``trained``: a fitted classifier or network. ``X``: ``[rows, 2]``. ``y``: a class for each row. ``resolution``: how many places are asked
    along each axis. Raises ``ValueError`` where there are not two features, or several labels a row.

    >>> from matplotlib.figure import Figure
    >>> from thalweg import LogisticRegression
    >>> X, y = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), [0, 0, 1, 1]
    >>> axes = plot_boundary(LogisticRegression().fit(X, y), X, y, ax=Figure().add_subplot(), resolution=20)
    >>> axes.collections[-1].get_offsets().shape
    (4, 2)
    """
    from ._arrays import as_rows

    # A network reads a frame by the names of its columns.
    features: Any = getattr(trained, "_features", as_rows)(X)
    x = np.asarray(features.array, dtype=np.float64)
    if x.shape[1] != 2:
        raise ValueError(f"a boundary is drawn over two features, not {x.shape[1]}")
    labels = _classes_to_draw(trained, y, len(x))
    low, high = x.min(axis=0), x.max(axis=0)
    margin = 0.1 * np.maximum(high - low, 1e-12)
    sides: list[Any] = [np.linspace(low[j] - margin[j], high[j] + margin[j], resolution) for j in (0, 1)]
    grid: Any = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    chosen = classes_of(trained, grid)
    ax = _axes(ax)
    names = open_numpy.unique(np.concatenate([labels, chosen]))
    regions, ids = open_numpy.searchsorted(names, chosen), open_numpy.searchsorted(names, labels)
    count = len(names)
    colours = {"cmap": "tab10" if count <= 10 else "tab20" if count <= 20 else "turbo", "vmin": 0}
    colours["vmax"] = 9 if count <= 10 else 19 if count <= 20 else count - 1
    ax.contourf(*sides, regions.reshape(resolution, resolution), alpha=0.3, levels=np.arange(-0.5, count), **colours)
    ax.scatter(x[:, 0], x[:, 1], c=ids, edgecolors="white", linewidths=0.5, **colours)
    return ax


def plot_confusion(trained: Any, X: Any, y: Any, *, ax: Any = None) -> Any:
    """Which class is taken for which, counted: rows are the true classes, columns the predicted.

    ``trained``: a fitted classifier or network. ``X``: ``[rows, features]``. ``y``: a class for each row; several labels a row are a
    ``ValueError``.

    >>> from matplotlib.figure import Figure
    >>> from thalweg import LogisticRegression
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), ["few", "few", "many", "many"]
    >>> axes = plot_confusion(LogisticRegression().fit(X, y), X, y, ax=Figure().add_subplot())
    >>> [label.get_text() for label in axes.get_yticklabels()], [text.get_text() for text in axes.texts]
    (['few', 'many'], ['2', '0', '0', '2'])
    """
    names, counts = confusion(trained, X, y)
    ax = _axes(ax)
    ax.imshow(counts, cmap="Blues")
    for i in range(len(names)):
        for j in range(len(names)):
            dark = counts[i, j] > counts.max() / 2
            ax.text(j, i, str(counts[i, j]), ha="center", va="center", color="white" if dark else "black")
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    ax.set_xlabel("predicted")
    ax.set_ylabel("true")
    return ax


def _classes_to_draw(trained: Any, y: Any, rows: int) -> Any:
    """The class of each row; refuses what has no classes."""
    from ._arrays import as_targets

    labels = as_targets(y)
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise ValueError(f"one class a row can be drawn, but y has {labels.shape[1]} labels a row; draw one column with a classifier of it")
    labels = labels.ravel()
    if len(labels) != rows:
        raise ValueError(f"X has {rows} rows, but y has {len(labels)}")
    if not hasattr(trained, "predict"):
        raise ValueError(f"a classifier or a network can be drawn, not {trained!r}")
    if hasattr(trained, "classes_") or not hasattr(trained, "output_shape"):
        return labels
    found = class_ids(trained, labels)
    if found is not None:
        return found
    outputs = max(math.prod(trained.output_shape), 2)
    if labels.dtype.kind not in "iub" or labels.size and not 0 <= int(labels.min()) <= int(labels.max()) < outputs:
        raise ValueError(f"a network of so many outputs tells classes 0 to {outputs - 1} apart; y must be such numbers")
    return labels


def class_ids(network: Any, labels: Any) -> Any:
    """The classes' numbers of labels as they were in training; ``None`` for a network that came without its labels.

    >>> import thalweg
    >>> class_ids(thalweg.Network([{"dense": 2}], 1), [0, 1]) is None
    True
    """
    from ._arrays import as_labels, as_targets

    if getattr(network, "_engine", None) is None or network._engine.preprocessing is None:
        return None
    found = network._engine.class_ids(as_labels(as_targets(labels)))
    return None if found is None else found[0].astype(np.int64)


def classes_of(trained: Any, x: Any) -> Any:
    """The class that an estimator or a network chooses for each row.

    >>> from thalweg import LogisticRegression
    >>> classes_of(LogisticRegression().fit([[0.0], [1.0]], ["a", "b"]), [[0.9]]).tolist()
    ['b']
    """
    said: Any = np.asarray(trained.predict(x))
    if hasattr(trained, "classes_"):
        return said
    if not hasattr(trained, "output_shape"):
        if said.ndim != 1 or said.dtype.kind == "f":
            raise ValueError(f"classes can be drawn, and {type(trained).__name__} predicts numbers; take a classifier")
        return said
    if said.shape[1] > 1:
        return said.argmax(axis=1)
    loss: Any = trained.loss
    scores = (loss["name"] if hasattr(loss, "keys") else loss) in ("hinge", "squared_hinge")
    return (said[:, 0] > (0.0 if scores else 0.5)).astype(np.int64)


def confusion(trained: Any, X: Any, y: Any) -> tuple[list[str], Any]:
    """The classes' names, and how often each true class (row) is taken for each (column).

    >>> from thalweg import LogisticRegression
    >>> confusion(LogisticRegression().fit([[0.0], [1.0]], ["a", "b"]), [[0.0], [0.1], [0.9]], ["a", "b", "b"])
    (['a', 'b'], array([[1, 0],
           [1, 1]]))
    """
    said = classes_of(trained, X)
    wanted = _classes_to_draw(trained, y, len(said))
    names = open_numpy.unique(np.concatenate([wanted, said]))
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    places = (open_numpy.searchsorted(names, wanted), open_numpy.searchsorted(names, said))
    np.add.at(counts, places, 1)
    labels: list[str] = getattr(trained, "label_names", [])
    return [labels[name] if labels and name < len(labels) else str(name) for name in names.tolist()], counts
