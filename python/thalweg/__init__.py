"""Thalweg trains neural networks by gradient descent on the CPU.

``MLPClassifier``, ``MLPRegressor``, ``LogisticRegression`` and ``LinearRegression`` are scikit-learn estimators; ``Network`` is the whole
engine; ``train`` and ``Run`` are the command line's runs.
"""

from __future__ import annotations

from . import callbacks, exceptions, layers, losses, optimizers, schedules
from ._engine import cpu, default_threads, version
from .estimators import LinearRegression, LogisticRegression, MLPClassifier, MLPRegressor
from .exceptions import ConvergenceWarning, DivergedError, FileError, NotFittedError
from .history import History
from .interop import from_sklearn
from .network import Explanation, Network
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
