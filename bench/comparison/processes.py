"""Running one measurement: pinned, in an environment of our choice, and with an eye on who else used the processors."""

import json
import os
import resource
import subprocess
import time
from pathlib import Path

from comparison.programs import BENCH, Program

TIMEOUT_SECONDS = 600


def pinned(command: list[str], threads: int) -> list[str]:
    """The command on the first `threads` processors."""
    processors = ",".join(map(str, range(threads)))
    return ["taskset", "-c", processors, *command]


def busy_seconds() -> float:
    """Processor time used by everybody since the machine started (user, nice and system)."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return sum(map(int, fields[1:4])) / os.sysconf("SC_CLK_TCK")


def children_seconds() -> float:
    """Processor time used by the processes that we started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def wait_until_quiet(patience: float, most_others: float) -> None:
    """Waits until others use less than `most_others` processors, but not longer than `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before, started = busy_seconds(), time.monotonic()
        time.sleep(1.0)
        if (busy_seconds() - before) / (time.monotonic() - started) < most_others:
            return


def measure(program: Program, work: str, threads: int, seconds: float) -> list[dict]:
    """Runs the program on the work and returns its rows, each with `other_cpu`: how many processors were used by
    others meanwhile, on average. Raises `Failure` if it fails."""
    rows = []
    for command in program.commands(work, threads, seconds):
        before, own, started = busy_seconds(), children_seconds(), time.monotonic()
        output = _run(pinned(command, threads), program.environment(threads))
        wall = time.monotonic() - started
        others = (busy_seconds() - before) - (children_seconds() - own)
        for row in parse_rows(output, work):
            rows.append(row | {"other_cpu": round(max(0.0, others / wall), 3), "wall": round(wall, 2)})
    return rows


class Failure(Exception):
    """A measurement that could not be had, and why."""


def _run(command: list[str], environment: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            command, cwd=BENCH, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"did not end within {TIMEOUT_SECONDS} s") from None
    except OSError as error:
        raise Failure(str(error)) from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise Failure(f"ended with status {done.returncode}: {lines[-1] if lines else 'no message'}")
    return done.stdout


def parse_rows(output: str, work: str) -> list[dict]:
    """The rows in a program's output: one JSON object with `rows`, or one object per line."""
    try:
        whole = json.loads(output)
        rows = whole["rows"] if "rows" in whole else [whole]
    except ValueError:
        try:
            rows = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        except ValueError as error:
            raise Failure(f"printed no JSON: {error}") from None
    rows = [row for row in rows if row.get("work") == work]
    if not rows:
        raise Failure(f"printed no row of {work}")
    for row in rows:
        missing = [key for key in ("precision", "unit", "seconds") if key not in row]
        if missing:
            raise Failure(f"printed a row without {', '.join(missing)}")
        if not (isinstance(row["seconds"], (int, float)) and row["seconds"] > 0):
            raise Failure(f"printed {row['seconds']!r} seconds")
    return rows
