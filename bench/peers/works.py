"""What is timed: one definition that every peer, in Python or Rust, is built from. Standard library only.

Losses are named as in Thalweg's experiment files, so their sums and means are fixed by the name:

    sum_of_squares         sum over rows and outputs of (prediction - target)^2
    mean_squared_error     its mean over rows and outputs
    half_squares           half of it, mean over rows
    softmax_cross_entropy  from logits, mean over rows; targets are class ids
    binary_cross_entropy   from logits, mean over rows

The penalty is l2 / 2 * (sum of squared weights); biases are not penalized.
"""

import re
from dataclasses import dataclass, fields, replace

# How many rows the made-up pictures of a network given by its sizes have: 51 MB in f32, out of reach of the caches,
# as real pictures are.
BYTES_ROWS = 16_384


@dataclass(frozen=True)
class Work:
    """One work in one precision."""

    name: str
    data: str  # the data set's name in data.py
    rows: int
    sizes: tuple[int, ...]  # in_features of the first layer, out_features of each
    hidden: str = "relu"  # or "sigmoid"
    output: str = "linear"  # or "sigmoid", or "hundred_sigmoid": 100 times a sigmoid
    loss: str = "softmax_cross_entropy"
    optimizer: str = "gradient_descent"  # or "momentum" (0.9), "adam" (0.9, 0.999, 1e-8)
    learning_rate: float = 1e-3
    l2: float = 0.0
    batch_size: int = 0  # 0: all rows
    weight_std: float = 0.0  # of the start; 0: He's, sqrt(2 / in_features)
    bias_std: float = 0.0
    precision: str = "f32"
    unit: str = "step"  # or "10 steps", "epoch", "row", "1024 rows"
    steps: int = 1  # of one timed sample; an epoch has as many as it has batches

    @property
    def predicts(self) -> bool:
        """Is only the forward pass timed?"""
        return self.unit in ("row", "1024 rows")

    @property
    def full_batch(self) -> bool:
        """Does each step see all rows?"""
        return self.batch_size == 0

    @property
    def outputs(self) -> int:
        """out_features of the last layer."""
        return self.sizes[-1]

    @property
    def parameter_count(self) -> int:
        """Weights and biases."""
        return sum(n * m + m for n, m in zip(self.sizes, self.sizes[1:]))

    @property
    def sample_steps(self) -> int:
        """How many steps one timed sample has."""
        if self.full_batch:
            return self.steps
        batches = -(-self.rows // self.batch_size)
        return batches if self.unit == "epoch" else min(self.steps, batches)

    @property
    def sample_rows(self) -> int:
        """How many rows of a permutation these steps use."""
        return min(self.rows, self.sample_steps * self.batch_size)

    def units_in(self, steps: int) -> float:
        """How many units so many steps (or calls, where the work predicts) are."""
        if self.unit == "10 steps":
            return steps / 10
        if self.unit == "epoch":
            return steps / self.sample_steps
        return float(steps)

    def arguments(self) -> list[str]:
        """The definition as `key=value`, as the peers in Rust read it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["sizes"] = "-".join(map(str, self.sizes))
        return [f"{key}={value}" for key, value in values.items()]


@dataclass(frozen=True)
class ImageWork(Work):
    """The same behind convolutions: each with ReLU and the largest of 2 by 2 after it. `sizes` is what follows them."""

    image: tuple[int, int, int] = (1, 28, 28)  # channels, height, width
    filters: tuple[tuple[int, int, int], ...] = ()  # channels, side of the kernel, zeros around

    @property
    def filter_shapes(self) -> list[tuple[int, int, int, int]]:
        """Of the weights of each convolution: [out_channels, in_channels, rows, columns]."""
        channels = [self.image[0]] + [out for out, _, _ in self.filters]
        return [(out, before, side, side) for before, (out, side, _) in zip(channels, self.filters)]


@dataclass(frozen=True)
class ResidualWork(Work):
    """A residual network for images of 32 by 32: a convolution of 3 by 3, then blocks in groups, the first block of each group but
    the first halving the image; the mean of each channel and a dense layer of `sizes`. After He, Zhang, Ren and Sun (2016), section
    4.2, with a convolution of 1 by 1 on the way around where the shape changes."""

    image: tuple[int, int, int] = (3, 32, 32)
    widths: tuple[int, ...] = (16, 32, 64)  # channels of each group
    blocks: int = 3  # of a group


@dataclass(frozen=True)
class Pass(Work):
    """One pass of a convolution of 3 by 3 that keeps the size of its images."""

    channels: int = 64
    side: int = 32
    groups: int = 1
    which: str = "forward"  # or "dx", "dw"


_curve = Work(
    "W0", "curve", 30, (1, 5, 1), hidden="sigmoid", output="hundred_sigmoid", loss="mean_squared_error",
    learning_rate=1e-4, weight_std=0.01, bias_std=1.0, steps=1000,
)  # fmt: skip
_regression = Work(
    "W1", "regression", 100, (27, 9, 3), loss="sum_of_squares", learning_rate=1e-4, weight_std=1.0, bias_std=1.0,
    steps=1000,
)  # fmt: skip
_classic = Work(
    "W2", "fashion", 60_000, (784, 30, 10), hidden="sigmoid", output="sigmoid", loss="half_squares",
    learning_rate=3.0, batch_size=10, weight_std=1.0, bias_std=1.0, unit="epoch",
)  # fmt: skip
_spiral = Work("W3", "spiral", 300, (2, 100, 3), learning_rate=1.0, l2=1e-3, weight_std=0.01, steps=1000)
_pictures = Work(
    "W4", "pictures", 209, (12_288, 1), loss="binary_cross_entropy", learning_rate=0.005, weight_std=0.01, steps=200,
)  # fmt: skip
_fashion = Work("W5", "fashion", 60_000, (784, 128, 10), optimizer="adam", batch_size=32, unit="epoch")
_wider = Work(
    "W6", "fashion", 60_000, (784, 512, 512, 10), optimizer="momentum", learning_rate=0.05, batch_size=128, unit="epoch",
)  # fmt: skip
_deeper = Work(
    "W7", "waves", 100_000, (64, 256, 256, 256, 1), loss="mean_squared_error", optimizer="adam", batch_size=256,
    unit="epoch",
)  # fmt: skip
_widest = Work("W8", "wide", 512, (4096, 4096, 4096, 10), optimizer="momentum", unit="10 steps", steps=10)

_lenet = ImageWork(
    "W9", "fashion", 60_000, (400, 120, 84, 10), optimizer="adam", batch_size=64, unit="epoch",
    filters=((6, 5, 2), (16, 5, 0)),
)  # fmt: skip
_residual = ResidualWork(
    "W10", "colours", 4096, (64, 10), optimizer="momentum", learning_rate=0.05, batch_size=128, steps=4,
)  # fmt: skip
_convolution = Pass("CONV", "made", 32, (), unit="pass")
_depthwise = Pass("DEPTHWISE", "made", 8, (), unit="pass", side=56, groups=64)

# Compared with PyTorch alone.
IMAGE_WORKS = (
    _lenet,
    replace(_lenet, name="INF9", batch_size=1, unit="row"),
    _residual,
    _convolution,
    replace(_convolution, name="CONV-DX", which="dx"),
    replace(_convolution, name="CONV-DW", which="dw"),
    _depthwise,
    replace(_depthwise, name="DEPTHWISE-DX", which="dx"),
    replace(_depthwise, name="DEPTHWISE-DW", which="dw"),
)

WORKS = (
    _curve,
    _regression,
    _classic,
    replace(_spiral, precision="f64"),
    _spiral,
    replace(_spiral, name="W3L", sizes=(2, 3), precision="f64"),
    _pictures,
    _fashion,
    _wider,
    _deeper,
    _widest,
    replace(_fashion, name="INF1", batch_size=1, unit="row"),
    replace(_fashion, name="INF1024", batch_size=1024, unit="1024 rows"),
)


def named(name: str) -> list[Work]:
    """The works of this name, one for each precision. `784-128-10@32` is a network of these sizes, ReLU between its
    layers, Adam, on made-up bytes, timed by the step in batches of 32 (which is also the default)."""
    sized = re.fullmatch(r"(\d+(?:-\d+)+)(?:@(\d+))?", name)
    if sized:
        sizes = tuple(int(size) for size in sized[1].split("-"))
        work = Work(name, "bytes", BYTES_ROWS, sizes, optimizer="adam", batch_size=int(sized[2] or 32))
        # About as long a sample for each size: 30 to 500 steps.
        return [replace(work, steps=max(30, min(500, 100_000_000 // work.parameter_count)))]
    found = [work for work in (*WORKS, *IMAGE_WORKS) if work.name == name]
    if not found:
        known = " ".join(dict.fromkeys(work.name for work in (*WORKS, *IMAGE_WORKS)))
        raise ValueError(f"{name}: no work has this name; known are {known}, and sizes such as 784-128-10@32")
    return found
