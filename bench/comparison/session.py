"""One session: rounds in which Thalweg and its peers take turns, and the file of what they needed."""

import json
import os
import platform
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from comparison.processes import Failure, measure, wait_until_quiet
from comparison.programs import Program
from comparison.summary import MOST_OTHERS

FORMAT = 1


@dataclass(frozen=True)
class Settings:
    """What a session does."""

    works: list[str]
    threads: list[int]
    rounds: int
    seconds: float  # for each figure of a peer
    patience: float = 0.0  # how long to wait for others to be quiet, before each measurement


def run(programs: list[Program], missing: dict[str, str], settings: Settings) -> dict:
    """Measures everything, alternately, and returns the session as it is written to its file. `missing` are programs
    that were asked for and are not there, with the reason."""
    session = {
        "format": FORMAT,
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "cpu": cpu_name(),
        "processors": os.cpu_count(),
        "system": platform.platform(),
        "settings": {
            "works": settings.works,
            "threads": settings.threads,
            "rounds": settings.rounds,
            "seconds": settings.seconds,
        },
        "versions": {program.name: program.version() for program in programs},
        "missing": dict(missing),
        "lacking": {program.name: dict(program.lacking) for program in programs if program.lacking},
        "failures": [],
        "measurements": [],
    }
    failed: set[tuple[str, str, int]] = set()
    try:
        for number, work, threads, program in turns(programs, settings):
            if (program.name, work, threads) not in failed:
                wait_until_quiet(settings.patience, MOST_OTHERS)
                if not take(session, number, work, threads, program, settings.seconds):
                    failed.add((program.name, work, threads))  # it would fail again
    except KeyboardInterrupt:
        print("interrupted: what was measured is kept", flush=True)
        session["interrupted"] = True
    session["ended"] = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return session


def turns(programs: list[Program], settings: Settings) -> Iterator[tuple[int, str, int, Program]]:
    """Round, work, threads and program: the programs change fastest, so that they meet the same state of the machine."""
    for number in range(1, settings.rounds + 1):
        for work in settings.works:
            for threads in settings.threads:
                for program in programs:
                    if program.reason_against(work) is None:
                        yield number, work, threads, program


def take(session: dict, number: int, work: str, threads: int, program: Program, seconds: float) -> bool:
    """One measurement, put into the session; false if it failed."""
    place = {"round": number, "program": program.name, "threads": threads}
    try:
        rows = measure(program, work, threads, seconds)
    except Failure as failure:
        session["failures"].append(place | {"work": work, "reason": str(failure)})
        print(f"round {number}: {work} {program.title}, {threads} threads: {failure}", flush=True)
        return False
    for row in rows:
        # `threads` is what was asked for; a program may have decided to use fewer.
        used = {"used_threads": row.get("threads", threads)}
        session["measurements"].append(row | place | used)
        tell(number, program, threads, row)
    return True


def tell(number: int, program: Program, threads: int, row: dict) -> None:
    """One line per measurement, as it comes."""
    name = " ".join(filter(None, [row["work"], row["precision"], row.get("input")]))
    others = f"   others: {row['other_cpu']:.2f} processors" if row["other_cpu"] > MOST_OTHERS else ""
    clock = time.strftime("%H:%M:%S")
    print(
        f"{clock} round {number}: {name:<14} {program.title:<17} {threads} thr. {row['seconds']:.4g} s per {row['unit']}{others}",
        flush=True,
    )


def cpu_name() -> str:
    """The processor's name, as the system knows it."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.machine()


def file_name(session: dict) -> str:
    """Such as 2026-11-27-0430-amd-epyc.json."""
    started = datetime.fromisoformat(session["started"])
    cpu = re.sub(r"[^a-z0-9]+", "-", session["cpu"].lower()).strip("-")
    return f"{started:%Y-%m-%d-%H%M}-{cpu}.json"


def write(session: dict, folder: Path) -> Path:
    """Writes the session into the folder; one measurement per line, so that two sessions can be compared as text."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(session)
    lines = ",\n".join("    " + json.dumps(m) for m in session["measurements"])
    rest = json.dumps({key: value for key, value in session.items() if key != "measurements"}, indent=2)
    path.write_text(f'{rest[:-2]},\n  "measurements": [\n{lines}\n  ]\n}}\n')
    return path


def read(path: Path) -> dict:
    """A session from its file."""
    session = json.loads(path.read_text())
    if session.get("format") != FORMAT:
        raise SystemExit(f"{path}: format {session.get('format')} is not known")
    return session
