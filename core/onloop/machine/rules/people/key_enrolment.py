"""Who may enrol a security key for whom, and who may remove one: rules on the store's state.

A passphrase alone never lifts its person to what a key proves: another approver enrols the key, or a key that the
person has already signs for it. Only the first key of a store's one approver is enrolled by themselves.
"""

from __future__ import annotations

from onloop.errors import BadInput, Exit, Ground, NotAllowed, Refused, UnknownThing
from onloop.machine.person_keys import MOST_KEYS_EACH, KeyEnrolled, KeyRemoved, PersonKeyEvent, keys_of
from onloop.machine.rules.people.enrolment import APPROVERS, LONGEST_REASON
from onloop.machine.store_state import StoreState


def check_key_event(house: StoreState, by: str, event: PersonKeyEvent) -> None:
    """Refuse what `by`, a person's id, may not say about keys."""
    if isinstance(event, KeyEnrolled):
        _check_enrolment(house, by, event)
    elif isinstance(event, KeyRemoved):
        _check_removal(house, by, event)


def _check_enrolment(house: StoreState, by: str, event: KeyEnrolled) -> None:
    if house.scripted:
        raise Refused("in this store a script may decide: a key proves nothing", exit=Exit.USAGE, hint="onloop init")
    if event.person not in house.groups:
        raise BadInput(f"{event.person} is not enrolled", hint="onloop people lists who is")
    known = house.keys.get(event.id)
    if known is not None:
        raise BadInput(f"{event.id} is enrolled already, for {known.enrolled.person}", hint="use another key")
    if len(keys_of(house.keys, event.person)) >= MOST_KEYS_EACH:
        words = f"{event.person} has {MOST_KEYS_EACH} keys, which is the most"
        raise BadInput(words, hint="remove one first: onloop people key remove SHA256:…")
    if event.vouched and event.person == by:
        return
    if APPROVERS not in house.groups.get(by, ()):
        hint = f"somebody in {APPROVERS} must enrol it"
        raise NotAllowed(f"{by} is not an approver", hint=hint, ground=Ground.KIND)
    if event.person == by:
        _check_alone(house, by)


def _check_alone(house: StoreState, by: str) -> None:
    """Refuse an own key that nobody vouches for, unless there is nobody else who could."""
    others = [who for who, groups in house.groups.items() if who != by and APPROVERS in groups]
    own = keys_of(house.keys, by)
    if own:
        words = f"{by} has a key already, which must sign for another one"
        raise NotAllowed(words, hint="add --sign KEYFILE with that key, or let another approver enrol it")
    if others:
        words = f"{by} cannot enrol a key of their own: their passphrase would prove what a key proves"
        raise NotAllowed(words, hint=f"another approver must: {', '.join(sorted(others))}")


def _check_removal(house: StoreState, by: str, event: KeyRemoved) -> None:
    known = house.keys.get(event.id)
    if known is None:
        hint = f"enrolled: {', '.join(sorted(house.keys)) or 'none'}"
        raise UnknownThing(f"there is no key {event.id!r}", hint=hint)
    if not 0 < len(event.reason.strip()) <= LONGEST_REASON:
        raise BadInput("a reason is needed", hint=f'onloop people key remove {event.id} --reason "…"')
    if known.enrolled.person != by and APPROVERS not in house.groups.get(by, ()):
        words = f"{event.id} is a key of {known.enrolled.person}, not of {by}"
        raise NotAllowed(words, hint=f"they, or somebody in {APPROVERS}, must remove it", ground=Ground.KIND)
