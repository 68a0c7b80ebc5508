"""Shows what a box stops by trying it: code runs inside, and its report and what it leaves behind are the proof."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from onloop.gates.box.kind import Box
from onloop.gates.box.promises import Attempt

_SCRIPT = Path(__file__).with_name("attempts.py")
_LONGEST_WORDS = 120


class ProbeOutcome(Protocol):
    """The outcome of a run in the box."""

    @property
    def output(self) -> bytes:
        """What it wrote."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What code in the box tries to reach. `word` is on the command line of the process `process`."""

    store: tuple[Path, ...] = ()
    socket: tuple[Path, ...] = ()
    mirror: tuple[Path, ...] = ()
    other_checkout: tuple[Path, ...] = ()
    secrets: tuple[Path, ...] = ()
    toolchain: tuple[Path, ...] = (Path("/usr"), Path("/etc"))
    process: tuple[int, ...] = ()
    word: str = ""
    tcp: tuple[int, ...] = ()
    udp: tuple[int, ...] = ()
    abstract: tuple[str, ...] = ()
    python: str = "/usr/bin/python3"


@dataclass(frozen=True, slots=True)
class Cell:
    """Whether the box stopped one attempt (None: it could not be tried), and how, in a few words."""

    name: Attempt
    stopped: bool | None
    words: str


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a probe of a box showed."""

    box: str
    cells: tuple[Cell, ...]

    @property
    def is_strong(self) -> bool:
        """Whether the box stopped every attempt, as the level A2 needs."""
        return {cell.name for cell in self.cells if cell.stopped} == frozenset(Attempt)

    @property
    def open(self) -> tuple[Cell, ...]:
        """The attempts that were not seen to be stopped."""
        return tuple(cell for cell in self.cells if not cell.stopped)


def probe(box: Box, run_inside: Callable[[tuple[str, ...]], ProbeOutcome], targets: Targets) -> ProbeReport:
    """What code in the box could do; `run_inside` runs a command in the box as a gate does."""
    name = f"box-{secrets.token_hex(4)}"
    argv = (targets.python, "-I", "-S", "-c", _SCRIPT.read_text("utf-8"), json.dumps(_as_json(targets, name)))
    results = _results(run_inside(argv).output)
    results[Attempt.OUTLIVES] = _outlived(name) if Attempt.OUTLIVES in results else (None, "it did not get that far")
    return ProbeReport(box.name, tuple(_cell(attempt, results.get(attempt)) for attempt in Attempt))


def _as_json(targets: Targets, name: str) -> dict[str, object]:
    middle = len(targets.word) // 2
    return {
        "store": _names(targets.store),
        "socket": _names(targets.socket),
        "mirror": _names(targets.mirror),
        "other_checkout": _names(targets.other_checkout),
        "secrets": _names(targets.secrets),
        "toolchain": _names(targets.toolchain),
        "process": targets.process,
        "word": (targets.word[:middle], targets.word[middle:]),
        "tcp": targets.tcp,
        "udp": targets.udp,
        "abstract": targets.abstract,
        "name": name,
    }


def _names(paths: tuple[Path, ...]) -> tuple[str, ...]:
    return tuple(map(str, paths))


def _results(output: bytes) -> dict[str, Any]:
    with suppress(ValueError):
        report = json.loads(output.strip().rpartition(b"\n")[2])
        if isinstance(report, dict):
            return report
    words = output.decode("utf-8", "backslashreplace").strip()[-_LONGEST_WORDS:]
    return dict.fromkeys(set(Attempt) - {Attempt.OUTLIVES}, (None, words or "the probe printed nothing"))


def _cell(attempt: Attempt, result: Any) -> Cell:
    match result:
        case (True | False | None as stopped, str() as words):
            return Cell(attempt, stopped, words[:_LONGEST_WORDS])
        case _:
            return Cell(attempt, None, "the probe did not report this")


def _outlived(name: str) -> tuple[bool | None, str]:
    """Whether the process that the probe left behind has ended: it would have this name."""
    if not Path("/proc/self").exists():
        return None, "there is no /proc to look in"
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "comm").read_text().strip() == name:
                return False, f"process {entry.name} is still there"
    return True, "nothing was left"


@contextmanager
def decoys(place: Path) -> Iterator[Targets]:
    """Targets that are as easy to reach as our own files and sockets, made in `place` and removed afterwards."""
    word, abstract = (f"decoy{secrets.token_hex(8)}" for _ in range(2))
    kept = {name: place / name for name in ("store", "mirror", "other_checkout", "secrets")}
    for name, folder in kept.items():
        folder.mkdir(mode=0o700, parents=True)
        (folder / "file").write_text(name)
    with _listening(place / "socket", abstract) as (tcp, udp):
        process = subprocess.Popen(["/bin/sh", "-c", "read line; exit 0", word], stdin=subprocess.PIPE)
        try:
            yield Targets(
                store=(kept["store"] / "file",),
                socket=(place / "socket",),
                mirror=(kept["mirror"],),
                other_checkout=(kept["other_checkout"],),
                secrets=(kept["secrets"] / "file",),
                process=(process.pid,),
                word=word,
                tcp=(tcp,),
                udp=(udp,),
                abstract=(abstract,) if os.uname().sysname == "Linux" else (),
            )
        finally:
            process.communicate()


@contextmanager
def _listening(path: Path, name: str) -> Iterator[tuple[int, int]]:
    """Listening sockets of each kind, for as long as the block lasts; the value is their TCP and UDP ports."""
    unix, abstract = (socket.socket(socket.AF_UNIX) for _ in range(2))
    tcp, udp = socket.socket(socket.AF_INET), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with unix, abstract, tcp, udp:
        unix.bind(str(path))
        with suppress(OSError):
            abstract.bind("\0" + name)
            abstract.listen()
        for line in (tcp, udp):
            line.bind(("127.0.0.1", 0))
        for line in (unix, tcp):
            line.listen()
        echo = threading.Thread(target=_echo, args=(udp,), daemon=True)
        echo.start()
        yield tcp.getsockname()[1], udp.getsockname()[1]
        _stop(udp)
        echo.join()


def _echo(udp: socket.socket) -> None:
    while True:
        packet, sender = udp.recvfrom(16)
        if packet == b"stop":
            return
        udp.sendto(packet, sender)


def _stop(udp: socket.socket) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"stop", udp.getsockname())
