"""Layers, in the words of the experiment file.

Each function gives an entry of ``network.layers``; a string (``"relu"``) or a dictionary (``{"dense": 64}``) does as well. A layer of
one's own is any object with ``output_shape``, ``forward`` and ``backward`` (see :class:`Layer`).
"""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Layer", "activation", "batch_norm", "dense", "dropout", "flatten", "layer_norm", "noise", "scale"]


class Layer(Protocol):
    """A layer written in Python. Arrays are NumPy's, one example a row, in the network's precision.

    A layer with parameters also has ``parameters(input_shape) -> {name: shape}``, and its ``backward`` returns
    ``(dx, {name: derivative})``.
    """

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of one example's output."""
        ...

    def forward(self, x: Any, parameters: dict[str, Any], training: bool) -> Any:
        """The output of every row."""
        ...

    def backward(self, dy: Any, x: Any, y: Any, parameters: dict[str, Any]) -> Any:
        """The derivative of the loss by ``x``, given that by ``y``."""
        ...


def _described(entry: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {**entry, **{name: value for name, value in options.items() if value is not None}}


def dense(out_features: int, *, activation: Any = None, init: Any = None, bias_init: Any = None) -> dict[str, Any]:
    """y = x·w + b.

    >>> dense(64, activation="relu")
    {'dense': 64, 'activation': 'relu'}
    """
    return _described({"dense": out_features}, activation=activation, init=init, bias_init=bias_init)


def activation(name: str, **options: float) -> dict[str, Any]:
    """a = f(z), value by value.

    >>> activation("leaky_relu", slope=0.1)
    {'activation': {'name': 'leaky_relu', 'slope': 0.1}}
    """
    return {"activation": {"name": name, **options} if options else name}


def dropout(chance: float) -> dict[str, Any]:
    """In training, drops each value with this chance and scales the rest up."""
    return {"dropout": chance}


def noise(std: float) -> dict[str, Any]:
    """In training, adds a normal number of this standard deviation to each value."""
    return {"noise": std}


def scale(factor: float) -> dict[str, Any]:
    """y = factor·x."""
    return {"scale": factor}


def flatten() -> str:
    """The same values as one axis."""
    return "flatten"


def batch_norm() -> str:
    """y = w·u + b, with u of mean 0 and variance 1 over the batch."""
    return "batch_norm"


def layer_norm() -> str:
    """y = w ⊙ u + b, with u of mean 0 and variance 1 over each example."""
    return "layer_norm"
