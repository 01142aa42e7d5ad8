"""What Thalweg raises and warns of, beside Python's own exceptions."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["ConvergenceWarning", "DivergedError", "FileError", "NotFittedError", "UndefinedMetricWarning"]


class FileError(OSError):
    """A model, data or run file is not what it should be."""


class DivergedError(ValueError, ArithmeticError):
    """The loss stopped being finite, or exploded. The text names the epoch, the layer and a cure."""


class NotFittedError(ValueError, AttributeError):
    """The estimator has not been fitted yet."""


class ConvergenceWarning(UserWarning):
    """Training ended before the loss had come to rest."""


class DataConversionWarning(UserWarning):
    """Data came in another shape than was expected, and was changed."""


class UndefinedMetricWarning(UserWarning):
    """A metric has no value for so few rows."""


def shared_class(own: type[Any]) -> type[Any]:
    """scikit-learn's class of the same name where scikit-learn is loaded, so that its filters and handlers see it; else ours.

    scikit-learn is not imported for it.
    """
    module = sys.modules.get("sklearn.exceptions")
    found = getattr(module, own.__name__, own)
    return found if isinstance(found, type) else own
