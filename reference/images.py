"""What PyTorch makes of layers for images, forward and backward in f64, for random shapes, strides, paddings, dilations and groups.

Run with PyTorch: python3 reference/images.py > crates/thalweg/tests/fixtures/images.json
`--seed 2 --cases 40` gives other cases: the live cross-check of `crates/thalweg/tests/images.rs` asks for them.
"""

import argparse
import json
import random

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def irregular(start, *shape):
    """Numbers that are no pattern and need no generator."""
    count = torch.Size(shape).numel()
    return torch.tensor([(i * 7919 % 1009) / 504.5 - 1.0 for i in range(start, start + count)]).reshape(shape)


def ends_of(padding, size, kernel, stride, dilation):
    """Before and after along one axis."""
    if padding == "valid":
        return (0, 0)
    if padding == "same":
        windows = -(-size // stride)
        both = max((windows - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
        return (both // 2, both - both // 2)
    return tuple(padding)


def padded(x, ends, value=0.0):
    """x with rows above and below, columns left and right."""
    return F.pad(x, (*ends[1], *ends[0]), value=value)


class Window:
    """A random window that fits an image."""

    def __init__(self, size, pool):
        self.kernel = [random.randint(1, 4), random.randint(1, 4)]
        self.stride = [random.randint(1, 3), random.randint(1, 3)]
        self.dilation = [1, 1] if pool else [random.choice([1, 1, 2, 3]), random.choice([1, 1, 2])]
        most = [k - 1 if pool else 3 for k in self.kernel]
        numbers = [[random.randint(0, m), random.randint(0, m)] for m in most]
        self.padding = random.choice(["valid", "same", "numbers"])
        if self.padding == "numbers":
            self.padding = numbers
        each = lambda axis: self.padding if isinstance(self.padding, str) else self.padding[axis]
        self.ends = [ends_of(each(a), size[a], self.kernel[a], self.stride[a], self.dilation[a]) for a in (0, 1)]
        reach = [self.dilation[a] * (self.kernel[a] - 1) + 1 for a in (0, 1)]
        fits = all(size[a] + sum(self.ends[a]) >= reach[a] for a in (0, 1))
        # No window of a pool may hold nothing but padding.
        self.ok = fits and (not pool or all(max(self.ends[a]) < self.kernel[a] for a in (0, 1)))

    def toml(self):
        padding = json.dumps(self.padding)
        return f"stride = {self.stride}, padding = {padding}"


def conv2d(shape):
    channels, *size = shape
    window = Window(size, pool=False)
    if not window.ok:
        return None
    groups = random.choice([g for g in range(1, channels + 1) if channels % g == 0])
    out = groups * random.randint(1, 3)
    layer = f"{{ conv2d = {out}, kernel_size = {window.kernel}, {window.toml()}, dilation = {window.dilation}, groups = {groups} }}"
    w, b = [out, channels // groups, *window.kernel], [out]
    f = lambda x, w, b: F.conv2d(padded(x, window.ends), w, b, window.stride, 0, window.dilation, groups)
    return layer, f, [w, b]


def conv1d(shape):
    channels, _, length = shape
    window = Window([1, length], pool=False)
    kernel, stride, dilation = window.kernel[1], window.stride[1], window.dilation[1]
    padding = window.padding if isinstance(window.padding, str) else window.padding[1]
    ends = ends_of(padding, length, kernel, stride, dilation)
    if length + sum(ends) < dilation * (kernel - 1) + 1:
        return None
    groups = random.choice([g for g in range(1, channels + 1) if channels % g == 0])
    out = groups * random.randint(1, 3)
    layer = f"{{ conv1d = {out}, kernel_size = {kernel}, stride = {stride}, padding = {json.dumps(padding)}"
    layer += f", dilation = {dilation}, groups = {groups} }}"
    f = lambda x, w, b: F.conv1d(F.pad(x, ends), w, b, stride, 0, dilation, groups)
    return layer, f, [[out, channels // groups, kernel], [out]], [channels, length]


def conv_transpose2d(shape):
    channels, *size = shape
    kernel, stride = ([random.randint(1, most) for _ in (0, 1)] for most in (4, 3))
    dilation = [random.choice([1, 1, 2]) for _ in (0, 1)]
    groups = random.choice([g for g in range(1, channels + 1) if channels % g == 0])
    out = groups * random.randint(1, 3)
    reach = [dilation[a] * (kernel[a] - 1) + 1 for a in (0, 1)]
    if random.random() < 0.3:
        padding = "same"
        both = [max(reach[a] - stride[a], 0) for a in (0, 1)]
        ends = [(b // 2, b - b // 2) for b in both]
        added, options = [max(stride[a] - reach[a], 0) for a in (0, 1)], ""
    else:
        padding = ends = [[random.randint(0, 2) for _ in (0, 1)] for _ in (0, 1)]
        added = [random.randint(0, s - 1) for s in stride]
        options = f", output_padding = {added}"
    if any((size[a] - 1) * stride[a] + reach[a] + added[a] <= sum(ends[a]) for a in (0, 1)):
        return None
    layer = f"{{ conv_transpose2d = {out}, kernel_size = {kernel}, stride = {stride}, padding = {json.dumps(padding)}"
    layer += f"{options}, dilation = {dilation}, groups = {groups} }}"

    def f(x, w, b):
        # PyTorch's own output padding needs to be less than stride or dilation, as here; padding is cut off by hand.
        y = F.conv_transpose2d(x, w, b, stride, 0, added, groups, dilation)
        (above, below), (left, right) = ends
        return y[:, :, above : y.shape[2] - below, left : y.shape[3] - right]

    return layer, f, [[channels, out // groups, *kernel], [out]]


def upsample(_shape):
    factor = [random.randint(1, 3), random.randint(1, 3)]
    return f"{{ upsample = {factor} }}", lambda x: x.repeat_interleave(factor[0], 2).repeat_interleave(factor[1], 3), []


def pool(shape, kind):
    window = Window(shape[1:], pool=True)
    if not window.ok:
        return None
    layer = f"{{ {kind} = {window.kernel}, {window.toml()} }}"
    if kind == "max_pool2d":
        f = lambda x: F.max_pool2d(padded(x, window.ends, float("-inf")), window.kernel, window.stride)
    else:
        total = lambda x: F.avg_pool2d(padded(x, window.ends), window.kernel, window.stride, divisor_override=1)
        f = lambda x: total(x) / total(torch.ones_like(x))
    return layer, f, []


def adaptive(shape):
    size = [random.randint(1, side) for side in shape[1:]]
    return f"{{ adaptive_average_pool2d = {size} }}", lambda x: F.adaptive_avg_pool2d(x, size), []


def global_pool(_shape):
    return '"global_average_pool"', lambda x: x.mean((2, 3)), []


def group_norm(shape):
    groups = random.choice([g for g in range(1, shape[0] + 1) if shape[0] % g == 0])
    layer = f"{{ group_norm = {{ groups = {groups}, epsilon = 1e-3 }} }}"
    return layer, lambda x, w, b: F.group_norm(x, groups, w, b, 1e-3), [[shape[0]], [shape[0]]]


KINDS = {
    "conv2d": conv2d,
    "conv1d": conv1d,
    "conv_transpose2d": conv_transpose2d,
    "upsample": upsample,
    "max_pool2d": lambda shape: pool(shape, "max_pool2d"),
    "average_pool2d": lambda shape: pool(shape, "average_pool2d"),
    "adaptive_average_pool2d": adaptive,
    "global_average_pool": global_pool,
    "group_norm": group_norm,
}
# A convolution has the most to go wrong.
TURNS = ["conv2d", "max_pool2d", "conv2d", "average_pool2d", "conv2d", "adaptive_average_pool2d", "conv2d", "group_norm"]
TURNS += ["conv2d", "global_average_pool", "conv1d", "conv_transpose2d", "conv1d", "conv_transpose2d", "upsample"]


def case(kind):
    """A random case of a kind of layer, with what PyTorch makes of it."""
    while True:
        shape = [random.randint(1, 4), random.randint(1, 6), random.randint(1, 6)]
        made = KINDS[kind](shape)
        if made is not None:
            break
    layer, function, parameter_shapes, *other_shape = made
    shape = other_shape[0] if other_shape else shape
    rows = random.randint(1, 2)
    x = irregular(0, rows, *shape).requires_grad_(True)
    parameters, start = [], 1000
    for axes in parameter_shapes:
        parameters.append((0.5 * irregular(start, *axes)).requires_grad_(True))
        start += parameters[-1].numel()
    y = function(x, *parameters)
    y.backward(irregular(500, *y.shape))
    flat = lambda tensor: tensor.detach().flatten().tolist()
    return {
        "layer": layer,
        "input": shape,
        "rows": rows,
        "output": list(y.shape[1:]),
        "y": flat(y),
        "dx": flat(x.grad),
        "dparameters": [value for parameter in parameters for value in flat(parameter.grad)],
    }


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--cases", type=int, default=75)
    options = arguments.parse_args()
    random.seed(options.seed)
    cases = [json.dumps(case(TURNS[i % len(TURNS)])) for i in range(options.cases)]
    print("[\n" + ",\n".join(cases) + "\n]")


main()
