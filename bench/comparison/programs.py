"""Who is compared: Thalweg and its peers, with the command, the environment and the works of each."""

import os
import re
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

from peers.works import IMAGE_WORKS, Pass, named

BENCH = Path(__file__).resolve().parent.parent
REPOSITORY = BENCH.parent
BUILT = REPOSITORY / "target" / "release" / "thalweg"


def home() -> Path:
    """Where everything is that is installed for the comparison."""
    return Path(os.environ.get("PEERS_HOME") or Path.home() / ".cache" / "thalweg-peers")


def has_avx512() -> bool:
    """Does this processor have AVX-512?"""
    try:
        return " avx512f" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


@dataclass(frozen=True)
class Program(ABC):
    """A program that prints rows of `work`, `precision`, `threads`, `unit`, `seconds`."""

    name: str
    title: str
    package: str  # whose version counts
    variables: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)  # "W0", or "W3 f64", and why it cannot be had

    @abstractmethod
    def executable(self) -> Path:
        """The file that must exist."""

    @abstractmethod
    def version(self) -> str:
        """The version of the package, or a word that says that it is unknown."""

    @abstractmethod
    def commands(self, work: str, threads: int, seconds: float) -> list[list[str]]:
        """The commands that together time this work; none, if the program lacks it."""

    def reason_against(self, work: str) -> str | None:
        """Why the program does not do the work, if it does not."""
        return self.lacking.get(work)

    def environment(self, threads: int) -> dict[str, str]:
        """The whole environment of the process: nothing is inherited but what finds programs and folders.

        glibc gives blocks above 128 KB back to the system whenever they are freed, and zeroed pages cost more than the
        arithmetic on them: NumPy's Adam is seven times slower so. Every program keeps its memory instead."""
        inherited = ("PATH", "HOME", "USER", "LANG", "TMPDIR", "LD_LIBRARY_PATH")
        environment = {name: os.environ[name] for name in inherited if name in os.environ}
        for library in ("OMP", "OPENBLAS", "MKL", "RAYON", "NUMEXPR"):
            environment[f"{library}_NUM_THREADS"] = str(threads)
        environment["MALLOC_MMAP_MAX_"] = "0"
        environment["MALLOC_TRIM_THRESHOLD_"] = str(1 << 40)
        environment["PEERS_HOME"] = str(home())
        environment.update(self.variables)
        return environment


@dataclass(frozen=True)
class Thalweg(Program):
    """Our own."""

    binary: Path = BUILT

    def executable(self) -> Path:
        return self.binary

    def version(self) -> str:
        version = _first_line([str(self.binary), "--version"])
        if self.binary != BUILT:
            return version
        commit = _first_line(["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty"])
        return f"{version} ({commit})"

    def commands(self, work: str, threads: int, seconds: float) -> list[list[str]]:
        flags = ["--work", work, "--threads", str(threads), "--seconds", str(seconds)]
        return [[str(self.binary), "bench", "--json", *flags]]

    def environment(self, threads: int) -> dict[str, str]:
        return super().environment(threads) | {"THALWEG_DATA": str(home() / "data")}


@dataclass(frozen=True)
class PythonPeer(Program):
    """A module of `peers` in a virtual environment."""

    module: str = ""
    variant: str = ""
    venv: str = "python"

    def executable(self) -> Path:
        return home() / self.venv / "bin" / "python"

    def version(self) -> str:
        look = f"import importlib.metadata as m; print(m.version({self.package!r}))"
        return f"{self.package} {_first_line([str(self.executable()), '-c', look])}"

    def commands(self, work: str, threads: int, seconds: float) -> list[list[str]]:
        if self.reason_against(work):
            return []
        command = [str(self.executable()), "-m", f"peers.{self.module}"]
        command += ["--work", work, "--threads", str(threads), "--seconds", str(seconds)]
        return [command + (["--variant", self.variant] if self.variant else [])]

    def environment(self, threads: int) -> dict[str, str]:
        environment = super().environment(threads)
        if self.package == "jax" and threads == 1:
            environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
        return environment


@dataclass(frozen=True)
class RustPeer(Program):
    """A program in `peers/NAME`, built into PEERS_HOME. It is told the definition of the work."""

    def executable(self) -> Path:
        return home() / self.name / "release" / f"{self.name}-peer"

    def version(self) -> str:
        lock = (BENCH / "peers" / self.name / "Cargo.lock").read_text()
        found = re.search(rf'name = "{self.package}"\nversion = "([^"]+)"', lock)
        return f"{self.package} {found[1] if found else 'of unknown version'}"

    def commands(self, work: str, threads: int, seconds: float) -> list[list[str]]:
        fixed = [f"threads={threads}", f"seconds={seconds}", f"folder={home() / 'data' / 'raw'}"]
        return [
            [str(self.executable()), *definition.arguments(), *fixed]
            for definition in named(work)
            if not (self.reason_against(work) or self.reason_against(f"{work} {definition.precision}"))
        ]


# OpenBLAS takes newer processors for older ones (Zen 5 for Haswell); its core for AVX-512 doubles NumPy's products.
_openblas = {"OPENBLAS_CORETYPE": "SkylakeX"} if has_avx512() else {}
_jax = {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
_torch = {
    "CUDA_VISIBLE_DEVICES": "",
    "TORCHINDUCTOR_CACHE_DIR": str(home() / "inductor"),
    "TORCHINDUCTOR_COMPILE_THREADS": "1",  # starting a pool of compilers takes longer than these kernels
}
_no_f64 = "Burn's modules keep f32"
_no_images = {work.name: "convolutions are compared with PyTorch" for work in IMAGE_WORKS}
_no_passes = {work.name: "a pass alone is the same compiled" for work in IMAGE_WORKS if isinstance(work, Pass)}

PEERS: tuple[Program, ...] = (
    PythonPeer("jax-scan", "JAX scan", "jax", _jax, _no_images, module="with_jax", variant="scan"),
    PythonPeer("jax-jit", "JAX jit", "jax", _jax, _no_images, module="with_jax", variant="jit"),
    PythonPeer(
        "torch-compile", "PyTorch compiled", "torch", _torch, _no_passes, module="with_torch", variant="compile", venv="torch"
    ),
    PythonPeer("torch-eager", "PyTorch eager", "torch", _torch, module="with_torch", variant="eager", venv="torch"),
    PythonPeer("numpy", "NumPy", "numpy", _openblas, _no_images, module="with_numpy"),
    PythonPeer(
        "sklearn",
        "scikit-learn",
        "scikit-learn",
        _openblas,
        {"W0": "scikit-learn has no output of 100 times a sigmoid"} | _no_images,
        module="with_sklearn",
    ),
    RustPeer("candle", "Candle", "candle-core", lacking=_no_images),
    RustPeer("burn", "Burn", "burn", lacking={"W3 f64": _no_f64, "W3L": _no_f64} | _no_images),
)


def thalweg(binary: Path | None) -> Thalweg:
    """Thalweg at this path, or where cargo builds it."""
    return Thalweg("thalweg", "Thalweg", "thalweg", binary=binary.resolve() if binary else BUILT)


def titles() -> dict[str, str]:
    """The name for the reader of each name."""
    return {"thalweg": "Thalweg"} | {peer.name: peer.title for peer in PEERS}


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip().splitlines()[0]
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        print(f"{command[0]}: {error}", file=sys.stderr)
        return "of unknown version"
