"""Who may remove or rename people, and who may let whom decide in their place: rules on the store's state."""

from __future__ import annotations

from typing import assert_never

from onloop.errors import BadInput, Exit, Ground, NotAllowed, Refused, UnknownThing
from onloop.machine.people import (
    LONGEST_DELEGATION_MS,
    MOST_DELEGATIONS,
    Delegated,
    DelegationEnded,
    PeopleEvent,
    PersonRemoved,
    PersonRenamed,
    name_of,
)
from onloop.machine.store_state import PersonEnrolled, StoreState

APPROVERS = "approvers"
"""The group whose members may enrol, remove and rename others."""

LONGEST_REASON = 500


def check_people_event(house: StoreState, by: str, event: PeopleEvent, now: int) -> None:
    """Refuse what `by`, a person's id, may not say about people, or what would leave nobody who could."""
    match event:
        case PersonRemoved():
            _check_removal(house, by, event)
        case PersonRenamed():
            _check_new_name(house, by, event)
        case Delegated():
            _check_delegation(house, event, now)
        case DelegationEnded():
            _check_ending(house, by, event)
        case _:
            assert_never(event)


def check_name_free(house: StoreState, name: str) -> None:
    """Refuse a name by which somebody is or was known, in whatever case, and the name of a group in use."""
    known = {each for person in house.people.values() for each in (person.name, person.known_as) if each}
    taken = next((each for each in known if each.casefold() == name.casefold()), None)
    if taken is not None:
        raise NotAllowed(f"{taken!r} is enrolled already", hint="give the new person a name of their own")
    gone = {name_of(who) for who in house.former} | {each.name for each in house.former.values()}
    if any(each.casefold() == name.casefold() for each in gone):
        words = f"{name!r} was somebody's who was removed, and the log goes on to mean them"
        raise NotAllowed(words, hint=f"give the person a name of their own, such as {name}-2")


def _check_removal(house: StoreState, by: str, event: PersonRemoved) -> None:
    person = _known(house, event.name)
    _check_reason(event.reason)
    if person.principal != by:
        _check_approver(house, by, f"remove {event.name}")
    rest = [each for each in house.people.values() if each.name != event.name]
    if not rest:
        raise Refused(
            f"{event.name} is the last person enrolled, and nobody could decide anything any more",
            exit=Exit.HELD,
            hint="enrol another first: onloop enrol NAME",
        )
    if APPROVERS in person.groups and not any(APPROVERS in each.groups for each in rest):
        raise Refused(
            f"{event.name} is the last one in {APPROVERS}, and nobody could enrol anybody any more",
            exit=Exit.HELD,
            hint=f"enrol another first: onloop enrol NAME --group {APPROVERS}",
        )


def _check_new_name(house: StoreState, by: str, event: PersonRenamed) -> None:
    person = _known(house, event.name)
    _check_approver(house, by, f"rename {event.name}")
    check_person_name(event.to)
    groups = {group for each in house.people.values() for group in each.groups}
    if event.to in groups:
        words = f"{event.to!r} is a group, and whoever is called so would count as in it"
        raise BadInput(words, hint="choose another name")
    if event.to != person.known_as:
        check_name_free(house, event.to)


def check_person_name(name: str) -> None:
    """BadInput unless the name can be a person's."""
    if not name or not all(c.isalnum() or c in "-_." for c in name) or len(name) > 40:
        raise BadInput(f"{name!r} cannot be a person's name", hint="letters, digits, '-', '_' and '.', at most 40")


def _check_delegation(house: StoreState, event: Delegated, now: int) -> None:
    _check_reason(event.reason)
    people = house.groups
    if event.to not in people:
        known = ", ".join(sorted(name_of(who) for who in people if who != event.by))
        raise BadInput(f"{event.to} is not enrolled", hint=f"enrolled besides you: {known or 'nobody'}")
    if event.to == event.by:
        raise BadInput("nobody decides in their own place", hint="name another person with --to")
    if not now < event.until <= now + LONGEST_DELEGATION_MS:
        days = LONGEST_DELEGATION_MS // (24 * 3_600_000)
        raise BadInput(
            f"a delegation cannot last {(event.until - now) // 1000} s", hint=f"use more than 0 and at most {days} days"
        )
    if event.group and event.group not in people.get(event.by, ()):
        hint = f"your groups: {', '.join(people.get(event.by, ())) or 'none'}"
        raise BadInput(f"{event.by} is not in {event.group!r}", hint=hint)
    if event.id in house.delegations:
        raise BadInput(f"there is a delegation {event.id!r} already", hint="try again")
    if sum(each.until > now for each in house.delegations.values()) >= MOST_DELEGATIONS:
        hint = "onloop delegate --end ID ends one; onloop people lists them"
        raise BadInput(f"{MOST_DELEGATIONS} delegations are in force, which is the most", hint=hint)


def _check_ending(house: StoreState, by: str, event: DelegationEnded) -> None:
    """Whoever made it, whoever got it, and any approver may end a delegation."""
    known = house.delegations.get(event.id)
    if known is None:
        hint = f"in force: {', '.join(sorted(house.delegations)) or 'none'}"
        raise UnknownThing(f"there is no delegation {event.id!r}", hint=hint)
    if by not in {known.by, known.to}:
        _check_approver(house, by, f"end the delegation of {known.by} to {known.to}")


def _known(house: StoreState, name: str) -> PersonEnrolled:
    person = house.people.get(name)
    if person is None:
        raise UnknownThing(f"nobody called {name!r} is enrolled", hint=f"enrolled: {', '.join(sorted(house.people))}")
    return person


def _check_reason(reason: str) -> None:
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise BadInput(
            f"a reason of {len(reason)} characters is empty or too long", hint=f"use 1 to {LONGEST_REASON} characters"
        )


def _check_approver(house: StoreState, by: str, what: str) -> None:
    if APPROVERS not in house.groups.get(by, ()):
        hint = f"somebody in {APPROVERS} must {what}"
        raise NotAllowed(f"{by} is not an approver", hint=hint, ground=Ground.KIND)
