#!/usr/bin/env python3
"""The Python package beside scikit-learn: the same estimators, settings and rows, in turns, in one go.

    python bench/estimators.py                       # everything, one and two threads
    python bench/estimators.py --part works --threads 1
    python bench/estimators.py --part grid --rounds 1

It runs where `thalweg`, `scikit-learn` and `threadpoolctl` are installed. Each figure is the median over rounds of the ratio of
scikit-learn's time to ours within a round; ours goes first in one round and second in the next. scikit-learn gets its fastest
kernels: OPENBLAS_CORETYPE=SkylakeX where the processor has AVX-512, which the script sets itself. Epochs are fixed: nothing stops
early. Rows are made-up numbers; the time of a step does not depend on them.
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

GOALS = {"W5": 5.0, "W7": 5.0, "W2": 10.0, "iris": 20.0, "wine": 20.0, "digits": 20.0, "GridSearchCV": 10.0}

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


def compared(name: str, ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int, threads: int, per: float = 1.0) -> dict[str, Any]:
    """The ratio of both, in turns."""
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
        "goal": GOALS.get(name),
    }
    verdict = "" if row["goal"] is None else ("  reached" if row["ratio"] >= row["goal"] else f"  MISSED (goal {row['goal']:g})")
    print(f"{name:<22} {threads} thread(s)  {row['ratio']:>8.2f}x (least {row['least']:.2f})  ours {row['ours']:.3g} s, theirs {row['theirs']:.3g} s{verdict}", flush=True)
    return row


def fits(kind: str, x: Any, y: Any, settings: dict[str, Any], threads: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    own, their = estimators(kind)
    return lambda: own(threads=threads, **settings).fit(x, y), lambda: their(**settings).fit(x, y)


def works(rounds: int, threads: int) -> list[dict[str, Any]]:
    """Epochs of the comparison's own networks."""
    found = []
    x, y = made(60_000, 784, 10)
    settings = fixed(1, hidden_layer_sizes=(128,), batch_size=32)
    found.append(compared("W5", *fits("classifier", x, y, settings, threads), rounds, threads))
    settings = fixed(1, hidden_layer_sizes=(30,), activation="logistic", solver="sgd", momentum=0.0, batch_size=10, learning_rate_init=0.1)
    found.append(compared("W2", *fits("classifier", x, y, settings, threads), rounds, threads))
    x, y = made(100_000, 64, None)
    settings = fixed(1, hidden_layer_sizes=(256, 256, 256), batch_size=256)
    found.append(compared("W7", *fits("regressor", x, y, settings, threads), rounds, threads))
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
        found.append(compared(name, own, their, max(rounds, 3), threads))
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
            found.append(compared(f"{rows} x {columns}", *pair, rounds if rows < 100_000 else 1, threads))
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
    print(f"  {found['ours'] * 1e6:.1f} µs a call (goal: under 15)")
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
    found.append(compared("GridSearchCV n_jobs=2", run(own, 2, threads=1), run(their, 2), rounds, threads))
    return found


def memory(rounds: int, threads: int) -> list[dict[str, Any]]:
    """The most memory that a process ever had, training W5."""
    found = {}
    for side in ("ours", "theirs"):
        done = subprocess.run([sys.executable, __file__, "--peak", side], capture_output=True, text=True, check=True)
        found[side] = int(done.stdout.split()[-1])
    print(f"peak memory on W5: ours {found['ours'] / 1e6:.0f} MB, theirs {found['theirs'] / 1e6:.0f} MB")
    return [{"work": "peak memory W5", "threads": threads, **found}]


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
    for threads in (int(count) for count in arguments.threads.split(",")):
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, range(threads))
        for name in arguments.part or PARTS:
            rows += PARTS[name](arguments.rounds, threads)
    if arguments.out:
        import sklearn

        import thalweg

        versions = {"thalweg": thalweg.__version__, "kernels": thalweg.cpu(), "scikit-learn": sklearn.__version__}
        arguments.out.write_text(json.dumps({**versions, "rows": rows}, indent=1) + "\n")
    return None


if __name__ == "__main__":
    main()
