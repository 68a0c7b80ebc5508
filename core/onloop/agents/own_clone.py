"""The clone in which a person works on a task that they took: theirs, apart from any that an agent has used."""

from __future__ import annotations

import os
import re
from pathlib import Path

from onloop.access.opening import GatewayHandle
from onloop.agents.workplace import handed_in, prepare_folders, written
from onloop.gates.environment import Environment
from onloop.gates.repository.folders import private
from onloop.gates.repository.git import Git
from onloop.gates.repository.mirror import Mirror
from onloop.machine.people import name_of
from onloop.machine.task import Task
from onloop.records import Record
from onloop.views.pinned_workflow import ReadDefinition

_ODD = re.compile(r"[^A-Za-z0-9._-]")


class OwnClone(Record):
    """Where a person works, and the commit at which a new one begins; `is_new` unless they had it before."""

    path: Path
    begins: str
    is_new: bool


def address_of_person(name: str) -> str:
    """The email address of a person's commits, where they are enrolled without one."""
    return f"{_ODD.sub('-', name)}@people.onloop.invalid"


def own_clone(
    opened: GatewayHandle, task: Task, person: str, email: str, place: Path | None = None, mirror: Mirror | None = None
) -> OwnClone:
    """Make the clone of the person who took the task, or find it as they left it; by default from our own mirror.

    A new one begins at what was handed in last, if this machine's mirror has it, and else at the target's tip.
    """
    home, name = opened.home, name_of(person)
    path = place or home.own_clone(task.id, name)
    prepare_folders(home, task)
    with written(path.parent):
        private(path.parent)
    if task.origin is None:
        with written(path):
            private(path)
        return OwnClone(path, "", is_new=True)
    asked = opened.gateway.perform(ReadDefinition(task.definition)).environment
    source = mirror or opened.mirror(task.origin)
    there = os.path.lexists(path)
    start = (None if there else handed_in(task, source)) or task.funnel
    environment = Environment(path)
    prepare = environment.prepare_apart if there else environment.prepare
    is_new = prepare(
        source,
        task.target,
        task.id,
        _ODD.sub("-", name).lstrip("._-") or "person",
        start=None if there else start,
        merges=(task.id, *task.merges, *((task.parent,) if task.parent and task.funnel else ())) if start else (),
        submodules=asked.submodules,
        lfs=asked.lfs,
    )
    if is_new:
        git = Git(path / ".git")
        git.run("config", "--local", "user.name", name)
        git.run("config", "--local", "user.email", email or address_of_person(name))
    return OwnClone(path, (environment.head() or "") if is_new else "", is_new)
