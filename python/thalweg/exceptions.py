"""What Thalweg raises and warns of, beside Python's own exceptions.

Wrong shapes and parameters are ``ValueError``, wrong types of values ``TypeError``, files that cannot be read ``OSError``. Where scikit-learn
is loaded, estimators raise and warn with its classes of the same names, so that its filters and handlers see them.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["ConvergenceWarning", "DivergedError", "FileError", "NotFittedError", "UndefinedMetricWarning"]


class FileError(OSError):
    """A model, data or run file is not what it should be. An ``OSError``.

    >>> import os, tempfile
    >>> import thalweg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "note.safetensors")
    ...     with open(path, "w") as file:
    ...         _ = file.write("no model")
    ...     try:
    ...         thalweg.Network.load(path)
    ...     except FileError as error:
    ...         print(str(error).partition("; ")[2])
    it is cut off or no safetensors file
    """


class DivergedError(ValueError, ArithmeticError):
    """The loss stopped being finite, or exploded; the text names the epoch, the layer and a cure. A ``ValueError`` and an ``ArithmeticError``.

    >>> import thalweg
    >>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=1)
    >>> try:
    ...     net.fit([[1e30], [2e30]], [1.0, 2.0], optimizer="sgd")
    ... except DivergedError as error:
    ...     print(str(error).partition(" at ")[0])
    the loss is inf
    """


class NotFittedError(ValueError, AttributeError):
    """The estimator has not been fitted yet. A ``ValueError`` and an ``AttributeError``, as scikit-learn's.

    >>> import thalweg
    >>> try:
    ...     thalweg.LinearRegression().predict([[1.0]])
    ... except ValueError as error:
    ...     print(type(error).__name__)
    NotFittedError
    """


class ConvergenceWarning(UserWarning):
    """Training of an estimator ended before the loss had come to rest: allow more epochs, a larger rate, or scale the columns.

    >>> import warnings
    >>> import thalweg
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = thalweg.MLPRegressor((4,), max_iter=2, random_state=0).fit([[0.0], [1.0]], [0.0, 1.0])
    >>> [warning.category.__name__ for warning in caught]
    ['ConvergenceWarning']
    """


class DataConversionWarning(UserWarning):
    """Data came in another shape than was expected, and was changed: a column ``y[:, None]`` where a vector was meant.

    >>> import warnings
    >>> import thalweg
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = thalweg.LinearRegression().fit([[0.0], [1.0]], [[0.0], [1.0]])
    >>> [warning.category.__name__ for warning in caught]
    ['DataConversionWarning']
    """


class UndefinedMetricWarning(UserWarning):
    """A metric has no value for so few rows: R² of one.

    >>> import warnings
    >>> import thalweg
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     score = thalweg.LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]).score([[0.5]], [0.5])
    >>> score, [warning.category.__name__ for warning in caught]
    (nan, ['UndefinedMetricWarning'])
    """


def shared_class(own: type[Any]) -> type[Any]:
    """scikit-learn's class of the same name where scikit-learn is loaded, so that its filters and handlers see it; else ours.

    scikit-learn is not imported for it.

    >>> shared_class(NotFittedError).__name__
    'NotFittedError'
    """
    module = sys.modules.get("sklearn.exceptions")
    found = getattr(module, own.__name__, own)
    return found if isinstance(found, type) else own
