"""Rows and their targets, made into what the engine trains on."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _engine
from ._arrays import Rows, as_rows, as_targets, as_weights, refuse_no_numbers
from ._settings import spelled

__all__ = ["are_classes", "rows"]

#: Losses whose targets are classes.
_OF_CLASSES = frozenset({"binary_cross_entropy", "focal", "softmax_cross_entropy", "hinge", "squared_hinge"})


def rows(
    x: Any,
    y: Any = None,
    *,
    weights: Any = None,
    outputs: int = 1,
    loss: Any = None,
    classes: int | None = None,
) -> _engine.Dataset:
    """Rows for the engine. Whole numbers are classes where ``classes`` are known, the network has several outputs or the loss is one of
    classes.

    >>> rows(np.ones((4, 3)), [0, 1, 2, 1], outputs=3).rows
    4
    """
    given = x if isinstance(x, Rows) else as_rows(x, most_axes=None, sparse=True)
    names = [*given.names] if given.names and all(isinstance(name, str) for name in given.names) else None
    weighed = None if weights is None else as_weights(weights, given.array.shape[0])
    if y is None:
        return _engine.Dataset(given.array, weights=weighed, feature_names=names)
    targets = as_targets(y)
    if len(targets) != given.array.shape[0]:
        raise ValueError(f"x has {given.array.shape[0]} rows, but y has {len(targets)}; each row needs its target")
    if targets.dtype.kind in "OSU":
        _refuse_text(targets)
    refuse_no_numbers(targets, "y")
    if are_classes(targets, outputs, loss, classes):
        if targets.size and int(targets.min()) < 0:
            raise ValueError("class numbers go from 0; make labels numbers first: labels, y = np.unique(y, return_inverse=True)")
        count = classes if classes is not None else max(outputs, 2)
        if targets.size and int(targets.max()) >= 2**32:  # which the engine's numbers of classes do not hold
            raise ValueError(f"y has the label {int(targets.max())}, but with {count} classes labels go from 0 to {count - 1}")
        labels = np.ascontiguousarray(targets, dtype=np.uint32)
        return _engine.Dataset(given.array, labels=labels, classes=count, weights=weighed, feature_names=names)
    values = np.ascontiguousarray(targets.reshape(len(targets), -1), dtype=np.float64)
    return _engine.Dataset(given.array, values=values, weights=weighed, feature_names=names)


def are_classes(targets: Any, outputs: int, loss: Any, classes: int | None = None) -> bool:
    """Whether targets are class numbers: whole ones, where ``classes`` are known, the network has several outputs or the loss is one of
    classes.

    >>> are_classes(np.array([0, 2]), 3, None), are_classes(np.array([0, 2]), 1, None)
    (True, False)
    """
    spelled(loss)  # refuses a dictionary without a name
    name: Any = loss["name"] if hasattr(loss, "keys") else loss
    is_whole = targets.dtype.kind in "iub" and targets.ndim == 1
    return is_whole and (classes is not None or outputs > 1 or (isinstance(name, str) and name in _OF_CLASSES))


def _refuse_text(targets: Any) -> None:
    labels = [value for value in targets.ravel().tolist() if isinstance(value, (str, bytes))]
    if labels:
        raise ValueError(
            f"y holds text such as {labels[0]!r}; a network takes class numbers: labels, y = np.unique(y, return_inverse=True), "
            "or train a thalweg.MLPClassifier, which takes labels"
        )
