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
    """What a repetition of a run came to, as :meth:`Run.verify` gives it; it is true where the repetition was ``identical``.

    ``reports``: how many were compared; ``step``: up to which. Where they differ, ``between_steps`` has the steps around the first difference, and
    ``difference`` says what it is; else both are ``None``.

    >>> same = Verification(True, 4, 300, None)
    >>> same, bool(same), same.difference
    (identical: 4 reports, up to step 300, True, None)
    """

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
    """The folder of a run: an experiment, its reports, the trained network. :func:`train` makes one, :meth:`open` opens one.

    >>> import tempfile
    >>> import thalweg
    >>> folder = tempfile.TemporaryDirectory()
    >>> run = thalweg.train("spiral-linear", out=folder.name + "/run", steps=200)
    >>> run.path.name, run.result["status"], run.history["step"].tolist()
    ('run', 'finished', [0, 100, 200])
    >>> run.network.output_shape, run.data("train").shape, run.data("nothing") is None
    ((3,), (300, 2), True)
    >>> run.at(100).parameter_count == run.network.parameter_count, "spiral" in run.experiment
    (True, True)
    >>> run.verify(threads=1)
    identical: 3 reports, up to step 200
    >>> thalweg.Run.open(run.path).resume().result["steps"]
    200
    >>> folder.cleanup()
    """

    def __init__(self, engine: _engine.Run) -> None:
        self._engine = engine

    @classmethod
    def open(cls, path: str | PathLike[str]) -> Self:
        """Opens the folder of a run that was made before, by whatever face. Raises ``OSError`` where there is none."""
        return cls(_engine.Run.open(path))

    @property
    def path(self) -> Path:
        """The run's folder."""
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
        """The network after ``step`` updates, to the bit; :class:`thalweg.FileError` where the run ended before."""
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
        """Goes on to the end, to the same bits as if the run had never stopped; a run that has ended stays as it is.

        ``callback`` is as in :func:`train`.
        """
        self._engine = self._engine.resume(callback)
        return self

    def verify(self, *, threads: int | None = None) -> Verification:
        """Trains again, in memory, and compares every report, to the bit. ``threads`` may be others than the run's."""
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

    ``out`` is the run's folder; without it a new one is made in ``runs``. ``force`` replaces a run that is there. ``data``: the folder of
    data sets. ``callback`` is called with each report, and may return ``"stop"`` or a new learning rate. ``settings`` are laid over the
    experiment, by the short names of the command line (``epochs=3``, ``hidden=[64, 64]``) or, through a dictionary, by their full ones
    (``**{"training.optimizer.learning_rate": 0.1}``). Raises ``ValueError`` for an experiment that is not right, ``OSError`` for files.

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
    if hasattr(value, "tolist"):
        value = value.tolist()  # of NumPy's
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
