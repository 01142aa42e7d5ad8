"""The learning rate as a function of the step, in the words of the experiment file."""

from __future__ import annotations

from typing import Any

__all__ = ["constant", "cosine", "exponential", "one_cycle", "polynomial", "step", "warm_restarts", "warm_up"]


def constant() -> dict[str, Any]:
    """The base rate.

    >>> constant()
    {'name': 'constant'}
    """
    return {"name": "constant"}


def step(*, every: int, factor: float = 0.1) -> dict[str, Any]:
    """The rate times `factor` after every so many steps.

    >>> step(every=10)
    {'name': 'step', 'every': 10, 'factor': 0.1}
    """
    return {"name": "step", "every": every, "factor": factor}


def exponential(*, decay: float = 0.95) -> dict[str, Any]:
    """The rate times `decay` each epoch.

    >>> exponential()
    {'name': 'exponential', 'decay': 0.95}
    """
    return {"name": "exponential", "decay": decay}


def cosine(*, final_share: float = 0.0) -> dict[str, Any]:
    """Down along half a cosine to a share of the rate.

    >>> cosine()
    {'name': 'cosine', 'final_share': 0.0}
    """
    return {"name": "cosine", "final_share": final_share}


def polynomial(*, power: float = 1.0, final_share: float = 0.0) -> dict[str, Any]:
    """Down along a power of what is left.

    >>> polynomial()
    {'name': 'polynomial', 'power': 1.0, 'final_share': 0.0}
    """
    return {"name": "polynomial", "power": power, "final_share": final_share}


def one_cycle(*, rise: float = 0.3, start_share: float = 0.04, final_share: float = 4e-6) -> dict[str, Any]:
    """Up, then down to almost nothing.

    >>> one_cycle()
    {'name': 'one_cycle', 'rise': 0.3, 'start_share': 0.04, 'final_share': 4e-06}
    """
    return {"name": "one_cycle", "rise": rise, "start_share": start_share, "final_share": final_share}


def warm_restarts(*, first: int, longer: int = 2, final_share: float = 0.0) -> dict[str, Any]:
    """Cosines, each longer than the one before.

    >>> warm_restarts(first=10)
    {'name': 'warm_restarts', 'first': 10, 'longer': 2, 'final_share': 0.0}
    """
    return {"name": "warm_restarts", "first": first, "longer": longer, "final_share": final_share}


def warm_up(*, steps: int, then: Any = "constant") -> dict[str, Any]:
    """Up from 0 in so many steps, then another schedule.

    >>> warm_up(steps=100, then="cosine")
    {'name': 'warm_up', 'steps': 100, 'then': 'cosine'}
    """
    return {"name": "warm_up", "steps": steps, "then": then}
