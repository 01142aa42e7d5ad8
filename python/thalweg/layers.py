"""Layers, in the words of the experiment file.

Each function gives an entry of ``network.layers``; a string (``"relu"``) or a dictionary (``{"dense": 64}``) does as well. A layer of
one's own is any object with ``output_shape``, ``forward`` and ``backward`` (see :class:`Layer`).
"""

from __future__ import annotations

from typing import Any, Protocol

__all__ = [
    "Layer",
    "activation",
    "adaptive_average_pool2d",
    "average_pool2d",
    "batch_norm",
    "channel_dropout",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "dense",
    "dropout",
    "embedding",
    "flatten",
    "global_average_pool",
    "group_norm",
    "layer_norm",
    "max_pool2d",
    "noise",
    "periodic",
    "piecewise_linear",
    "residual",
    "scale",
    "upsample",
]

#: One number, or one for the height and one for the width.
Pair = int | list[int]


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
    """In training, drops each value with this chance and scales the rest up.

    >>> dropout(0.2)
    {'dropout': 0.2}
    """
    return {"dropout": chance}


def noise(std: float) -> dict[str, Any]:
    """In training, adds a normal number of this standard deviation to each value.

    >>> noise(0.1)
    {'noise': 0.1}
    """
    return {"noise": std}


def scale(factor: float) -> dict[str, Any]:
    """y = factor·x.

    >>> scale(0.5)
    {'scale': 0.5}
    """
    return {"scale": factor}


def flatten() -> str:
    """The same values as one axis.

    >>> flatten()
    'flatten'
    """
    return "flatten"


def batch_norm() -> str:
    """y = w·u + b, with u of mean 0 and variance 1 over the batch.

    >>> batch_norm()
    'batch_norm'
    """
    return "batch_norm"


def layer_norm() -> str:
    """y = w ⊙ u + b, with u of mean 0 and variance 1 over each example.

    >>> layer_norm()
    'layer_norm'
    """
    return "layer_norm"


def conv2d(
    out_channels: int,
    *,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Any = None,
    dilation: Pair | None = None,
    groups: int | None = None,
    activation: Any = None,
    init: Any = None,
    bias_init: Any = None,
) -> dict[str, Any]:
    """A convolution of images ``[channels, height, width]``; `padding` is ``"valid"``, ``"same"`` or numbers.

    >>> conv2d(8, kernel_size=3, padding="same", activation="relu")
    {'conv2d': 8, 'kernel_size': 3, 'padding': 'same', 'activation': 'relu'}
    """
    return _described(
        {"conv2d": out_channels, "kernel_size": kernel_size},
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        activation=activation,
        init=init,
        bias_init=bias_init,
    )


def conv1d(
    out_channels: int,
    *,
    kernel_size: int,
    stride: int | None = None,
    padding: Any = None,
    dilation: int | None = None,
    groups: int | None = None,
    activation: Any = None,
) -> dict[str, Any]:
    """A convolution of sequences ``[channels, length]``.

    >>> conv1d(16, kernel_size=5, activation="relu")
    {'conv1d': 16, 'kernel_size': 5, 'activation': 'relu'}
    """
    return _described(
        {"conv1d": out_channels, "kernel_size": kernel_size},
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        activation=activation,
    )


def conv_transpose2d(
    out_channels: int,
    *,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Any = None,
    output_padding: Pair | None = None,
    groups: int | None = None,
    activation: Any = None,
) -> dict[str, Any]:
    """The way back of a convolution as a layer: images become larger by its stride.

    >>> conv_transpose2d(16, kernel_size=4, stride=2)
    {'conv_transpose2d': 16, 'kernel_size': 4, 'stride': 2}
    """
    return _described(
        {"conv_transpose2d": out_channels, "kernel_size": kernel_size},
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        groups=groups,
        activation=activation,
    )


def upsample(factor: Pair) -> dict[str, Any]:
    """Every pixel becomes a rectangle of pixels.

    >>> upsample(2)
    {'upsample': 2}
    """
    return {"upsample": factor}


def max_pool2d(size: Pair, *, stride: Pair | None = None, padding: Any = None) -> dict[str, Any]:
    """The largest value of each window; windows follow one another where no `stride` is given.

    >>> max_pool2d(3, stride=2)
    {'max_pool2d': 3, 'stride': 2}
    """
    return _described({"max_pool2d": size}, stride=stride, padding=padding)


def average_pool2d(size: Pair, *, stride: Pair | None = None, padding: Any = None) -> dict[str, Any]:
    """The mean of each window.

    >>> average_pool2d(2)
    {'average_pool2d': 2}
    """
    return _described({"average_pool2d": size}, stride=stride, padding=padding)


def adaptive_average_pool2d(output_size: Pair) -> dict[str, Any]:
    """The means of so many parts of an image.

    >>> adaptive_average_pool2d([4, 4])
    {'adaptive_average_pool2d': [4, 4]}
    """
    return {"adaptive_average_pool2d": output_size}


def global_average_pool() -> str:
    """The mean of each channel.

    >>> global_average_pool()
    'global_average_pool'
    """
    return "global_average_pool"


def channel_dropout(chance: float) -> dict[str, Any]:
    """In training, drops each channel with this chance and scales the rest up.

    >>> channel_dropout(0.1)
    {'channel_dropout': 0.1}
    """
    return {"channel_dropout": chance}


def group_norm(groups: int) -> dict[str, Any]:
    """y = w[c]·u + b[c], with u of mean 0 and variance 1 over groups of each example's channels.

    >>> group_norm(8)
    {'group_norm': {'groups': 8}}
    """
    return {"group_norm": {"groups": groups}}


def embedding(dimension: int, *, categories: list[int], columns: list[int], init: Any = None) -> dict[str, Any]:
    """Each category of some columns has numbers of its own; a column's values are 0 to its count of `categories`.

    >>> embedding(4, categories=[7], columns=[0])
    {'embedding': {'dimension': 4, 'columns': [0], 'categories': [7]}}
    """
    table = {"dimension": dimension, "columns": columns, "categories": categories}
    return _described({"embedding": table}, init=init)


def periodic(*, frequencies: int = 48, sigma: float = 0.01, columns: list[int] | None = None) -> dict[str, Any]:
    """Each number becomes sines and cosines of multiples of it, which training finds.

    >>> periodic()
    {'periodic': {'frequencies': 48, 'sigma': 0.01}}
    """
    return {"periodic": _described({"frequencies": frequencies, "sigma": sigma}, columns=columns)}


def piecewise_linear(edges: list[list[float]], *, columns: list[int]) -> dict[str, Any]:
    """Each number becomes a share for each bin between the `edges` of its column.

    >>> piecewise_linear([[0.0, 0.5, 1.0]], columns=[2])
    {'piecewise_linear': {'edges': [[0.0, 0.5, 1.0]], 'columns': [2]}}
    """
    return {"piecewise_linear": {"edges": edges, "columns": columns}}


def residual(layers: list[Any], *, shortcut: list[Any] | None = None) -> dict[str, Any]:
    """y = g(x) + f(x), with f the layers inside, and g straight, a projection, or the layers of `shortcut`.

    >>> residual([dense(8, activation="relu"), dense(8)])
    {'residual': [{'dense': 8, 'activation': 'relu'}, {'dense': 8}]}
    """
    return _described({"residual": layers}, shortcut=shortcut)
