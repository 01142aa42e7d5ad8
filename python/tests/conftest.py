"""What the tests share: small sets of rows, and what is said where an optional package is absent."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest


def needs(*packages: str) -> pytest.MarkDecorator:
    """Skips a test, and says so clearly, where a package is not installed."""
    absent = [name for name in packages if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(absent), reason=f"SKIPPED: needs {', '.join(absent)}")


@pytest.fixture
def blobs() -> tuple[np.ndarray, np.ndarray]:
    """Three classes that a small network tells apart."""
    random = np.random.default_rng(0)
    centers = np.array([[0.0, 0.0, 1.0], [3.0, 0.0, -1.0], [0.0, 3.0, 0.0]])
    y = np.arange(150) % 3
    return centers[y] + random.normal(size=(150, 3)), y


@pytest.fixture
def wave() -> tuple[np.ndarray, np.ndarray]:
    """A smooth function of two features."""
    random = np.random.default_rng(1)
    x = random.uniform(-1, 1, size=(200, 2))
    return x, np.sin(2 * x[:, 0]) + 0.5 * x[:, 1]


@pytest.fixture
def command() -> Iterator[Path]:
    """The command `thalweg`, where it was built."""
    named = os.environ.get("THALWEG_COMMAND")
    root = Path(__file__).resolve().parents[2]
    found = [Path(named)] if named else [root / "target" / kind / "thalweg" for kind in ("release", "debug")]
    path = next((path for path in found if path.exists()), None)
    if path is None:
        pytest.skip("SKIPPED: needs the command, which THALWEG_COMMAND names or `cargo build` makes")
    yield path


def python(code: str, **environment: str) -> str:
    """Runs code in a fresh interpreter and gives what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
