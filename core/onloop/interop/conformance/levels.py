"""What a case is, and the levels at which a gateway can conform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from onloop.interop.conformance.venue import Venue
from onloop.records import MutableRecord, Record, field

Play = Callable[[Venue], None]


class Level(StrEnum):
    """How much of the protocol a gateway keeps; each level stands on `agent`."""

    AGENT = "agent"
    HUMAN = "human"
    FLEET = "fleet"
    TRUST = "trust"


LEVEL_WORDS: Mapping[Level, str] = {
    Level.AGENT: "one agent at one step: claim, next, check, submit, and the ways to give a task back",
    Level.HUMAN: "requests and decisions of people, and what they may do to work",
    Level.FLEET: "many tasks and many agents: runs, waves, messages, children, judgements, one row per cause",
    Level.TRUST: "what nobody may: forged decisions and evidence, superseded leases, altered logs, hostile input",
}
"""What each level covers."""


class End(StrEnum):
    """Through what a case speaks: the command line, or HTTP."""

    COMMAND = "command"
    URL = "url"


class ConformanceCase(Record):
    """One numbered case: `says` is what the standard asks for, `play` raises Deviation where something else came."""

    number: int
    level: Level
    end: End
    name: str
    says: str
    play: Play


class CaseList(MutableRecord):
    """The cases of one module, in the order of their numbers."""

    level: Level
    end: End = End.COMMAND
    cases: list[ConformanceCase] = field(default_factory=list)

    def case(self, number: int, name: str, says: str) -> Callable[[Play], Play]:
        """Add the decorated function as a case."""

        def added(play: Play) -> Play:
            self.cases.append(ConformanceCase(number, self.level, self.end, name, says, play))
            return play

        return added
