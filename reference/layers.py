"""What PyTorch's normalisations, and embeddings and residual blocks of its parts, make of a few numbers, forward and backward, for
`layers/tests.rs`, `layers/column_tests.rs` and `layers/residual/tests.rs`.

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


def flat_parameters(count):
    """All parameters of a layer in our order, as one vector that has a gradient."""
    return (0.5 * irregular(count)).requires_grad_(True)


def report_flat(title, function, count, x):
    """A function of x and of all parameters as one vector, in the order in which our layer has them."""
    print(title)
    parameters = flat_parameters(count)
    x = x.clone().requires_grad_(True)
    y = function(x, parameters)
    show("y", y)
    (y * irregular(*y.shape).flip(0)).sum().backward()
    show("dx", x.grad)
    if count > 0:
        show("dparameters", parameters.grad)


def embedding(x, p):
    """Columns 0 and 2 are ids of 3 and 2 categories with 2 numbers each, column 1 passes by; -1 is none (a row of zeros)."""
    def rows(ids, table):
        with_none = torch.cat([table, torch.zeros(1, 2)])
        return torch.nn.functional.embedding(ids.long() % len(with_none), with_none)
    return torch.cat([x[:, 1:2], rows(x[:, 0], p[:6].reshape(3, 2)), rows(x[:, 2], p[6:10].reshape(2, 2))], 1)


def periodic(x, p, columns, frequencies, dimension=None):
    """Gorishniy et al. 2022, equation 2, and PLR where there is a dimension."""
    f = p[: columns * frequencies].reshape(columns, frequencies)
    v = 2 * torch.pi * f * x[:, -columns:, None]
    e = torch.cat([torch.sin(v), torch.cos(v)], 2)
    rest = x[:, :-columns]
    if dimension is None:
        return torch.cat([rest, e.flatten(1)], 1)
    w, b = p[columns * frequencies :].split([columns * 2 * frequencies * dimension, columns * dimension])
    z = torch.einsum("nck,ckj->ncj", e, w.reshape(columns, 2 * frequencies, dimension)) + b.reshape(columns, dimension)
    return torch.cat([rest, torch.relu(z).flatten(1)], 1)


def piecewise_linear(x, p, edges, dimension=None):
    """Gorishniy et al. 2022, equation 1, and Q-LR where there is a dimension."""
    columns = []
    for c, own in enumerate(edges):
        bins = len(own) - 1
        shares = []
        for t in range(bins):
            s = (x[:, c] - own[t]) / (own[t + 1] - own[t])
            low = -torch.inf if t == 0 else 0.0
            high = torch.inf if t == bins - 1 else 1.0
            shares.append(s.clamp(low, high))
        columns.append(torch.stack(shares, 1))
    if dimension is None:
        return torch.cat(columns, 1)
    total = sum(len(own) - 1 for own in edges)
    w, b = p.split([total * dimension, len(edges) * dimension])
    w, b = w.reshape(total, dimension), b.reshape(len(edges), dimension)
    parts, first = [], 0
    for c, e in enumerate(columns):
        parts.append(torch.relu(e @ w[first : first + e.shape[1]] + b[c]))
        first += e.shape[1]
    return torch.cat(parts, 1)


def dense(x, p, inputs, outputs):
    w, b = p[: inputs * outputs].reshape(inputs, outputs), p[inputs * outputs :]
    return x @ w + b


def residual(x, p):
    """3 values, through dense 4, tanh, dense 3."""
    inner, outer = p.split([3 * 4 + 4, 4 * 3 + 3])
    return x + dense(torch.tanh(dense(x, inner, 3, 4)), outer, 4, 3)


def projected(x, p):
    """3 values, through dense 4 and tanh, and by a matrix around them."""
    inner, matrix = p.split([3 * 4 + 4, 3 * 4])
    return x @ matrix.reshape(3, 4) + torch.tanh(dense(x, inner, 3, 4))


def shortcut(x, p):
    """3 values, through dense 2 and a batch normalisation, and by dense 2 around them."""
    inner, scale, shift, _, around = p.split([3 * 2 + 2, 2, 2, 4, 3 * 2 + 2])
    z = dense(x, inner, 3, 2)
    u = (z - z.mean(0)) / torch.sqrt(z.var(0, unbiased=False) + 1e-5)
    return dense(x, around, 3, 2) + u * scale + shift


ids = torch.tensor([[2.0, 0.5, 1.0], [0.0, -1.5, 1.0], [-1.0, 0.25, 0.0], [2.0, 1.0, -1.0]])
report_flat("embedding of 4 rows", embedding, 10, ids)
report_flat("waves of 3 rows of 2, without a layer", lambda x, p: periodic(x, p, 2, 2), 4, irregular(3, 2))
report_flat("waves of the last 2 of 3 columns, with dimension 3", lambda x, p: periodic(x, p, 2, 2, 3), 4 + 24 + 6, irregular(3, 3))
edges = [[-0.9, -0.5, 0.1, 0.8], [-0.3, 0.4]]
report_flat("shares of 4 rows of 2, without a layer", lambda x, p: piecewise_linear(x, p, edges), 0, 1.5 * irregular(4, 2))
report_flat("shares of 4 rows of 2, with dimension 3", lambda x, p: piecewise_linear(x, p, edges, 3), 12 + 6, 1.5 * irregular(4, 2))
report_flat("residual, straight", residual, 31, irregular(4, 3))
report_flat("residual, projected", projected, 28, irregular(4, 3))
report_flat("residual, shortcut and batch_norm", shortcut, 24, irregular(4, 3))
