"""Examples in docstrings and in the README run and print what they say."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import thalweg

MODULES = ["thalweg", *(module.name for module in pkgutil.walk_packages(thalweg.__path__, "thalweg."))]


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("_engine")])
def test_docstrings(name):
    if name == "thalweg.torch_modules":
        pytest.importorskip("torch", reason="SKIPPED: needs torch")
    module = importlib.import_module(name)
    assert module.__doc__
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def test_everything_public_is_described():
    for name in thalweg.__all__:
        assert getattr(thalweg, name).__doc__, name


def test_the_readme():
    readme = Path(__file__).resolve().parents[1] / "README.md"
    failed, tried = doctest.testfile(str(readme), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert failed == 0 and tried > 10


def test_every_part_of_an_experiment_has_an_example():
    for module in (thalweg.layers, thalweg.losses, thalweg.optimizers, thalweg.schedules):
        for name in module.__all__:
            part = getattr(module, name)
            assert isinstance(part, type) or ">>>" in part.__doc__, f"{module.__name__}.{name}"


def test_the_readme_shows_what_is_printed():
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text()
    assert "Error: ...\n" not in readme
