"""People as the whole store knows them: who left or took another name, and who decides in whose place for a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from onloop.machine.limits import Id, Millis, Words
from onloop.machine.requests import Request
from onloop.records import Record

LONGEST_DELEGATION_MS = 30 * 24 * 3_600_000
"""How long a delegation may last."""

MOST_DELEGATIONS = 200
"""How many delegations may be in force at once; those that have ended are forgotten first."""

PERSON = "human:"
GROUP = "group:"


def is_person(principal: str) -> bool:
    """Whether an id is a person's."""
    return principal.startswith(PERSON)


def is_of_people(owner: str) -> bool:
    """Whether work or a request is for a person or a group, and so for no agent."""
    return owner.startswith((PERSON, GROUP))


def name_of(owner: str) -> str:
    """A person, group or agent by the bare name."""
    return owner.partition(":")[2] or owner


class PersonRemoved(Record):
    """The person decides nothing any more, and nobody is enrolled under the name again.

    What they approved before goes on to count, unless `voids` says otherwise.
    """

    name: Id
    by: Id
    reason: Words
    voids: bool = False
    at: Millis = 0


class PersonRenamed(Record):
    """The person signs in as `to` from now on. The log goes on to know them by the id that it knew them by."""

    name: Id
    to: Id
    by: Id


class Delegated(Record):
    """`to` may decide in the place of `by` until `until` (ms), where `by` may.

    It is for one gate or in the name of one group where that is given.
    """

    id: Id
    by: Id
    to: Id
    until: Millis
    reason: Words
    gate: Id = ""
    group: Id = ""
    at: Millis = 0

    def covers(self, request: Request) -> bool:
        """Whether the delegation is about such a request."""
        return (not self.gate or request.gate == self.gate) and (not self.group or self.group in request.approvers)


class DelegationEnded(Record):
    """A delegation was taken back, or given back."""

    id: Id
    by: Id


PeopleEvent = PersonRemoved | PersonRenamed | Delegated | DelegationEnded
Delegations = Mapping[str, Delegated]


def in_force(
    delegations: Iterable[Delegated], people: Mapping[str, tuple[str, ...]], now: int
) -> tuple[Delegated, ...]:
    """The delegations that hold at `now` (ms): both people are still enrolled, and time has not ended them."""
    return tuple(each for each in delegations if each.until > now and each.by in people and each.to in people)


def with_delegation(known: Delegations, made: Delegated) -> Delegations:
    """The delegations after another one was made; those that had ended by then are forgotten."""
    return {**{key: each for key, each in known.items() if each.until > made.at}, made.id: made}


def without_person(known: Delegations, person: str) -> Delegations:
    """The delegations without those of a person, or to them."""
    return {key: each for key, each in known.items() if person not in {each.by, each.to}}
