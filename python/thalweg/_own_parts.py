"""Layers, losses and metrics of one's own: what they are called, and what a layer must have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["name_of_own", "named_apart", "refuse_half_layers"]

#: What a layer of one's own must have (:class:`thalweg.layers.Layer`).
_LAYER_NEEDS = ("output_shape", "forward", "backward")


def refuse_half_layers(layer: Any) -> None:
    """Refuses an object that lacks what a layer needs, a class in place of its object, and a layer of one's own within a block."""
    if isinstance(layer, str):
        return
    if hasattr(layer, "items"):
        for name, inner in layer.items():
            listed: list[Any] = [*inner] if isinstance(inner, (list, tuple)) else []
            if any(hasattr(one, "forward") for one in listed):
                raise ValueError(f"a layer of one's own cannot stand inside {name!r}; put it between the blocks, in the network's own list")
        return
    found = [name for name in _LAYER_NEEDS if callable(getattr(layer, name, None))]
    lacking = [name for name in _LAYER_NEEDS if name not in found]
    kind = layer.__name__ if isinstance(layer, type) else type(layer).__name__
    if found and isinstance(layer, type):
        raise ValueError(f"the layer {kind} is a class; give an object of it: {kind}()")
    if found and lacking:
        raise ValueError(f"the layer {kind} has no {' and no '.join(lacking)}; a layer of one's own needs {', '.join(_LAYER_NEEDS)}")


class _Metric:
    """A metric under a name of its own."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.function = function
        self.name = name

    def __call__(self, predictions: Any, targets: Any) -> Any:
        return self.function(predictions, targets)


def name_of_own(part: Any) -> str:
    """The name of a function or an object of one's own."""
    named = getattr(part, "name", None) if hasattr(part, "name") else getattr(part, "__name__", None)
    return named if isinstance(named, str) else type(part).__name__


def named_apart(metrics: Sequence[Any]) -> list[Any]:
    """Metrics of one name, as lambdas are, numbered from the second on: ``<lambda>``, ``<lambda>_2``."""
    seen: dict[str, int] = {}
    apart: list[Any] = []
    for metric in metrics:
        name = name_of_own(metric)
        seen[name] = seen.get(name, 0) + 1
        apart.append(metric if seen[name] == 1 else _Metric(metric, f"{name}_{seen[name]}"))
    return apart
