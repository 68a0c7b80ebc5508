"""The strongest box that this machine has, found by running a program in it."""

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

from onloop.errors import Unavailable
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.box.kinds import bubblewrap
from onloop.gates.box.limits.bounds import Bounds
from onloop.gates.box.limits.cgroup import ControlGroup
from onloop.gates.box.visible import VisibleFiles, inside
from onloop.gates.command_process import Ran, run
from onloop.text import safe

_FIRST_USER, _LAST_USER = 61_184, 65_519
_TRIAL_MS = 20_000
_LONGEST_WHY = 200


@cache
def strongest_box() -> Box:
    """The strongest kind in which a program runs here; each process tries once."""
    return next((box for box in _candidates() if works(box)), Box(BoxKind.NONE))


def works(box: Box) -> bool:
    """Whether a program can run in such a box here."""
    try:
        return tried(box).exit_code == 0
    except Unavailable:
        return False


def tried(box: Box) -> Ran:
    """The outcome of running `true` in a box that shows an empty folder."""
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


def empty_view(place: Path) -> VisibleFiles:
    """A view of new, empty folders in `place`."""
    view = VisibleFiles(place / "checkout", place / "scratch")
    for folder in view.writable:
        folder.mkdir(mode=0o700, parents=True)
    return view


def unused_user() -> int | None:
    """A user id without an account and without a process; None if we cannot change to another user."""
    if os.geteuid() != 0 or not _may_become(_FIRST_USER, _LAST_USER):
        return None
    count = _LAST_USER - _FIRST_USER + 1
    running = _running_users()
    ids = (_FIRST_USER + (os.getpid() + step) % count for step in range(count))
    return next((user for user in ids if user not in running and not _has_account(user)), None)


def is_unused(user: int) -> bool:
    """Whether a user id is one that we may give to boxes: ours to give, and without an account."""
    return os.geteuid() == 0 and _FIRST_USER <= user <= _LAST_USER and not _has_account(user)


def kept_by() -> str:
    """What can limit all processes of a run together here: `cgroup`, else `watcher`."""
    group = ControlGroup.made()
    if group is None:
        return "watcher"
    try:
        return "cgroup" if group.bound(Bounds(64, 2**30, 2**30, ())) else "watcher"
    finally:
        group.remove()


def _has_account(user: int) -> bool:
    with suppress(KeyError):
        pwd.getpwuid(user)
        return True
    return False


def _may_become(first: int, last: int) -> bool:
    """Whether our user namespace maps these users; outside Linux there is only one namespace."""
    return any(start <= first and last < start + count for start, _, count in _known_users())


def _is_root_outside() -> bool:
    """Whether our root is root outside of our user namespace as well."""
    return any(start == outside == 0 for start, outside, _ in _known_users())


def _known_users() -> Iterator[tuple[int, int, int]]:
    try:
        rows = Path("/proc/self/uid_map").read_text().splitlines()
    except OSError:
        rows = [f"0 0 {2**32}"]
    for row in rows:
        start, outside, count = map(int, row.split())
        yield start, outside, count


def _running_users() -> frozenset[int]:
    users = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            users.add(entry.stat().st_uid)
    return frozenset(users)


def _candidates() -> Iterator[Box]:
    user, limits = unused_user(), kept_by()
    if user is None and os.geteuid() == 0 and _is_root_outside():
        return
    kinds = [kind for kind in reversed(BoxKind) if kind is not BoxKind.NONE and _belongs(kind)]
    for kind in kinds:
        yield Box(kind, user, True, limits)
        if kind.moves_paths:
            yield Box(kind, user, False, limits)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A kind of box that does not work here, why, and which setting would allow it."""

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
    """The kinds that are stronger than the one that works here, each with what would make it work."""
    best = strongest_box().kind
    return tuple(
        _refusal(kind) for kind in reversed(BoxKind) if kind is not best and kind.reaches(best) and _belongs(kind)
    )


def _belongs(kind: BoxKind) -> bool:
    return (kind is BoxKind.SEATBELT) == (sys.platform == "darwin")


def _refusal(kind: BoxKind) -> Refusal:
    if kind is BoxKind.BUBBLEWRAP and bubblewrap.program() is None:
        return Refusal(kind, "bubblewrap is not installed", "install it, for example: apt install bubblewrap")
    ran = tried(Box(kind, unused_user()))
    why = ran.problem or ran.output.decode("utf-8", "backslashreplace").strip() or "a program did not run in it"
    return Refusal(kind, safe(why, _LONGEST_WHY), _knob())


def _knob() -> str:
    for path, closed, cure in _KNOBS:
        with suppress(OSError):
            if path.read_text().strip() == closed:
                return cure
    return "allow this process to make user namespaces: containers and their seccomp profiles often forbid it"
