"""PyTorch. `eager`: autograd and torch.optim (fused). `compile`: one functional step (torch.func.grad and the update)
under torch.compile with its C++ back end, which is its best case.

An epoch draws a permutation and indexes the data with it, batch by batch; a DataLoader would be slower. Denormal
numbers are flushed to zero, as torch.set_flush_denormal offers it."""

from peers import data
from peers.timing import Clock, arguments, report
from peers.works import ImageWork, Pass, ResidualWork, Work

settings = arguments(__doc__, variants=("eager", "compile"))

import torch  # noqa: E402 (after the arguments, so that --help is quick)
import torch.nn.functional as F  # noqa: E402

COMPILES = settings.variant == "compile"


def predict(work: Work, parameters, x):
    """Logits, or values. `parameters` alternates weights [out_features, in_features] and biases, those of convolutions
    first."""
    if isinstance(work, ImageWork):
        x = x.view(-1, *work.image)
        for layer, (_, _, padding) in enumerate(work.filters):
            z = F.conv2d(x, parameters[2 * layer], parameters[2 * layer + 1], padding=padding)
            x = F.max_pool2d(F.relu(z), 2)
        x = x.flatten(1)
        parameters = parameters[2 * len(work.filters) :]
    last = len(parameters) - 2
    for layer in range(0, last, 2):
        z = F.linear(x, parameters[layer], parameters[layer + 1])
        x = torch.sigmoid(z) if work.hidden == "sigmoid" else F.relu(z)
    z = F.linear(x, parameters[last], parameters[last + 1])
    if work.output == "linear":
        return z
    return torch.sigmoid(z) * 100 if work.output == "hundred_sigmoid" else torch.sigmoid(z)


def loss_of(work: Work):
    """The loss, without penalty, as a function of parameters, x and targets."""

    def loss(parameters, x, targets):
        y = predict(work, parameters, x)
        if work.loss == "softmax_cross_entropy":
            return F.cross_entropy(y, targets)
        if work.loss == "binary_cross_entropy":
            return F.binary_cross_entropy_with_logits(y, targets)
        if work.loss == "mean_squared_error":
            return F.mse_loss(y, targets)
        if work.loss == "half_squares":
            return (y - targets).square().sum() * (0.5 / len(x))
        return (y - targets).square().sum()

    return loss


def eager_step(work: Work, parameters):
    """(x, targets) -> the loss, with torch's own optimizers; the penalty of plain descent is their weight decay."""
    loss_function = loss_of(work)
    groups = [{"params": parameters[0::2], "weight_decay": work.l2}, {"params": parameters[1::2]}]
    if work.optimizer == "adam":
        optimizer = torch.optim.Adam(groups, lr=work.learning_rate, fused=True)
    else:
        momentum = 0.9 if work.optimizer == "momentum" else 0
        optimizer = torch.optim.SGD(groups, lr=work.learning_rate, momentum=momentum, fused=True)

    def step(x, targets):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_function(parameters, x, targets)
        loss.backward()
        optimizer.step()
        return loss

    return step


def compiled_step(work: Work, parameters):
    """The same as one function of tensors, for the compiler."""
    differentiate = torch.func.grad(loss_of(work))
    first = [torch.zeros_like(p) for p in parameters] if work.optimizer != "gradient_descent" else []
    second = [torch.zeros_like(p) for p in parameters] if work.optimizer == "adam" else []
    count = torch.zeros(())
    rate = work.learning_rate

    def step(parameters, first, second, count, x, targets):
        gradients = differentiate(parameters, x, targets)
        if work.optimizer == "adam":
            count.add_(1)
            scale_m = 1 / (1 - 0.9**count)
            scale_v = 1 / (1 - 0.999**count)
            for p, dp, m, v in zip(parameters, gradients, first, second):
                m.mul_(0.9).add_(dp * 0.1)
                v.mul_(0.999).add_(dp * dp * 0.001)
                p.sub_(rate * scale_m * m / ((v * scale_v).sqrt() + 1e-8))
            return
        for index, (p, dp) in enumerate(zip(parameters, gradients)):
            if work.l2 and index % 2 == 0:
                dp = dp + work.l2 * p
            if work.optimizer == "momentum":
                first[index].mul_(0.9).add_(dp)
                dp = first[index]
            p.sub_(rate * dp)

    compiled = torch.compile(step, fullgraph=True)

    def call(x, targets):
        with torch.no_grad():
            compiled(parameters, first, second, count, x, targets)

    return call


def parameters_of(work: Work):
    """The start, in torch's layout."""
    tensors = []
    if isinstance(work, ImageWork):
        for parameter in data.filters(work):
            tensors += map(torch.from_numpy, parameter)
    for weight, bias in data.start(work):
        tensors += [torch.from_numpy(weight.T.copy()), torch.from_numpy(bias)]
    return tensors


def check(work: Work, parameters, x, targets) -> dict[str, float]:
    """The loss of the first 10,000 rows, and of classes the accuracy."""
    x, targets = x[:10_000], targets[:10_000]
    with torch.no_grad():
        penalty = work.l2 / 2 * sum(float(weight.square().sum()) for weight in parameters[0::2])
        result = {"loss": float(loss_of(work)(parameters, x, targets)) + penalty}
        if work.loss == "softmax_cross_entropy":
            result["accuracy"] = (predict(work, parameters, x).argmax(1) == targets).double().mean()
    return result


def train(work: Work, clock: Clock) -> None:
    x, targets = map(torch.from_numpy, data.load(work))
    if work.loss == "softmax_cross_entropy":
        targets = targets.long()
    parameters = parameters_of(work)
    if not COMPILES:
        for tensor in parameters:
            tensor.requires_grad_()
    step = (compiled_step if COMPILES else eager_step)(work, parameters)

    def mini_batches():
        rows = torch.randperm(work.rows)[: work.sample_rows]
        for batch in rows.split(work.batch_size):
            step(x[batch], targets[batch])

    def ten_steps():
        for _ in range(10):
            step(x, targets)

    if work.unit == "10 steps":
        samples = clock.of_steps(ten_steps, 10)
    elif work.full_batch:
        samples = clock.of_calls(lambda: step(x, targets))
    else:
        samples = clock.of_steps(mini_batches, work.sample_steps)
    report(work, settings.threads, samples, **check(work, parameters, x, targets))


def predictions(work: Work, clock: Clock) -> None:
    x = torch.from_numpy(data.load(work)[0][: work.batch_size])
    parameters = parameters_of(work)
    function = lambda x: predict(work, parameters, x)  # noqa: E731
    if COMPILES:
        function = torch.compile(function, dynamic=False)
    with torch.inference_mode():
        report(work, settings.threads, clock.of_calls(lambda: function(x)))


class Block(torch.nn.Module):
    """Two convolutions with batch normalisation, and a way around them."""

    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.first = torch.nn.Conv2d(before, after, 3, stride, 1)
        self.first_norm = torch.nn.BatchNorm2d(after)
        self.second = torch.nn.Conv2d(after, after, 3, 1, 1)
        self.second_norm = torch.nn.BatchNorm2d(after)
        self.around = torch.nn.Identity()
        if before != after:
            self.around = torch.nn.Sequential(
                torch.nn.Conv2d(before, after, 1, stride), torch.nn.BatchNorm2d(after)
            )

    def forward(self, x):
        inner = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(inner)) + self.around(x))


def residual_network(work: ResidualWork) -> torch.nn.Module:
    """With torch's own start."""
    channels = work.widths[0]
    layers = [torch.nn.Conv2d(work.image[0], channels, 3, 1, 1), torch.nn.BatchNorm2d(channels), torch.nn.ReLU()]
    for width in work.widths:
        for _ in range(work.blocks):
            layers.append(Block(channels, width, 1 if width == channels else 2))
            channels = width
    layers += [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(*work.sizes)]
    return torch.nn.Sequential(*layers)


def train_residual(work: ResidualWork, clock: Clock) -> None:
    """Steps of a module with torch.optim, on images in either order of their axes; the faster one counts."""
    x, targets = map(torch.from_numpy, data.load(work))
    x, targets = x.view(-1, *work.image), targets.long()
    layouts = []
    for memory_format in (torch.contiguous_format, torch.channels_last):
        torch.manual_seed(0)
        network = residual_network(work).to(memory_format=memory_format)
        optimizer = torch.optim.SGD(network.parameters(), lr=work.learning_rate, momentum=0.9, fused=True)
        predict = torch.compile(network, dynamic=False) if COMPILES else network

        def steps(x=x.to(memory_format=memory_format), predict=predict, optimizer=optimizer):
            for batch in torch.randperm(work.rows)[: work.sample_rows].split(work.batch_size):
                optimizer.zero_grad(set_to_none=True)
                loss = F.cross_entropy(predict(x[batch]), targets[batch])
                loss.backward()
                optimizer.step()
            return loss

        samples = sorted(clock.of_steps(steps, work.sample_steps))
        layouts.append((samples[len(samples) // 2], samples, steps().item()))
    _, samples, loss = min(layouts)
    report(work, settings.threads, samples, loss=loss)


def one_pass(work: Pass, clock: Clock) -> None:
    """A pass alone, on images in either order of their axes; the faster one counts."""
    layouts = []
    for memory_format in (torch.contiguous_format, torch.channels_last):
        x, dy = (
            torch.randn(work.rows, work.channels, work.side, work.side).to(memory_format=memory_format)
            for _ in range(2)
        )
        weight = torch.randn(work.channels, work.channels // work.groups, 3, 3).to(memory_format=memory_format)
        bias = torch.randn(work.channels)

        def backward(wanted, dy=dy, x=x, weight=weight):
            size = [work.channels]
            torch.ops.aten.convolution_backward(
                dy, x, weight, size, [1, 1], [1, 1], [1, 1], False, [0, 0], work.groups, wanted
            )

        calls = {
            "forward": lambda x=x, weight=weight: F.conv2d(x, weight, bias, padding=1, groups=work.groups),
            "dx": lambda: backward([True, False, False]),
            "dw": lambda: backward([False, True, True]),
        }
        with torch.inference_mode():
            layouts.append(sorted(clock.of_calls(calls[work.which])))
    report(work, settings.threads, min(layouts, key=lambda samples: samples[len(samples) // 2]))


torch.set_num_threads(settings.threads)
torch.set_num_interop_threads(1)
torch.set_flush_denormal(True)
torch.manual_seed(0)
for each in settings.works:
    if isinstance(each, ResidualWork):
        run = train_residual
    else:
        run = one_pass if isinstance(each, Pass) else predictions if each.predicts else train
    run(each, Clock(each, settings.seconds))
