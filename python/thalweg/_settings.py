"""Settings in the words of the experiment file, as the JSON that the engine reads."""

from __future__ import annotations

import json
import math
import operator
from typing import Any

__all__ = ["every", "seed_of", "spelled", "threads_of", "to_json", "whole"]


def to_json(value: Any) -> str:
    """A setting as JSON; NumPy's numbers as numbers."""
    try:
        return _ENCODER.encode(value)
    except ValueError:
        wrong = _not_finite(value)
        if wrong is None:
            raise
        raise ValueError(f"{wrong[0] or 'a setting'} is {wrong[1]}; give a finite number") from None


def _not_finite(value: Any, key: str = "") -> tuple[str, float] | None:
    """The key and the value of a number that is not finite."""
    if isinstance(value, float):
        return None if math.isfinite(value) else (key, float(value))
    entries: list[tuple[str, Any]] = []
    if hasattr(value, "items"):
        entries = [(str(name), entry) for name, entry in value.items()]
    elif isinstance(value, (list, tuple)):
        listed: list[Any] = [*value]
        entries = [(key, entry) for entry in listed]
    found = (_not_finite(entry, name) for name, entry in entries)
    return next((wrong for wrong in found if wrong is not None), None)


def whole(name: str, value: Any, least: int, otherwise: str = "") -> int:
    """A whole number, of this size or more."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or number < least:
        raise ValueError(f"{name} must be a whole number, {least} or more{otherwise}, not {value!r}")
    return number


def threads_of(value: Any) -> int | None:
    """How many threads to work on."""
    return None if value is None else whole("threads", value, 1, ", or None for one per processor")


def seed_of(value: Any) -> int:
    """A seed for the engine's random numbers."""
    number = whole("seed", value, 0)
    if number >= 2**64:
        raise ValueError(f"seed must be below 2**64, not {value!r}")
    return number


def _plain(value: Any) -> Any:
    for convert in ("tolist", "to_dict"):
        if hasattr(value, convert):
            return getattr(value, convert)()
    raise TypeError(f"{value!r} is no setting: give a name, a number, a list or a dictionary")


#: Made once: what json.dumps makes for every call takes longer than what it writes.
_ENCODER = json.JSONEncoder(default=_plain, allow_nan=False)


def spelled(part: Any) -> Any:
    """The JSON of a part with a name, such as a loss; a Python callable stays itself."""
    if not callable(part) and hasattr(part, "keys") and "name" not in part:
        raise ValueError(f"{part!r} has no 'name'; write for example {{'name': 'huber', 'delta': 2.0}}")
    return part if callable(part) else to_json(part)


#: What a number of reports may be besides.
_OR_TEXT = ', or text such as "10 steps"'


def every(value: Any) -> Any:
    """``report_every=10`` as ``"10 epochs"``; text stays."""
    if isinstance(value, str):
        return value
    return f"{whole('report_every', value, 1, _OR_TEXT)} epochs"
