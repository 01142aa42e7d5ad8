"""From measurements to medians, spreads, ratios and verdicts."""

from dataclasses import dataclass
from statistics import median

from comparison.goals import ANY, Row

# A figure is marked as disturbed when others used more than this share of a processor during one of its rounds.
MOST_OTHERS = 0.1


@dataclass(frozen=True)
class Figure:
    """The median over the rounds, and their spread."""

    seconds: float
    fastest: float
    slowest: float
    rounds: int
    disturbed: int  # in how many of them others used the processors


def figure(measurements: list[dict], program: str, row: Row, threads: int) -> Figure | None:
    """What a program needs for a row; None if it was not measured. Only Thalweg has two forms of the input."""
    found = [
        m
        for m in measurements
        if (m["program"], m["work"], m["precision"], m["threads"]) == (program, row.work, row.precision, threads)
        and (row.input is None or m.get("input") in (None, row.input) or program != "thalweg")
    ]
    if not found:
        return None
    seconds = [m["seconds"] for m in found]
    disturbed = sum(m.get("other_cpu", 0.0) > MOST_OTHERS for m in found)
    return Figure(median(seconds), min(seconds), max(seconds), len(found), disturbed)


def figures(measurements: list[dict], program: str, row: Row) -> dict[int, Figure]:
    """By threads."""
    counts = sorted({m["threads"] for m in measurements})
    found = {threads: figure(measurements, program, row, threads) for threads in counts}
    return {threads: value for threads, value in found.items() if value is not None}


def ratios(measurements: list[dict], row: Row, peer: str) -> dict[int, float]:
    """By threads, how many times the peer's time is ours. Where the goal holds for any number of threads, ours is our
    best."""
    ours, theirs = figures(measurements, "thalweg", row), figures(measurements, peer, row)
    if not ours:
        return {}
    if ANY in row.goals:
        best = min(value.seconds for value in ours.values())
        return {threads: value.seconds / best for threads, value in theirs.items()}
    return {threads: value.seconds / ours[threads].seconds for threads, value in theirs.items() if threads in ours}


def is_reached(row: Row, reached_ratios: dict[int, float]) -> bool | None:
    """Is the goal reached at every number of threads that was measured? None, if nothing was."""
    if not reached_ratios:
        return None
    goals = {threads: row.goals.get(threads, row.goals.get(ANY)) for threads in reached_ratios}
    judged = [reached_ratios[threads] >= goal for threads, goal in goals.items() if goal is not None]
    return all(judged) if judged else None


def losses(measurements: list[dict], rows: tuple[Row, ...], peers: list[str]) -> list[tuple[Row, str, int, float]]:
    """Every row, peer and number of threads where the peer is faster than Thalweg, with the ratio."""
    return [
        (row, peer, threads, ratio)
        for row in rows
        for peer in peers
        for threads, ratio in ratios(measurements, row, peer).items()
        if ratio < 1
    ]
