"""The rows of the table, and how many times faster than its best peer Thalweg is meant to be in each."""

from dataclasses import dataclass

# The threads of a goal that holds against the peer on one thread and on two, for our better of one and two.
ANY = 0


@dataclass(frozen=True)
class Row:
    """One row: a work in one precision, from one form of the input where Thalweg knows two."""

    work: str
    precision: str
    what: str  # for the reader
    goals: dict[int, float]  # by threads, or of ANY
    input: str | None = None  # "u8": images stay bytes; "f32"
    against: str = "jax-scan"

    @property
    def title(self) -> str:
        """Such as `W4 f32, from u8`; the precision only where it is not the only one."""
        title = self.work
        if self.work.startswith("W3"):
            title += f" {self.precision}"
        return title + (f", from {self.input}" if self.input and self.work == "W4" else "")


ROWS = (
    Row("W0", "f32", "step of 30 x (1-5-1), sigmoids, squares, full batch", {ANY: 5.0}),
    Row("W1", "f32", "step of 100 x (27-9-3), ReLU, sum of squares, full batch", {ANY: 10.0}),
    Row("W2", "f32", "epoch of 784-30-10, sigmoids, squares, batch 10, 60,000 rows", {ANY: 4.0}),
    Row("W3", "f64", "step of 300 x (2-100-3), ReLU, softmax, L2, full batch", {1: 6.0, 2: 10.0}),
    Row("W3", "f32", "the same in f32", {1: 7.0, 2: 8.0}),
    Row("W3L", "f64", "step of 300 x (2-3), softmax, L2, full batch", {ANY: 4.0}),
    Row("W4", "f32", "step of logistic regression, 209 x 12,288, full batch", {1: 2.2, 2: 2.4}, input="u8"),
    Row("W4", "f32", "the same from f32", {ANY: 1.3}, input="f32"),
    Row("W5", "f32", "epoch of 784-128-10, ReLU, Adam, batch 32, 60,000 rows", {1: 1.65, 2: 2.0}),
    Row("W6", "f32", "epoch of 784-512-512-10, momentum, batch 128, 60,000 rows", {1: 1.2, 2: 1.5}),
    Row("W7", "f32", "epoch of 64-256-256-256-1, squares, Adam, batch 256, 100,000 rows", {1: 1.25, 2: 1.5}),
    Row("W8", "f32", "ten steps of 4096-4096-4096-10, momentum, batch 512", {1: 1.3, 2: 1.35}),
    Row("INF1", "f32", "one row through W5's network", {ANY: 2.5}, against="candle"),
    Row("INF1024", "f32", "1,024 rows through it", {1: 1.8, 2: 1.25}),
    Row("W9", "f32", "epoch of LeNet-5, ReLU, Adam, batch 64, 60,000 images", {1: 3.0, 2: 3.0}, against="torch-compile"),
    Row("INF9", "f32", "one image through it", {ANY: 3.0}, against="torch-eager"),
    Row("W10", "f32", "step of ResNet-20, momentum, batch 128 of 3x32x32", {1: 1.3, 2: 1.3}, against="torch-compile"),
    Row("CONV", "f32", "conv2d 3x3, 64 to 64, 32 images of 32x32", {1: 1.0, 2: 1.0}, against="torch-eager"),
    Row("CONV-DX", "f32", "its gradient to x", {1: 1.0, 2: 1.0}, against="torch-eager"),
    Row("CONV-DW", "f32", "its gradient to w and b", {1: 1.0, 2: 1.0}, against="torch-eager"),
    Row("DEPTHWISE", "f32", "the same by channel, 8 images of 56x56", {1: 1.5, 2: 1.5}, against="torch-eager"),
    Row("DEPTHWISE-DX", "f32", "its gradient to x", {1: 1.5, 2: 1.5}, against="torch-eager"),
    Row("DEPTHWISE-DW", "f32", "its gradient to w and b", {1: 1.5, 2: 1.5}, against="torch-eager"),
)

# Hidden units of the networks 784-H-10 whose time per step is drawn.
HIDDEN_UNITS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)


def work_names() -> list[str]:
    """The works of the table, each once."""
    return list(dict.fromkeys(row.work for row in ROWS))


def size_names() -> list[str]:
    """The networks of the figure, as `--work` knows them."""
    return [f"784-{hidden}-10@32" for hidden in HIDDEN_UNITS]


def hidden_units(work: str) -> int | None:
    """H of 784-H-10, or None for another work."""
    parts = work.split("@")[0].split("-")
    is_ours = len(parts) == 3 and parts[0] == "784" and parts[2] == "10" and parts[1].isdigit()
    return int(parts[1]) if is_ours else None
