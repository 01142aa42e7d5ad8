from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Dataset",
    "Network",
    "Outcome",
    "Run",
    "State",
    "builtin_experiments",
    "cpu",
    "default_threads",
    "draw_confusion",
    "draw_curves",
    "draw_fit",
    "draw_heatmap",
    "draw_regions",
    "draw_scatter",
    "read_arrow",
    "terminal_curves",
    "terminal_fit",
    "terminal_regions",
    "version",
]

def default_threads() -> int: ...
def version() -> str: ...
def cpu() -> str: ...
def builtin_experiments() -> list[str]: ...
def read_arrow(stream: Any) -> tuple[NDArray[np.float64], list[str]]: ...
def draw_curves(
    title: str,
    curves: Sequence[tuple[str, NDArray[np.float64], NDArray[np.float64], bool]],
    x_label: str = "",
    y_label: str = "",
    log_y: bool = False,
    mark: tuple[float, str] | None = None,
) -> str: ...
def draw_fit(
    title: str,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    curve_x: NDArray[np.float64],
    curve_y: NDArray[np.float64],
) -> str: ...
def draw_scatter(
    title: str, x: NDArray[np.float64], y: NDArray[np.float64], classes: Sequence[int], names: Sequence[str]
) -> str: ...
def draw_regions(
    title: str,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    classes: Sequence[int],
    names: Sequence[str],
    classify: Callable[[NDArray[np.float64]], Sequence[int]],
    columns: int = 160,
    labels: tuple[str, str] | None = None,
) -> str: ...
def draw_confusion(title: str, names: Sequence[str], counts: Sequence[int]) -> str: ...
def draw_heatmap(title: str, values: NDArray[np.float64]) -> str: ...

def terminal_curves(
    title: str,
    curves: Sequence[tuple[str, NDArray[np.float64], NDArray[np.float64]]],
    log_y: bool,
    size: tuple[int, int],
    colour: bool,
) -> list[str]: ...
def terminal_fit(
    title: str,
    points: tuple[NDArray[np.float64], NDArray[np.float64]],
    curve: tuple[NDArray[np.float64], NDArray[np.float64]],
    size: tuple[int, int],
    colour: bool,
) -> list[str]: ...
def terminal_regions(
    title: str,
    points: tuple[NDArray[np.float64], NDArray[np.float64]],
    classes: Sequence[int],
    classify: Callable[[NDArray[np.float64]], Sequence[int]],
    size: tuple[int, int],
    colour: bool,
) -> list[str]: ...

@final
class Dataset:
    def __new__(
        cls,
        x: NDArray[Any],
        labels: NDArray[np.uint32] | None = None,
        classes: int = 0,
        values: NDArray[np.float64] | None = None,
        weights: NDArray[np.float64] | None = None,
        feature_names: list[str] | None = None,
        label_names: list[str] | None = None,
        scale: tuple[list[float], list[float]] | None = None,
    ) -> Dataset: ...
    @property
    def is_shared(self) -> bool: ...
    @property
    def rows(self) -> int: ...
    @property
    def columns(self) -> int: ...
    def features(self) -> NDArray[np.float64]: ...

@final
class State:
    def __new__(
        cls,
        precision: str,
        counters: str,
        parameters: bytes,
        optimizer_state: bytes,
        best_parameters: bytes | None = None,
        average: bytes | None = None,
        optimizer: str = "",
    ) -> State: ...
    @property
    def step(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def batch(self) -> int: ...

@final
class Outcome:
    @property
    def ending(self) -> str: ...
    @property
    def error(self) -> BaseException | None: ...
    @property
    def epochs(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def best_epoch(self) -> int | None: ...
    @property
    def best_value(self) -> float | None: ...
    @property
    def reports_without_gain(self) -> int: ...
    @property
    def parameters_sha256(self) -> str: ...
    @property
    def looked_enough(self) -> bool: ...
    def history(self) -> dict[str, NDArray[Any]]: ...
    def state(self) -> State: ...

@final
class Network:
    def __new__(
        cls,
        layers: list[Any],
        input_shape: Sequence[int],
        precision: str = "f32",
        seed: int = 0,
        init: str | None = None,
    ) -> Network: ...
    @staticmethod
    def load(path: str | PathLike[str]) -> Network: ...
    def save(self, path: str | PathLike[str], description: str | None = None) -> None: ...
    def copy(self) -> Network: ...
    @property
    def precision(self) -> str: ...
    @property
    def input_shape(self) -> list[int]: ...
    @property
    def output_shape(self) -> list[int]: ...
    @property
    def parameter_count(self) -> int: ...
    def summary(self) -> str: ...
    def layers(self) -> str: ...
    def placed_layers(self) -> list[tuple[int, str, list[int], list[int], int]]: ...
    @property
    def parameter_names(self) -> list[str]: ...
    def parameter(self, name: str) -> NDArray[Any]: ...
    def set_parameter(self, name: str, values: NDArray[np.float64]) -> None: ...
    def parameters(self) -> NDArray[Any]: ...
    def set_parameters(self, values: NDArray[Any]) -> None: ...
    def start(self, seed: int, init: str | None = None) -> None: ...
    def cast(self, to: str) -> Network: ...
    @property
    def loss(self) -> str | None: ...
    def set_loss(self, loss: Any) -> None: ...
    @property
    def label_names(self) -> list[str]: ...
    @property
    def preprocessing(self) -> str | None: ...
    def fit(
        self,
        train: Dataset,
        settings: str,
        loss: Any = None,
        validation: Dataset | None = None,
        test: Dataset | None = None,
        seed: int = 0,
        threads: int | None = None,
        state: State | None = None,
        metrics: list[Any] | None = None,
        callback: Callable[..., Any] | None = None,
        with_parameters: bool = False,
        plateau_rule: dict[str, float] | None = None,
        leave_after: int | None = None,
        brief: bool = False,
        most_looks: int | None = None,
    ) -> tuple[Outcome, bool]: ...
    def predict_in_place(self, x: Any) -> NDArray[Any] | None: ...
    def predict(self, data: Dataset, threads: int | None = None) -> NDArray[Any]: ...
    def evaluate(self, data: Dataset) -> dict[str, float]: ...
    def gradients(
        self, data: Dataset, settings: str = "{}", loss: Any = None, training: bool = False
    ) -> tuple[float, NDArray[Any]]: ...
    def gradcheck(self, data: Dataset, settings: str = "{}", loss: Any = None, seed: int = 0) -> dict[str, Any]: ...
    def explain(
        self, data: Dataset, settings: str = "{}", loss: Any = None, seed: int = 0, step: int = 0
    ) -> tuple[str, str]: ...

@final
class Run:
    @staticmethod
    def train(
        experiment: str,
        kind: str,
        settings: list[tuple[str, str]],
        runs: str | PathLike[str],
        out: str | PathLike[str] | None = None,
        force: bool = False,
        data_folder: str | PathLike[str] | None = None,
        threads: int | None = None,
        callback: Callable[..., Any] | None = None,
    ) -> Run: ...
    @staticmethod
    def open(path: str | PathLike[str]) -> Run: ...
    @property
    def path(self) -> Any: ...
    @property
    def experiment(self) -> str: ...
    @property
    def result(self) -> str | None: ...
    def model(self) -> Network: ...
    def data(self, part: str) -> Dataset | None: ...
    def history(self) -> dict[str, NDArray[Any]]: ...
    def resume(self, callback: Callable[..., Any] | None = None) -> Run: ...
    def verify(self, threads: int | None = None) -> tuple[bool, int, int, tuple[list[int], str] | None]: ...
    def at(self, step: int) -> Network: ...
