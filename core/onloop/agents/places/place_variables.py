"""What an agent finds in an environment of its own: variables, folders, and its vendor's login."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from onloop.agents.vendors.known_vendors import VENDORS
from onloop.agents.vendors.vendor import Vendor
from onloop.agents.workplace import HOOK_WAIT, own_variables, written
from onloop.environments.port import LiveEnvironment, TaskFolders
from onloop.gates.repository.folders import private
from onloop.home import Home
from onloop.inherited import LOCALE, variable_problem
from onloop.machine.task import Task

HOOK_FILE = ".onloop-hook.json"
LARGEST_LOGIN = 1_048_576
_USUAL = ("LANG", "LANGUAGE", "TZ", "TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES", HOOK_WAIT)
_OF_THIS_MACHINE = ("ONLOOP_STORE", "ONLOOP_CA", "ONLOOP_URL")


def task_folders(home: Home, task: str) -> TaskFolders:
    """The task's folders on this machine."""
    return TaskFolders(
        home.environment(task), home.out(task), home.given(task), home.temporary(task), home.agent_home(task)
    )


def inside_environment(
    inherited: Mapping[str, str], home: Home, task: Task, secret: str, named: Iterable[str], live: LiveEnvironment
) -> dict[str, str]:
    """The variables of an agent inside: what it is, where its folders are, and of the worker's only those named."""
    inside = live.inside()
    allowed = {name for name in named if not variable_problem(name)} | set(_USUAL)
    kept = {name: value for name, value in inherited.items() if name in allowed or name.startswith(LOCALE)}
    own = {name: value for name, value in own_variables(home, task, secret).items() if name not in _OF_THIS_MACHINE}
    folders = {
        "ONLOOP_CLONE": str(inside.clone),
        "ONLOOP_OUT": str(inside.out),
        "ONLOOP_IN": str(inside.given),
        "HOME": str(inside.home),
    }
    return kept | own | folders | dict(live.variables())


def lend_login(vendor: Vendor, home: Path, real: Path | None = None) -> None:
    """Copy the vendor's login into the agent's own home.

    The person's own folder is never shown, so nothing that an agent writes there is ever read outside.
    """
    with written(home):
        private(home)
        for name in vendor.login.files:
            source, place = (real or Path.home()) / name, home / name
            if source.is_file() and source.stat().st_size <= LARGEST_LOGIN and not os.path.lexists(place):
                if not place.parent.resolve().is_relative_to(home.resolve()):  # a link that an agent made
                    continue
                private(place.parent)
                shutil.copyfile(source, place)
                place.chmod(0o600)


def take_back_logins(home: Path) -> None:
    """Remove what was lent of any vendor's login, once no agent runs there."""
    for vendor in VENDORS.values():
        for name in vendor.login.files:
            with suppress(OSError):
                parent = (home / name).parent.resolve(strict=True)
                if parent.is_relative_to(home.resolve(strict=True)):
                    (parent / Path(name).name).unlink(missing_ok=True)
