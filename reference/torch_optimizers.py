"""Ten steps of PyTorch's LBFGS and Muon, for `tests/lbfgs.rs` and `optimizers/muon.rs`.

Run: python3 reference/torch_optimizers.py (with PyTorch)
"""

import torch

torch.set_default_dtype(torch.float64)


def irregular(*shape, start=0):
    """Numbers that are no pattern and need no generator, from -1 to 1."""
    count = torch.Size(shape).numel()
    return torch.tensor([(i * 7919 % 1009) / 504.5 - 1.0 for i in range(start, start + count)]).reshape(shape)


def lbfgs(title, steps, history, model, parameters):
    """Every step is a call of its own, so that the iterates can be read; none ends for want of progress."""
    rule = torch.optim.LBFGS(
        parameters,
        lr=1.0,
        max_iter=1,
        max_eval=100,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        history_size=history,
        line_search_fn="strong_wolfe",
    )

    looks = [0]

    def closure():
        rule.zero_grad()
        loss = model()
        loss.backward()
        looks[0] += 1
        return loss

    losses, counts = [], []
    for _ in range(steps):
        before = looks[0]
        losses.append(rule.step(closure).item())
        counts.append(looks[0] - before - 1)
    with torch.no_grad():
        losses.append(model().item())
    print(title)
    print("    looks along each line:", counts)
    print("    losses before each step, and after the last:", losses[:11], losses[-1])
    print("    parameters:", [p.detach().flatten().tolist() for p in parameters])


# A logistic regression of 12 rows: the first length that is tried is taken at every step.
x, t = irregular(12, 3), (irregular(12, 1, start=700) > 0).double()
w, b = torch.zeros(3, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits
penalty = lambda: 0.05 * (w * w).sum()
lbfgs("lbfgs, logistic regression with l2 = 0.1, history 4", 10, 4, lambda: cross_entropy(x @ w + b, t) + penalty(), [w, b])

# The same of inputs of very different sizes: along some lines several lengths are tried, by rules that are PyTorch's own.
x = x * torch.tensor([1.0, 30.0, 0.1])
w, b = torch.zeros(3, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
lbfgs("lbfgs, inputs of different sizes", 60, 4, lambda: cross_entropy(x @ w + b, t) + penalty(), [w, b])


def muon(title, exact):
    """In 16 bits as it is, or, to hold the rest of it to the last digits, in 64."""
    for shape in ([3, 2], [2, 3]):
        w = irregular(*shape).requires_grad_(True)
        target, curvature = irregular(*shape, start=300), 1.5 + irregular(*shape, start=600)
        rule = torch.optim.Muon([w], lr=0.05, weight_decay=0.1, momentum=0.9)
        kept = torch.bfloat16
        if exact:
            torch.bfloat16 = torch.float64
        for _ in range(10):
            rule.zero_grad()
            (0.5 * curvature * (w - target) ** 2).sum().backward()
            rule.step()
        torch.bfloat16 = kept
        print(title, shape, w.detach().flatten().tolist())


muon("muon, [out, in] =", False)
muon("muon with an iteration in 64 bits, [out, in] =", True)
