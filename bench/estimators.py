#!/usr/bin/env python3
"""The Python package beside scikit-learn: the same estimators, settings and rows, in turns, in one go.

    python bench/estimators.py                       # everything, one and two threads
    python bench/estimators.py --part works --threads 1
    python bench/estimators.py --part grid --rounds 1

It runs where `thalweg`, `scikit-learn` and `threadpoolctl` are installed. Each figure is the median over rounds of the ratio of
scikit-learn's time to ours within a round; ours goes first in one round and second in the next. scikit-learn gets its fastest
kernels: OPENBLAS_CORETYPE=SkylakeX where the processor has AVX-512, which the script sets itself. Epochs are fixed: nothing stops
early. Rows are made-up numbers; the time of a step does not depend on them.

A floor is the time that a fit's multiply-adds alone take at the rate of NumPy's product of two matrices; `at best` is what the ratio
would be then. Every row with a goal is listed at the end if it missed it; the last line counts them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: How many times as fast as scikit-learn. The sizes of the grid are to be nowhere slower, and so is a search in two processes.
GOALS = {"W5": 5.0, "W7": 5.0, "W2": 10.0, "iris": 20.0, "wine": 20.0, "digits": 20.0, "GridSearchCV": 10.0}
NOT_SLOWER = 1.0
#: The longest that a prediction of one row may take.
ONE_ROW_SECONDS = 15e-6

#: 7 x 6 sizes, but for the two that would not fit 1 GB of f32.
ROWS = (50, 200, 1_000, 5_000, 20_000, 100_000, 500_000)
COLUMNS = (2, 10, 50, 200, 784, 2_000)
LARGEST = 1 << 30


def with_right_kernels() -> None:
    """Starts again with the environment that suits scikit-learn."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    wanted = "SkylakeX" if "avx512f" in flags else None
    if wanted and os.environ.get("OPENBLAS_CORETYPE") != wanted:
        environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_L2_SIZE"}
        os.execve(sys.executable, [sys.executable, *sys.argv], {**environment, "OPENBLAS_CORETYPE": wanted})


def estimators(kind: str) -> tuple[Any, Any]:
    """Ours and theirs."""
    import sklearn.neural_network as theirs

    import thalweg as ours

    name = {"classifier": "MLPClassifier", "regressor": "MLPRegressor"}[kind]
    return getattr(ours, name), getattr(theirs, name)


def fixed(epochs: int, **settings: Any) -> dict[str, Any]:
    """Settings of both that train for so many epochs."""
    return {"max_iter": epochs, "tol": 0.0, "n_iter_no_change": 10**9, "random_state": 0, **settings}


def made(rows: int, columns: int, classes: int | None, dtype: str = "float32") -> tuple[Any, Any]:
    """Made-up rows; numbers as targets where there are no classes."""
    import numpy as np

    random = np.random.default_rng(rows + columns)
    x = random.random((rows, columns), dtype=np.float32).astype(dtype, copy=False)
    y = random.integers(0, classes, rows) if classes else random.random(rows)
    if classes:
        y[:classes] = np.arange(classes)
    return x, y


#: What is taken for time: the wall's, or on a machine that others use too, on one thread, the processor's.
CLOCK: Callable[[], float] = time.perf_counter


def seconds(run: Callable[[], Any]) -> float:
    start = CLOCK()
    run()
    return CLOCK() - start


def multiply_adds(rows: int, *sizes: int) -> float:
    """Of an epoch of a network of dense layers: forward, the gradients of weights, those of inputs but the first."""
    pairs = [a * b for a, b in zip(sizes, sizes[1:])]
    return float(rows) * (3 * sum(pairs) - pairs[0])


_RATES: dict[Any, float] = {}


def rate(dtype: str, threads: int) -> float:
    """Multiply-adds a second of NumPy's own product: the best of some."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    if (dtype, threads) not in _RATES:
        a = np.ones((1024, 1024), dtype=dtype)
        with threadpool_limits(threads):
            _RATES[dtype, threads] = a.size * len(a) / min(seconds(lambda: a @ a) for _ in range(20))
        print(f"NumPy's product in {dtype} on {threads} thread(s): {2e-9 * _RATES[dtype, threads]:.0f} GFLOP/s")
    return _RATES[dtype, threads]


def compared(
    name: str,
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    rounds: int,
    threads: int,
    per: float = 1.0,
    goal: float | None = None,
    floor: float | None = None,
) -> dict[str, Any]:
    """The ratio of both, in turns."""
    goal = GOALS.get(name, goal)
    from threadpoolctl import threadpool_limits

    taken: dict[str, list[float]] = {"ours": [], "theirs": []}
    with threadpool_limits(threads):
        for turn in range(rounds):
            for side in ("ours", "theirs") if turn % 2 == 0 else ("theirs", "ours"):
                taken[side].append(seconds(ours if side == "ours" else theirs) / per)
    ratios = [b / a for a, b in zip(taken["ours"], taken["theirs"])]
    row = {
        "work": name,
        "threads": threads,
        "ratio": round(statistics.median(ratios), 2),
        "least": round(min(ratios), 2),
        "ours": statistics.median(taken["ours"]),
        "theirs": statistics.median(taken["theirs"]),
        "goal": goal,
        "missed": goal is not None and statistics.median(ratios) < goal,
    }
    verdict = "" if goal is None else (f"  MISSED (goal {goal:g})" if row["missed"] else "  reached")
    if floor is not None:
        row |= {"floor": floor, "at_best": round(row["theirs"] / floor, 2), "over_floor": round(row["ours"] / floor, 2)}
        verdict += f"  floor {floor:.3g} s: at best {row['at_best']}x, ours is {row['over_floor']} of it"
    print(f"{name:<22} {threads} thread(s)  {row['ratio']:>8.2f}x (least {row['least']:.2f})  ours {row['ours']:.3g} s, theirs {row['theirs']:.3g} s{verdict}", flush=True)
    return row


def fits(kind: str, x: Any, y: Any, settings: dict[str, Any], threads: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    own, their = estimators(kind)
    return lambda: own(threads=threads, **settings).fit(x, y), lambda: their(**settings).fit(x, y)


def works(rounds: int, threads: int) -> list[dict[str, Any]]:
    """Epochs of the comparison's own networks."""
    found: list[dict[str, Any]] = []

    def measured(name: str, kind: str, x: Any, y: Any, settings: dict[str, Any], sizes: tuple[int, ...]) -> dict[str, Any]:
        floor = multiply_adds(len(x), *sizes) / rate("float32", threads)
        return compared(name, *fits(kind, x, y, settings, threads), rounds, threads, floor=floor)

    x, y = made(60_000, 784, 10)
    settings = fixed(1, hidden_layer_sizes=(128,), batch_size=32)
    found.append(measured("W5", "classifier", x, y, settings, (784, 128, 10)))
    settings = fixed(1, hidden_layer_sizes=(30,), activation="logistic", solver="sgd", momentum=0.0, batch_size=10, learning_rate_init=0.1)
    found.append(measured("W2", "classifier", x, y, settings, (784, 30, 10)))
    x, y = made(100_000, 64, None)
    settings = fixed(1, hidden_layer_sizes=(256, 256, 256), batch_size=256)
    found.append(measured("W7", "regressor", x, y, settings, (64, 256, 256, 256, 1)))
    return found


def small(rounds: int, threads: int) -> list[dict[str, Any]]:
    """Whole fits of small sets, with every default: 200 epochs or until they rest."""
    from sklearn import datasets
    from sklearn.preprocessing import StandardScaler

    found = []
    for name in ("iris", "wine", "digits"):
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        x = StandardScaler().fit_transform(x)
        own, their = fits("classifier", x, y, fixed(200), threads)
        own()
        floor = 200 * multiply_adds(len(x), x.shape[1], 100, len(set(y.tolist()))) / rate("float64", threads)
        found.append(compared(name, own, their, max(rounds, 5), threads, floor=floor))
    return found


def grid(rounds: int, threads: int) -> list[dict[str, Any]]:
    """Forty sizes with every other setting a default."""
    found = []
    for rows in ROWS:
        for columns in COLUMNS:
            if rows * columns * 4 > LARGEST:
                continue
            x, y = made(rows, columns, 10 if rows >= 50 else 3)
            epochs = max(1, min(50, 20_000 // rows))
            pair = fits("classifier", x, y, fixed(epochs), threads)
            times = rounds if rows < 100_000 else 1
            found.append(compared(f"{rows} x {columns}", *pair, times, threads, goal=NOT_SLOWER))
    least = min(found, key=lambda row: row["ratio"])
    print(f"least of {len(found)} sizes: {least['ratio']}x at {least['work']}")
    return found


def predict(rounds: int, threads: int) -> list[dict[str, Any]]:
    """One row at a time."""
    import numpy as np

    x, y = made(2_000, 64, 10, "float64")
    own, their = (cls(**fixed(3)).fit(x, y) for cls in estimators("classifier"))
    row = np.ascontiguousarray(x[:1])
    calls = 2_000
    many = lambda model: lambda: [model.predict(row) for _ in range(calls)]
    found = compared("predict one row", many(own), many(their), rounds, threads, per=calls)
    found |= {"goal": f"under {ONE_ROW_SECONDS:g} s", "missed": found["ours"] >= ONE_ROW_SECONDS}
    print(f"  {found['ours'] * 1e6:.1f} µs a call{'  MISSED' if found['missed'] else ''} (goal: under {ONE_ROW_SECONDS * 1e6:g})")
    return [found]


def search(rounds: int, threads: int) -> list[dict[str, Any]]:
    """Sixty small fits in one process, and in two."""
    from sklearn import datasets
    from sklearn.model_selection import GridSearchCV
    from sklearn.preprocessing import StandardScaler

    x, y = datasets.load_iris(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    own, their = estimators("classifier")
    options = {"alpha": [1e-4, 1e-3, 1e-2], "hidden_layer_sizes": [(20,), (50,), (100,), (50, 50)]}
    run = lambda cls, jobs, **more: lambda: GridSearchCV(cls(**fixed(100), **more), options, cv=5, n_jobs=jobs).fit(x, y)
    found = [compared("GridSearchCV", run(own, None, threads=1), run(their, None), rounds, threads)]
    # Workers are started once, before anybody is timed.
    run(own, 2, threads=1)()
    run(their, 2)()
    found.append(compared("GridSearchCV n_jobs=2", run(own, 2, threads=1), run(their, 2), rounds, threads, goal=NOT_SLOWER))
    return found


def memory(rounds: int, threads: int) -> list[dict[str, Any]]:
    """The most memory that a process ever had, training W5."""
    found: dict[str, int] = {}
    for side in ("ours", "theirs"):
        done = subprocess.run([sys.executable, __file__, "--peak", side], capture_output=True, text=True, check=True)
        found[side] = int(done.stdout.split()[-1])
    missed = found["ours"] > found["theirs"]
    verdict = "MISSED (goal: no more)" if missed else "reached"
    print(f"peak memory on W5: ours {found['ours'] / 1e6:.0f} MB, theirs {found['theirs'] / 1e6:.0f} MB  {verdict}")
    return [{"work": "peak memory W5", "threads": threads, **found, "goal": "no more than theirs", "missed": missed}]


def peak(side: str) -> None:
    x, y = made(60_000, 784, 10)
    settings = fixed(1, hidden_layer_sizes=(128,), batch_size=32)
    if side == "ours":
        import thalweg

        thalweg.MLPClassifier(**settings).fit(x, y)
    else:
        from sklearn.neural_network import MLPClassifier

        MLPClassifier(**settings).fit(x, y)
    # Not `ru_maxrss`, which a process takes over from the one that started it.
    status = Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) * 1024)


PARTS = {"works": works, "small": small, "predict": predict, "search": search, "memory": memory, "grid": grid}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part; may be repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall", help="the processor's on a busy machine, on one thread")
    parser.add_argument("--out", type=Path, help="write every row as JSON")
    parser.add_argument("--peak", choices=("ours", "theirs"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with_right_kernels()
    warnings.simplefilter("ignore")
    if arguments.peak:
        return peak(arguments.peak)
    if arguments.clock == "processor":
        if arguments.threads != "1":
            parser.error("the processor's clock counts what threads wait for too: --threads 1")
        globals()["CLOCK"] = time.process_time
    rows: list[dict[str, Any]] = []
    loads: list[dict[str, Any]] = []
    for threads in (int(count) for count in arguments.threads.split(",")):
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, range(threads))
        for name in arguments.part or PARTS:
            before = os.getloadavg()[0]
            part = PARTS[name](arguments.rounds, threads)
            loads.append({"part": name, "threads": threads, "load": [round(before, 2), round(os.getloadavg()[0], 2)]})
            rows += part
    with_goal = [row for row in rows if row["goal"] is not None]
    missed = [row for row in with_goal if row["missed"]]
    for row in missed:
        ratio = row["theirs"] / row["ours"] if "ratio" not in row else row["ratio"]
        print(f"MISSED  {row['work']} on {row['threads']} thread(s): {ratio:.2f}x, goal: {row['goal']}")
    print(f"{len(with_goal) - len(missed)} of {len(with_goal)} goals reached, {len(missed)} missed")
    if arguments.out:
        import sklearn

        import thalweg

        versions = {"thalweg": thalweg.__version__, "kernels": thalweg.cpu(), "scikit-learn": sklearn.__version__}
        about = {"clock": arguments.clock, "load_average": loads, "processors": os.cpu_count()}
        arguments.out.write_text(json.dumps({**versions, **about, "rows": rows}, indent=1) + "\n")
    return None


if __name__ == "__main__":
    main()
