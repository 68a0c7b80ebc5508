"""To be other users of this machine: an interpreter that all can start, repositories that all can reach."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from support.waiting import wait_for
from support.world import ROOT

PYTHON = Path("/usr/bin/python3")


@cache
def why_not() -> str:
    """Why this machine cannot be other users here; empty where it can."""
    if os.getuid() != 0:
        return "only root can be somebody else"
    shut = next((path for path in (ROOT, *_packages()) if not _is_open(path)), None)
    if shut is not None:
        return f"other users cannot read {shut}"
    asked = [str(PYTHON), "-c", "import sys; print(*sys.version_info[:2])"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout if PYTHON.exists() else ""
    return "" if said.split() == list(map(str, sys.version_info[:2])) else f"{PYTHON} is not this Python"


def readable_python(folder: Path) -> Path:
    """An interpreter in `folder`, made if it is not there, with onloop and what it needs."""
    if not folder.exists():
        subprocess.run([str(PYTHON), "-m", "venv", "--without-pip", str(folder)], check=True)
        here = next((folder / "lib").glob("python3*/site-packages"))
        paths = (ROOT / "core", ROOT / "tui", *_packages())
        (here / "onloop.pth").write_text("".join(f"{path}\n" for path in paths))
    return folder / "bin" / "python"


def published(folder: Path, before: Sequence[str] = (), **more: str) -> tuple[subprocess.Popen[bytes], int]:
    """A server of the repositories in `folder`, and its port: git takes a path only from its owner.

    `before` comes before its command, as whoever it makes it; `more` are variables of its environment.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = ("--reuseaddr", "--listen=127.0.0.1", f"--port={port}", "--export-all", "--enable=receive-pack")
    daemon = subprocess.Popen(
        [*before, "git", "daemon", *words, f"--base-path={folder}", str(folder)],
        env=os.environ | more,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    wait_for(lambda: _answers(port), lambda: "git daemon does not come up")
    return daemon, port


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _packages() -> tuple[Path, ...]:
    return tuple(Path(path) for path in sys.path if path.endswith("site-packages"))


def _is_open(path: Path) -> bool:
    """Whether every user can read a folder, and pass those above it."""
    found = path.resolve()
    return found.stat().st_mode & 0o005 == 0o005 and all(folder.stat().st_mode & 0o001 for folder in found.parents)
