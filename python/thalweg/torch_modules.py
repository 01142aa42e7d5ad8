"""PyTorch modules for what PyTorch itself has none for. Only :mod:`thalweg.sequential` imports this, where PyTorch is there."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

__all__ = ["Factor", "OwnUnits", "Residual", "Shifted", "padded"]

torch: Any = import_module("torch")


class Factor(torch.nn.Module):  # type: ignore[misc]  # pyright: ignore[reportUntypedBaseClass]
    """Multiplies by a constant: the layer ``scale``."""

    def __init__(self, factor: float) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.factor = factor

    def forward(self, x: Any) -> Any:
        """The product."""
        return x * self.factor


class Residual(torch.nn.Sequential):  # type: ignore[misc]  # pyright: ignore[reportUntypedBaseClass]
    """Its layers, and beside them the input: as it is, through ``shortcut``, or through ``projection``."""

    def __init__(self, layers: list[Any], shortcut: list[Any] | None, projection: tuple[int, int] | None) -> None:
        super().__init__(*layers)  # pyright: ignore[reportUnknownMemberType]
        self.beside = "shortcut" if shortcut is not None else "projection" if projection is not None else None
        self.count = len(layers)
        if shortcut is not None:
            self.add_module("shortcut", torch.nn.Sequential(*shortcut))
        elif projection is not None:
            self.add_module("projection", torch.nn.Linear(*projection, bias=False))

    def forward(self, input: Any) -> Any:
        """The sum of both."""
        through: Any = input
        modules: list[Any] = list(self)
        for module in modules[: self.count]:
            through = module(through)
        return through + (input if self.beside is None else getattr(self, self.beside)(input))


class Shifted(torch.nn.Module):  # type: ignore[misc]  # pyright: ignore[reportUntypedBaseClass]
    """Scales features, column by column or all alike: (x - shift) / width. Its numbers are constants, in no state dictionary."""

    def __init__(self, shift: list[float], width: list[float]) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.register_buffer("shift", torch.tensor(shift, dtype=torch.float64), persistent=False)  # pyright: ignore[reportUnknownMemberType]
        self.register_buffer("width", torch.tensor(width, dtype=torch.float64), persistent=False)  # pyright: ignore[reportUnknownMemberType]

    def forward(self, x: Any) -> Any:
        """The scaled rows, in their shape."""
        return ((x.reshape(len(x), -1) - self.shift) / self.width).reshape(x.shape)


class OwnUnits(Shifted):
    """Undoes the scale of a target: x * width + shift."""

    def forward(self, x: Any) -> Any:
        """The predictions in the target's own units."""
        return x * self.width + self.shift


def padded(module: Any, before_after: list[tuple[int, int]], value: float) -> Any:
    """The module with more at the end of each axis than at its beginning, which PyTorch's own padding cannot be."""
    # PyTorch counts axes from the last.
    around = [count for pair in reversed(before_after) for count in pair]
    module.register_forward_pre_hook(partial(_pad, around, value))
    return module


def _pad(around: list[int], value: float, _module: Any, inputs: Any) -> Any:
    return (torch.nn.functional.pad(inputs[0], around, value=value),)
