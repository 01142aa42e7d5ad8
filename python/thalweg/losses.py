"""Losses, in the words of the experiment file. A name does as well, and so does a function (`docs` in the README)."""

from __future__ import annotations

from typing import Any

__all__ = ["binary_cross_entropy", "focal", "half_squares", "hinge", "huber", "log_cosh", "mean_absolute_error", "mean_squared_error", "poisson", "quantile", "softmax_cross_entropy", "squared_hinge", "sum_of_squares"]


def sum_of_squares() -> dict[str, Any]:
    """Σⱼ(ŷⱼ - tⱼ)², added over rows.

    >>> sum_of_squares()
    {'name': 'sum_of_squares'}
    """
    return {"name": "sum_of_squares"}


def mean_squared_error() -> dict[str, Any]:
    """Σⱼ(ŷⱼ - tⱼ)² / outputs, averaged over rows.

    >>> mean_squared_error()
    {'name': 'mean_squared_error'}
    """
    return {"name": "mean_squared_error"}


def half_squares() -> dict[str, Any]:
    """½Σⱼ(ŷⱼ - tⱼ)², averaged over rows.

    >>> half_squares()
    {'name': 'half_squares'}
    """
    return {"name": "half_squares"}


def mean_absolute_error() -> dict[str, Any]:
    """Σⱼ|ŷⱼ - tⱼ| / outputs, averaged over rows.

    >>> mean_absolute_error()
    {'name': 'mean_absolute_error'}
    """
    return {"name": "mean_absolute_error"}


def huber(*, delta: float = 1.0) -> dict[str, Any]:
    """Quadratic near zero, linear beyond `delta`.

    >>> huber(delta=2.0)
    {'name': 'huber', 'delta': 2.0}
    """
    return {"name": "huber", "delta": delta}


def log_cosh() -> dict[str, Any]:
    """log cosh(ŷⱼ - tⱼ).

    >>> log_cosh()
    {'name': 'log_cosh'}
    """
    return {"name": "log_cosh"}


def quantile(*, quantile: float = 0.5) -> dict[str, Any]:
    """Too low costs `quantile` a unit, too high the rest.

    >>> quantile(quantile=0.9)
    {'name': 'quantile', 'quantile': 0.9}
    """
    return {"name": "quantile", "quantile": quantile}


def binary_cross_entropy(*, label_smoothing: float = 0.0) -> dict[str, Any]:
    """From logits; mean over outputs.

    >>> binary_cross_entropy(label_smoothing=0.1)
    {'name': 'binary_cross_entropy', 'label_smoothing': 0.1}
    """
    return {"name": "binary_cross_entropy", "label_smoothing": label_smoothing}


def focal(*, gamma: float = 2.0, alpha: float = 0.25) -> dict[str, Any]:
    """The binary cross-entropy, less of it where the network is sure and right.

    >>> focal(gamma=1.0)
    {'name': 'focal', 'gamma': 1.0, 'alpha': 0.25}
    """
    return {"name": "focal", "gamma": gamma, "alpha": alpha}


def softmax_cross_entropy(*, label_smoothing: float = 0.0) -> dict[str, Any]:
    """From logits; class numbers or probabilities as targets.

    >>> softmax_cross_entropy(label_smoothing=0.1)
    {'name': 'softmax_cross_entropy', 'label_smoothing': 0.1}
    """
    return {"name": "softmax_cross_entropy", "label_smoothing": label_smoothing}


def poisson() -> dict[str, Any]:
    """For counts, from the logarithm of the rate; predictions are rates.

    >>> poisson()
    {'name': 'poisson'}
    """
    return {"name": "poisson"}


def hinge() -> dict[str, Any]:
    """Of scores: one for two classes, or one for each. Predictions are scores, no probabilities.

    >>> hinge()
    {'name': 'hinge'}
    """
    return {"name": "hinge"}


def squared_hinge() -> dict[str, Any]:
    """The squares of the hinge's distances from the margin.

    >>> squared_hinge()
    {'name': 'squared_hinge'}
    """
    return {"name": "squared_hinge"}
