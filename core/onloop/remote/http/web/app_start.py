"""How the dashboard of somebody at the page is started: which program, and what it is given. No shell, no secret."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

from onloop.errors import BadInput, Unavailable
from onloop.remote.http.web.web_settings import AppUser

PROGRAM = "onloop_tui.browser_dashboard"
"""The module that is the dashboard for a browser; the core starts it and never loads it."""
DRIVER = "onloop_tui.browser_driver:BrowserDriver"
FRAMES = 30
USUAL_USER = "nobody"
CHECK_S = 60.0
_KEPT = ("LANG", "LC_ALL", "LC_CTYPE", "TZ")


def command(python: str, descriptor: int) -> list[str]:
    """What is run: a Python apart from whatever is around it. The channel is all that it is told."""
    return [python, "-I", "-B", "-m", PROGRAM, str(descriptor)]


def environment(folder: Path, columns: int, rows: int) -> dict[str, str]:
    """All of its environment: no path to programs, a home of its own, and the size of what it draws."""
    kept = {name: value for name in _KEPT if (value := os.environ.get(name))}
    return {
        "LANG": "C.UTF-8",
        **kept,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "XDG_STATE_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "PATH": str(folder / "no-programs"),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TEXTUAL_DRIVER": DRIVER,
        "TEXTUAL_FPS": str(FRAMES),
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
        "COLUMNS": str(columns),
        "ROWS": str(rows),
    }


def app_user(name: str | None) -> AppUser | None:
    """As whom dashboards run: where the gateway is root's, somebody without rights; else the gateway's own user.

    BadInput for a user that is not there, or where only root could become them.
    """
    if name is None and os.geteuid() != 0:
        return None
    wanted = name or USUAL_USER
    try:
        found = pwd.getpwnam(wanted)
    except KeyError:
        raise BadInput(f"there is no user {wanted!r}", hint="--web-user NAME: one that owns nothing") from None
    if found.pw_uid == os.geteuid() != 0:
        return None
    if os.geteuid() != 0:
        raise BadInput(f"only root can run dashboards as {wanted}", hint="leave out --web-user, or serve as root")
    if found.pw_uid == 0:
        raise BadInput("dashboards of a page do not run as root", hint="--web-user NAME: one that owns nothing")
    return AppUser(wanted, found.pw_uid, found.pw_gid)


def check_starts(user: AppUser | None, python: str = sys.executable) -> None:
    """Unavailable where that user cannot run the dashboard: it is found out before anybody needs it."""
    tried = [python, "-I", "-B", "-c", f"import {PROGRAM}"]
    uid, gid, groups = as_user(user)
    try:
        ran = subprocess.run(
            tried, env={}, cwd="/", capture_output=True, timeout=CHECK_S, user=uid, group=gid, extra_groups=groups
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise _cannot(user, python, getattr(problem, "strerror", None) or "it takes too long") from None
    if ran.returncode:
        last = ran.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise _cannot(user, python, last[:200] or f"it ends with {ran.returncode}")


def as_user(user: AppUser | None) -> tuple[int | None, int | None, tuple[int, ...] | None]:
    """The user, group and other groups of a process that runs as that user; all None for our own."""
    return (None, None, None) if user is None else (user.uid, user.gid, ())


def _cannot(user: AppUser | None, python: str, why: str) -> Unavailable:
    who = f"user {user.name}" if user is not None else "this user"
    hint = "install onloop where that user may read it, or name another one: --web-user NAME"
    return Unavailable(f"{who} cannot run the dashboard with {python}: {why}", hint=hint)
