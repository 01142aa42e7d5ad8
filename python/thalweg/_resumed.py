"""Going on with a training: what has to be as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ._own_parts import name_of_own
from ._settings import every, to_json

__all__ = ["loss_of", "refuse_other_rows", "refuse_other_settings", "without_functions"]


#: What may be another where a training goes on: it decides no update.
_FREE = ("loss", "epochs", "steps", "metrics", "callbacks", "threads", "verbose", "live", "weights", "validation_data", "test_data")


def without_functions(training: dict[str, Any] | None) -> dict[str, Any] | None:
    """What is known of a training, as a pickle holds it: without functions, of which a loss is asked for again."""
    if training is None:
        return None
    kept, asked = dict(training), dict(training.get("asked", {}))
    if callable(kept["loss"]):
        kept |= {"loss": None, "lost_loss": name_of_own(kept["loss"])}
    asked["metrics"] = [metric for metric in asked.get("metrics", ()) if isinstance(metric, str)]
    return {**kept, "asked": asked}


def loss_of(before: dict[str, Any], given: Any) -> Any:
    """The loss to go on with: the one that is given, or that of the training."""
    lost = before.get("lost_loss")
    if lost is not None and given is None:
        raise ValueError(f"the loss {lost} was a function, which a pickle does not hold; give it again: loss={lost}")
    return before["loss"] if given is None else given


def refuse_other_settings(before: dict[str, Any], arguments: dict[str, Any], made: Any, are_same: Callable[[str, str], bool]) -> None:
    """Refuses settings by which another training would go on. ``made``: its loss with all options; ``are_same``: the engine's word on two
    settings, defaults included."""
    known: dict[str, Any] = {**before["settings"], "seed": before["seed"]}
    given = {name: value for name, value in arguments.items() if name not in _FREE}
    if "report_every" in given:
        given["report_every"] = every(given["report_every"])
    if "optimizer" in given or "learning_rate" in given:
        rate = given.pop("learning_rate", None)
        optimizer: Any = given.get("optimizer", known["optimizer"])
        optimizer = {"name": optimizer} if isinstance(optimizer, str) else dict(optimizer)
        rate = rate if rate is not None else optimizer.get("learning_rate", known["optimizer"].get("learning_rate"))
        given["optimizer"] = optimizer if rate is None else {**optimizer, "learning_rate": rate}
    seed = given.pop("seed", before["seed"])
    others = [] if seed == before["seed"] else ["seed"]
    others += [name for name, value in given.items() if not _is_same(name, before["settings"], value, are_same)]
    given["seed"] = seed
    loss = arguments["loss"]
    known["loss"], given["loss"] = before["loss"], loss
    # Of functions nobody can tell whether they do the same: a notebook's cell that is run again makes another of the same name.
    if "lost_loss" not in before and spelling(loss) not in (spelling(before["loss"]), spelling(made)):
        others.append("loss")
    for name in others:
        gone_by = f"{name}={known[name]!r}" if name in known else f"{name} at its default"
        raise ValueError(
            f"the training went by {gone_by}, not {given[name]!r}; leave it out to go on with the training, or go another "
            f"way from here with fit(x, y, state=network.state, {name}=...)"
        )


def _is_same(name: str, settings: Mapping[str, Any], value: Any, are_same: Callable[[str, str], bool]) -> bool:
    """Whether a setting is that of the training, spelled out or not."""
    if to_json(settings.get(name)) == to_json(value):
        return True
    if name not in settings:
        return are_same("{}", to_json({name: value}))
    try:
        return are_same(to_json({name: settings[name]}), to_json({name: value}))
    except ValueError:  # of what is right only together with other settings
        return False


def spelling(loss: Any) -> str:
    """What tells one loss from another."""
    return f"the function {name_of_own(loss)}" if callable(loss) else to_json({"name": loss} if isinstance(loss, str) else loss)


def refuse_other_rows(before: dict[str, Any], x: Any, arguments: dict[str, Any]) -> None:
    """Refuses rows that cannot be those of the training."""
    # A stream of rows does not say how many there are.
    count = len(x) if hasattr(x, "__len__") and not hasattr(x, "tocsr") else None
    if None not in (count, before["rows"]) and count != before["rows"]:
        raise ValueError(
            f"the training had {before['rows']} rows, not {count}; give the same, or train on others from here with "
            "fit(x, y, state=network.state, ...)"
        )
    if before["is_watched"] and "validation_data" not in arguments:
        raise ValueError("the training was watched by validation rows, which choose its weights; give the same: validation_data=(x, y)")
