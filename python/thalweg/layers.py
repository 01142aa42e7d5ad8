"""Layers, in the words of the experiment file.

Each function gives an entry of ``network.layers``; a string (``"relu"``) or a dictionary (``{"dense": 64}``) does as well. A layer of
one's own is any object with ``output_shape``, ``forward`` and ``backward`` (see :class:`Layer`).

Shapes are of one example; images are ``[channels, height, width]``. A ``Pair`` is one whole number, or one for the height and one for the
width. ``activation`` inside a layer is short for the activation layer that follows. ``init`` says how weights start, by the names of
:class:`thalweg.MLPClassifier` (He's rule before ReLU and its kin, else Glorot's), ``bias_init`` how biases do (at 0). Options out of their ranges,
and inputs of another shape, are refused by :class:`thalweg.Network` with a ``ValueError``.

>>> import thalweg
>>> thalweg.Network([conv2d(4, kernel_size=3, activation="relu"), max_pool2d(2), flatten(), dense(10)], input_shape=[1, 8, 8])
layer  kind         output             parameters
    0  conv2d       [4, 6, 6]                  40
    1  relu         [4, 6, 6]                   0
    2  max_pool2d   [4, 3, 3]                   0
    3  flatten      [36]                        0
    4  dense        [10]                      370
       total                                  410
<BLANKLINE>
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
    ``(dx, {name: derivative})``. :meth:`thalweg.Network.gradcheck` says whether ``backward`` belongs to ``forward``.

    >>> import numpy as np
    >>> import thalweg
    >>> class Gain:
    ...     def output_shape(self, input_shape):
    ...         return input_shape
    ...     def parameters(self, input_shape):
    ...         return {"weight": input_shape}
    ...     def forward(self, x, parameters, training):
    ...         return x * parameters["weight"]
    ...     def backward(self, dy, x, y, parameters):
    ...         return dy * parameters["weight"], {"weight": (dy * x).sum(axis=0)}
    >>> net = thalweg.Network([dense(3), Gain(), dense(1)], input_shape=2, precision="f64")
    >>> net.gradcheck(np.ones((4, 2)), np.zeros(4))["ok"]
    True
    """

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of one example's output, of one example's input; asked when the network is made."""
        ...

    def forward(self, x: Any, parameters: dict[str, Any], training: bool) -> Any:
        """The output of every row, ``[rows, *output_shape]``; ``training`` is false in predicting and evaluating."""
        ...

    def backward(self, dy: Any, x: Any, y: Any, parameters: dict[str, Any]) -> Any:
        """The derivative of the loss by ``x``, shaped as it, given that by ``y``; with parameters also theirs, added over rows."""
        ...


def _described(entry: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {**entry, **{name: value for name, value in options.items() if value is not None}}


def dense(out_features: int, *, activation: Any = None, init: Any = None, bias_init: Any = None) -> dict[str, Any]:
    """y = x·w + b, from ``[in_features]`` to ``[out_features]``; w is ``[in_features, out_features]``.

    >>> dense(64, activation="relu")
    {'dense': 64, 'activation': 'relu'}
    """
    return _described({"dense": out_features}, activation=activation, init=init, bias_init=bias_init)


def activation(name: str, **options: float) -> dict[str, Any]:
    """a = f(z), value by value; the shape stays.

    ``name``: identity, sigmoid, tanh, relu, leaky_relu (``slope``, 0.01), elu (``alpha``, 1), selu, gelu, gelu_tanh, silu, softplus, mish, or
    softmax, which is over the values of an example.

    >>> activation("leaky_relu", slope=0.1)
    {'activation': {'name': 'leaky_relu', 'slope': 0.1}}
    """
    return {"activation": {"name": name, **options} if options else name}


def dropout(chance: float) -> dict[str, Any]:
    """In training, each value is 0 with this chance, 0 or more and below 1, and the rest is over 1 - chance; else nothing happens.

    >>> dropout(0.2)
    {'dropout': 0.2}
    """
    return {"dropout": chance}


def noise(std: float) -> dict[str, Any]:
    """In training, a normal number of this standard deviation, 0 or more, is added to each value; else nothing happens.

    >>> noise(0.1)
    {'noise': 0.1}
    """
    return {"noise": std}


def scale(factor: float) -> dict[str, Any]:
    """y = factor·x; the shape stays, and nothing is learned.

    >>> scale(0.5)
    {'scale': 0.5}
    """
    return {"scale": factor}


def flatten() -> str:
    """The same values as one axis: ``[channels, height, width]`` becomes ``[channels·height·width]``.

    >>> flatten()
    'flatten'
    """
    return "flatten"


def batch_norm() -> str:
    """y = w·u + b, with u of mean 0 and variance 1 over the batch, for each feature or channel (the first of several axes).

    Predicting takes averages that training kept. ``{"batch_norm": {"momentum": 0.9, "epsilon": 1e-5}}`` says how much of the old average stays, and
    what is added to the variance.

    >>> batch_norm()
    'batch_norm'
    """
    return "batch_norm"


def layer_norm() -> str:
    """y = w ⊙ u + b, with u of mean 0 and variance 1 over the values of each example; w and b are shaped as one.

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
    """A convolution of images ``[channels, height, width]`` to ``[out_channels, ...]``.

    Along each axis come out ⌊(size + padding - dilation·(kernel_size - 1) - 1) / stride⌋ + 1. ``stride`` and ``dilation`` are 1 by default.
    ``padding`` is ``"valid"`` (none, the default), ``"same"`` (⌈size / stride⌉ places), a number, ``[height, width]`` or ``[[above, below],
    [left, right]]``. ``groups``, 1 by default, divides both numbers of channels; as many as input channels is depthwise.

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
    """A convolution of sequences ``[channels, length]``, with the options of :func:`conv2d` as single numbers; ``padding`` also ``[before, after]``.

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
    """The way back of a convolution as a layer: images become larger by its ``stride``.

    Along each axis come out (size - 1)·stride - padding + kernel_size + output_padding; ``output_padding`` is 0 by default and less than ``stride``,
    ``padding="same"`` gives ``stride`` times the size.

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
    """Every pixel becomes ``factor`` by ``factor`` equal pixels: ``[channels, factor·height, factor·width]``.

    >>> upsample(2)
    {'upsample': 2}
    """
    return {"upsample": factor}


def max_pool2d(size: Pair, *, stride: Pair | None = None, padding: Any = None) -> dict[str, Any]:
    """The largest value of each window of this size, channel by channel; windows follow one another where no ``stride`` is given.

    ``padding`` is as of :func:`conv2d`, and less than the size.

    >>> max_pool2d(3, stride=2)
    {'max_pool2d': 3, 'stride': 2}
    """
    return _described({"max_pool2d": size}, stride=stride, padding=padding)


def average_pool2d(size: Pair, *, stride: Pair | None = None, padding: Any = None) -> dict[str, Any]:
    """The mean of each window of this size, with the options of :func:`max_pool2d`; what lies outside the image is not counted.

    >>> average_pool2d(2)
    {'average_pool2d': 2}
    """
    return _described({"average_pool2d": size}, stride=stride, padding=padding)


def adaptive_average_pool2d(output_size: Pair) -> dict[str, Any]:
    """The means of so many equal parts of each channel, whatever the size of the image: ``[channels, *output_size]``.

    >>> adaptive_average_pool2d([4, 4])
    {'adaptive_average_pool2d': [4, 4]}
    """
    return {"adaptive_average_pool2d": output_size}


def global_average_pool() -> str:
    """The mean of each channel of images or sequences: ``[channels]``, which a dense layer takes as it is.

    >>> global_average_pool()
    'global_average_pool'
    """
    return "global_average_pool"


def channel_dropout(chance: float) -> dict[str, Any]:
    """In training, each channel of an example is 0 with this chance, 0 or more and below 1, and the rest is over 1 - chance.

    >>> channel_dropout(0.1)
    {'channel_dropout': 0.1}
    """
    return {"channel_dropout": chance}


def group_norm(groups: int) -> dict[str, Any]:
    """y = w[c]·u + b[c], with u of mean 0 and variance 1 over so many groups of each example's channels; it divides their number.

    >>> group_norm(8)
    {'group_norm': {'groups': 8}}
    """
    return {"group_norm": {"groups": groups}}


def embedding(dimension: int, *, categories: list[int], columns: list[int], init: Any = None) -> dict[str, Any]:
    """Each category of some columns has ``dimension`` numbers of its own, which training finds; the other columns pass by and come first.

    ``columns`` are numbered from 0. ``categories``: how many each of them has; their values are whole numbers from 0, or -1 for none of them, whose
    numbers are 0.

    >>> embedding(4, categories=[7], columns=[0])
    {'embedding': {'dimension': 4, 'columns': [0], 'categories': [7]}}
    """
    table = {"dimension": dimension, "columns": columns, "categories": categories}
    return _described({"embedding": table}, init=init)


def periodic(*, frequencies: int = 48, sigma: float = 0.01, columns: list[int] | None = None) -> dict[str, Any]:
    """Each number of ``columns`` (all by default) becomes the sines and cosines of so many multiples of it, which training finds.

    ``sigma``, above 0, is the standard deviation of the ``frequencies`` at the start, in turns per unit: try 0.01 to 100. Other columns pass
    by and come first.

    >>> periodic()
    {'periodic': {'frequencies': 48, 'sigma': 0.01}}
    """
    return {"periodic": _described({"frequencies": frequencies, "sigma": sigma}, columns=columns)}


def piecewise_linear(edges: list[list[float]], *, columns: list[int]) -> dict[str, Any]:
    """Each number becomes a share for each bin between the ``edges`` of its column: 1 for bins below it, 0 for bins above.

    ``edges``: for each of ``columns``, numbered from 0, two numbers or more, ascending. Other columns pass by and come first.

    >>> piecewise_linear([[0.0, 0.5, 1.0]], columns=[2])
    {'piecewise_linear': {'edges': [[0.0, 0.5, 1.0]], 'columns': [2]}}
    """
    return {"piecewise_linear": {"edges": edges, "columns": columns}}


def residual(layers: list[Any], *, shortcut: list[Any] | None = None) -> dict[str, Any]:
    """y = g(x) + f(x), with f the layers inside; g is straight, or a matrix where they change the shape, or the layers of ``shortcut``.

    >>> residual([dense(8, activation="relu"), dense(8)])
    {'residual': [{'dense': 8, 'activation': 'relu'}, {'dense': 8}]}
    """
    return _described({"residual": layers}, shortcut=shortcut)
