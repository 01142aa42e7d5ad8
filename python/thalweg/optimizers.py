"""Update rules, in the words of the experiment file. A name does as well.

w is a parameter, dw its gradient, rate the learning rate after the schedule. ``learning_rate`` is above 0; ``None`` is the rule's own: 0.01,
or what its function says. What weighs an old value (``momentum``, ``rho``, ``beta1``, ``beta2``) is 0 or more and below 1, ``epsilon`` above
0. Options out of their ranges are refused by ``fit`` with a ``ValueError``.

>>> import numpy as np
>>> import thalweg
>>> x = np.arange(4.0).reshape(-1, 1)
>>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=1, precision="f64")
>>> history = net.fit(x, 2 * x + 1, optimizer=momentum(learning_rate=0.05, nesterov=True), batch_size="full", epochs=300)
>>> net.predict([[10.0]]).round(3).tolist()
[[21.0]]
"""

from __future__ import annotations

from typing import Any

__all__ = ["adadelta", "adagrad", "adam", "adamw", "lbfgs", "lion", "momentum", "muon", "nadam", "rmsprop", "rprop", "sgd"]


def sgd(*, learning_rate: float | None = None) -> dict[str, Any]:
    """w ← w - rate·dw: gradient descent.

    >>> sgd(learning_rate=0.01)
    {'name': 'sgd', 'learning_rate': 0.01}
    """
    return _given("sgd", learning_rate=learning_rate)


def momentum(*, learning_rate: float | None = None, momentum: float = 0.9, nesterov: bool = False) -> dict[str, Any]:
    """v ← momentum·v + dw, w ← w - rate·v: gradient descent with a velocity. With ``nesterov`` the step is rate·(momentum·v + dw).

    >>> momentum(learning_rate=0.01)
    {'name': 'momentum', 'learning_rate': 0.01, 'momentum': 0.9, 'nesterov': False}
    """
    return _given("momentum", learning_rate=learning_rate, momentum=momentum, nesterov=nesterov)


def rmsprop(*, learning_rate: float | None = None, rho: float = 0.9, epsilon: float = 1e-8) -> dict[str, Any]:
    """v ← rho·v + (1 - rho)·dw², w ← w - rate·dw / (√v + epsilon). Rate 0.001.

    >>> rmsprop(learning_rate=0.01)
    {'name': 'rmsprop', 'learning_rate': 0.01, 'rho': 0.9, 'epsilon': 1e-08}
    """
    return _given("rmsprop", learning_rate=learning_rate, rho=rho, epsilon=epsilon)


def adagrad(*, learning_rate: float | None = None, epsilon: float = 1e-10) -> dict[str, Any]:
    """v ← v + dw², w ← w - rate·dw / (√v + epsilon): what moved much moves less and less.

    >>> adagrad(learning_rate=0.01)
    {'name': 'adagrad', 'learning_rate': 0.01, 'epsilon': 1e-10}
    """
    return _given("adagrad", learning_rate=learning_rate, epsilon=epsilon)


def adadelta(*, learning_rate: float | None = None, rho: float = 0.9, epsilon: float = 1e-6) -> dict[str, Any]:
    """The gradient times the root mean square of the steps so far over that of the gradients; ``rho`` weighs the old means. Rate 1.

    >>> adadelta(learning_rate=0.01)
    {'name': 'adadelta', 'learning_rate': 0.01, 'rho': 0.9, 'epsilon': 1e-06}
    """
    return _given("adadelta", learning_rate=learning_rate, rho=rho, epsilon=epsilon)


def adam(*, learning_rate: float | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> dict[str, Any]:
    """m, v ← running means of dw and dw², corrected for their start at 0; w ← w - rate·m / (√v + epsilon). Rate 0.001.

    >>> adam(learning_rate=0.01)
    {'name': 'adam', 'learning_rate': 0.01, 'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-08}
    """
    return _given("adam", learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon)


def adamw(*, learning_rate: float | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, weight_decay: float = 0.01) -> dict[str, Any]:
    """Adam, and before it w ← w - rate·weight_decay·w for weights, not biases; ``weight_decay`` is 0 or more. Rate 0.001.

    >>> adamw(learning_rate=0.01)
    {'name': 'adamw', 'learning_rate': 0.01, 'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-08, 'weight_decay': 0.01}
    """
    return _given("adamw", learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, weight_decay=weight_decay)


def nadam(*, learning_rate: float | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> dict[str, Any]:
    """Adam with Nesterov's look ahead: the mean of the next step is used already in this one. Rate 0.001.

    >>> nadam(learning_rate=0.01)
    {'name': 'nadam', 'learning_rate': 0.01, 'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-08}
    """
    return _given("nadam", learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon)


def lion(*, learning_rate: float | None = None, beta1: float = 0.9, beta2: float = 0.99) -> dict[str, Any]:
    """w ← w - rate·sign(beta1·m + (1 - beta1)·dw), m ← beta2·m + (1 - beta2)·dw: every step is as large. Rate 0.0001.

    >>> lion(learning_rate=0.01)
    {'name': 'lion', 'learning_rate': 0.01, 'beta1': 0.9, 'beta2': 0.99}
    """
    return _given("lion", learning_rate=learning_rate, beta1=beta1, beta2=beta2)


def rprop(*, learning_rate: float | None = None, shrink: float = 0.5, grow: float = 1.2, least: float = 1e-6, most: float = 50.0) -> dict[str, Any]:
    """A step of its own for each parameter, which grows while the gradient keeps its sign and shrinks where it turns; for full batches.

    The rate is the first step; ``shrink`` lies between 0 and 1, ``grow`` above 1, and steps between ``least`` and ``most``, both above 0.

    >>> rprop(learning_rate=0.01)
    {'name': 'rprop', 'learning_rate': 0.01, 'shrink': 0.5, 'grow': 1.2, 'least': 1e-06, 'most': 50.0}
    """
    return _given("rprop", learning_rate=learning_rate, shrink=shrink, grow=grow, least=least, most=most)


def muon(*, learning_rate: float | None = None, momentum: float = 0.95, iterations: int = 5, adam_share: float = 0.05) -> dict[str, Any]:
    """The weights of dense layers between two others move by their momentum with all singular values near 1. Rate 0.02.

    ``iterations``, 1 to 100, bring them there. Everything else moves by Adam, at ``adam_share``, above 0, times the rate.

    >>> muon(learning_rate=0.01)
    {'name': 'muon', 'learning_rate': 0.01, 'momentum': 0.95, 'iterations': 5, 'adam_share': 0.05}
    """
    return _given("muon", learning_rate=learning_rate, momentum=momentum, iterations=iterations, adam_share=adam_share)


def lbfgs(*, learning_rate: float | None = None, history: int = 10) -> dict[str, Any]:
    """Quasi-Newton steps, each with a line search by the strong Wolfe conditions; ``batch_size="full"`` only. Rate 1: the first length tried.

    ``history``: from how many of the last steps the curvature is known, 1 to 1000. It takes neither weight decay nor clipping.

    >>> lbfgs(history=20)
    {'name': 'lbfgs', 'history': 20}
    """
    return _given("lbfgs", learning_rate=learning_rate, history=history)


def _given(name: str, **options: Any) -> dict[str, Any]:
    return {"name": name, **{key: value for key, value in options.items() if value is not None}}
