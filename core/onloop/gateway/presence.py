"""Whether a verifier is up, and starting one where none is: a lock that the kernel frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onloop.errors import Unavailable
from onloop.gateway.home import Home, is_own

GLANCES, GLANCE_S = 20, 0.02
"""How often, and how many seconds apart, the lock is tried: another process may hold it just to look."""

_STARTED: list[subprocess.Popen[bytes]] = []
"""The verifiers that this process started, kept so that those that ended are reaped."""

IDLE_EXIT = "10m"
"""How long a verifier that was started along the way stays without work."""


@contextmanager
def only_verifier(home: Home) -> Iterator[None]:
    """Be the one verifier of the store, or Unavailable. The lock's file names the process."""
    handle = os.open(home.verifier_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not any(_locked(handle, fcntl.LOCK_EX) for _ in range(GLANCES)):
            raise Unavailable(f"{home.store} has a verifier already", hint="one is enough; it serves every worker")
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def is_verifier_up(home: Home) -> bool:
    """Whether some process is the verifier now."""
    handle = os.open(home.verifier_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        return not _locked(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


def _locked(handle: int, how: int) -> bool:
    """Whether the lock could be taken at once; where not, a moment passes, for somebody may only be looking."""
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        if how == fcntl.LOCK_EX:
            time.sleep(GLANCE_S)
        return False
    return True


def ensure_verifier(home: Home, at_once: int = 0) -> None:
    """Start a verifier of its own session where none is up; two that start at once sort it out by the lock.

    Where the store is another user's, nothing is started: its resident gateway does it.

    It has `at_once` gates answered at a time; 0 leaves that to it.

    Only for launchers and people: an agent would choose the programs that judge it. Neither the current folder nor
    PYTHONPATH can put other code in its place.
    """
    if not is_own(home.store):
        return
    _STARTED[:] = [process for process in _STARTED if process.poll() is None]
    if is_verifier_up(home):
        return
    home.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ONLOOP_", "PYTHON"))}
    words = ["verifier", "--store", str(home.store), "--idle-exit", IDLE_EXIT]
    words += ["--jobs", str(at_once)] if at_once else []
    with (home.logs / "verifier.log").open("ab") as log:
        process = subprocess.Popen(
            own_command(*words),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=kept,
            cwd="/",
            start_new_session=True,
        )
    _STARTED.append(process)


def own_command(*words: str) -> list[str]:
    """`onloop WORDS…` as this very code and interpreter, whatever folder and environment it is started in."""
    root = str(Path(__file__).parents[2])
    start = f"import sys; sys.path.insert(0, {root!r}); from onloop.cli.entry import main; raise SystemExit(main())"
    return [sys.executable, "-I", "-c", start, *words]
