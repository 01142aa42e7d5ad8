"""Settings in the words of the experiment file, as the JSON that the engine reads."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["every", "spelled", "to_json"]


def to_json(value: Any) -> str:
    """A setting as JSON; NumPy's numbers as numbers."""
    return json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    for convert in ("tolist", "to_dict"):
        if hasattr(value, convert):
            return getattr(value, convert)()
    raise TypeError(f"{value!r} is no setting: give a name, a number, a list or a dictionary")


def spelled(part: Any) -> Any:
    """The JSON of a part with a name, such as a loss; a Python callable stays itself."""
    return part if callable(part) else to_json(part)


def every(value: Any) -> Any:
    """``report_every=10`` as ``"10 epochs"``; text stays."""
    return f"{value} epochs" if isinstance(value, int) else value
