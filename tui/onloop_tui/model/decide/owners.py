"""Whom a reassignment may name: people and groups who may decide what is asked, or all who may do the work."""

from __future__ import annotations

from onloop.machine.people import PERSON
from onloop.machine.rules.people.entitlement import did_the_work, may_decide, said_already
from onloop.machine.store_state import StoreState
from onloop.machine.task import RequestKind, Task
from onloop.views.dossier import Asked

MOST_NAMED = 4


def owners_words(task: Task, asked: Asked | None, house: StoreState) -> str:
    """Whom the field may name, in a line: people by the names that they have now."""
    request = asked.request if asked is not None else None
    able = [
        person
        for _, person in sorted(house.people.items())
        if request is None
        or (
            may_decide(person.principal, house.groups[person.principal], request.approvers)
            and not did_the_work(task, person.principal)
            and person.principal not in said_already(task, request)
        )
    ]
    groups = sorted({f"group:{group}" for person in able for group in person.groups})
    named = [*_some([f"{PERSON}{person.name}" for person in able]), *_some(groups)]
    if request is not None and request.kind is RequestKind.APPROVAL:
        return ", ".join(named) or "nobody enrolled may decide it"
    return ", ".join(("me", *([task.role] if task.role else []), "agent:NAME", *named))


def _some(names: list[str]) -> list[str]:
    return [*names[:MOST_NAMED], *(["…"] if len(names) > MOST_NAMED else [])]
