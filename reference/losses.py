"""What PyTorch makes of a few rows, value and gradient, for `losses/tests.rs`.

Run: python3 reference/losses.py (with PyTorch)
"""

import torch
from torch.nn import functional as f

torch.set_default_dtype(torch.float64)


def irregular(*shape):
    """Numbers that are no pattern and need no generator, from -1 to 1."""
    count = torch.Size(shape).numel()
    return torch.tensor([(i * 7919 % 1009) / 504.5 - 1.0 for i in range(count)]).reshape(shape)


def show(title, z, loss):
    value = loss(z)
    value.backward()
    print(title)
    print("    value:", repr(value.item()))
    print("    gradient:", z.grad.flatten().tolist())


def logits(*shape):
    return (3.0 * irregular(*shape)).requires_grad_(True)


counts = torch.tensor([0.0, 1.0, 4.0, 2.5, 0.0, 11.0]).reshape(3, 2)
show("poisson", logits(3, 2), lambda z: f.poisson_nll_loss(z, counts, log_input=True, full=False))

# One score: HingeEmbeddingLoss is max(0, 1 - x) where its target is -1, and x is the score on the right side.
sides = torch.tensor([1.0, -1.0, -1.0, 1.0, 1.0, -1.0])


def slacks(z):
    return f.hinge_embedding_loss(sides * z, -torch.ones(6), margin=1.0, reduction="none")


show("hinge of one score", logits(6), lambda z: slacks(z).mean())
show("squared hinge of one score", logits(6), lambda z: (slacks(z) ** 2).mean())

classes = torch.tensor([2, 0, 3, 1])
show("hinge of four scores", logits(4, 4), lambda z: f.multi_margin_loss(z, classes, p=1))
show("squared hinge of four scores", logits(4, 4), lambda z: f.multi_margin_loss(z, classes, p=2))
