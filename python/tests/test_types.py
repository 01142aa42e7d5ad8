"""Annotations and stubs, under the strictest settings of two checkers."""

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import needs

PACKAGE = Path(__file__).resolve().parents[1]


@needs("mypy")
def test_mypy_is_content():
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "thalweg"], cwd=PACKAGE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@needs("mypy")
def test_the_stub_is_that_of_the_engine():
    done = subprocess.run([sys.executable, "-m", "mypy.stubtest", "thalweg._engine"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@needs("pyright")
def test_pyright_is_content():
    command = [sys.executable, "-m", "pyright", "--project", str(PACKAGE), "--pythonpath", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True)
    if "nodeenv" in done.stderr and done.returncode == 1 and not done.stdout:
        pytest.skip("SKIPPED: pyright needs Node.js")
    assert done.returncode == 0, done.stdout
