"""Losses, in the words of the experiment file. A name does as well, or a function of one's own.

ŷ is a prediction, t its target, j counts outputs. Weights of rows multiply their losses. A function of one's own is
``loss(predictions, targets, weights) -> (loss of each row, derivative by each prediction)``; the engine multiplies both by the weights. Options
out of their ranges are refused by ``fit`` with a ``ValueError``.

>>> import numpy as np
>>> import thalweg
>>> x, y = np.arange(6.0).reshape(-1, 1), np.array([0.0, 2.0, 4.0, 60.0, 8.0, 10.0])
>>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=1, precision="f64")
>>> history = net.fit(x, y, loss=huber(delta=0.1), optimizer="lbfgs", batch_size="full", epochs=50)
>>> net.predict(x).round().ravel().tolist()
[0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
"""

from __future__ import annotations

from typing import Any

__all__ = ["binary_cross_entropy", "focal", "half_squares", "hinge", "huber", "log_cosh", "mean_absolute_error", "mean_squared_error", "poisson", "quantile", "softmax_cross_entropy", "squared_hinge", "sum_of_squares"]


def sum_of_squares() -> dict[str, Any]:
    """Σⱼ(ŷⱼ - tⱼ)² over outputs j, added over rows: the larger a batch, the larger its gradient.

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
    """½d² where |d| ≤ delta, else delta·(|d| - ½·delta), with d = ŷⱼ - tⱼ; averaged over outputs and rows.

    ``delta`` is in the target's unit, above 0: outliers pull no harder than a difference of ``delta``.

    >>> huber(delta=2.0)
    {'name': 'huber', 'delta': 2.0}
    """
    return {"name": "huber", "delta": delta}


def log_cosh() -> dict[str, Any]:
    """log cosh(ŷⱼ - tⱼ), averaged over outputs and rows: half the square near 0, the distance less log 2 far away.

    >>> log_cosh()
    {'name': 'log_cosh'}
    """
    return {"name": "log_cosh"}


def quantile(*, quantile: float = 0.5) -> dict[str, Any]:
    """Too low costs ``quantile`` a unit, too high the rest, so that this share of the targets lies below; averaged over outputs and rows.

    ``quantile`` lies above 0 and below 1; ½ is the median.

    >>> quantile(quantile=0.9)
    {'name': 'quantile', 'quantile': 0.9}
    """
    return {"name": "quantile", "quantile": quantile}


def binary_cross_entropy(*, label_smoothing: float = 0.0) -> dict[str, Any]:
    """-(t·log p + (1 - t)·log(1 - p)) with p the sigmoid of a logit, averaged over outputs and rows; in nats. Predictions are p.

    Targets are classes 0 and 1, or probabilities. ``label_smoothing``, 0 or more and below 1, makes targets (1 - s)·t + s/2.

    >>> binary_cross_entropy(label_smoothing=0.1)
    {'name': 'binary_cross_entropy', 'label_smoothing': 0.1}
    """
    return {"name": "binary_cross_entropy", "label_smoothing": label_smoothing}


def focal(*, gamma: float = 2.0, alpha: float = 0.25) -> dict[str, Any]:
    """The binary cross-entropy of logits, less of it where the network is sure and right: for rare classes among many easy rows.

    It is multiplied by uᵞ, u being how wrong the probability is and ``gamma`` 0 or more, and by ``alpha``, from 0 to 1, for class 1, by the rest
    for class 0.

    >>> focal(gamma=1.0)
    {'name': 'focal', 'gamma': 1.0, 'alpha': 0.25}
    """
    return {"name": "focal", "gamma": gamma, "alpha": alpha}


def softmax_cross_entropy(*, label_smoothing: float = 0.0) -> dict[str, Any]:
    """-log p of the right class with p the softmax of the logits, averaged over rows; in nats. Predictions are p, ``[rows, classes]``.

    Targets are class numbers from 0, or probabilities ``[rows, classes]``. ``label_smoothing``, 0 or more and below 1, makes targets
    (1 - s)·t + s/classes.

    >>> softmax_cross_entropy(label_smoothing=0.1)
    {'name': 'softmax_cross_entropy', 'label_smoothing': 0.1}
    """
    return {"name": "softmax_cross_entropy", "label_smoothing": label_smoothing}


def poisson() -> dict[str, Any]:
    """exp(z) - t·z, averaged over outputs and rows: for counts t, 0 or more, from the logarithm z of their rate. Predictions are rates.

    log t! is left out, so that it may be below 0.

    >>> poisson()
    {'name': 'poisson'}
    """
    return {"name": "poisson"}


def hinge() -> dict[str, Any]:
    """max(0, 1 - s·score), s being -1 for class 0 and +1 for class 1, averaged over rows. Predictions are scores, no probabilities.

    With an output for each class the right one has to stand out by 1: Σⱼ max(0, 1 + zⱼ - z) / classes, z being its score.

    >>> hinge()
    {'name': 'hinge'}
    """
    return {"name": "hinge"}


def squared_hinge() -> dict[str, Any]:
    """The hinge with max(0, ·)² in place of max(0, ·): smooth where the margin begins, harder on what is far wrong.

    >>> squared_hinge()
    {'name': 'squared_hinge'}
    """
    return {"name": "squared_hinge"}
