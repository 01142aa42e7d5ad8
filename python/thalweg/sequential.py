"""A network as a ``torch.nn.Sequential``; PyTorch is imported when it is asked for."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import numpy as np

__all__ = ["sequential"]


def sequential(network: Any) -> Any:
    """The same layers and parameters, numbered alike. Outputs are logits where the loss takes them.

    Layers without a twin in PyTorch (``scale``, ``noise``, one's own), and those for images and tables, are refused by name.
    """
    try:
        torch: Any = import_module("torch")
    except ImportError as error:
        raise ImportError("to_torch needs PyTorch, which is not installed: pip install torch") from error
    modules: list[Any] = []
    for entry, placed in zip(json.loads(network._engine.layers()), network._engine.placed_layers()):
        modules.append(_module(torch, entry, placed))
    model: Any = torch.nn.Sequential(*modules)
    if network.precision == "f64":
        model = model.double()
    state = {name: torch.from_numpy(np.array(values)) for name, values in network.state_dict().items()}
    model.load_state_dict(state, strict=False)
    return model.eval()


def _module(torch: Any, entry: Any, placed: tuple[int, str, list[int], list[int], int]) -> Any:
    nn = torch.nn
    number, kind, inputs, outputs, _ = placed
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
    name, options = _named(entry)
    if name in plain:
        return plain[name]()
    if name == "dense":
        return nn.Linear(int(np.prod(inputs)), outputs[-1])
    if name == "softmax":
        return nn.Softmax(dim=1)
    if name == "gelu_tanh":
        return nn.GELU(approximate="tanh")
    if name == "leaky_relu":
        return nn.LeakyReLU(options.get("slope", 0.01))
    if name == "elu":
        return nn.ELU(options.get("alpha", 1.0))
    if name == "dropout":
        return nn.Dropout(options)
    given: dict[str, Any] = options if hasattr(options, "keys") else {}
    if name == "batch_norm" and len(inputs) == 1:
        return nn.BatchNorm1d(int(np.prod(inputs)), eps=given.get("epsilon", 1e-5))
    if name == "layer_norm":
        return nn.LayerNorm(inputs, eps=given.get("epsilon", 1e-5))
    raise ValueError(f"layer {number} ({kind}) is not translated to PyTorch")


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
