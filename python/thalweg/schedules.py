"""The learning rate as a function of the step, in the words of the experiment file. A name does as well.

The base rate is the optimizer's. Options out of their ranges are refused by ``fit`` with a ``ValueError``.

>>> import numpy as np
>>> import thalweg
>>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=1)
>>> x = np.arange(8.0).reshape(-1, 1)
>>> history = net.fit(x, x, batch_size=4, epochs=4, learning_rate=1.0, schedule=polynomial())
>>> history["learning_rate"].tolist()
[0.75, 0.5, 0.25, 0.125]
"""

from __future__ import annotations

from typing import Any

__all__ = ["constant", "cosine", "exponential", "one_cycle", "polynomial", "step", "warm_restarts", "warm_up"]


def constant() -> dict[str, Any]:
    """The base rate all along.

    >>> constant()
    {'name': 'constant'}
    """
    return {"name": "constant"}


def step(*, every: int, factor: float = 0.1) -> dict[str, Any]:
    """rate = base·factor^⌊epoch/every⌋: times ``factor``, above 0, after every so many epochs, 1 or more.

    >>> step(every=10)
    {'name': 'step', 'every': 10, 'factor': 0.1}
    """
    return {"name": "step", "every": every, "factor": factor}


def exponential(*, decay: float = 0.95) -> dict[str, Any]:
    """rate = base·decay^epoch: times ``decay``, above 0, after each epoch.

    >>> exponential()
    {'name': 'exponential', 'decay': 0.95}
    """
    return {"name": "exponential", "decay": decay}


def cosine(*, final_share: float = 0.0) -> dict[str, Any]:
    """Down along half a cosine, over the whole training, to ``final_share`` of the base, from 0 to 1.

    >>> cosine()
    {'name': 'cosine', 'final_share': 0.0}
    """
    return {"name": "cosine", "final_share": final_share}


def polynomial(*, power: float = 1.0, final_share: float = 0.0) -> dict[str, Any]:
    """Down to ``final_share`` of the base, from 0 to 1, by a power, above 0, of the steps that are left; 1 is a straight line.

    >>> polynomial()
    {'name': 'polynomial', 'power': 1.0, 'final_share': 0.0}
    """
    return {"name": "polynomial", "power": power, "final_share": final_share}


def one_cycle(*, rise: float = 0.3, start_share: float = 0.04, final_share: float = 4e-6) -> dict[str, Any]:
    """Along half waves from ``start_share`` of the base up to it within the share ``rise`` of the training, then down to ``final_share`` of it.

    ``rise`` lies above 0 and below 1, the other shares from 0 to 1.

    >>> one_cycle()
    {'name': 'one_cycle', 'rise': 0.3, 'start_share': 0.04, 'final_share': 4e-06}
    """
    return {"name": "one_cycle", "rise": rise, "start_share": start_share, "final_share": final_share}


def warm_restarts(*, first: int, longer: int = 2, final_share: float = 0.0) -> dict[str, Any]:
    """Down along half a cosine within the ``first`` epochs, 1 or more, then anew, each time ``longer`` times as long, a whole number from 1.

    Each fall ends at ``final_share`` of the base, from 0 to 1.

    >>> warm_restarts(first=10)
    {'name': 'warm_restarts', 'first': 10, 'longer': 2, 'final_share': 0.0}
    """
    return {"name": "warm_restarts", "first": first, "longer": longer, "final_share": final_share}


def warm_up(*, steps: int, then: Any = "constant") -> dict[str, Any]:
    """rate = base·(step + 1)/steps over so many steps (batches), 1 or more, then another schedule, which counts from there.

    ``then``: a name or what another function of this module gives, but no second ``warm_up``.

    >>> warm_up(steps=100, then="cosine")
    {'name': 'warm_up', 'steps': 100, 'then': 'cosine'}
    """
    return {"name": "warm_up", "steps": steps, "then": then}
