"""JAX. `scan`: the whole epoch, or all steps of a sample, in one compiled loop, which is its best case. `jit`: one
compiled step per call from Python, as most programs are written. Buffers are donated in both.

The threads are those of the processors that the process may use; on one, XLA's threaded Eigen is switched off outside."""

import numpy as np

from peers import data
from peers.timing import Clock, arguments, report
from peers.works import Work

settings = arguments(__doc__, variants=("scan", "jit"))

import jax  # noqa: E402 (after the arguments, so that --help is quick)
import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402

tree_map = jax.tree_util.tree_map
# A step of W8 takes a quarter of a second: a loop around it has nothing to gain.
SCANS = settings.variant == "scan" and settings.work != "W8"


def predict(work: Work, parameters, x):
    """Logits, or values."""
    for weight, bias in parameters[:-1]:
        z = x @ weight + bias
        x = jax.nn.sigmoid(z) if work.hidden == "sigmoid" else jax.nn.relu(z)
    weight, bias = parameters[-1]
    z = x @ weight + bias
    if work.output == "linear":
        return z
    return jax.nn.sigmoid(z) * (100 if work.output == "hundred_sigmoid" else 1)


def loss_of(work: Work):
    """The loss as a function of parameters, x and targets."""

    def loss(parameters, x, targets):
        y = predict(work, parameters, x)
        if work.loss == "softmax_cross_entropy":
            value = -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(y), targets[:, None], axis=1))
        elif work.loss == "binary_cross_entropy":
            value = jnp.mean(jax.nn.softplus(y) - targets * y)
        elif work.loss == "mean_squared_error":
            value = jnp.mean((y - targets) ** 2)
        elif work.loss == "half_squares":
            value = jnp.sum((y - targets) ** 2) * (0.5 / len(x))
        else:
            value = jnp.sum((y - targets) ** 2)
        if work.l2:
            value += 0.5 * work.l2 * sum(jnp.sum(weight * weight) for weight, _ in parameters)
        return value

    return loss


def step_of(work: Work):
    """(state, x, targets) -> state, where the state is the parameters and whatever the optimizer keeps."""
    gradient = jax.grad(loss_of(work))
    rate = work.learning_rate

    def gradient_descent(state, x, targets):
        (parameters,) = state
        return (tree_map(lambda p, dp: p - rate * dp, parameters, gradient(parameters, x, targets)),)

    def momentum(state, x, targets):
        parameters, velocity = state
        velocity = tree_map(lambda v, dp: 0.9 * v + dp, velocity, gradient(parameters, x, targets))
        return tree_map(lambda p, v: p - rate * v, parameters, velocity), velocity

    def adam(state, x, targets):
        parameters, m, v, count = state
        dp = gradient(parameters, x, targets)
        count += 1
        m = tree_map(lambda m, dp: 0.9 * m + 0.1 * dp, m, dp)
        v = tree_map(lambda v, dp: 0.999 * v + 0.001 * dp * dp, v, dp)
        scale_m = 1 / (1 - jnp.float32(0.9) ** count)
        scale_v = 1 / (1 - jnp.float32(0.999) ** count)
        parameters = tree_map(
            lambda p, m, v: p - rate * scale_m * m / (jnp.sqrt(v * scale_v) + 1e-8), parameters, m, v
        )
        return parameters, m, v, count

    return {"gradient_descent": gradient_descent, "momentum": momentum, "adam": adam}[work.optimizer]


def state_of(work: Work):
    """The state at the start."""
    parameters = [(jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in data.start(work)]
    zeros = lambda: tree_map(jnp.zeros_like, parameters)  # noqa: E731
    if work.optimizer == "adam":
        return parameters, zeros(), zeros(), jnp.float32(0)
    return (parameters, zeros()) if work.optimizer == "momentum" else (parameters,)


class Training:
    """A work's data and its state, which the compiled functions take and give back."""

    def __init__(self, work: Work):
        self.work = work
        self.x, self.targets = map(jnp.asarray, data.load(work))
        self.state = state_of(work)
        self.random = np.random.RandomState(1)
        step = step_of(work)
        gather = lambda state, x, targets, rows: step(state, x[rows], targets[rows])  # noqa: E731
        self.step = jax.jit(step, donate_argnums=0)
        self.batch = jax.jit(gather, donate_argnums=0)
        self.batches = jax.jit(
            lambda state, x, targets, rows: lax.scan(
                lambda state, rows: (gather(state, x, targets, rows), None), state, rows
            )[0],
            donate_argnums=0,
        )
        self.steps = jax.jit(
            lambda state, x, targets: lax.fori_loop(0, work.steps, lambda _, state: step(state, x, targets), state),
            donate_argnums=0,
        )

    def full_batch(self):
        """As many steps on all rows as a sample has."""
        if SCANS:
            self.state = self.steps(self.state, self.x, self.targets)
        else:
            for _ in range(self.work.steps):
                self.state = self.step(self.state, self.x, self.targets)
        jax.block_until_ready(self.state)

    def mini_batches(self):
        """An epoch, or its first steps."""
        rows = self.random.permutation(self.work.rows)[: self.work.sample_rows].astype(np.int32)
        even = len(rows) // self.work.batch_size * self.work.batch_size
        whole = rows[:even].reshape(-1, self.work.batch_size)
        if SCANS:
            self.state = self.batches(self.state, self.x, self.targets, whole)
        else:
            for batch in whole:
                self.state = self.batch(self.state, self.x, self.targets, batch)
        if even < len(rows):
            self.state = self.batch(self.state, self.x, self.targets, rows[even:])
        jax.block_until_ready(self.state)

    def check(self) -> dict[str, float]:
        """The loss of the first 10,000 rows, and of classes the accuracy."""
        x, targets = self.x[:10_000], self.targets[:10_000]
        check = {"loss": loss_of(self.work)(self.state[0], x, targets)}
        if self.work.loss == "softmax_cross_entropy":
            check["accuracy"] = (predict(self.work, self.state[0], x).argmax(1) == targets).mean()
        return check


def measure(work: Work) -> None:
    clock = Clock(work, settings.seconds)
    if work.predicts:
        parameters = state_of(work)[0]
        x = jnp.asarray(data.load(work)[0][: work.batch_size])
        compiled = jax.jit(lambda parameters, x: predict(work, parameters, x))
        report(work, settings.threads, clock.of_calls(lambda: compiled(parameters, x).block_until_ready()))
        return
    training = Training(work)
    run = training.full_batch if work.full_batch else training.mini_batches
    samples = clock.of_steps(run, work.sample_steps)
    report(work, settings.threads, samples, **training.check())


if any(work.precision == "f64" for work in settings.works):
    jax.config.update("jax_enable_x64", True)
for each in settings.works:
    measure(each)
