"""What can watch a training: functions called after every report.

A callback is any function of one argument, the report as a dictionary (``{"epoch": 3, "step": 12, "train.loss": 0.4, ...}``), or of
two, the report and the network as it is then. It may return ``"stop"``, a new learning rate, or nothing. What it raises ends the
training, and comes out of ``fit``.

>>> import numpy as np
>>> import thalweg
>>> def halve(report):
...     return report["learning_rate"] / 2
>>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=1)
>>> history = net.fit(np.ones((4, 1)), np.ones(4), epochs=9, report_every=1, callbacks=[halve, StopWhen("learning_rate", below=2e-4)])
>>> history["learning_rate"].round(6).tolist()
[0.001, 0.0005, 0.00025, 0.000125]
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Progress", "StopWhen", "joined"]


class Progress:
    """A progress bar: one line on the terminal, rewritten; in a notebook the same, in place. ``verbose=True`` of every ``fit`` is this.

    ``total``: the epochs that there will be. ``file``: where it is written, the standard error output without it. ``width``: how many
    characters the bar has, 20 without it.

    >>> import io
    >>> progress = Progress(total=2, file=io.StringIO())
    >>> progress({"epoch": 2, "step": 8, "train.loss": 0.25, "validation.loss": 0.5})
    >>> progress.file.getvalue().strip()
    '[####################] epoch 2/2  train.loss 0.25  validation.loss 0.5'
    >>> progress.close()
    """

    def __init__(self, total: int, file: Any = None, width: int = 20) -> None:
        self.total = total
        self.file = sys.stderr if file is None else file
        self.width = width
        self._shown = 0.0
        self._length = 0
        self._left_out: dict[str, Any] | None = None

    def __call__(self, report: dict[str, Any]) -> None:
        """Shows the report: the last epoch's always, others at most ten times a second."""
        now = time.monotonic()
        if int(report["epoch"]) < self.total and now - self._shown < 0.1:
            self._left_out = report
            return
        self._shown = now
        self._draw(report)

    def _draw(self, report: dict[str, Any]) -> None:
        self._left_out = None
        epoch = int(report["epoch"])
        filled = min(self.width, self.width * epoch // max(self.total, 1))
        bar = "#" * filled + "." * (self.width - filled)
        figures = [f"{name} {report[name]:.4g}" for name in _figures(report)]
        line = f"[{bar}] epoch {epoch}/{self.total}  " + "  ".join(figures)
        self.file.write("\r" + line.ljust(self._length))
        self._length = len(line)
        self.file.flush()

    def close(self) -> None:
        """Shows the last report, if it was left out, and ends the line; does nothing where nothing was shown."""
        if self._left_out is not None:
            self._draw(self._left_out)
        if self._length:
            self.file.write("\n")
            self.file.flush()


def _figures(report: dict[str, Any]) -> list[str]:
    wanted = ("train.loss", "validation.loss", "validation.accuracy", "validation.r2")
    return [name for name in wanted if name in report]


class StopWhen:
    """Stops when a figure of the reports is at a value or beyond it, ``below`` or ``above``.

    Without a limit it is a ``ValueError``. Called with a report that has no such figure, it raises ``ValueError`` with the names that there are.

    >>> stop = StopWhen("train.loss", below=0.1)
    >>> stop({"train.loss": 0.2}), stop({"train.loss": 0.05})
    (None, 'stop')
    """

    def __init__(self, figure: str, *, below: float | None = None, above: float | None = None) -> None:
        if below is None and above is None:
            raise ValueError(f"StopWhen needs a limit: StopWhen({figure!r}, below=0.1), or above=")
        self.figure = figure
        self.below = below
        self.above = above

    def __call__(self, report: dict[str, Any]) -> str | None:
        """``"stop"`` where the value is reached, else nothing."""
        value = report.get(self.figure)
        if value is None:
            raise ValueError(f"the reports have no {self.figure!r}; they have {', '.join(report)}")
        reached = (self.below is not None and value <= self.below) or (self.above is not None and value >= self.above)
        return "stop" if reached else None


def wants_network(callback: Callable[..., Any]) -> bool:
    """Whether a callback takes the network as its second argument.

    >>> wants_network(lambda report, network: None), wants_network(print)
    (True, False)
    """
    try:
        signature = inspect.signature(callback)
    except (TypeError, ValueError):
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in signature.parameters.values() if p.kind in kinds and p.default is inspect.Parameter.empty]
    return len(needed) >= 2


def joined(
    callbacks: Sequence[Callable[..., Any]], network: Callable[[Any], Any]
) -> tuple[Callable[..., Any] | None, bool]:
    """One function that calls all, and whether it wants the parameters. ``network`` makes a network of these.

    The first ``"stop"`` that one of them returns is the answer, else what the last one returned that returned something.

    >>> call, with_parameters = joined([lambda report: 0.1, lambda report: "stop"], network=lambda parameters: None)
    >>> call({"epoch": 1}), with_parameters
    ('stop', False)
    """
    if not callbacks:
        return None, False
    with_network = [wants_network(callback) for callback in callbacks]

    def call(report: dict[str, Any], parameters: Any = None) -> Any:
        answer: Any = None
        seen = network(parameters) if parameters is not None else None
        for callback, wants in zip(callbacks, with_network):
            given = callback(report, seen) if wants else callback(report)
            if given is not None and answer != "stop":
                answer = given
        return answer

    return call, any(with_network)
