"""NumPy, the formulas by hand and in place where NumPy can, over OpenBLAS told which processor this is."""

import numpy as np

from peers import data
from peers.timing import Clock, arguments, report
from peers.works import Work


def sigmoid(z):
    with np.errstate(over="ignore"):  # exp(-z) = inf is as good as any large number here
        return 1 / (1 + np.exp(-z))


class Network:
    """A work's network with its parameters and its optimizer's state."""

    def __init__(self, work: Work):
        self.work = work
        start = data.start(work)
        self.weights = [weight for weight, _ in start]
        self.biases = [bias for _, bias in start]
        self.number = self.weights[0].dtype.type  # Python's numbers would be as good, but slower to convert
        self.first = [np.zeros_like(p) for p in self.parameters]
        self.second = [np.zeros_like(p) for p in self.parameters]
        self.count = 0

    @property
    def parameters(self):
        return self.weights + self.biases

    def activations(self, x):
        """x, each hidden layer's activation, and what the net says."""
        activations = [x]
        for weight, bias in zip(self.weights[:-1], self.biases[:-1]):
            z = activations[-1] @ weight
            z += bias
            activations.append(sigmoid(z) if self.work.hidden == "sigmoid" else np.maximum(z, 0, out=z))
        z = activations[-1] @ self.weights[-1]
        z += self.biases[-1]
        if self.work.output != "linear":
            z = sigmoid(z)
            if self.work.output == "hundred_sigmoid":
                z *= 100
        activations.append(z)
        return activations

    def dz_of_the_last(self, y, targets):
        """The loss's gradient by the last pre-activation."""
        rows = len(y)
        if self.work.loss == "softmax_cross_entropy":
            probabilities = np.exp(y - y.max(axis=1, keepdims=True))
            probabilities /= probabilities.sum(axis=1, keepdims=True)
            probabilities[np.arange(rows), targets] -= 1
            probabilities /= self.number(rows)
            return probabilities
        if self.work.loss == "binary_cross_entropy":
            return (sigmoid(y) - targets) / self.number(rows)
        scale = {"half_squares": 1 / rows, "mean_squared_error": 2 / y.size, "sum_of_squares": 2}[self.work.loss]
        dz = (y - targets) * self.number(scale)
        if self.work.output == "sigmoid":
            dz *= y * (1 - y)
        elif self.work.output == "hundred_sigmoid":
            dz *= y * (1 - y / self.number(100))
        return dz

    def gradients(self, x, targets):
        """dw of each layer, then db of each."""
        activations = self.activations(x)
        dz = self.dz_of_the_last(activations[-1], targets)
        dw, db = [None] * len(self.weights), [None] * len(self.weights)
        for layer in reversed(range(len(self.weights))):
            a = activations[layer]
            dw[layer] = a.T @ dz
            db[layer] = dz.sum(axis=0)
            if self.work.l2:
                dw[layer] += self.number(self.work.l2) * self.weights[layer]
            if layer:
                dz = dz @ self.weights[layer].T
                dz *= a * (1 - a) if self.work.hidden == "sigmoid" else a > 0
        return dw + db

    def step(self, x, targets):
        """One update."""
        number, rate = self.number, self.number(self.work.learning_rate)
        gradients = self.gradients(x, targets)
        if self.work.optimizer == "gradient_descent":
            for p, dp in zip(self.parameters, gradients):
                p -= rate * dp
        elif self.work.optimizer == "momentum":
            for p, dp, velocity in zip(self.parameters, gradients, self.first):
                velocity *= number(0.9)
                velocity += dp
                p -= rate * velocity
        else:
            self.count += 1
            scale_m = number(1 / (1 - 0.9**self.count))
            scale_v = number(1 / (1 - 0.999**self.count))
            for p, dp, m, v in zip(self.parameters, gradients, self.first, self.second):
                m *= number(0.9)
                m += number(0.1) * dp
                v *= number(0.999)
                v += number(0.001) * (dp * dp)
                p -= rate * scale_m * m / (np.sqrt(v * scale_v) + number(1e-8))

    def check(self, x, targets):
        """The loss of the first 10,000 rows, and of classes the accuracy."""
        y, targets = self.activations(x[:10_000])[-1], targets[:10_000]
        if self.work.loss == "softmax_cross_entropy":
            top = y.max(axis=1, keepdims=True)
            log_sum = np.log(np.exp(y - top).sum(axis=1)) + top[:, 0]
            result = {"loss": (log_sum - y[np.arange(len(y)), targets]).mean()}
            result["accuracy"] = (y.argmax(axis=1) == targets).mean()
        elif self.work.loss == "binary_cross_entropy":
            result = {"loss": (np.logaddexp(0, y) - targets * y).mean()}
        else:
            squares = ((y - targets) ** 2).sum()
            scale = {"half_squares": 0.5 / len(y), "mean_squared_error": 1 / y.size, "sum_of_squares": 1}
            result = {"loss": squares * scale[self.work.loss]}
        result["loss"] += self.work.l2 / 2 * sum((weight**2).sum() for weight in self.weights)
        return result


def measure(work: Work, threads: int, clock: Clock) -> None:
    x, targets = data.load(work)
    network = Network(work)
    if work.predicts:
        x = x[: work.batch_size]
        report(work, threads, clock.of_calls(lambda: network.activations(x)))
        return

    def mini_batches():
        rows = np.random.permutation(work.rows)[: work.sample_rows]
        for first in range(0, len(rows), work.batch_size):
            batch = rows[first : first + work.batch_size]
            network.step(x[batch], targets[batch])

    def ten_steps():
        for _ in range(10):
            network.step(x, targets)

    if work.unit == "10 steps":
        samples = clock.of_steps(ten_steps, 10)
    elif work.full_batch:
        samples = clock.of_calls(lambda: network.step(x, targets))
    else:
        samples = clock.of_steps(mini_batches, work.sample_steps)
    report(work, threads, samples, **network.check(x, targets))


if __name__ == "__main__":
    settings = arguments(__doc__)
    for each in settings.works:
        measure(each, settings.threads, Clock(each, settings.seconds))
