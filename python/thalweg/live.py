"""Pictures that are redrawn while training goes on, in a notebook."""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

import numpy as np

from . import _engine
from ._arrays import open_numpy
from .history import History

__all__ = ["Live"]

#: How often pictures are drawn, in seconds.
_PAUSE = 0.5


class Live:
    """A callback that shows the loss, and beside it the fit over one feature or the classes' regions over two. ``fit(live=True)`` is this.

    ``x``, ``y``: the rows that are shown. ``estimator``: the one that is fitted, if it is one. ``show`` is called with the HTML of every
    picture, at most twice a second; without it, it goes into the notebook's cell, which needs IPython (else ``ImportError``).

    >>> import thalweg
    >>> x, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    >>> pictures = []
    >>> live = Live(x, y, show=pictures.append)
    >>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=1)
    >>> history = net.fit(x, y, epochs=3, callbacks=[live])
    >>> pictures[0].count("<div>"), live.html(net).count("<div>")
    (2, 2)
    """

    def __init__(self, x: Any, y: Any, estimator: Any = None, show: Any = None) -> None:
        from ._arrays import as_rows, as_targets

        self.x = np.asarray(as_rows(x, most_axes=None).array, dtype=np.float64)
        self.y = as_targets(y)
        self.estimator = estimator
        self.show = _notebook() if show is None else show
        self._columns: dict[str, list[float]] = {}
        self._drawn = -_PAUSE

    def __call__(self, report: dict[str, Any], network: Any) -> None:
        """Takes a report, and draws if the last picture is old enough."""
        for name, value in report.items():
            self._columns.setdefault(name, []).append(float(value))
        if time.monotonic() - self._drawn < _PAUSE:
            return
        self.show(self.html(network))
        self._drawn = time.monotonic()

    def html(self, network: Any) -> str:
        """The pictures as they are now, as HTML: curves of all reports that it was called with, and what ``network`` says."""
        history = History({name: np.asarray(values) for name, values in self._columns.items()})
        pictures = [history.to_svg(title=f"epoch {int(self._columns['epoch'][-1])}")]
        columns = self.x.shape[1] if self.x.ndim == 2 else 0
        is_class = self.y.dtype.kind not in "f" or hasattr(self.estimator, "classes_")
        if columns == 1 and not is_class and self.y.ndim == 1:
            pictures.append(self._fit(network))
        elif columns == 2 and is_class and self.y.ndim == 1 and len(np.unique(self.y)) > 1:
            pictures.append(self._regions(network))
        return '<div style="display:flex;flex-wrap:wrap">' + "".join(f"<div>{p}</div>" for p in pictures) + "</div>"

    def _fit(self, network: Any) -> str:
        x = self.x[:, 0]
        curve = open_numpy.linspace(x.min(), x.max(), 200)
        fitted = np.asarray(network.predict(curve.reshape(-1, 1)), dtype=np.float64)[:, 0]
        return _engine.draw_fit("fit", np.ascontiguousarray(x), np.asarray(self.y, dtype=np.float64), curve, fitted)

    def _regions(self, network: Any) -> str:
        names, ids = np.unique(self.y, return_inverse=True)

        def classify(places: Any) -> list[int]:
            said = np.asarray(network.predict(places))
            chosen = (said[:, 0] > 0.5) if said.shape[1] == 1 else said.argmax(axis=1)
            return [int(value) for value in chosen]

        x, y = (np.ascontiguousarray(self.x[:, j]) for j in (0, 1))
        return _engine.draw_regions("regions", x, y, ids.tolist(), [str(name) for name in names], classify, 80)


def _notebook() -> Any:
    try:
        ipython: Any = import_module("IPython.display")
    except ImportError as error:
        raise ImportError("live pictures need a notebook: IPython is not installed") from error
    handle: Any = ipython.display(ipython.HTML(""), display_id=True)

    def show(html: str) -> None:
        if handle is not None:
            handle.update(ipython.HTML(html))

    return show
