"""What a training said of itself, report by report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import _engine

__all__ = ["History"]


class History(dict[str, Any]):
    """Every report of a training as arrays: ``"epoch"``, ``"step"``, ``"learning_rate"``, ``"seconds"``, and for each part its loss
    and metrics, as ``"train.loss"`` or ``"validation.accuracy"``. Where a report has no such value there is NaN.

    It is a dictionary of columns, which ``pandas.DataFrame(history)`` and ``polars.DataFrame(history)`` take, and shows itself as curves in
    a notebook.

    >>> history = History({"epoch": np.array([1, 2]), "step": np.array([4, 8]), "train.loss": np.array([0.5, 0.25])})
    >>> history
    History(2 reports of epoch, step, train.loss)
    >>> history.parts(), float(history["train.loss"][-1])
    (['train'], 0.25)
    >>> list(history), len(history["step"]), "validation.loss" in history
    (['epoch', 'step', 'train.loss'], 2, False)
    """

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A pickle of the time when the columns were an attribute.
        self.update(state.pop("_columns", {}))
        self.__dict__.update(state)

    def __repr__(self) -> str:
        return f"History({len(self.get('step', ()))} reports of {', '.join(self)})"

    def parts(self) -> list[str]:
        """The parts that have a loss, among ``"train"``, ``"validation"`` and ``"test"``, in this order.

        >>> History({"train.loss": np.array([0.5]), "validation.loss": np.array([0.6])}).parts()
        ['train', 'validation']
        """
        return [part for part in ("train", "validation", "test") if f"{part}.loss" in self]

    def continued(self, more: Mapping[str, Any], *, is_anew: bool | None = None) -> History:
        """A history of these reports and those of a training that went on; epochs, steps and seconds are counted on. What only one of them
        has is NaN in the other's reports.

        ``is_anew``: whether the second training counted from 0; without it, that is so where its first report is of no later step.

        >>> counts = {"epoch": np.array([1, 2]), "step": np.array([4, 8])}
        >>> first, second = History({**counts, "train.loss": np.array([3.0, 2.0])}), History({**counts, "train.loss": np.array([1.5, 1.0])})
        >>> both = first.continued(second)
        >>> both["epoch"].tolist(), both["step"].tolist(), both["train.loss"].tolist()
        ([1, 2, 3, 4], [4, 8, 12, 16], [3.0, 2.0, 1.5, 1.0])
        """
        count, added = len(self.get("step", ())), len(more.get("step", ()))
        if count == 0:
            return History(more)
        columns: dict[str, Any] = {}
        if is_anew is None:
            is_anew = bool(added) and bool(more["step"][0] <= self["step"][-1])
        for name in {**self, **more}:
            before = self.get(name, np.full(count, np.nan))
            after = more.get(name, np.full(added, np.nan))
            if is_anew and name in ("epoch", "step", "seconds"):
                after = after + before[-1]
            columns[name] = np.concatenate([before, after])
        return History(columns)

    def curves(self, metric: str = "loss") -> tuple[list[tuple[str, Any, Any, bool]], bool]:
        """The curves of a metric, ``(part, epochs, values, whether it is not the training part)``, and whether they are told apart better on
        a logarithmic axis.

        ``ValueError`` where there is no report, or no such metric.

        >>> history = History({"epoch": np.array([1, 2]), "step": np.array([4, 8]), "train.loss": np.array([0.5, 0.25])})
        >>> [(part, values.tolist()) for part, _, values, _ in history.curves()[0]], history.curves()[1]
        ([('train', [0.5, 0.25])], False)
        """
        if not len(self.get("step", ())):
            raise ValueError("there are no reports yet; call fit first")
        x = np.asarray(self["epoch"], dtype=np.float64)
        curves: list[tuple[str, Any, Any, bool]] = []
        for part in ("train", "validation", "test"):
            y = self.get(f"{part}.{metric}")
            if y is not None:
                known = np.isfinite(y)
                curves.append((part, x[known], np.asarray(y, dtype=np.float64)[known], part != "train"))
        if not curves:
            raise ValueError(f"the history has no {metric!r}; it has {', '.join(self)}")
        lows = [float(y.min()) for _, _, y, _ in curves if y.size]
        highs = [float(y.max()) for _, _, y, _ in curves if y.size]
        return curves, metric.endswith("loss") and bool(lows) and min(lows) > 0 and max(highs) / min(lows) > 30

    def to_svg(self, metric: str = "loss", title: str | None = None) -> str:
        """The curves of a metric of every part over the epochs, as the text of an SVG; losses that fall far on a logarithmic scale.

        Raises ``ValueError`` where there are no reports, or none has the metric.

        >>> history = History({"epoch": np.array([1, 2]), "step": np.array([4, 8]), "train.loss": np.array([0.5, 0.25])})
        >>> history.to_svg(title="a short training").startswith("<svg")
        True
        """
        curves, log_y = self.curves(metric)
        return _engine.draw_curves(title or metric, curves, "epoch", metric, log_y)

    def _repr_html_(self) -> str:
        if not len(self.get("step", ())):
            return "<p>no reports yet</p>"
        return self.to_svg()
