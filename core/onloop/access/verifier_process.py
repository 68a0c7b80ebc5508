"""Whether a verifier is running, and how to start one. A lock says so, which the kernel frees when its holder ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from hashlib import sha256
from pathlib import Path

from onloop.errors import Unavailable
from onloop.file_lock import holder_of, sole
from onloop.gates.repository.modes import umask_of_user
from onloop.home import Home
from onloop.identity.own_key import own_key
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop.records import MutableRecord, field

LONGEST_REST_S = 60.0
"""The longest pause before we try again to start a verifier that failed, in seconds."""

LONGEST_START_S = 10.0
"""How long a verifier may take to start before we start another one, in seconds."""

LARGEST_LOG = 1 << 20
"""A verifier's log with more bytes is renamed when the next verifier starts; the one renamed before is removed."""


class _Starts(MutableRecord):
    """The verifiers that this process started for a store, and when; and how long the next one must wait.

    `rest` is 0 until a verifier has ended with an error.
    """

    running: list[tuple[subprocess.Popen[bytes], float]] = field(default_factory=list)
    rest: float = 0.0
    not_before: float = 0.0

    def reap(self, now: float) -> None:
        """Drop the verifiers that have ended. The first failure causes no pause; each later one doubles the pause."""
        codes = [process.poll() for process, _ in self.running]
        self.running = [started for started, code in zip(self.running, codes, strict=True) if code is None]
        if any(code is not None and code > 0 for code in codes):
            self.not_before = now + self.rest
            self.rest = min(LONGEST_REST_S, 2 * self.rest or 2.0)

    def is_one_starting(self, now: float) -> bool:
        """Whether a verifier may still be starting."""
        return any(now - since < LONGEST_START_S for _, since in self.running)


_STARTS: dict[Path, _Starts] = defaultdict(_Starts)

_NOT_PASSED_ON = ("ONLOOP_", "PYTHON", "LD_", "DYLD_", "GIT_")
"""Variables that could choose a verifier's code or identity. Its PATH is the system's; gates have their own."""

IDLE_EXIT = "10m"
"""How long a verifier that another verb started stays without work."""


def only_verifier(home: Home) -> AbstractContextManager[None]:
    """Be the store's only verifier; Unavailable if there is one. The lock's file names the process."""

    def refusal(_: str) -> Unavailable:
        return Unavailable(
            f"{home.name} already has a verifier on this machine", hint="one is enough; it serves every worker"
        )

    return sole(home.verifier_lock, refusal)


def verifiers_here(home: Home) -> str:
    """How the names begin of verifiers of a database that run by this folder; empty for a store that is a file.

    Machines may share a name, and process ids: the folder's own key tells them apart.
    """
    if not home.database:
        return ""
    mark = sha256(b"verifier|" + (own_key(home.store) or b"")).hexdigest()[:8]
    host = "".join(letter for letter in socket.gethostname()[:24] if letter.isascii() and letter.isalnum()) or "host"
    return f"{host}-{mark}-"


def is_verifier_up(home: Home) -> bool:
    """Whether a verifier is running now."""
    return holder_of(home.verifier_lock) is not None


def ensure_verifier(home: Home, at_once: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
    """Start a verifier in its own session if none is running; if two start at once, the lock lets one go on.

    It evaluates `at_once` gates at a time; with 0 it decides itself. One that fails is started again after longer and
    longer pauses, in seconds of `clock`. For another user's store nothing is started: its resident gateway does it.
    An agent starts none, because it would choose the programs that judge it. Neither the current folder nor PYTHONPATH
    can replace the verifier's code.
    """
    if not home.is_ours or os.environ.get("ONLOOP_TOKEN") or home.is_gone:
        return
    starts = _STARTS[home.store]
    starts.reap(clock())
    if is_verifier_up(home):
        starts.rest = starts.not_before = 0.0
        return
    if clock() < starts.not_before or starts.is_one_starting(clock()):
        return
    home.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
    kept["PATH"] = os.defpath
    if home.database:  # not as a word of the command: it may hold a password
        kept["ONLOOP_STORE"] = home.database
    words = ["verifier", *([] if home.database else ["--store", str(home.store)]), "--idle-exit", IDLE_EXIT]
    words += ["--jobs", str(at_once)] if at_once else []
    with _log(home.logs / "verifier.log").open("ab") as log:
        process = subprocess.Popen(
            own_command(*words),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=kept,
            cwd="/",
            start_new_session=True,
            umask=umask_of_user(),
        )
    starts.running.append((process, clock()))


def ensure_verifier_for(home: Home, decided: Iterable[Task | None]) -> None:
    """Start a verifier if a decision has left one of these tasks waiting for one."""
    waits = {Reason.EFFECT_RUNNING, Reason.GATES_RUNNING, Reason.DEPENDENCY}
    if any(task is not None and task.reason in waits for task in decided):
        ensure_verifier(home)


def _log(path: Path) -> Path:
    """The verifier's log file; one that is too large is renamed first."""
    with suppress(FileNotFoundError):  # there is none yet, or another process has just renamed it
        if path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_name(f"{path.name}.before"))
    return path


def own_command(*words: str) -> list[str]:
    """The command `onloop WORDS…` with this code and interpreter, whatever the folder and environment."""
    root = str(Path(__file__).parents[2])
    start = f"import sys; sys.path.insert(0, {root!r}); from onloop.cli.entry import main; raise SystemExit(main())"
    return [sys.executable, "-I", "-c", start, *words]
