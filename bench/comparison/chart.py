"""Time per step against the size of the network, as an SVG: a panel for each number of threads, both axes logarithmic."""

from html import escape
from math import ceil, floor, log10
from statistics import median

from comparison.goals import hidden_units
from comparison.programs import titles
from comparison.table import duration

# Okabe and Ito's palette, which the colour-blind can tell apart; ours is black, and dashes help the rest.
STYLES = {
    "thalweg": ("#000000", "", 3.0),
    "jax-scan": ("#0072B2", "", 1.8),
    "jax-jit": ("#0072B2", "5 3", 1.8),
    "torch-compile": ("#D55E00", "", 1.8),
    "torch-eager": ("#D55E00", "5 3", 1.8),
    "numpy": ("#009E73", "", 1.8),
    "sklearn": ("#009E73", "5 3", 1.8),
    "candle": ("#CC79A7", "", 1.8),
    "burn": ("#E69F00", "", 1.8),
}
PANEL_WIDTH, PANEL_HEIGHT = 380, 340
LEFT, TOP, GAP, LEGEND_WIDTH, BOTTOM = 74, 56, 36, 150, 56

Series = dict[int, float]  # by hidden units, seconds per step


def series(measurements: list[dict], threads: int) -> dict[str, Series]:
    """By program, the medians of the rounds."""
    samples: dict[str, dict[int, list[float]]] = {}
    for m in measurements:
        hidden = hidden_units(m["work"])
        if hidden is not None and m["threads"] == threads:
            samples.setdefault(m["program"], {}).setdefault(hidden, []).append(m["seconds"])
    return {
        program: {hidden: median(found[hidden]) for hidden in sorted(found)}
        for program in STYLES
        if (found := samples.get(program))
    }


def svg(session: dict) -> str | None:
    """The picture, or None if no network of the family was measured."""
    measurements = session["measurements"]
    panels = {t: series(measurements, t) for t in sorted({m["threads"] for m in measurements})}
    panels = {threads: found for threads, found in panels.items() if found}
    if not panels:
        return None
    seconds = [value for found in panels.values() for line in found.values() for value in line.values()]
    hidden = sorted({units for found in panels.values() for line in found.values() for units in line})
    x_axis = _Axis(hidden[0], hidden[-1], 0, PANEL_WIDTH)
    y_axis = _Axis(10 ** floor(log10(min(seconds))), 10 ** ceil(log10(max(seconds))), PANEL_HEIGHT, 0)
    width = LEFT + len(panels) * (PANEL_WIDTH + GAP) + LEGEND_WIDTH
    height = TOP + PANEL_HEIGHT + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12" fill="#222">',
        "<title>Time per step against network size</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" font-size="15">Time per step of 784-H-10 (ReLU, softmax, Adam, batch 32, f32)</text>',
        f'<text x="16" y="{TOP + PANEL_HEIGHT / 2}" text-anchor="middle" '
        f'transform="rotate(-90 16 {TOP + PANEL_HEIGHT / 2})">time per step</text>',
    ]
    for number, (threads, found) in enumerate(panels.items()):
        left = LEFT + number * (PANEL_WIDTH + GAP)
        parts.append(f'<g transform="translate({left} {TOP})">')
        parts += _panel(threads, found, hidden, x_axis, y_axis, with_times=number == 0)
        parts.append("</g>")
    shown = [program for program in STYLES if any(program in found for found in panels.values())]
    parts += _legend(shown, LEFT + len(panels) * (PANEL_WIDTH + GAP))
    caption = f"{session['cpu']}, {session['started'][:10]}; medians of {session['settings']['rounds']} rounds"
    parts.append(f'<text x="{LEFT}" y="{height - 8}" font-size="10" fill="#666">{escape(caption)}</text>')
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """A logarithmic axis from `low` to `high`, drawn from `start` to `end`."""

    def __init__(self, low: float, high: float, start: float, end: float):
        self.low, self.start, self.end = low, start, end
        self.decades = log10(high / low) or 1.0
        self.high = high

    def place(self, value: float) -> float:
        """Where the value lies on the page."""
        return round(self.start + (self.end - self.start) * log10(value / self.low) / self.decades, 2)

    def powers_of_ten(self) -> list[float]:
        """The decades that lie on the axis."""
        first, last = round(log10(self.low)), round(log10(self.high))
        return [10.0**power for power in range(first, last + 1)]


def _panel(threads, found: dict[str, Series], hidden: list[int], x_axis: _Axis, y_axis: _Axis, with_times: bool):
    title = f"{threads} thread{'s' if threads > 1 else ''}"
    parts = [f'<text x="{PANEL_WIDTH / 2}" y="-8" text-anchor="middle">{title}</text>']
    for power in y_axis.powers_of_ten():
        y = y_axis.place(power)
        parts.append(f'<path d="M0 {y}H{PANEL_WIDTH}" stroke="#ddd"/>')
        if with_times:
            parts.append(f'<text x="-8" y="{y + 4}" text-anchor="end">{_power(power)}</text>')
    for units in hidden:
        x = x_axis.place(units)
        parts.append(f'<path d="M{x} {PANEL_HEIGHT}v5" stroke="#888"/>')
        parts.append(f'<text x="{x}" y="{PANEL_HEIGHT + 18}" text-anchor="middle" font-size="11">{units}</text>')
    parts.append(f'<rect width="{PANEL_WIDTH}" height="{PANEL_HEIGHT}" fill="none" stroke="#888"/>')
    parts.append(f'<text x="{PANEL_WIDTH / 2}" y="{PANEL_HEIGHT + 34}" text-anchor="middle">hidden units H</text>')
    for program in reversed(list(found)):  # ours last, on top
        line = found[program]
        points = [(x_axis.place(units), y_axis.place(seconds)) for units, seconds in line.items()]
        colour = STYLES[program][0]
        parts.append(f'<polyline points="{" ".join(f"{x},{y}" for x, y in points)}" fill="none" {_stroke(program)}/>')
        for (x, y), (units, seconds) in zip(points, line.items()):
            tip = f"{titles()[program]}, H = {units}: {duration(seconds)}"
            parts.append(f'<circle cx="{x}" cy="{y}" r="2.6" fill="{colour}"><title>{escape(tip)}</title></circle>')
    return parts


def _legend(shown: list[str], left: float) -> list[str]:
    parts = []
    for number, program in enumerate(shown):
        y = TOP + 14 + 20 * number
        parts.append(f'<path d="M{left} {y}h26" fill="none" {_stroke(program)}/>')
        parts.append(f'<text x="{left + 32}" y="{y + 4}">{escape(titles()[program])}</text>')
    return parts


def _stroke(program: str) -> str:
    colour, dashes, width = STYLES[program]
    return f'stroke="{colour}" stroke-width="{width:g}"' + (f' stroke-dasharray="{dashes}"' if dashes else "")


def _power(seconds: float) -> str:
    """1 µs, 10 µs ... without digits after the point."""
    text = duration(seconds * 1.0000001)
    number, unit = text.split(" ")
    return f"{float(number):g} {unit}"
