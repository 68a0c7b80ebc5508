"""Which slots a task of a fleet takes while somebody works on it: of its fleet, of its origin's host, of its owner."""

from __future__ import annotations

from urllib.parse import urlsplit

from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import Reading
from onloop.store.rows import WorkSlot

HERE = "this-machine"
"""The host of an origin that is a path."""


class WorkScope(Record):
    """Tasks of which `most` may be worked on at once, under a name that no other tasks share."""

    name: str
    most: int


def scopes_of(task: Task, root: Task | None) -> tuple[WorkScope, ...]:
    """The scopes in which the task takes a slot; none where its run lets everything be worked on at once."""
    if root is None:
        return ()
    limits, scopes = root.limits, list[WorkScope]()
    if root.max_parallel is not None:
        scopes.append(WorkScope(fleet_scope(root.id), root.max_parallel))
    if limits.per_host and task.origin is not None:
        scopes.append(WorkScope(f"{root.id}/host/{host_of(task.origin)}", limits.per_host))
    if limits.per_owner and task.repo_owner:
        scopes.append(WorkScope(f"{root.id}/owner/{task.repo_owner}", limits.per_owner))
    return tuple(scopes)


def fleet_scope(run: str) -> str:
    """The name of the scope of a whole run."""
    return f"{run}/fleet"


def host_of(origin: str) -> str:
    """The host of an origin, in small letters, with its port; HERE for a path of this machine."""
    if "://" in origin:
        parts = urlsplit(origin)
        return parts.netloc.rpartition("@")[2].lower() or HERE
    return HERE if origin.startswith("/") else origin.partition(":")[0].rpartition("@")[2].lower()


def has_room(reading: Reading, scope: WorkScope) -> bool:
    """Whether one more may be worked on in the scope; its rows are made when the first is claimed."""
    rows = reading.select(WorkSlot, scope=scope.name)
    return not rows or any(not row.lease for row in rows)
