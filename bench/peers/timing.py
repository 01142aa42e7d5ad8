"""Arguments of a peer's program, its clock, and the row that it prints."""

import argparse
import json
import time
from typing import Callable

from peers.works import Work, named

# A sample shorter than this is lost in the clock and in interruptions: calls are repeated until they fill it.
SHORTEST_SAMPLE_SECONDS = 0.15


def arguments(description: str, variants: tuple[str, ...] = ()) -> argparse.Namespace:
    """The flags that all peers have, and `works`: the definitions behind `--work`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--work", required=True, help="such as W5, or the sizes of a network: 784-128-10@32")
    parser.add_argument("--threads", type=int, default=1, help="as set outside, by pinning and variables")
    parser.add_argument("--seconds", type=float, default=3.0, help="for repeats of one figure")
    if variants:
        parser.add_argument("--variant", choices=variants, default=variants[0])
    parsed = parser.parse_args()
    parsed.works = named(parsed.work)
    return parsed


class Clock:
    """Takes samples of a work for some seconds."""

    def __init__(self, work: Work, seconds: float):
        self.work = work
        self.seconds = seconds

    def of_steps(self, run: Callable[[], object], steps: int, least: int = 3) -> list[float]:
        """`run` makes so many steps; seconds per unit of the work, one value for each sample. The first call is not
        counted: it compiles, and brings memory in."""
        run()
        samples = []
        units = self.work.units_in(steps)
        started = time.perf_counter()
        while len(samples) < least or (len(samples) < 15 and time.perf_counter() - started < self.seconds):
            before = time.perf_counter()
            run()
            samples.append((time.perf_counter() - before) / units)
        return samples

    def of_calls(self, call: Callable[[], object]) -> list[float]:
        """The same for a call (one step, or one prediction) that may be short."""
        started = time.perf_counter()
        warm = 0
        while warm < 3 or (warm < 200 and time.perf_counter() - started < 0.3):
            call()
            warm += 1
        before = time.perf_counter()
        call()
        call()
        once = (time.perf_counter() - before) / 2
        calls = max(1, round(SHORTEST_SAMPLE_SECONDS / max(once, 1e-7)))

        def run():
            for _ in range(calls):
                call()

        return self.of_steps(run, calls, least=5)


def report(work: Work, threads: int, samples: list[float], **check: float) -> None:
    """Prints one row in the form of `thalweg bench --json`. `check` shows that the peer learned the same."""
    samples = sorted(samples)
    middle = len(samples) // 2
    median = samples[middle] if len(samples) % 2 else (samples[middle - 1] + samples[middle]) / 2
    row = {
        "work": work.name,
        "precision": work.precision,
        "threads": threads,
        "unit": work.unit,
        "seconds": median,
        "fastest": samples[0],
        "slowest": samples[-1],
        "samples": len(samples),
        "check": {name: round(float(value), 6) for name, value in check.items()},
    }
    print(json.dumps(row), flush=True)
