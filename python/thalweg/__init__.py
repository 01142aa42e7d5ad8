"""Thalweg trains neural networks by gradient descent on the CPU. The same seed gives the same bits on any number of threads.

Estimators, which take what scikit-learn's take and go wherever scikit-learn's go:
    ``MLPClassifier``, ``MLPRegressor``, ``LogisticRegression``, ``LinearRegression``; ``from_sklearn`` takes a fitted perceptron over.

The engine, and what its networks are made of:
    ``Network``, ``Explanation``, ``History``; the modules ``layers``, ``losses``, ``optimizers``, ``schedules`` and ``callbacks``.

Runs, as the command ``thalweg train`` makes them:
    ``train``, ``Run``, ``Verification``, ``builtin_experiments``.

Pictures on Matplotlib's axes:
    ``plot_history``, ``plot_boundary``, ``plot_confusion``.

What is raised and warned of (module ``exceptions``):
    ``DivergedError``, ``FileError``, ``NotFittedError``, ``ConvergenceWarning``.

The machine:
    ``cpu``, ``default_threads``, ``__version__``.

NumPy is all that is needed. scikit-learn, pandas, polars, SciPy, Matplotlib and PyTorch are used where they are there.

>>> import thalweg
>>> model = thalweg.MLPClassifier((8,), solver="lbfgs", random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], ["few", "few", "many", "many"])
>>> model.predict([[0.5], [2.5]]).tolist()
['few', 'many']
>>> net = thalweg.Network([thalweg.layers.dense(3, activation="relu"), thalweg.layers.dense(1)], input_shape=2)
>>> net.parameter_count
13
>>> thalweg.cpu() in ("avx512", "avx2", "portable"), thalweg.default_threads() >= 1, thalweg.__version__.count(".")
(True, True, 2)
"""

from __future__ import annotations

from . import callbacks, exceptions, layers, losses, optimizers, schedules
from ._engine import cpu, default_threads, version
from .estimators import LinearRegression, LogisticRegression, MLPClassifier, MLPRegressor
from .exceptions import ConvergenceWarning, DivergedError, FileError, NotFittedError
from .history import History
from .interop import from_sklearn
from .explanation import Explanation
from .network import Network
from .plot import plot_boundary, plot_confusion, plot_history
from .run import Run, Verification, builtin_experiments, train

__version__ = version()

__all__ = [
    "ConvergenceWarning",
    "DivergedError",
    "Explanation",
    "FileError",
    "History",
    "LinearRegression",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "Network",
    "NotFittedError",
    "Run",
    "Verification",
    "builtin_experiments",
    "callbacks",
    "cpu",
    "default_threads",
    "exceptions",
    "from_sklearn",
    "layers",
    "losses",
    "optimizers",
    "plot_boundary",
    "plot_confusion",
    "plot_history",
    "schedules",
    "train",
]
