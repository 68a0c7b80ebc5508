"""The security keys of people: which are enrolled, and how far each has counted. Facts of the whole store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from onloop.machine.limits import Id, Millis, Range, SshSignature, Text, Words
from onloop.records import Record, replace

MOST_KEYS_EACH = 5
"""How many keys one person may have enrolled at a time."""

Counter32 = Annotated[int, Range(0, 2**32 - 1)]
KeyBlob = Annotated[str, Text(1_000)]
"""A public key as OpenSSH writes it, in base64."""


class KeyEnrolled(Record):
    """A person's security key may sign their decisions from now on.

    `id` is its fingerprint as OpenSSH prints it (`SHA256:…`), `blob` the public key in base64, `label` what the person
    calls it. `vouched` is the key of theirs whose `signature` vouches for this one; empty where another approver did,
    or where it is their first.
    """

    id: Id
    person: Id
    kind: Id
    blob: KeyBlob
    by: Id
    label: Id = ""
    vouched: Id = ""
    counter: Counter32 = 0
    signature: SshSignature = ""
    at: Millis = 0


class KeyRemoved(Record):
    """The key signs nothing any more. What it signed before stays as it is."""

    id: Id
    by: Id
    reason: Words
    at: Millis = 0


class KeyUsed(Record):
    """The key signed something of a task; `counter` is how far it has counted."""

    id: Id
    task: Id
    counter: Counter32
    at: Millis = 0


class PersonKey(Record):
    """A security key as it stands: whose it is, how far it has counted, and when it was used last (ms)."""

    enrolled: KeyEnrolled
    counter: int = 0
    used: int = 0

    @property
    def id(self) -> str:
        """Its fingerprint."""
        return self.enrolled.id


PersonKeyEvent = KeyEnrolled | KeyRemoved | KeyUsed
PersonKeys = Mapping[str, PersonKey]


def keys_after(known: PersonKeys, event: PersonKeyEvent) -> PersonKeys:
    """The keys after an event."""
    match event:
        case KeyEnrolled(id):
            vouching = known.get(event.vouched)
            counted = {event.vouched: replace(vouching, counter=event.counter, used=event.at)} if vouching else {}
            return {**known, **counted, id: PersonKey(event)}
        case KeyRemoved(id):
            return {name: key for name, key in known.items() if name != id}
        case KeyUsed(id, _, counter):
            key = known.get(id)
            return known if key is None else {**known, id: replace(key, counter=counter, used=event.at)}


def keys_of(known: PersonKeys, person: str) -> tuple[PersonKey, ...]:
    """The keys of a person, by their id."""
    return tuple(key for key in known.values() if key.enrolled.person == person)


def keys_without(known: PersonKeys, person: str) -> PersonKeys:
    """The keys without those of a person."""
    return {name: key for name, key in known.items() if key.enrolled.person != person}
