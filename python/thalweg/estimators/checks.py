"""What fit and predict are given, checked and turned into what the engine takes. The sentences are scikit-learn's where it has one."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .._arrays import as_targets, refuse_no_numbers
from ..exceptions import DataConversionWarning, shared_class

__all__ = [
    "are_sizes",
    "balanced_weights",
    "check_columns",
    "check_lengths",
    "class_labels",
    "is_number",
    "is_whole",
    "one_column",
    "regression_targets",
    "row_weights",
    "seed_from",
]


def is_whole(value: Any) -> bool:
    """Whether this is an integer, Python's or NumPy's."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Whether this is a number, Python's or NumPy's."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def are_sizes(value: Any) -> bool:
    """Whether this says how large layers are: a whole number, or a list or tuple."""
    return is_whole(value) or isinstance(value, (tuple, list))


def seed_from(random_state: Any) -> int:
    """A seed from what scikit-learn takes as ``random_state``."""
    if is_whole(random_state):
        if random_state < 0:
            raise ValueError(f"random_state must be 0 or more, not {random_state}")
        if random_state >= 2**64:
            raise ValueError(f"random_state must be below 2**64, not {random_state}")
        return int(random_state)
    if random_state is None:
        return int(np.random.randint(2**31 - 1))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    raise ValueError(f"{random_state!r} cannot be used to seed: give an integer, a RandomState, a Generator or None")


def check_lengths(rows: int, *others: Any) -> None:
    """Every array has as many rows."""
    lengths = [rows, *(len(other) for other in others if other is not None)]
    if len(set(lengths)) > 1:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {lengths}")


def check_columns(estimator: Any, names: list[Any] | None, count: int, *, reset: bool) -> None:
    """Remembers the columns at fit, and holds later ones against them."""
    text = _text_names(names)
    if reset:
        estimator.n_features_in_ = count
        if text is not None:
            estimator.feature_names_in_ = np.asarray(text, dtype=object)
        elif hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
        return
    known = getattr(estimator, "feature_names_in_", None)
    name = type(estimator).__name__
    if known is None and text is not None:
        warnings.warn(
            f"X has feature names, but {name} was fitted without feature names", UserWarning, stacklevel=4
        )
    elif known is not None and text is None:
        warnings.warn(
            f"X does not have valid feature names, but {name} was fitted with feature names",
            UserWarning,
            stacklevel=4,
        )
    elif known is not None and text is not None and list(known) != text:
        raise ValueError(_differences(list(known), text))
    if count != estimator.n_features_in_:
        raise ValueError(
            f"X has {count} features, but {name} is expecting {estimator.n_features_in_} features as input."
        )


def _text_names(names: list[Any] | None) -> list[str] | None:
    if names is None or not names:
        return None
    is_text = [isinstance(name, str) for name in names]
    if all(is_text):
        return [str(name) for name in names]
    if any(is_text):
        types = sorted({type(name).__qualname__ for name in names})
        raise TypeError(
            "Feature names are only supported if all input features have string names, but your input has "
            f"{types} as feature name / column name types. If you want feature names to be stored and validated, "
            "you must convert them all to strings, by using X.columns = X.columns.astype(str) for example. "
            "Otherwise you can remove feature / column names from your input data, or convert them all to a "
            "non-string data type."
        )
    return None


def _differences(known: list[str], given: list[str]) -> str:
    def listed(names: list[str]) -> str:
        shown = "".join(f"- {name}\n" for name in names[:5])
        return shown + ("- ...\n" if len(names) > 5 else "")

    message = "The feature names should match those that were passed during fit.\n"
    unseen = sorted(set(given) - set(known))
    missing = sorted(set(known) - set(given))
    if unseen:
        message += "Feature names unseen at fit time:\n" + listed(unseen)
    if missing:
        message += "Feature names seen at fit time, yet now missing:\n" + listed(missing)
    if not unseen and not missing:
        message += "Feature names must be in the same order as they were in fit.\n"
    return message


def required(estimator: Any, y: Any) -> Any:
    """Targets, which must be there."""
    if y is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None.")
    return as_targets(y)


def one_column(y: Any) -> Any:
    """A column as a vector, with scikit-learn's warning."""
    if y.ndim == 2 and y.shape[1] == 1:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
            "(n_samples,), for example using ravel().",
            shared_class(DataConversionWarning),
            stacklevel=5,
        )
        return y.ravel()
    return y


def regression_targets(estimator: Any, y: Any) -> tuple[Any, bool]:
    """Numbers, ``[rows, outputs]``, and whether they came as a vector."""
    y = required(estimator, y)
    refuse_no_numbers(y, "y")
    values = one_column(np.asarray(y, dtype=np.float64))
    if not np.isfinite(values).all():
        what = "NaN" if np.isnan(values).any() else "infinity or a value too large for dtype('float64')"
        raise ValueError(f"Input y contains {what}.")
    is_vector = values.ndim == 1
    return (values.reshape(-1, 1) if is_vector else values), is_vector


def class_labels(estimator: Any, y: Any) -> Any:
    """Class labels, ``[rows]``, or an indicator matrix ``[rows, labels]`` of zeros and ones."""
    y = required(estimator, y)
    if y.dtype.kind == "f":
        if not np.isfinite(y).all():
            what = "NaN" if np.isnan(y).any() else "infinity or a value too large for dtype('float64')"
            raise ValueError(f"Input y contains {what}.")
    y = y if y.ndim == 2 and y.shape[1] > 1 else one_column(y)
    if y.dtype.kind == "f" and (y != np.floor(y)).any():
        raise ValueError(
            f"Unknown label type: continuous. Maybe you are trying to fit a classifier, which expects discrete "
            f"classes on a regression target with continuous values: {type(estimator).__name__} takes class labels."
        )
    if y.dtype.kind == "O":
        labels: list[Any] = y.ravel().tolist()
        missing = next((row for row, label in enumerate(labels) if label is None or label != label), None)
        if missing is not None:
            raise ValueError(f"Input y contains NaN: row {missing} (counted from 0) has no label; leave such rows out")
        kinds = {isinstance(label, str) for label in labels}
        if len(kinds) > 1:
            raise ValueError("Unknown label type: unknown. Labels must be all text or all numbers.")
        if kinds == {False} and any(not np.isscalar(label) for label in y.ravel().tolist()):
            raise ValueError("Unknown label type: unknown. Labels must be text or numbers.")
    if y.ndim == 2 and not np.isin(y, (0, 1)).all():
        raise ValueError(
            "Unknown label type: multiclass-multioutput. Several labels a row are given as a matrix of zeros and ones."
        )
    return y


def row_weights(sample_weight: Any, rows: int) -> Any:
    """What each row counts, ``[rows]``; ``None`` where each counts once."""
    if sample_weight is None:
        return None
    if np.isscalar(sample_weight):
        weights = np.full(rows, float(sample_weight))  # type: ignore[arg-type]
    else:
        given = as_targets(sample_weight, name="sample_weight")
        refuse_no_numbers(given, "sample_weight")
        weights = np.asarray(given, dtype=np.float64)
    if weights.ndim != 1:
        raise ValueError("Sample weights must be 1D array or scalar")
    if weights.shape[0] != rows:
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(rows,)}!")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("sample weights must be finite and 0 or more")
    if not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number: all rows weigh 0")
    return weights


def balanced_weights(class_weight: Any, classes: Any, ids: Any, weights: Any) -> Any:
    """Row weights times what the class of each row counts."""
    if class_weight is None:
        return weights
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(f"class_weight must be 'balanced', a dictionary or None, not {class_weight!r}")
        counts = np.bincount(ids, weights=weights, minlength=len(classes))
        of_class = counts.sum() / (len(classes) * np.where(counts > 0, counts, 1.0))
    elif hasattr(class_weight, "items"):
        of_class = np.ones(len(classes))
        known = {label: place for place, label in enumerate(classes.tolist())}
        unknown = [label for label in class_weight if label not in known]
        if unknown:
            raise ValueError(f"class_weight names {unknown}, which are not among the classes {classes.tolist()}")
        for label, weight in class_weight.items():
            if not is_number(weight) or not 0 <= weight < math.inf:
                raise ValueError(f"class_weight[{label!r}] must be a finite number, 0 or more, not {weight!r}")
            of_class[known[label]] = float(weight)
    else:
        raise ValueError(f"class_weight must be 'balanced', a dictionary such as {{label: 2.0}} or None, not {class_weight!r}")
    scaled = of_class[ids]
    return scaled if weights is None else scaled * weights
