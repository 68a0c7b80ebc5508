"""Where an agent works: its clone, the folder for its artefacts, and what its environment variables say."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from onloop.access.opening import GatewayHandle
from onloop.errors import NotAllowed, Unavailable, kind_of
from onloop.gates.environment import Environment, address_of
from onloop.gates.repository.folders import private, scratch
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import is_file_path
from onloop.home import Home, store_variables
from onloop.inherited import for_agents
from onloop.machine.definition import EnvironmentSpec
from onloop.machine.fan_out_parts import values_among
from onloop.machine.people import is_person
from onloop.machine.task import Task
from onloop.views.queries.agent_reads import ReadGiven

HOOK_WAIT = "ONLOOP_HOOK_WAIT"
"""How many seconds the hook at the end of a turn waits for gates; the worker's own value is passed on."""

NOTHING_ASKED = EnvironmentSpec()


def prepare_workplace(
    home: Home, task: Task, agent: str, mirror: Mirror | None = None, asked: EnvironmentSpec = NOTHING_ASKED
) -> Path:
    """Make a task's clone and folders, or reuse those of an earlier attempt; the answer is the clone.

    It is made from `mirror`, by default the home's own of the task's origin. A new one has what the workflow asks for:
    submodules, large files. Apart from the gateway, it begins at what was handed in last: perhaps on another machine.

    A clone that an agent has used is opened by a separate process, which has no store open.
    """
    prepare_folders(home, task)
    place = home.environment(task.id)
    if task.origin is None:
        with written(place):
            private(place)
        return place
    environment, source = Environment(place), mirror or home.mirror(task.origin)
    there = os.path.lexists(place)
    handed = None if there or not home.apart else handed_in(task, source)
    prepare = environment.prepare_apart if there else environment.prepare
    prepare(
        source,
        task.target,
        task.id,
        agent,
        start=task.funnel or handed,
        merges=(task.id, *task.merges) if handed and not task.funnel else _fetched(task),
        submodules=asked.submodules,
        lfs=asked.lfs,
    )
    return place


def prepare_folders(home: Home, task: Task) -> None:
    """Make the folders of a task's agent that are not its clone, or reuse them."""
    for folder in (home.environments, home.handed_over, home.logs):
        with written(folder):
            private(folder)
            _check_own(folder)
    with written(home.out(task.id)):
        private(home.out(task.id))


def fill_given(opened: GatewayHandle, task: Task) -> None:
    """Put what a task's agents are given into their folder (`$ONLOOP_IN`): read-only copies, and nothing else.

    The folder is made anew and put in the place of the one before, in which an agent may have done anything.
    """
    folder = opened.home.given(task.id)
    with written(folder):
        private(folder.parent)
        with scratch("given", folder.parent) as fresh:
            (fresh / "now").mkdir(mode=0o700)
            for name, content in opened.gateway.perform(ReadGiven(task.id)):
                if content is not None and is_file_path(name):
                    place = fresh / "now" / name
                    private(place.parent)
                    place.write_bytes(content)
                    place.chmod(0o400)
            if os.path.lexists(folder):
                folder.rename(fresh / "before")
            (fresh / "now").rename(folder)


def _check_own(folder: Path) -> None:
    """NotAllowed unless the path is a folder of our user; a folder that others can read is made private."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise NotAllowed(f"{folder} is not a folder of yours", hint="find out who made it, remove it, then claim again")
    if status.st_mode & 0o077:
        folder.chmod(0o700)


def handed_in(task: Task, mirror: Mirror) -> str | None:
    """The commit that the task's agents handed in last, where the mirror has it."""
    head = task.submission.head if task.submission is not None else None
    return head if head is not None and mirror.path.is_dir() and mirror.has(head) else None


def _fetched(task: Task) -> tuple[str, ...]:
    """The tasks whose commits the clone needs: those to merge, and its own task and parent if it begins at a merge."""
    origins = (task.id, *((task.parent,) if task.parent else ())) if task.funnel else ()
    return (*task.merges, *origins)


@contextmanager
def written(place: Path) -> Iterator[None]:
    """An OSError in the block, which writes to `place`, becomes Unavailable and names the path."""
    try:
        yield
    except OSError as problem:
        raise Unavailable(
            f"cannot write {problem.filename or place}: {problem.strerror or problem}",
            hint=f"make room for the worker in {place.parent}, then try again",
            kind=kind_of(problem),
        ) from problem


def own_variables(home: Home, task: Task, secret: str, variables: tuple[tuple[str, str], ...] = ()) -> dict[str, str]:
    """The variables that `onloop` reads in an agent's environment, and the agent's identity for git.

    Of the workflow's own `variables` it gets the values of the combination that its task does.
    The clone's configuration names the agent that it was made for; these variables override it.
    """
    agent = "" if is_person(task.holder or "") else (task.holder or "").removeprefix("agent:")
    identity = {"NAME": agent, "EMAIL": address_of(agent)} if agent else {}
    return {
        **values_among(variables),
        **store_variables(home),
        "ONLOOP_TASK": task.id,
        "ONLOOP_TOKEN": secret,
        "ONLOOP_OUT": str(home.out(task.id)),
        "ONLOOP_IN": str(home.given(task.id)),
        "ONLOOP_REPO": task.repo or "",
        "ONLOOP_STEP": task.step or "",
        "ONLOOP_ATTEMPT": str(task.attempt),
        "ONLOOP_ROUND": str(task.round),
        **{f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in identity.items()},
    }


def path_with_onloop(inherited: Mapping[str, str]) -> str:
    """The PATH on which an agent and its hooks find the `onloop` that runs now."""
    return f"{Path(sys.executable).parent}{os.pathsep}{inherited.get('PATH', os.defpath)}"


def agent_environment(
    inherited: Mapping[str, str],
    home: Home,
    task: Task,
    secret: str,
    named: Iterable[str] = (),
    url: str = "",
) -> dict[str, str]:
    """The environment of an agent: the usual variables and those `named`, those of `onloop`, and onloop on PATH.

    `url` is where it finds the gateway, if not where its worker does.
    """
    patience = {name: inherited[name] for name in (HOOK_WAIT,) if name in inherited}
    own = {"PATH": path_with_onloop(inherited)} | patience
    found = for_agents(inherited, named) | own | own_variables(home, task, secret)
    if url:
        found.pop("ONLOOP_CA", None)
        found["ONLOOP_URL"] = url
    return found
