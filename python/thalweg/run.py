"""Runs: an experiment trained into a folder, as the command ``thalweg train`` does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Self

from . import _engine
from ._settings import threads_of, whole
from .history import History
from .network import Network

__all__ = ["Run", "Verification", "builtin_experiments", "train"]


def builtin_experiments() -> list[str]:
    """The names of the built-in experiments.

    >>> "spiral" in builtin_experiments()
    True
    """
    return _engine.builtin_experiments()


class Verification:
    """What a repetition of a run came to."""

    def __init__(self, identical: bool, reports: int, step: int, difference: tuple[list[int], str] | None) -> None:
        self.identical = identical
        self.reports = reports
        self.step = step
        self.between_steps = None if difference is None else tuple(difference[0])
        self.difference = None if difference is None else difference[1]

    def __bool__(self) -> bool:
        return self.identical

    def __repr__(self) -> str:
        if self.identical:
            return f"identical: {self.reports} reports, up to step {self.step}"
        return f"different between steps {self.between_steps}: {self.difference}"


class Run:
    """The folder of a run."""

    def __init__(self, engine: _engine.Run) -> None:
        self._engine = engine

    @classmethod
    def open(cls, path: str | PathLike[str]) -> Self:
        """Opens the folder of a run that was made before, by whatever face."""
        return cls(_engine.Run.open(path))

    @property
    def path(self) -> Path:
        """The folder."""
        return Path(self._engine.path)

    @property
    def experiment(self) -> str:
        """The experiment as TOML: it trains the same run again."""
        return self._engine.experiment

    @property
    def result(self) -> dict[str, Any] | None:
        """What the run came to, as ``thalweg train --json`` prints it; ``None`` while it is not complete."""
        text = self._engine.result
        return None if text is None else dict(json.loads(text))

    @property
    def history(self) -> History:
        """Every report as arrays."""
        return History(self._engine.history())

    @property
    def network(self) -> Network:
        """The trained network, with what predicting from the run's kind of rows needs."""
        return Network._of(self._engine.model())

    def at(self, step: int) -> Network:
        """The network after ``step`` updates, to the bit."""
        return Network._of(self._engine.at(whole("step", step, 0)))

    def data(self, part: str = "train") -> Any:
        """The features of a part in their own units, ``[rows, columns]``: what ``run.network`` predicts from; ``None`` if there is no such
        part. The columns are those of ``run.network.feature_names``; images lie row by row.

        >>> import tempfile
        >>> import thalweg
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = thalweg.train("iris", runs=folder, epochs=1)
        ...     x = run.data("test")
        ...     x.shape[1], run.network.feature_names[0], run.network.predict(x).shape[1]
        (4, 'sepal_length', 3)
        """
        found = self._engine.data(part)
        return None if found is None else found.unscaled()

    def resume(self, *, callback: Callable[..., Any] | None = None) -> Self:
        """Goes on to the end, to the same bits as if the run had never stopped."""
        self._engine = self._engine.resume(callback)
        return self

    def verify(self, *, threads: int | None = None) -> Verification:
        """Trains again and compares every report, to the bit."""
        return Verification(*self._engine.verify(threads_of(threads)))

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _repr_html_(self) -> str:
        result = self.result or {}
        wanted = ("name", "status", "epochs", "steps", "seconds", "parameter_count")
        cells = "".join(f"<tr><td>{key}</td><td>{result[key]}</td></tr>" for key in wanted if key in result)
        return f"<table>{cells}</table>{self.history._repr_html_()}"


def train(
    experiment: str | PathLike[str],
    *,
    out: str | PathLike[str] | None = None,
    runs: str | PathLike[str] = "runs",
    force: bool = False,
    data: str | PathLike[str] | None = None,
    threads: int | None = None,
    callback: Callable[[dict[str, Any]], Any] | None = None,
    **settings: Any,
) -> Run:
    """Trains a built-in experiment, an experiment file, or its TOML text, into a folder.

    ``settings`` are laid over it, by the short names of the command line (``epochs=3``, ``hidden=[64, 64]``) or, through a dictionary, by
    their full ones (``**{"training.optimizer.learning_rate": 0.1}``).

    >>> import tempfile
    >>> import thalweg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = thalweg.train("spiral-linear", runs=folder, steps=200)
    ...     run.result["steps"], bool(run.verify())
    (200, True)
    """
    text = fspath(experiment)
    if text in _engine.builtin_experiments():
        kind = "builtin"
    elif "\n" in text or "=" in text:
        kind = "text"
    elif text.endswith(".toml") or Path(text).exists():
        kind = "file"
    else:
        kind = "builtin"  # the engine says which name is nearest
    written = [(key, _written(value)) for key, value in settings.items()]
    return Run(_engine.Run.train(text, kind, written, runs, out, force, data, threads_of(threads), callback))


def _written(value: Any) -> str:
    """A setting as a flag would have it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if hasattr(value, "items"):
        return "{ " + ", ".join(f"{key} = {_quoted(item)}" for key, item in value.items()) + " }"
    if hasattr(value, "__iter__"):
        return "[" + ", ".join(_quoted(item) for item in value) + "]"
    return repr(value)


def _quoted(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else _written(value)
