"""The data of the works, as NumPy arrays; the peers in Rust read them from the files that `python -m peers.data` writes."""

import os
import sys
from pathlib import Path

import numpy as np

from peers.works import BYTES_ROWS, WORKS, ImageWork, Work, named


def home() -> Path:
    """The folder of everything that is installed for the comparison."""
    return Path(os.environ.get("PEERS_HOME") or Path.home() / ".cache" / "thalweg-peers")


def load(work: Work) -> tuple[np.ndarray, np.ndarray]:
    """x [rows, in_features] in the work's precision, and the targets: class ids [rows], or values [rows, outputs]."""
    dtype = np.float64 if work.precision == "f64" else np.float32
    x, targets = _SETS[work.data]()
    if work.loss == "softmax_cross_entropy":
        return np.ascontiguousarray(x, dtype), targets.astype(np.int32)
    if targets.ndim == 1 and work.outputs > 1:
        targets = np.eye(work.outputs)[targets]
    return np.ascontiguousarray(x, dtype), np.ascontiguousarray(targets.reshape(len(x), work.outputs), dtype)


def start(work: Work) -> list[tuple[np.ndarray, np.ndarray]]:
    """The parameters at the start: for each layer its weight [in_features, out_features] and its bias."""
    dtype = np.float64 if work.precision == "f64" else np.float32
    random = np.random.RandomState(0)
    parameters = []
    for in_features, out_features in zip(work.sizes, work.sizes[1:]):
        std = work.weight_std or np.sqrt(2 / in_features)
        weight = random.randn(in_features, out_features) * std
        bias = random.randn(out_features) * work.bias_std
        parameters.append((weight.astype(dtype), bias.astype(dtype)))
    return parameters


def filters(work: ImageWork) -> list[tuple[np.ndarray, np.ndarray]]:
    """The convolutions at the start: for each its weight [out_channels, in_channels, rows, columns] and its bias."""
    random = np.random.RandomState(1)
    parameters = []
    for shape in work.filter_shapes:
        std = np.sqrt(2 / np.prod(shape[1:]))
        weight = random.randn(*shape) * std
        parameters.append((weight.astype(np.float32), np.zeros(shape[0], np.float32)))
    return parameters


def _curve():
    x = np.linspace(-5, 5, 30).reshape(30, 1)
    return x, np.exp(x)


def _regression():
    random = np.random.RandomState(0)
    x = random.randn(100, 27)
    return x, x @ random.randn(27, 3)


def _spiral():
    random = np.random.RandomState(0)
    radius = np.linspace(0, 1, 100)
    arms = []
    for arm in range(3):
        angle = np.linspace(arm * 4, arm * 4 + 4, 100) + random.randn(100) * 0.2
        arms.append(np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1))
    return np.concatenate(arms), np.repeat(np.arange(3), 100)


def _pictures():
    # The photographs of cats may not be handed on: dark noise of their size.
    random = np.random.RandomState(0)
    return random.randint(0, 256, (209, 12_288)) * 0.3 / 255, random.randint(0, 2, 209)


def _waves():
    random = np.random.RandomState(0)
    x = random.randn(100_000, 64)
    return x, np.sin(x @ random.randn(64, 32) / 8).sum(axis=1)


def _wide():
    random = np.random.RandomState(0)
    return random.randn(512, 4096), random.randint(0, 10, 512)


def _bytes():
    random = np.random.RandomState(0)
    return random.randint(0, 256, (BYTES_ROWS, 784), np.uint8) / np.float32(255), random.randint(0, 10, BYTES_ROWS)


def _colours():
    random = np.random.RandomState(0)
    return random.randint(0, 256, (4096, 3072), np.uint8) / np.float32(255), random.randint(0, 10, 4096)


def _fashion():
    images = _idx(home() / "data" / "fashion-mnist" / "train-images-idx3-ubyte")
    labels = _idx(home() / "data" / "fashion-mnist" / "train-labels-idx1-ubyte")
    return images.reshape(len(images), 784) / np.float32(255), labels


def _idx(path: Path) -> np.ndarray:
    """An IDX file: two zeros, the type (8: bytes), the number of axes, the length of each, the values."""
    content = path.read_bytes()
    axes = content[3]
    shape = [int.from_bytes(content[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(axes)]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


_SETS = {
    "curve": _curve,
    "regression": _regression,
    "spiral": _spiral,
    "pictures": _pictures,
    "waves": _waves,
    "wide": _wide,
    "bytes": _bytes,
    "colours": _colours,
    "fashion": _fashion,
}


def write(folder: Path) -> None:
    """Writes each work's x and targets as little-endian f32: SET.x and SET.targets, or SET-values.targets where the
    targets of a set of classes are wanted as values."""
    folder.mkdir(parents=True, exist_ok=True)
    for work in [*WORKS, *named("784-8-10")]:
        x, targets = load(work)
        x.astype("<f4").tofile(folder / f"{work.data}.x")
        kind = "-values" if work.data == "fashion" and targets.ndim == 2 else ""
        targets.astype("<f4").tofile(folder / f"{work.data}{kind}.targets")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
