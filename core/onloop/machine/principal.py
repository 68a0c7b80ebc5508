"""Principals: who acts. A caller without a credential is nobody, never a person."""

from __future__ import annotations

from enum import StrEnum

from onloop.machine.commands import Voice
from onloop.machine.launchers import Grant
from onloop.machine.people import is_person
from onloop.machine.task import NOT_KNOWN, Hand
from onloop.records import Record


class PrincipalKind(StrEnum):
    """The kind of a principal; one kind never becomes another."""

    NOBODY = "nobody"
    HUMAN = "human"
    AGENT = "agent"
    VERIFIER = "verifier"
    LAUNCHER = "launcher"
    INTEGRATION = "integration"
    GATEWAY = "gateway"
    SESSION = "session"


class Principal(Record):
    """Who acts: an agent is bound to one task, epoch and step, a person speaks with a voice, a launcher is a hand.

    A launcher that proved itself by a token may do what its `grant` says, and no more. A session is a person who reads.
    """

    kind: PrincipalKind
    name: str
    task: str | None = None
    epoch: int = 0
    step: str = ""
    voice: Voice | None = None
    hand: Hand = NOT_KNOWN
    grant: Grant | None = None

    @property
    def id(self) -> str:
        """As it is logged: `kind:name`; of a person who works under a token of their own, the person's."""
        return self.name if is_person(self.name) else f"{self.kind.value}:{self.name}"


NOBODY = Principal(PrincipalKind.NOBODY, "")
TIMERS = Principal(PrincipalKind.GATEWAY, "timers")
EFFECTS = Principal(PrincipalKind.GATEWAY, "effects")
INTAKE = Principal(PrincipalKind.GATEWAY, "intake")


def launcher(name: str, hand: Hand = NOT_KNOWN) -> Principal:
    """A process that starts work and agents, as the operating system's user `name`."""
    return Principal(PrincipalKind.LAUNCHER, name, hand=hand)


def integration(name: str) -> Principal:
    """Something outside that tells and asks, such as a webhook's sender: it decides nothing."""
    return Principal(PrincipalKind.INTEGRATION, name)


def verifier(name: str) -> Principal:
    """A process that runs gates and writes evidence."""
    return Principal(PrincipalKind.VERIFIER, name)
