"""Who may adopt, drop, pause and resume schedules, and say whom onloop calls."""

from __future__ import annotations

from typing import assert_never

from onloop.errors import BadInput, Exit, Ground, NotAllowed, Refused, UnknownThing
from onloop.machine.call_rules import CallPlan, CallsAdopted
from onloop.machine.rules.people.enrolment import APPROVERS
from onloop.machine.schedules import (
    MOST_SCHEDULES,
    KnownSchedule,
    ScheduleAdopted,
    ScheduleDropped,
    ScheduleEvent,
    SchedulePaused,
    ScheduleResumed,
)
from onloop.machine.store_state import StoreState
from onloop.text import safe


def check_adoption(house: StoreState, by: str, event: ScheduleEvent | CallsAdopted) -> None:
    """Refuse what `by` may not say: approvers adopt and drop, and anybody enrolled pauses and resumes."""
    is_for_approvers = isinstance(event, ScheduleAdopted | ScheduleDropped | CallsAdopted)
    if is_for_approvers and APPROVERS not in house.groups.get(by, ()):
        hint = f"somebody in {APPROVERS} must adopt and drop schedules, and say whom to call"
        raise NotAllowed(f"{by} is not an approver", hint=hint, ground=Ground.KIND)
    if not isinstance(event, ScheduleResumed) and not event.reason.strip():
        raise BadInput("a reason is needed, and none was given", hint='--reason "why"')
    match event:
        case ScheduleAdopted():
            _check_new(house, event)
        case ScheduleDropped(name):
            _known(house, name)
        case SchedulePaused(name):
            _check_pause(_known(house, name), is_paused=False)
        case ScheduleResumed(name):
            _check_pause(_known(house, name), is_paused=True)
        case CallsAdopted(plan):
            _check_plan(house, plan)
        case _:
            assert_never(event)


def _check_pause(known: KnownSchedule, *, is_paused: bool) -> None:
    if known.is_paused is not is_paused:
        words = f"{known.schedule.name} is {'not paused' if is_paused else 'paused already'}"
        raise Refused(words, exit=Exit.NOTHING, hint="onloop schedule list")


def _check_plan(house: StoreState, plan: CallPlan | None) -> None:
    if plan == house.calls:
        raise Refused("these rules are in force already", exit=Exit.NOTHING, hint="onloop calls list")


def _check_new(house: StoreState, event: ScheduleAdopted) -> None:
    schedule = event.schedule
    known = house.schedules.get(schedule.name)
    if known is not None and known.schedule == schedule:
        words = f"{schedule.name} is in force already, as it is here"
        raise Refused(words, exit=Exit.NOTHING, hint="onloop schedule list")
    if known is None and len(house.schedules) >= MOST_SCHEDULES:
        words = f"{MOST_SCHEDULES} schedules are in force, which is the most"
        raise BadInput(words, hint="onloop schedule drop NAME")


def _known(house: StoreState, name: str) -> KnownSchedule:
    if name not in house.schedules:
        hint = f"in force: {', '.join(sorted(house.schedules)) or 'none'}"
        raise UnknownThing(f"there is no schedule {safe(name, 64)!r}", hint=hint)
    return house.schedules[name]
