"""Pictures that are redrawn while training goes on, in a notebook or a terminal."""

from __future__ import annotations

import math
import os
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from . import _engine
from ._arrays import open_numpy
from .history import History

__all__ = ["Live"]

#: How often pictures are drawn, in seconds.
_PAUSE = 0.5

#: The smallest terminal in which a picture can be told, and the most rows that one takes.
_LEAST_SIZE = (20, 6)
_MOST_ROWS = 30


class Live:
    """A callback that shows the loss, and beside it the fit over one feature or the classes' regions over two. ``fit(live=True)`` is this.

    ``x``: ``[rows, features]``; ``y``: one target for each row, or ``[rows, targets]``, of which one column is drawn. They are classes where
    the estimator is a classifier; ``are_classes`` says so where there is no estimator.

    In a notebook the pictures go into the cell. In a terminal the fit, the regions, or else the loss are drawn over the picture before, in
    characters. Where there is neither, a warning says so. ``show`` is called with the HTML of every picture instead, at most twice a second.

    The last state is drawn by :meth:`close`, which ``fit`` calls.

    >>> import thalweg
    >>> x, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    >>> pictures = []
    >>> live = Live(x, y, show=pictures.append)
    >>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=1)
    >>> history = net.fit(x, y, epochs=3, callbacks=[live])
    >>> pictures[0].count("<div>"), live.html(net).count("<div>")
    (2, 2)
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        estimator: Any = None,
        show: Callable[[str], Any] | None = None,
        are_classes: bool | None = None,
    ) -> None:
        from ._arrays import as_rows, as_targets

        self.x = np.asarray(as_rows(x, most_axes=None).array, dtype=np.float64)
        targets = as_targets(y)
        self.y = targets.ravel() if targets.ndim == 2 and targets.shape[1] == 1 else targets
        self.estimator = estimator
        if are_classes is None:
            are_classes = hasattr(estimator, "classes_") if estimator is not None else targets.dtype.kind != "f"
        self.are_classes = are_classes
        self.show = _notebook() if show is None else show
        self.terminal = _terminal() if self.show is None else None
        if self.show is None and self.terminal is None:
            text = "live=True draws in a notebook or a terminal, and this is neither; training goes on without pictures"
            warnings.warn(text, stacklevel=4)
        self._columns: dict[str, list[float]] = {}
        self._drawn = -_PAUSE
        #: The network of the last report, while that is not drawn.
        self._left_out: Any = None

    def __call__(self, report: dict[str, Any], network: Any) -> None:
        """Takes a report, and draws if the last picture is old enough."""
        for name, value in report.items():
            self._columns.setdefault(name, []).append(float(value))
        self._left_out = network
        if time.monotonic() - self._drawn >= _PAUSE:
            self._draw(network)

    def close(self) -> None:
        """Draws the last state, if it was left out; does nothing where nothing was.

        >>> live = Live(np.array([[0.0], [1.0]]), np.array([1.0, 3.0]), show=print)
        >>> live.close()
        """
        if self._left_out is not None:
            self._draw(self._left_out)

    def _draw(self, network: Any) -> None:
        self._left_out = None
        if self.show is not None:
            self.show(self.html(network))
        elif self.terminal is not None:
            self.terminal.show(lambda size, colour: self.lines(network, size, colour))
        self._drawn = time.monotonic()

    def _history(self) -> History:
        return History({name: np.asarray(values) for name, values in self._columns.items()})

    def _picture(self) -> str | None:
        """What can be drawn of the network: ``"fit"``, ``"regions"`` or nothing."""
        columns = self.x.shape[1] if self.x.ndim == 2 else 0
        if self.y.ndim != 1:
            return None
        if columns == 1 and not self.are_classes:
            return "fit"
        return "regions" if columns == 2 and self.are_classes and len(np.unique(self.y)) > 1 else None

    def html(self, network: Any) -> str:
        """The pictures as they are now, as HTML: curves of all reports that it was called with, and what ``network`` says."""
        pictures = [self._history().to_svg(title=f"epoch {int(self._columns['epoch'][-1])}")]
        kind = self._picture()
        if kind == "fit":
            points, curve = self._fit(network)
            pictures.append(_engine.draw_fit("fit", *points, *curve))
        elif kind == "regions":
            points, ids, names, classify = self._regions(network)
            pictures.append(_engine.draw_regions("regions", *points, ids, names, classify, 80))
        return '<div style="display:flex;flex-wrap:wrap">' + "".join(f"<div>{p}</div>" for p in pictures) + "</div>"

    def lines(self, network: Any, size: tuple[int, int], colour: bool) -> list[str]:
        """The picture as it is now, in characters: ``size`` of them at most across and down; with ``colour``, in a terminal's.

        >>> import thalweg
        >>> live = Live(np.array([[0.0], [1.0]]), np.array([1.0, 3.0]), show=lambda html: None)
        >>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=1, init="zeros")
        >>> live({"epoch": 3.0, "step": 3.0, "train.loss": 5.0}, net)
        >>> lines = live.lines(net, (30, 8), False)
        >>> lines[0].strip(), len(lines) <= 8
        ('epoch 3  loss 5', True)
        """
        epoch, history, kind = int(self._columns["epoch"][-1]), self._history(), self._picture()
        title = f"epoch {epoch}  loss {self._columns['train.loss'][-1]:.4g}"
        if kind == "fit":
            return _engine.terminal_fit(title, *self._fit(network), size, colour)
        if kind == "regions":
            points, ids, _, classify = self._regions(network)
            return _engine.terminal_regions(title, points, ids, classify, size, colour)
        curves, log_y = history.curves("loss")
        return _engine.terminal_curves(title, [(name, x, y) for name, x, y, _ in curves], log_y, size, colour)

    def _fit(self, network: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        """The points, and the curve that the network draws through them."""
        x = np.ascontiguousarray(self.x[:, 0])
        places = open_numpy.linspace(x.min(), x.max(), 200)
        fitted = np.asarray(network.predict(places.reshape(-1, 1)), dtype=np.float64)[:, 0]
        return (x, np.asarray(self.y, dtype=np.float64)), (places, np.ascontiguousarray(fitted))

    def _regions(self, network: Any) -> tuple[tuple[Any, Any], list[int], list[str], Callable[[Any], list[int]]]:
        """The points, their classes' numbers and names, and what says which class the network chooses."""
        from .plot import classes_of

        own: Any = getattr(self.estimator, "classes_", None)
        if own is None:
            # A network's classes are numbers from 0.
            own = np.arange(max(int(self.y.max()) + 1, math.prod(network.output_shape), 2))
        ids = open_numpy.searchsorted(own, self.y)

        def classify(places: Any) -> list[int]:
            return [int(value) for value in classes_of(network, places)]

        x, y = (np.ascontiguousarray(self.x[:, j]) for j in (0, 1))
        names: list[str] = network.label_names if self.estimator is None else []
        return (x, y), ids.tolist(), names if len(names) == len(own) else [str(name) for name in own.tolist()], classify


def _notebook() -> Callable[[str], None] | None:
    """What shows HTML in the notebook's cell; ``None`` where nothing shows HTML: in a script, and in IPython's terminal."""
    module = sys.modules.get("IPython")
    shell: Any = None if module is None else module.get_ipython()
    if shell is None or "text/html" not in shell.display_formatter.active_types:
        return None
    ipython: Any = import_module("IPython.display")
    handle: Any = ipython.display(ipython.HTML(""), display_id=True)

    def show(html: str) -> None:
        if handle is not None:
            handle.update(ipython.HTML(html))

    return show


def _terminal() -> _Terminal | None:
    """The terminal, where there is one that is large enough."""
    terminal = _Terminal(sys.stderr)
    size = terminal.size()
    return terminal if size is not None and size[0] >= _LEAST_SIZE[0] and size[1] >= _LEAST_SIZE[1] else None


class _Terminal:
    """Pictures in characters, each drawn over the one before; the last one stays."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.colour = "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self._lines = 0
        self._size: tuple[int, int] | None = None

    def size(self) -> tuple[int, int] | None:
        """Columns and rows; ``None`` where the file is no terminal."""
        try:
            columns, rows = os.get_terminal_size(self.file.fileno())
        except (OSError, ValueError, AttributeError):
            return None
        return columns, rows

    def show(self, picture: Callable[[tuple[int, int], bool], list[str]]) -> None:
        """Draws a picture over the one before."""
        size = self.size()
        if size is None or size[0] < _LEAST_SIZE[0] or size[1] < _LEAST_SIZE[1]:
            return
        # One column and one row stay free, so that no line wraps and nothing scrolls.
        lines = picture((size[0] - 1, min(size[1] - 1, _MOST_ROWS)), self.colour)
        # Lines of another width lie about: the picture is drawn anew below them.
        up = f"\x1b[{self._lines}A\r" if self._lines and size == self._size else ""
        self.file.write(up + "".join(line + "\x1b[K\n" for line in lines))
        self.file.flush()
        self._lines, self._size = len(lines), size
