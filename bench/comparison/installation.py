"""Installs the peers into PEERS_HOME: two virtual environments, the data, and the programs in Rust. What cannot be had
is said and left out; nothing is installed twice."""

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

from comparison.programs import BENCH, PEERS, home

FASHION_PACKAGE = "dataset-fashion-mnist"
FASHION_FOLDER = Path("/usr/share/datasets/fashion-mnist")
# The general build of PyTorch for x86-64 comes with libraries for graphics cards, and does not load without them.
TORCH_GIGABYTES = 12


def install(torch_index: str | None = None) -> list[str]:
    """Installs all; returns sentences about what could not be had. `torch_index` is the address of a package index
    with builds of PyTorch for processors only, which take a tenth of the room."""
    home().mkdir(parents=True, exist_ok=True)
    steps = [
        ("Python peers", lambda: _venv("python", ["numpy", "scipy", "scikit-learn", "jax"])),
        ("PyTorch", lambda: _torch(torch_index)),
        ("Fashion-MNIST", _fashion),
        ("the data of the other works", _raw_data),
        ("Candle", lambda: _rust("candle")),
        ("Burn", lambda: _rust("burn")),
    ]
    problems = []
    for what, step in steps:
        print(f"== {what}", flush=True)
        try:
            step()
        except (OSError, subprocess.SubprocessError, Unavailable) as problem:
            problems.append(f"{what}: {problem}")
            print(problems[-1], file=sys.stderr, flush=True)
    return problems


def missing(names: list[str]) -> dict[str, str]:
    """Of these peers, the ones that are not installed, with the reason."""
    return {
        peer.name: f"not installed ({_below_home(peer.executable())} is missing; see --setup)"
        for peer in PEERS
        if peer.name in names and not peer.executable().exists()
    }


class Unavailable(Exception):
    """Something that this machine does not offer."""


def _below_home(path: Path) -> str:
    return "$PEERS_HOME/" + str(path.relative_to(home()))


def _run(command: list[str], **options) -> None:
    subprocess.run(["nice", "-n", "10", *command], check=True, **options)


def _venv(name: str, packages: list[str], options: tuple[str, ...] = ()) -> None:
    python = home() / name / "bin" / "python"
    if not python.exists():
        _run([sys.executable, "-m", "venv", str(home() / name)])
    _run([str(python), "-m", "pip", "install", "--quiet", *options, *packages])


def _torch(index: str | None) -> None:
    gigabytes = shutil.disk_usage(home()).free / 1e9
    is_installed = (home() / "torch" / "bin" / "python").exists()
    if not index and not is_installed and gigabytes < TORCH_GIGABYTES:
        raise Unavailable(f"needs {TORCH_GIGABYTES} GB of disk, {gigabytes:.0f} GB are free; see --torch-index")
    _venv("torch", ["numpy"])
    _venv("torch", ["torch"], ("--index-url", index) if index else ())


def _fashion() -> None:
    target = home() / "data" / "fashion-mnist"
    if len(list(target.glob("*-ubyte"))) == 4:
        return
    if not FASHION_FOLDER.exists():
        if not shutil.which("apt-get"):
            raise Unavailable(f"unpack the four IDX files into {target} (Debian's package is {FASHION_PACKAGE})")
        _run(["apt-get", "install", "--yes", "--quiet", FASHION_PACKAGE])
    target.mkdir(parents=True, exist_ok=True)
    for packed in FASHION_FOLDER.glob("*.gz"):
        (target / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))


def _raw_data() -> None:
    folder = home() / "data" / "raw"
    python = home() / "python" / "bin" / "python"
    environment = os.environ | {"PEERS_HOME": str(home())}
    _run([str(python), "-m", "peers.data", str(folder)], cwd=BENCH, env=environment)


def _rust(name: str) -> None:
    environment = os.environ | {"CARGO_TARGET_DIR": str(home() / name), "RUSTFLAGS": "-C target-cpu=native"}
    _run(["cargo", "build", "--release", "--locked"], cwd=BENCH / "peers" / name, env=environment)
