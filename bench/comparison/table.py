"""The session as Markdown tables: the goals first, then everybody's times and ratios, then where we lose."""

from comparison.goals import ANY, ROWS, Row
from comparison.programs import titles
from comparison.summary import MOST_OTHERS, Figure, figures, is_reached, losses, ratios


def markdown(session: dict) -> str:
    """The whole text."""
    measurements = session["measurements"]
    rows = tuple(row for row in ROWS if any(m["work"] == row.work for m in measurements))
    peers = [name for name in titles() if name != "thalweg" and any(m["program"] == name for m in measurements)]
    parts = [
        _heading(session),
        "### Goals\n\n" + _goals(measurements, rows),
        "### Thalweg against each peer\n\nHow many times the peer's time is Thalweg's, on one thread / on two. "
        "In rows whose goal is one figure, Thalweg's time is its better one.\n\n" + _ratios(measurements, rows, peers),
        "### Times\n\nMedians on one thread / on two.\n\n" + _times(measurements, rows, ["thalweg", *peers]),
        "### Where a peer is faster\n\n" + _losses(measurements, rows, peers),
        "### What is missing\n\n" + _missing(session),
    ]
    return "\n\n".join(parts) + "\n"


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.9995 * size:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds / 1e-9)} ns"


def span(low: float, high: float) -> str:
    """From low to high, with one unit where it is the same."""
    low_number, low_unit = duration(low).split(" ")
    high_number, high_unit = duration(high).split(" ")
    start = low_number if low_unit == high_unit else f"{low_number} {low_unit}"
    return f"{start} to {high_number} {high_unit}"


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def _grid(head: list[str], lines: list[list[str]]) -> str:
    rule = ["---"] * len(head)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, rule, *lines])


def _heading(session: dict) -> str:
    settings = session["settings"]
    versions = "; ".join(f"{titles().get(name, name)}: {version}" for name, version in session["versions"].items())
    text = (
        f"{session['cpu']}, {session['processors']} processors, {session['started'][:10]}; "
        f"{settings['rounds']} rounds, in which all programs take turns; medians of the rounds, in brackets the fastest "
        f"and the slowest round. `~` marks a figure during which others used more than {MOST_OTHERS:.0%} of a processor "
        f"in at least one round.\n\n{versions}."
    )
    if settings["rounds"] < 3 or session.get("interrupted"):
        text += "\n\n**Not a result: fewer than three whole rounds.**"
    return text


def _goals(measurements: list[dict], rows: tuple[Row, ...]) -> str:
    lines = []
    for row in rows:
        against = ratios(measurements, row, row.against)
        reached = is_reached(row, against)
        lines.append(
            [
                f"**{row.title}** {row.what}",
                _with_spread(figures(measurements, "thalweg", row)),
                f"{titles()[row.against]}: {_with_spread(figures(measurements, row.against, row))}",
                _times_faster(against),
                _goal(row),
                "not measured" if reached is None else "reached" if reached else "**missed**",
            ]
        )
    return _grid(["work", "Thalweg, 1 / 2 threads", "peer, 1 / 2 threads", "ratio", "goal", "verdict"], lines)


def _goal(row: Row) -> str:
    if ANY in row.goals:
        return f"{row.goals[ANY]:g}x"
    return " / ".join(f"{goal:g}x" for goal in row.goals.values())


def _with_spread(found: dict[int, Figure]) -> str:
    cells = [
        f"{_mark(value)}{duration(value.seconds)} ({span(value.fastest, value.slowest)})"
        for value in found.values()
    ]
    return " / ".join(cells) or "–"


def _mark(value: Figure) -> str:
    return "~" if value.disturbed else ""


def _times_faster(against: dict[int, float]) -> str:
    return " / ".join(f"{_three_digits(ratio)}x" for ratio in against.values()) or "–"


def _ratios(measurements: list[dict], rows: tuple[Row, ...], peers: list[str]) -> str:
    lines = [[row.title, *(_times_faster(ratios(measurements, row, peer)) for peer in peers)] for row in rows]
    return _grid(["work", *(titles()[peer] for peer in peers)], lines)


def _times(measurements: list[dict], rows: tuple[Row, ...], programs: list[str]) -> str:
    lines = []
    for row in rows:
        cells = [row.title]
        for program in programs:
            found = figures(measurements, program, row)
            cells.append(" / ".join(f"{_mark(value)}{duration(value.seconds)}" for value in found.values()) or "–")
        lines.append(cells)
    return _grid(["work", *(titles()[program] for program in programs)], lines)


def _losses(measurements: list[dict], rows: tuple[Row, ...], peers: list[str]) -> str:
    if not any(m["program"] == "thalweg" for m in measurements):
        return "Thalweg was not measured."
    found = losses(measurements, rows, peers)
    if not found:
        return "Nowhere in this session."
    return "\n".join(
        f"- {row.title}, {threads} thread{'s' if threads > 1 else ''}: {titles()[peer]} is {1 / ratio:.2f} times as fast."
        for row, peer, threads, ratio in found
    )


def _missing(session: dict) -> str:
    lines = [f"- {titles().get(name, name)}: {reason}." for name, reason in session["missing"].items()]
    for name, works in session["lacking"].items():
        lines += [f"- {titles().get(name, name)}, {work}: {reason}." for work, reason in works.items()]
    lines += [
        f"- {titles().get(f['program'], f['program'])}, {f['work']}, {f['threads']} threads: {f['reason']}."
        for f in session["failures"]
    ]
    return "\n".join(lines) or "Nothing."
