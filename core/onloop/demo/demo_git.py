"""Git for the demo, without the configuration of the machine and the user."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from onloop.errors import Unavailable

_SHUT_OUT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "HOME": "/nonexistent",  # git reads ~/.config/git/ignore and attributes even without a configuration
    "LC_ALL": "C",
}


def git(folder: Path, *arguments: str, stdin: bytes = b"", accept: tuple[int, ...] = (0,)) -> str:
    """Git's stdout when run in `folder`; Unavailable if git is missing or its exit code is not in `accept`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "XDG_CONFIG"))}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, input=stdin, capture_output=True, check=False, env=inherited | _SHUT_OUT
        )
    except FileNotFoundError as missing:
        if missing.filename != "git":
            raise  # the folder is missing, not git
        raise Unavailable("git is not on the PATH", hint="install git 2.38 or newer") from missing
    if done.returncode not in accept:
        problems = done.stderr.decode(errors="replace").strip().splitlines() or ["it gave no reason"]
        raise Unavailable(
            f"git {arguments[0]} failed in {folder}: {problems[-1]}",
            hint="check that the folder is writable and the disk is not full",
        )
    return done.stdout.decode(errors="replace")
