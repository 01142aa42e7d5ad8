"""A network as a ``torch.nn.Sequential``; PyTorch is imported when it is asked for."""

from __future__ import annotations

import json
from collections import OrderedDict
from importlib import import_module
from typing import Any

import numpy as np

from . import _engine
from ._settings import to_json

__all__ = ["sequential"]


def sequential(network: Any) -> Any:
    """The same layers and parameters, numbered alike. Outputs are logits where the loss takes them. The scale that a network came with
    is a layer before the others, and that of its target one behind them, under names of their own.

    Layers of columns (``embedding``, ``periodic``, ``piecewise_linear``), ``noise`` and one's own have no twin in PyTorch and are refused by
    name.
    """
    try:
        torch: Any = import_module("torch")
    except ImportError as error:
        raise ImportError("to_torch needs PyTorch, which is not installed: pip install torch") from error
    modules: dict[str, Any] = {}
    described: Any = json.loads(network._engine.preprocessing or "{}")
    scale: Any = described.get("scale", {"kind": "none"})
    if scale["kind"] == "divide":
        modules["scale"] = own_modules().Shifted([0.0], [scale["divisor"]])
    elif scale["kind"] == "columns":
        # A column that was constant in training is 0 for the network.
        modules["scale"] = own_modules().Shifted(scale["shift"], [width or np.inf for width in scale["width"]])
    for entry, placed in zip(json.loads(network._engine.layers()), network._engine.placed_layers()):
        modules[str(placed[0])] = _module(torch, entry, placed)
    of_target: Any = described.get("target_scale", {})
    if of_target.get("shift"):
        modules["target_scale"] = own_modules().OwnUnits(of_target["shift"], of_target["width"])
    model: Any = torch.nn.Sequential(OrderedDict(modules))
    model = model.double() if network.precision == "f64" else model.float()
    state = {name: torch.from_numpy(np.array(values)) for name, values in network.state_dict().items()}
    model.load_state_dict(state, strict=False)
    return model.eval()


def _module(torch: Any, entry: Any, placed: tuple[int, str, list[int], list[int], int]) -> Any:
    """A layer's twin."""
    nn = torch.nn
    number, kind, inputs, outputs, _ = placed
    name, options = _named(entry)
    keys: dict[str, Any] = options if hasattr(options, "keys") else {}
    plain = {
        "identity": nn.Identity,
        "sigmoid": nn.Sigmoid,
        "tanh": nn.Tanh,
        "relu": nn.ReLU,
        "selu": nn.SELU,
        "silu": nn.SiLU,
        "softplus": nn.Softplus,
        "mish": nn.Mish,
        "gelu": nn.GELU,
        "flatten": nn.Flatten,
    }
    if name in plain:
        return plain[name]()
    if name == "dense":
        return nn.Linear(int(np.prod(inputs)), outputs[-1])
    if name == "softmax":
        return nn.Softmax(dim=-1)
    if name == "gelu_tanh":
        return nn.GELU(approximate="tanh")
    if name == "leaky_relu":
        return nn.LeakyReLU(keys.get("slope", 0.01))
    if name == "elu":
        return nn.ELU(keys.get("alpha", 1.0))
    if name == "scale":
        return own_modules().Factor(options)
    if name == "dropout":
        return nn.Dropout(options)
    if name == "batch_norm":
        # PyTorch's momentum weighs the new value.
        settings = {"eps": keys.get("epsilon", 1e-5), "momentum": 1.0 - keys.get("momentum", 0.9)}
        return (nn.BatchNorm2d if len(inputs) == 3 else nn.BatchNorm1d)(inputs[0], **settings)
    if name == "layer_norm":
        return nn.LayerNorm(inputs, eps=keys.get("epsilon", 1e-5))
    if name == "group_norm":
        return nn.GroupNorm(keys["groups"], inputs[0], eps=keys.get("epsilon", 1e-5))
    if name == "residual":
        return _residual(torch, entry, inputs, outputs)
    if name in _OF_IMAGES:
        return _OF_IMAGES[name](torch, entry, inputs, outputs)
    raise ValueError(f"layer {number} ({kind}) is not translated to PyTorch, which has none like it")


def own_modules() -> Any:
    """Modules of our own, which need PyTorch to be made."""
    return import_module("thalweg.torch_modules")


# Layers of images and sequences: shapes are [channels, length] or [channels, height, width].


def _pair(value: Any, axes: int) -> tuple[Any, ...]:
    """One for each axis."""
    if isinstance(value, (list, tuple)):
        each: list[Any] = [*value]
        return tuple(each)
    return (value,) * axes


def _around(entry: Any, inputs: list[int], size: tuple[Any, ...]) -> list[tuple[int, int]]:
    """What is put before and behind each axis."""
    axes = len(inputs) - 1
    padding: Any = entry.get("padding", "valid")
    stride, dilation = _pair(entry.get("stride", 1), axes), _pair(entry.get("dilation", 1), axes)
    if padding == "valid":
        return [(0, 0)] * axes
    if padding != "same":
        return [_pair(pad, 2) for pad in ([padding] if axes == 1 else _pair(padding, axes))]
    found: list[tuple[int, int]] = []
    for length, window, step, apart in zip(inputs[1:], size, stride, dilation):
        both = max((-(-length // step) - 1) * step + apart * (window - 1) + 1 - length, 0)
        found.append((both // 2, both - both // 2))
    return found


def _convolution(torch: Any, entry: Any, inputs: list[int], outputs: list[int]) -> Any:
    axes = len(inputs) - 1
    size = _pair(entry["kernel_size"], axes)
    around = _around(entry, inputs, size)
    is_even = all(before == after for before, after in around)
    module = (torch.nn.Conv1d if axes == 1 else torch.nn.Conv2d)(
        inputs[0],
        outputs[0],
        size,
        stride=_pair(entry.get("stride", 1), axes),
        padding=tuple(before for before, _ in around) if is_even else 0,
        dilation=_pair(entry.get("dilation", 1), axes),
        groups=entry.get("groups", 1),
    )
    return module if is_even else own_modules().padded(module, around, 0.0)


def _transposed(torch: Any, entry: Any, inputs: list[int], outputs: list[int]) -> Any:
    size, stride = _pair(entry["kernel_size"], 2), _pair(entry.get("stride", 1), 2)
    dilation, more = _pair(entry.get("dilation", 1), 2), _pair(entry.get("output_padding", 0), 2)
    # What padding takes away, from the sizes: (in - 1)·stride + dilation·(size - 1) + 1 + output_padding - out.
    each = zip(inputs[1:], outputs[1:], size, stride, dilation, more)
    taken = [(length - 1) * step + apart * (window - 1) + 1 + extra - out for length, out, window, step, apart, extra in each]
    given = _pair(entry.get("padding", 0), 2)
    if any(both % 2 for both in taken) or any(before != after for before, after in (_pair(pad, 2) for pad in given)):
        raise ValueError("a transposed convolution that takes more away at one end than at the other is not translated to PyTorch")
    return torch.nn.ConvTranspose2d(
        inputs[0],
        outputs[0],
        size,
        stride=stride,
        padding=tuple(both // 2 for both in taken),
        output_padding=more,
        groups=entry.get("groups", 1),
        dilation=dilation,
    )


def _pool(torch: Any, entry: Any, inputs: list[int], outputs: list[int]) -> Any:
    name, _ = _named(entry)
    size = _pair(entry[name], 2)
    stride = _pair(entry.get("stride", size), 2)
    around = _around({**entry, "stride": stride}, inputs, size)
    # PyTorch pads a pool by at most half of its window.
    is_even = all(before == after and 2 * before <= window for (before, after), window in zip(around, size))
    padding = tuple(before for before, _ in around) if is_even else 0
    if name == "max_pool2d":
        module = torch.nn.MaxPool2d(size, stride=stride, padding=padding)
        return module if is_even else own_modules().padded(module, around, -float("inf"))
    if not is_even:
        raise ValueError("an average pool with more around it at one end than at the other is not translated to PyTorch")
    return torch.nn.AvgPool2d(size, stride=stride, padding=padding, count_include_pad=False)


def _adaptive(torch: Any, entry: Any, inputs: list[int], outputs: list[int]) -> Any:
    return torch.nn.AdaptiveAvgPool2d(tuple(outputs[1:]))


def _global(torch: Any, entry: Any, inputs: list[int], outputs: list[int]) -> Any:
    pool = torch.nn.AdaptiveAvgPool1d(1) if len(inputs) == 2 else torch.nn.AdaptiveAvgPool2d(1)
    return torch.nn.Sequential(pool, torch.nn.Flatten())


def _upsample(torch: Any, entry: Any, inputs: list[int], outputs: list[int]) -> Any:
    return torch.nn.Upsample(size=tuple(outputs[1:]), mode="nearest")


def _channel_dropout(torch: Any, entry: Any, inputs: list[int], outputs: list[int]) -> Any:
    return (torch.nn.Dropout2d if len(inputs) == 3 else torch.nn.Dropout1d)(entry["channel_dropout"])


_OF_IMAGES = {
    "conv1d": _convolution,
    "conv2d": _convolution,
    "conv_transpose2d": _transposed,
    "max_pool2d": _pool,
    "average_pool2d": _pool,
    "adaptive_average_pool2d": _adaptive,
    "global_average_pool": _global,
    "upsample": _upsample,
    "channel_dropout": _channel_dropout,
}


def _residual(torch: Any, entry: Any, inputs: list[int], outputs: list[int]) -> Any:
    """The block's layers are those of a network of its own, whose shapes the engine knows."""

    def modules(layers: list[Any]) -> list[Any]:
        block = _engine.Network([to_json(layers)], inputs, "f32", 0, to_json("zeros"))
        return [_module(torch, entry, placed) for entry, placed in zip(json.loads(block.layers()), block.placed_layers())]

    shortcut: list[Any] | None = entry.get("shortcut")
    has_projection = shortcut is None and inputs != outputs
    return own_modules().Residual(
        modules(entry["residual"]),
        None if shortcut is None else modules(shortcut),
        (inputs[0], outputs[0]) if has_projection else None,
    )


def _named(entry: Any) -> tuple[str, Any]:
    """The name of a layer, and its options."""
    if isinstance(entry, str):
        return entry, {}
    if not hasattr(entry, "keys"):
        return "custom", {}
    activation = entry.get("activation")
    if hasattr(activation, "keys"):
        return str(activation["name"]), activation
    key = str(next(iter(entry)))
    return key, entry[key]
