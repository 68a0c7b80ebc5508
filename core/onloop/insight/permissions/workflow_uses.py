"""Under which workflows work begins: those of live runs, of schedules, and of triggers that people adopted."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.errors import OnloopError
from onloop.gateway.port import GatewayPort
from onloop.insight.permissions.permission_grounds import WorkflowUse
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import Record
from onloop.text import safe
from onloop.views.pinned_workflow import ReadDefinition


class _Use(Record):
    """A workflow by digest, and what uses it, where."""

    digest: str
    used_by: str
    repository: str


def workflow_uses(
    gateway: GatewayPort, house: StoreState, tasks: Sequence[Task]
) -> tuple[tuple[WorkflowUse, ...], tuple[str, ...]]:
    """Each workflow in use with its definition; and, in words, those that the store does not have."""
    found, missing = list[WorkflowUse](), list[str]()
    for (digest, used_by), repositories in _by_use((*_live(tasks), *_schedules(house), *_triggers(house))).items():
        try:
            definition = gateway.perform(ReadDefinition(digest))
        except OnloopError:
            missing.append(f"the workflow {digest[:12] or '(built in)'} of {safe(used_by, 80)} is not in the store yet")
            continue
        found.append(WorkflowUse(definition.name, used_by, definition, repositories))
    return tuple(found), tuple(missing)


def _by_use(uses: Sequence[_Use]) -> dict[tuple[str, str], tuple[str, ...]]:
    gathered: dict[tuple[str, str], dict[str, None]] = {}
    for use in uses:
        named = gathered.setdefault((use.digest, use.used_by), {})
        if use.repository:
            named[use.repository] = None
    return {key: tuple(named) for key, named in gathered.items()}


def _live(tasks: Sequence[Task]) -> list[_Use]:
    live = [task for task in tasks if not task.ended]
    return [_Use(task.definition, "live runs", task.repo or task.origin or "") for task in live if task.definition]


def _schedules(house: StoreState) -> list[_Use]:
    begun = [(name, known.schedule.begins) for name, known in house.schedules.items()]
    return [_Use(each.definition, f"schedule {name}", each.repo or each.origin) for name, each in begun]


def _triggers(house: StoreState) -> list[_Use]:
    adopted = house.triggers.triggers if house.triggers is not None else ()
    starting = [each for each in adopted if each.do.definition]
    return [
        _Use(each.do.definition, f"trigger {each.id}", each.do.repository or ", ".join(each.do.within))
        for each in starting
    ]
