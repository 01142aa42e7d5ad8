"""What is public is described, and examples in docstrings and in the README run and print what they say."""

import ast
import doctest
import importlib
import importlib.util
import inspect
import pkgutil
import re
import tempfile
import warnings
from pathlib import Path

import pytest

import thalweg

#: Every module but the compiled one; that of PyTorch's modules where PyTorch is there.
MODULES = [
    importlib.import_module(name)
    for name in ["thalweg", *(module.name for module in pkgutil.walk_packages(thalweg.__path__, "thalweg."))]
    if not name.endswith("_engine") and (name != "thalweg.torch_modules" or importlib.util.find_spec("torch"))
]

#: What people use: not the estimators' own parts, not what a function here imports for itself.
INNER = ("thalweg._", "thalweg.estimators.", "thalweg.sequential", "thalweg.torch_modules")
USED = [module for module in MODULES if not module.__name__.startswith(INNER)]

ESTIMATORS = [getattr(thalweg.estimators, name) for name in thalweg.estimators.__all__]


def examples_of(module):
    """The docstrings of a module that have examples, as doctest finds them."""
    return [found for found in doctest.DocTestFinder(exclude_empty=True).find(module) if found.examples]


EXAMPLES = {found.name: found for module in MODULES for found in examples_of(module)}


def sources(text):
    """The lines of a docstring's examples."""
    return "".join(example.source for example in doctest.DocTestParser().get_examples(text or ""))


def packages(source):
    """The packages that an example imports."""
    nodes = list(ast.walk(ast.parse(source)))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return {name.split(".")[0] for name in plain + [node.module for node in nodes if isinstance(node, ast.ImportFrom)]}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example(name, tmp_path, monkeypatch):
    """It prints what it says, warns of nothing, and leaves no file behind."""
    example = EXAMPLES[name]
    absent = [package for package in packages(sources(example.docstring)) if importlib.util.find_spec(package) is None]
    if absent:
        pytest.skip(f"SKIPPED: needs {', '.join(absent)}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("error", RuntimeWarning)
        outcome = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example, clear_globs=False)
    assert outcome.failed == 0 and outcome.attempted > 0
    assert not list(tmp_path.iterdir())


def test_examples_are_found():
    of_a_condition = "thalweg.estimators.classifier.MLPClassifier.predict_proba"
    for name in ("thalweg.callbacks", "thalweg.losses.huber", "thalweg.network.Network.fit", of_a_condition):
        assert name in EXAMPLES


# What is described.


def members(cls):
    """The public methods and properties that a class has from this package, by name."""
    found = {}
    for name, attribute in inspect.getmembers_static(cls):
        owner = next(base for base in cls.__mro__ if name in vars(base))
        is_ours = owner.__module__.startswith("thalweg")
        if is_ours and not name.startswith("_") and (isinstance(attribute, (property, classmethod)) or inspect.isroutine(attribute)):
            found[name] = attribute
    return found


def classes(modules):
    """The public classes of these modules, each once."""
    found = {part for module in modules for part in map(vars(module).get, getattr(module, "__all__", ())) if inspect.isclass(part)}
    return sorted((part for part in found if part.__module__.startswith("thalweg")), key=lambda part: part.__qualname__)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_everything_public_is_described(module):
    assert inspect.getdoc(module)
    assert [name for name in getattr(module, "__all__", ()) if not is_described(getattr(module, name))] == []


def is_described(part):
    """Whether it has a docstring of its own; what is no class, function or module (a type's alias) needs none."""
    if not (inspect.isclass(part) or inspect.isroutine(part) or inspect.ismodule(part)):
        return True
    return bool((part.__doc__ or "").strip())


@pytest.mark.parametrize("cls", classes(MODULES), ids=lambda cls: cls.__qualname__)
def test_every_method_and_property_is_described(cls):
    without = [name for name, attribute in members(cls).items() if not (attribute.__doc__ or "").strip()]
    assert without == []


@pytest.mark.parametrize("module", USED, ids=lambda module: module.__name__)
def test_every_function_and_class_has_an_example(module):
    in_module = sources(module.__doc__)  # where those of compiled functions stand
    without = []
    for name in getattr(module, "__all__", ()):
        part = getattr(module, name)
        is_shown = ">>>" in (part.__doc__ or "") or inspect.ismodule(part)
        if not is_shown and not re.search(rf"\b{name}\(", in_module):
            without.append(name)
    assert without == []


@pytest.mark.parametrize("cls", classes(USED), ids=lambda cls: cls.__qualname__)
def test_every_method_and_property_has_an_example(cls):
    """In its own docstring, or in one of the class, its bases and their methods."""
    every = "".join(
        sources(part.__doc__)
        for base in cls.__mro__
        if base.__module__.startswith("thalweg")
        for part in (base, *vars(base).values())
        if part is base or isinstance(part, (property, classmethod)) or inspect.isroutine(part)
    )
    without = []
    for name, attribute in members(cls).items():
        used = rf"\.{name}\b" if isinstance(attribute, property) else rf"(\.|def ){name}\("
        if not re.search(used, every):
            without.append(name)
    assert without == []


def section(cls, title):
    """The entries of a section of a docstring as numpydoc writes them: names and what follows the colon, and the text below."""
    text = inspect.getdoc(cls)
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w+\n-+\n|\Z)", text, re.M | re.S)
    assert found, f"{cls.__name__} has no section {title}"
    entries = re.findall(r"^(\w[\w, ]*) : (.*)\n((?:    .*\n?)+)", found[1], re.M)
    return {name: (kind, text) for listed, kind, text in entries for name in listed.split(", ")}


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_every_parameter_is_explained(cls):
    parameters = inspect.signature(cls).parameters
    explained = section(cls, "Parameters")
    assert list(explained) == list(parameters)
    for name, parameter in parameters.items():
        kind, _, default = explained[name][0].rpartition("default=")
        assert kind and ast.literal_eval(default) == parameter.default, name


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_what_a_fit_leaves_behind_is_explained(cls, early_stopping):
    named = pytest.importorskip("pandas").DataFrame({"size": [0.0, 1.0] * 10, "age": [1.0, 2.0] * 10})
    fitted = cls(solver="lbfgs", random_state=0, early_stopping=early_stopping).fit(named, [0, 1] * 10)
    explained = section(cls, "Attributes")
    for base in {thalweg.MLPClassifier, thalweg.MLPRegressor} & set(cls.__mro__):
        explained |= section(base, "Attributes")  # which a linear model names for the rest
    left = {name for name in vars(fitted) if name.endswith("_") and not name.startswith("_")}
    left |= {name for name, attribute in members(cls).items() if isinstance(attribute, property)}
    assert left <= set(explained)
    assert {name for name in explained if not hasattr(fitted, name)} == (set() if early_stopping else {"stopped_"})


def test_the_readme():
    readme = Path(__file__).resolve().parents[1] / "README.md"
    failed, tried = doctest.testfile(str(readme), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert failed == 0 and tried > 10


def test_the_readme_shows_what_is_printed():
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text()
    assert "Error: ...\n" not in readme
