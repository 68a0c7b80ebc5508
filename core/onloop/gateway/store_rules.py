"""What may be said about the whole store, and by whom: rules that need more than the table of `authorize`."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.errors import BadInput, Exit, Ground, NotAllowed, Refused, UnknownThing
from onloop.gates.repository.mending.old_history import check_tolerable
from onloop.gates.repository.ref_names import check_origin
from onloop.identity.scram import LEAST_COST
from onloop.machine import commands as c
from onloop.machine.adopted_triggers import TriggersAdopted
from onloop.machine.call_rules import CallsAdopted
from onloop.machine.drains import DrainEvent, DrainLifted
from onloop.machine.events import Event, Linked
from onloop.machine.held_roles import TrialAsked
from onloop.machine.launchers import LauncherEvent
from onloop.machine.lessons import LessonEvent
from onloop.machine.marks import Mark, check_mark
from onloop.machine.organization_policies import PolicyEvent
from onloop.machine.people import PeopleEvent
from onloop.machine.person_keys import PersonKeyEvent
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.rules.people.enrolment import APPROVERS, check_name_free, check_people_event
from onloop.machine.rules.people.key_enrolment import check_key_event
from onloop.machine.rules.people.lesson_adopting import check_lesson_event
from onloop.machine.rules.people.letting_in import check_launcher_event
from onloop.machine.schedules import ScheduleAdopted, ScheduleEvent
from onloop.machine.store_state import (
    Frozen,
    PersonEnrolled,
    StoreCreated,
    StoreEvent,
    StoreState,
    Tolerated,
    Unfrozen,
    covering,
)
from onloop.machine.task import Task
from onloop.records import replace
from onloop.store.port import Reading
from onloop.store.rows import Lease, LinkRow, WorkerRow
from onloop.text import safe

MOST_TOLERATED = 1_000
"""For how many origins old history may be tolerated."""


def check_still_enrolled(house: StoreState, principal: Principal) -> None:
    """Refuse a person who was removed, whatever they proved before."""
    if principal.id in house.former and principal.kind is PrincipalKind.HUMAN:
        raise NotAllowed(f"{principal.id} was removed", hint="an enrolled person must do it", ground=Ground.KIND)


def check_may_begin(house: StoreState, task: Task) -> None:
    """Refuse to begin what a freeze covers."""
    scope = covering(house, task)
    if scope is not None:
        hint = f"a person can lift it: onloop unfreeze {scope}"
        raise Refused(f"nothing may begin: {scope} is frozen", exit=Exit.HELD, hint=hint)


def check_links_free(tx: Reading, task: Task, events: Sequence[Event]) -> None:
    """Refuse a link to what belongs to another task that has not ended: one task owns a pull request, an issue."""
    for link in (event.link for event in events if isinstance(event, Linked)):
        row = tx.get(LinkRow, link.key)
        other = tx.task(row.task) if row is not None and row.task != task.id else None
        if other is not None and not other.ended:
            words = f"{safe(link.words, 200)} belongs to {other.id}, so {task.id} cannot be linked to it"
            raise Refused(words, exit=Exit.HELD, hint=f"onloop show {other.id}")


def _check_freeze(tx: Reading, principal: Principal, event: Frozen) -> None:
    """Refuse to freeze a frozen scope again, and refuse an agent whose lease has ended."""
    known = tx.house().freezes.get(event.scope)
    if known is not None:
        raise Refused(
            f"{event.scope} is frozen already, by {known.by}", exit=Exit.HELD, hint="onloop unfreeze lifts it"
        )
    if principal.task is not None:
        check_lease(tx, principal)


def check_lease(tx: Reading, agent: Principal) -> None:
    """Refuse an agent without the lease of its task, or with one that is over, in a freeze too."""
    check_held(tx.get(Lease, agent.task or ""), agent)


def check_held(lease: Lease | None, agent: Principal) -> None:
    """Refuse an agent that does not hold this lease. One that has run out goes on, until that is recorded."""
    held = (lease.agent, lease.epoch) if lease is not None and lease.expires > 0 else None
    if held != (agent.id, agent.epoch):
        words = f"{agent.id} no longer holds {agent.task}"
        raise NotAllowed(words, hint="stop work on it", ground=Ground.SUPERSEDED)


def _check_enrolment(house: StoreState, principal: Principal, event: PersonEnrolled) -> None:
    """Refuse all but an approver who enrols somebody new, and a person who renews their own passphrase.

    It also refuses keys that are cheap to guess, except in a store that is marked as scripted.
    """
    own = house.people.get(event.name)
    renews = own is not None and own.principal == principal.id
    if not renews:
        check_name_free(house, event.name)
    if event.known_as != (own.known_as if own is not None else ""):
        raise NotAllowed(
            f"{event.name} cannot be known as {event.known_as!r}", hint="leave it out", ground=Ground.VOICE
        )
    if not house.scripted and (event.cost < LEAST_COST or not event.stored_key or event.verifier):
        raise NotAllowed(
            f"{event.name}'s passphrase would be stored with scrypt at N={event.cost}, which is too easy to guess",
            hint=f"use N={LEAST_COST} or more: enrol with this version of onloop",
        )
    if own is not None:
        if not set(event.groups) <= set(own.groups):
            raise NotAllowed(
                f"{principal.id} cannot join {', '.join(event.groups)} alone",
                hint="an approver enrols you",
                ground=Ground.KIND,
            )
    elif APPROVERS not in house.groups.get(principal.id, ()):
        hint = f"somebody in {APPROVERS} must enrol {event.name}"
        raise NotAllowed(f"{principal.id} is not an approver", hint=hint, ground=Ground.KIND)


def _check_tolerated(house: StoreState, event: Tolerated) -> None:
    """Refuse what is not harmless, an origin that is none, and more origins than a store can keep in mind."""
    check_tolerable(event.findings)
    check_origin(event.origin)
    if event.origin not in house.tolerated and len(house.tolerated) >= MOST_TOLERATED:
        raise BadInput(
            f"{MOST_TOLERATED} origins are tolerated already", hint="onloop repository tolerate ORIGIN ends one"
        )


def check_store_command(tx: Reading, principal: Principal, event: StoreEvent, now: int) -> None:  # noqa: C901
    """Refuse to create a store twice, to take another person's name, and to lift a freeze that is not there."""
    house = tx.house()
    check_still_enrolled(house, principal)
    if isinstance(event, StoreCreated) and house.id:
        raise Refused(f"this store already exists, as {house.id}", exit=Exit.USAGE, hint="onloop doctor")
    if isinstance(event, PersonEnrolled):
        _check_enrolment(house, principal, event)
    if isinstance(event, PeopleEvent):
        check_people_event(house, principal.id, event, now)
    if isinstance(event, PersonKeyEvent):
        check_key_event(house, principal.id, event)
    if isinstance(event, LauncherEvent):
        check_launcher_event(house, principal.id, event, now)
    if isinstance(event, LessonEvent):
        check_lesson_event(house, principal.id, event)
    if isinstance(event, TriggersAdopted):
        _check_triggers(tx, principal, event)
    if isinstance(event, PolicyEvent):
        _check_policy(house, principal, event)
    if isinstance(event, ScheduleEvent | CallsAdopted):
        _check_adoption(tx, principal, event)
    if isinstance(event, Frozen):
        _check_freeze(tx, principal, event)
    if isinstance(event, TrialAsked):
        _check_held(house, event.role)
    if isinstance(event, Unfrozen) and event.scope not in house.freezes:
        hint = f"frozen now: {', '.join(house.freezes) or 'nothing'}"
        raise BadInput(f"{event.scope!r} is not frozen", hint=hint)
    if isinstance(event, DrainEvent):
        _check_drain(tx, house, event)
    if isinstance(event, Tolerated):
        _check_tolerated(house, event)
    if isinstance(event, Mark):
        check_mark(house.marks, event)


def _check_drain(tx: Reading, house: StoreState, event: DrainEvent) -> None:
    """Refuse to ask twice, to take back what nobody asked, and to ask a worker that does not run."""
    known = house.drains.get(event.worker)
    if isinstance(event, DrainLifted):
        if known is None:
            raise BadInput(f"{event.worker} was not asked to drain", hint="onloop workers lists them")
    elif tx.get(WorkerRow, event.worker) is None:
        raise UnknownThing(f"there is no worker {event.worker!r}", hint="onloop workers lists those that run")
    elif known is not None:
        words = f"{known.by} has asked {event.worker} to drain already"
        raise Refused(words, exit=Exit.HELD, hint="it ends when its agents have; onloop workers go-on lets it go on")


def _check_policy(house: StoreState, principal: Principal, event: PolicyEvent) -> None:
    from onloop.gateway.policy_adoption import check_policy_event  # here: it knows the shape of files, and few need it

    check_policy_event(house, principal.id, event)


def _check_adoption(tx: Reading, principal: Principal, event: ScheduleEvent | CallsAdopted) -> None:
    from onloop.gateway.schedule_adoption import check_kept  # here: few need it
    from onloop.machine.rules.people.schedule_adopting import check_adoption

    check_adoption(tx.house(), principal.id, event)
    if isinstance(event, ScheduleAdopted):
        check_kept(tx, event.schedule)


def _check_triggers(tx: Reading, principal: Principal, event: TriggersAdopted) -> None:
    from onloop.gateway.trigger_adoption import check_adopted  # here: few need it

    check_adopted(tx, principal.id, event)


def _check_held(house: StoreState, role: str) -> None:
    """Refuse to try a role that is not held."""
    held = [name for name, streak in house.roles.items() if streak.is_held]
    if role not in held:
        hint = f"held now: {', '.join(held) or 'no role'}"
        raise Refused(f"role {safe(role, 60)} is not held", exit=Exit.NOTHING, hint=hint)


def attested(tx: Reading, command: c.Command) -> c.Command:
    """The command with the true size of what it passes on; Refused where nothing is stored under its digest."""
    if not isinstance(command, c.Tell | c.SaveCheckpoint):
        return command
    content = tx.blob(command.digest)
    if content is None:
        words = f"nothing is stored under {safe(command.digest, 64)!r}"
        raise Refused(words, exit=Exit.USAGE, hint="onloop tell and onloop checkpoint store it first")
    return command if command.size == len(content) else replace(command, size=len(content))
