"""Threads, processes, signals, and how fast the package is there."""

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from conftest import needs, python
from thalweg import MLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")


def made(rows=400, columns=20):
    random = np.random.default_rng(0)
    return random.normal(size=(rows, columns)), random.integers(0, 3, size=rows)


def fit(seed):
    x, y = made()
    return MLPClassifier((32,), random_state=seed, max_iter=20).fit(x, y).predict_proba(x)


def test_ctrl_c_leaves_a_fitted_model():
    x, y = made(20_000, 100)
    mlp = MLPClassifier((512, 512), random_state=0, max_iter=100_000, tol=0)
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        mlp.fit(x, y)
    assert mlp.n_iter_ < 100_000 and mlp.predict(x[:5]).shape == (5,)
    mlp.set_params(warm_start=True, max_iter=1).fit(x[:500], y[:500])


def test_ctrl_c_in_small_steps():
    x, y = made(30, 2)
    mlp = MLPClassifier((4,), random_state=0, max_iter=2_000_000_000, tol=0, n_iter_no_change=2_000_000_000)
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        mlp.fit(x, y)
    assert time.monotonic() - start < 30 and mlp.n_iter_ > 1


def test_other_threads_run_while_it_trains():
    x, y = made(5000, 50)
    counted = [0]
    done = threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    MLPClassifier((256,), random_state=0, max_iter=20, tol=0).fit(x, y)
    done.set()
    thread.join()
    assert counted[0] > 5


def test_fits_in_threads_do_not_disturb_each_other():
    alone = [fit(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(fit, range(4)))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_both_kinds(method):
    import multiprocessing

    here = fit(1)  # the parent has trained and predicted before
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        there = pool.map(fit, [1, 1])
    assert all(np.array_equal(here, other) for other in there)


@needs("joblib")
def test_joblib():
    from joblib import Parallel, delayed

    here = fit(2)
    for other in Parallel(n_jobs=2)(delayed(fit)(2) for _ in range(2)):
        assert np.array_equal(here, other)


def test_nothing_optional_is_imported():
    code = (
        "import sys, numpy; before = set(sys.modules); import thalweg; "
        "thalweg.MLPClassifier((3,), max_iter=5).fit([[0.0], [1.0]], [0, 1]); "
        "print([m for m in ('sklearn', 'pandas', 'polars', 'matplotlib', 'scipy', 'torch', 'IPython') if m in sys.modules])"
    )
    assert python("import warnings; warnings.simplefilter('ignore'); " + code).strip() == "[]"


def test_threads_are_as_many_as_the_environment_says():
    code = "import thalweg; print(thalweg.default_threads())"
    assert python(code, THALWEG_THREADS="5", OMP_NUM_THREADS="1").strip() == "5"
    assert python(code, THALWEG_THREADS="", OMP_NUM_THREADS="1").strip() == "1"


def test_one_row_needs_no_machinery():
    x, y = made()
    mlp = MLPClassifier((32,), random_state=0, max_iter=5).fit(x, y)
    row = np.ascontiguousarray(x[:1])
    assert mlp.predict(row) == mlp.predict(x)[:1]
    assert sys.getrefcount(row) < 10
