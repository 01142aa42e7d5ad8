"""Update rules, in the words of the experiment file. A name does as well."""

from __future__ import annotations

from typing import Any

__all__ = ["adadelta", "adagrad", "adam", "adamw", "lbfgs", "lion", "momentum", "muon", "nadam", "rmsprop", "rprop", "sgd"]


def sgd(*, learning_rate: float | None = None) -> dict[str, Any]:
    """w ← w - rate·dw.

    >>> sgd(learning_rate=0.01)
    {'name': 'sgd', 'learning_rate': 0.01}
    """
    return _given("sgd", learning_rate=learning_rate)


def momentum(*, learning_rate: float | None = None, momentum: float = 0.9, nesterov: bool = False) -> dict[str, Any]:
    """Gradient descent with a velocity.

    >>> momentum(learning_rate=0.01)
    {'name': 'momentum', 'learning_rate': 0.01, 'momentum': 0.9, 'nesterov': False}
    """
    return _given("momentum", learning_rate=learning_rate, momentum=momentum, nesterov=nesterov)


def rmsprop(*, learning_rate: float | None = None, rho: float = 0.9, epsilon: float = 1e-8) -> dict[str, Any]:
    """The gradient over the root of its mean square.

    >>> rmsprop(learning_rate=0.01)
    {'name': 'rmsprop', 'learning_rate': 0.01, 'rho': 0.9, 'epsilon': 1e-08}
    """
    return _given("rmsprop", learning_rate=learning_rate, rho=rho, epsilon=epsilon)


def adagrad(*, learning_rate: float | None = None, epsilon: float = 1e-10) -> dict[str, Any]:
    """The gradient over the root of the sum of its squares.

    >>> adagrad(learning_rate=0.01)
    {'name': 'adagrad', 'learning_rate': 0.01, 'epsilon': 1e-10}
    """
    return _given("adagrad", learning_rate=learning_rate, epsilon=epsilon)


def adadelta(*, learning_rate: float | None = None, rho: float = 0.9, epsilon: float = 1e-6) -> dict[str, Any]:
    """Steps as large as the steps before.

    >>> adadelta(learning_rate=0.01)
    {'name': 'adadelta', 'learning_rate': 0.01, 'rho': 0.9, 'epsilon': 1e-06}
    """
    return _given("adadelta", learning_rate=learning_rate, rho=rho, epsilon=epsilon)


def adam(*, learning_rate: float | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> dict[str, Any]:
    """Means of the gradient and of its square.

    >>> adam(learning_rate=0.01)
    {'name': 'adam', 'learning_rate': 0.01, 'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-08}
    """
    return _given("adam", learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon)


def adamw(*, learning_rate: float | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, weight_decay: float = 0.01) -> dict[str, Any]:
    """Adam with decoupled decay.

    >>> adamw(learning_rate=0.01)
    {'name': 'adamw', 'learning_rate': 0.01, 'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-08, 'weight_decay': 0.01}
    """
    return _given("adamw", learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, weight_decay=weight_decay)


def nadam(*, learning_rate: float | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> dict[str, Any]:
    """Adam with Nesterov's look ahead.

    >>> nadam(learning_rate=0.01)
    {'name': 'nadam', 'learning_rate': 0.01, 'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-08}
    """
    return _given("nadam", learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon)


def lion(*, learning_rate: float | None = None, beta1: float = 0.9, beta2: float = 0.99) -> dict[str, Any]:
    """The sign of a mean of gradients.

    >>> lion(learning_rate=0.01)
    {'name': 'lion', 'learning_rate': 0.01, 'beta1': 0.9, 'beta2': 0.99}
    """
    return _given("lion", learning_rate=learning_rate, beta1=beta1, beta2=beta2)


def rprop(*, learning_rate: float | None = None, shrink: float = 0.5, grow: float = 1.2, least: float = 1e-6, most: float = 50.0) -> dict[str, Any]:
    """A step of its own for each parameter; full batches.

    >>> rprop(learning_rate=0.01)
    {'name': 'rprop', 'learning_rate': 0.01, 'shrink': 0.5, 'grow': 1.2, 'least': 1e-06, 'most': 50.0}
    """
    return _given("rprop", learning_rate=learning_rate, shrink=shrink, grow=grow, least=least, most=most)


def muon(*, learning_rate: float | None = None, momentum: float = 0.95, iterations: int = 5, adam_share: float = 0.05) -> dict[str, Any]:
    """Orthogonal updates of matrices.

    >>> muon(learning_rate=0.01)
    {'name': 'muon', 'learning_rate': 0.01, 'momentum': 0.95, 'iterations': 5, 'adam_share': 0.05}
    """
    return _given("muon", learning_rate=learning_rate, momentum=momentum, iterations=iterations, adam_share=adam_share)


def lbfgs(*, learning_rate: float | None = None, history: int = 10) -> dict[str, Any]:
    """Quasi-Newton steps with a line search; full batches.

    >>> lbfgs(history=20)
    {'name': 'lbfgs', 'history': 20}
    """
    return _given("lbfgs", learning_rate=learning_rate, history=history)


def _given(name: str, **options: Any) -> dict[str, Any]:
    return {"name": name, **{key: value for key, value in options.items() if value is not None}}
