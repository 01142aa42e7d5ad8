"""What users hand over as rows, turned into arrays that the engine reads where they lie."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from . import _engine

#: NumPy where its own annotations leave the types of its results open.
open_numpy: Any = np

__all__ = ["Rows", "as_columns", "as_labels", "as_rows", "as_targets", "as_weights", "is_array", "open_numpy", "refuse_no_numbers"]

#: Types that the engine reads in place.
_IN_PLACE = frozenset(np.dtype(t) for t in ("f8", "f4", "u1", "i1", "i2", "i4", "i8", "u2", "u4", "u8"))

_CATEGORY = (
    "column {name!r} holds {kind}, not numbers; make categories numbers first, for example with scikit-learn's "
    "OneHotEncoder in a ColumnTransformer, or leave the column out"
)
_DATES = (
    "column {name!r} holds dates or durations, not numbers; take numbers from them first, for example the day of the year or "
    "seconds since a day, or leave the column out"
)
_MISSING = (
    "column {name!r} has a missing value in row {row} (counted from 0); fill missing values first, for example with "
    "scikit-learn's SimpleImputer, or leave the rows out"
)


_MASKED = "the array has masked values; fill them first, for example with x.filled(0) or scikit-learn's SimpleImputer"


def is_array(x: Any) -> bool:
    """Whether this is one of NumPy's arrays, or of a class made of these."""
    return isinstance(x, np.ndarray)


class Rows:
    """An array of rows, and the columns' names where there were any."""

    __slots__ = ("array", "names")

    def __init__(self, array: Any, names: list[Any] | None) -> None:
        self.array = array
        self.names = names


def as_columns(x: Any) -> list[tuple[str, Any]] | None:
    """The columns of a frame with their names, or of an array of objects or text with their numbers; ``None`` for all else.

    Each is an array of numbers, NaN where one is missing, or a list of texts and ``None``.
    """
    module = type(x).__module__.partition(".")[0]
    if module == "pandas" and hasattr(x, "columns"):
        return [(str(name), _cells(x.iloc[:, j])) for j, name in enumerate(x.columns)]
    if module == "polars" and hasattr(x, "columns") and hasattr(x, "get_column"):
        return [(str(name), _cells(x.get_column(name))) for name in x.columns]
    if module == "pyarrow" and hasattr(x, "column_names"):
        return [(str(name), _cells(x.column(j).to_pylist())) for j, name in enumerate(x.column_names)]
    is_plain: bool = is_array(x) or type(x) in (list, tuple)
    array: Any = np.asarray(x) if is_plain else None
    if array is None or array.ndim != 2 or array.dtype.kind not in "OUS":
        return None
    return [(str(j), _cells(array[:, j])) for j in range(array.shape[1])]


def as_labels(y: Any) -> list[tuple[str, Any]]:
    """Labels as one column, or as one for each class."""
    if y.ndim == 1:
        return [("labels", _cells(y))]
    return [(str(j), _cells(y[:, j])) for j in range(y.shape[1])]


def _cells(column: Any) -> Any:
    """The values of a column: numbers as an array, others as text as a file would have it."""
    array: Any = np.asarray(column.to_numpy()) if hasattr(column, "to_numpy") else column
    if is_array(array) and array.dtype.kind in "iufb":
        return np.ascontiguousarray(array, dtype=np.float64)
    listed: list[Any] = array.tolist() if hasattr(array, "tolist") else [*array]
    values = [None if _is_missing(value) else value for value in listed]
    if all(value is None or isinstance(value, Real) for value in values):
        return np.asarray([np.nan if value is None else float(value) for value in values])
    return [None if value is None else value.decode() if isinstance(value, bytes) else str(value) for value in values]


def _is_missing(value: Any) -> bool:
    """Whether this is none of the values: ``None``, NaN, or what pandas has for both."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or isinstance(value, float) and value != value


def as_rows(x: Any, *, least_axes: int = 2, most_axes: int | None = 2, sparse: bool = False) -> Rows:
    """Rows as an array of a type and an order that the engine reads in place; copied only where it must be. With ``sparse``, a sparse matrix
    stays one, of compressed rows."""
    names: list[Any] | None = None
    module = type(x).__module__.partition(".")[0]
    array: Any
    if is_array(x):
        if np.ma.is_masked(x):
            raise ValueError(_MASKED)
        array = np.asarray(x)
    elif module == "pandas" and hasattr(x, "columns"):
        array, names = _from_pandas(x)
    elif module == "polars" and hasattr(x, "columns"):
        array, names = _from_polars(x)
    elif hasattr(x, "tocsr") and hasattr(x, "toarray"):
        if sparse and getattr(x, "ndim", 2) == 2:
            return Rows(_compressed(x), None)
        array = np.asarray(x.toarray())
    elif hasattr(x, "__arrow_c_stream__") and not hasattr(x, "__array__"):
        array, names = _from_arrow(x)
    elif hasattr(x, "__arrow_c_stream__") and hasattr(x, "column_names"):
        array, names = _from_arrow(x)
    else:
        array = np.asarray(x)
    array = _as_numbers(array)
    _check_axes(array, least_axes, most_axes)
    return Rows(_readable(array), names)


def _compressed(x: Any) -> Any:
    """SciPy's compressed rows, each column at most once and in order."""
    if x.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: the array has the type {x.dtype}")
    if x.dtype.kind not in "buif":
        raise ValueError(f"the array has the type {x.dtype}, which is no number")
    rows = x.tocsr()
    if rows.dtype not in (np.float32, np.float64):
        # Bytes and half precision are exact in 32 bits.
        rows = rows.astype(np.float32 if rows.dtype.kind == "b" or rows.dtype.itemsize == 1 or rows.dtype == np.float16 else np.float64)
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    _check_axes(rows, 2, 2)
    return rows


def _as_numbers(array: Any) -> Any:
    """The array in a type that the engine reads in place."""
    kind = array.dtype.kind
    if array.dtype in _IN_PLACE and array.dtype.isnative:
        return array
    if kind == "b":
        return array.view(np.uint8)
    if kind == "c":
        raise ValueError(f"Complex data not supported: the array has the type {array.dtype}")
    if kind in "Oiuf":
        return array.astype(np.float32 if array.dtype == np.float16 else np.float64)
    if kind in "US":
        return array.astype(np.float64)  # text of numbers; anything else is refused by NumPy with the text
    raise ValueError(f"the array has the type {array.dtype}, which is no number")


def _check_axes(array: Any, least_axes: int, most_axes: int | None) -> None:
    if array.ndim < least_axes:
        given = "scalar" if array.ndim == 0 else "1D"
        raise ValueError(
            f"Expected 2D array, got {given} array instead:\narray={array}.\n"
            "Reshape your data either using array.reshape(-1, 1) if your data has a single feature or "
            "array.reshape(1, -1) if it contains a single sample."
        )
    if most_axes is not None and array.ndim > most_axes:
        raise ValueError(f"Found array with dim {array.ndim}, while dim <= {most_axes} is required.")
    if array.shape[0] == 0:
        raise ValueError(f"Found array with 0 sample(s) (shape={array.shape}) while a minimum of 1 is required.")
    if 0 in array.shape[1:]:
        raise ValueError(f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required.")


def _readable(array: Any) -> Any:
    """The array, or a copy row by row where its order is none that the engine reads."""
    is_broadcast = any(stride == 0 and axis > 1 for axis, stride in zip(array.shape, array.strides))
    if not array.flags.aligned or is_broadcast:
        return array.copy()  # memory of its own: ascontiguousarray leaves an unaligned array where it is
    if any(stride < 0 or stride % array.itemsize for stride in array.strides):
        return np.ascontiguousarray(array)
    if array.ndim > 2 and not array.flags.c_contiguous:
        return np.ascontiguousarray(array)
    return array


def _from_arrow(table: Any) -> tuple[Any, list[Any]]:
    array, names = _engine.read_arrow(table.__arrow_c_stream__(None))
    _refuse_nan(array, names)
    return array, list(names)


def _from_pandas(frame: Any) -> tuple[Any, list[Any]]:
    names = list(frame.columns)
    for name, dtype in zip(names, frame.dtypes):
        text = str(dtype)
        if text.startswith(("datetime", "timedelta", "period")):
            raise TypeError(_DATES.format(name=name))
        if text == "category" or text.startswith(("string", "str")):
            raise TypeError(_CATEGORY.format(name=name, kind=f"values of the type {text}"))
    array = frame.to_numpy()
    if array.dtype.kind == "O":
        for j, name in enumerate(names):
            column = array[:, j]
            words = [value for value in column if isinstance(value, str)]
            if words:
                raise TypeError(_CATEGORY.format(name=name, kind=f"text such as {words[0]!r}"))
            for row, value in enumerate(column):
                if value is None or type(value).__name__ == "NAType":
                    raise ValueError(_MISSING.format(name=name, row=row))
    _refuse_nan(array, names)
    return array, names


def _from_polars(frame: Any) -> tuple[Any, list[Any]]:
    if not hasattr(frame, "to_numpy"):
        raise TypeError("collect the lazy frame first: frame.collect()")
    names = list(frame.columns)
    for name in names:
        column = frame.get_column(name)
        dtype = column.dtype
        if dtype.is_temporal():
            raise TypeError(_DATES.format(name=name))
        if not dtype.is_numeric() and str(dtype) != "Boolean":
            raise TypeError(_CATEGORY.format(name=name, kind=f"values of the type {dtype}"))
        if column.null_count():
            row = column.is_null().arg_true()[0]
            raise ValueError(_MISSING.format(name=name, row=row))
    array = frame.to_numpy()
    _refuse_nan(array, names)
    return array, names


def _refuse_nan(array: Any, names: list[Any]) -> None:
    if array.dtype.kind != "f":
        return
    for j, name in enumerate(names):
        column = array[:, j]
        # One pass without a copy: a sum is NaN if a value is, or if there are infinities, which are refused later.
        if np.isnan(column.sum()):
            missing = np.flatnonzero(np.isnan(column))
            if missing.size:
                raise ValueError(_MISSING.format(name=name, row=int(missing[0])))


def as_targets(y: Any, *, name: str = "y") -> Any:
    """Targets as an array of one or two axes, in the type that they came in."""
    array: Any
    if is_array(y):
        if np.ma.is_masked(y):
            raise ValueError(f"{name} has masked values; leave such rows out, or fill them first, for example with {name}.filled(0)")
        array = np.asarray(y)
    elif type(y).__module__.partition(".")[0] in ("pandas", "polars") and hasattr(y, "to_numpy"):
        array = np.asarray(y.to_numpy())
    elif hasattr(y, "tocsr") and hasattr(y, "toarray"):
        array = np.asarray(y.toarray())
    else:
        array = np.asarray(y)
    if array.ndim == 0 or array.ndim > 2:
        raise ValueError(f"{name} should be a 1d array, got an array of shape {array.shape} instead.")
    return array


def refuse_no_numbers(array: Any, name: str) -> None:
    """Refuses complex numbers, dates and durations, which a cast to numbers would change in silence."""
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} has the type {array.dtype}")
    if array.dtype.kind in "mM":
        raise ValueError(
            f"{name} has the type {array.dtype}: dates or durations, which are no numbers; take numbers from them first, for example seconds "
            "since a day"
        )


def as_weights(weights: Any, count: int) -> Any:
    """What each of so many rows counts, ``[rows]``: from one number for all, a vector or a column."""
    array: Any = np.asarray(weights) if np.ndim(weights) == 0 else as_targets(weights, name="weights")
    refuse_no_numbers(array, "weights")
    if array.ndim == 2 and array.shape[1] != 1:
        raise ValueError(f"weights must have one number for each row, [rows], not the shape {array.shape}")
    values = np.asarray(array, dtype=np.float64)
    return np.full(count, values) if values.ndim == 0 else np.ascontiguousarray(values.ravel())
