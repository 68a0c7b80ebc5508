"""The strongest box that this machine has, found by running something in it."""

from __future__ import annotations

import os
import pwd
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from onloop.gates.box import bubblewrap
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.box.view import View, inside
from onloop.gates.process import Ran, run
from onloop.text import safe

_FIRST_USER, _LAST_USER = 61_184, 65_519
_TRIAL_MS = 20_000
_LONGEST_WHY = 200


@cache
def strongest_box() -> Box:
    """The strongest kind in which a program ran here; tried once in a process."""
    return next((box for box in _candidates() if tried(box).exit_code == 0), Box(BoxKind.NONE))


def tried(box: Box) -> Ran:
    """What came of running `true` in a box that shows an empty folder."""
    with tempfile.TemporaryDirectory(prefix="onloop-box-") as place:
        view = empty_view(Path(place))
        environment = {"PATH": "/usr/bin:/bin"}
        return run(
            ["true"],
            folder=inside(box, view).checkout,
            environment=environment,
            timeout_ms=_TRIAL_MS,
            box=box,
            view=view,
        )


def empty_view(place: Path) -> View:
    """A view of new, empty folders in `place`."""
    view = View(place / "checkout", place / "scratch")
    for folder in view.writable:
        folder.mkdir(mode=0o700, parents=True)
    return view


def unused_user() -> int | None:
    """A user id outside that nobody has and no process runs as; None where we are not root and cannot change to one."""
    if os.geteuid() != 0:
        return None
    count = _LAST_USER - _FIRST_USER + 1
    running = _running_users()
    ids = (_FIRST_USER + (os.getpid() + step) % count for step in range(count))
    return next((user for user in ids if user not in running and not _has_account(user)), None)


def _has_account(user: int) -> bool:
    with suppress(KeyError):
        pwd.getpwuid(user)
        return True
    return False


def _running_users() -> frozenset[int]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found.add(entry.stat().st_uid)
    return frozenset(found)


def _candidates() -> Iterator[Box]:
    user = unused_user()
    if bubblewrap.program() is not None and (user is not None or os.geteuid() != 0):
        for proc in (True, False):
            yield Box(BoxKind.BUBBLEWRAP, user, proc)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A kind that cannot be had here, why, and what would let it be."""

    kind: BoxKind
    why: str
    knob: str


_KNOBS = (
    (Path("/proc/sys/kernel/unprivileged_userns_clone"), "0", "sysctl kernel.unprivileged_userns_clone=1"),
    (Path("/proc/sys/user/max_user_namespaces"), "0", "sysctl user.max_user_namespaces=10000"),
    (
        Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
        "1",
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap",
    ),
)


def refusals() -> tuple[Refusal, ...]:
    """The kinds that cannot be had here and are stronger than the one that is, each with its cure."""
    had = strongest_box().kind
    return tuple(
        _refusal(kind) for kind in reversed(BoxKind) if kind is not had and kind.reaches(had) and _belongs(kind)
    )


def _belongs(kind: BoxKind) -> bool:
    return (kind is BoxKind.SEATBELT) == (sys.platform == "darwin")


def _refusal(kind: BoxKind) -> Refusal:
    if kind is BoxKind.BUBBLEWRAP and bubblewrap.program() is None:
        return Refusal(kind, "bubblewrap is not installed", "apt install bubblewrap, or what your system has for it")
    ran = tried(Box(kind, unused_user()))
    why = ran.problem or ran.output.decode("utf-8", "backslashreplace").strip() or "a program did not run in it"
    return Refusal(kind, safe(why, _LONGEST_WHY), _knob())


def _knob() -> str:
    for path, closed, cure in _KNOBS:
        with suppress(OSError):
            if path.read_text().strip() == closed:
                return cure
    return "let this process make user namespaces: containers and their seccomp profiles often forbid it"
