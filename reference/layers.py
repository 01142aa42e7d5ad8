"""What PyTorch's normalisations make of a few numbers, forward and backward, for `layers/tests.rs`.

Run: python3 reference/layers.py (with PyTorch)
"""

import torch

torch.set_default_dtype(torch.float64)


def irregular(*shape):
    """Numbers that are no pattern and need no generator."""
    count = torch.Size(shape).numel()
    return torch.tensor([(i * 7919 % 1009) / 504.5 - 1.0 for i in range(count)]).reshape(shape)


def show(name, tensor):
    values = ", ".join(repr(value) for value in tensor.detach().flatten().tolist())
    print(f"    {name}: [{values}]")


def report(title, layer, x):
    print(title)
    x.requires_grad_(True)
    with torch.no_grad():
        layer.weight.copy_(1.0 + 0.5 * irregular(*layer.weight.shape))
        layer.bias.copy_(0.25 * irregular(*layer.bias.shape))
    y = layer(x)
    show("y", y)
    (y * irregular(*y.shape).flip(0)).sum().backward()
    show("dx", x.grad)
    show("dw", layer.weight.grad)
    show("db", layer.bias.grad)
    if hasattr(layer, "running_mean"):
        show("running_mean", layer.running_mean)
        show("running_variance", layer.running_var)
        layer.eval()
        show("y in inference", layer(x))


report("batch_norm of 4 rows of 3", torch.nn.BatchNorm1d(3), irregular(4, 3))
report("batch_norm of 2 images of 2 channels, 2 by 2", torch.nn.BatchNorm2d(2), irregular(2, 2, 2, 2))
report("layer_norm of 2 rows of 4", torch.nn.LayerNorm(4), irregular(2, 4))
