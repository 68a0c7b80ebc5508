"""PURE: what becomes of tasks: where their time goes, who had a hand in them, how they end."""

from __future__ import annotations

from onloop.insight.measures.followed_task import FollowedTask
from onloop.insight.measures.loop_tallies import LoopTallies
from onloop.machine.effect_specs import Effect
from onloop.machine.events import (
    Claimed,
    EffectDone,
    EffectRequested,
    EffectVoided,
    Funnelled,
    Moved,
    PersonEntered,
    StepEntered,
    Submitted,
)
from onloop.machine.people import is_person
from onloop.machine.state import TERMINAL, State
from onloop.machine.task import Submission
from onloop.store.codec import Logged
from onloop.store.port import Recorded

ACTS = frozenset(
    {
        *("Decided", "Overridden", "Reassigned", "HandedOn", "NoteSent", "PersonEntered", "Claimed"),
        *("Amended", "Retargeted", "BaseAccepted", "Waived", "WaveStarted", "HaltLifted", "CountersReset"),
    }
)
"""The events that are an act of a person where a person caused them; so is stopping a task."""
_STOPS = frozenset({State.PAUSED, State.CANCELED})
_OF_AGENTS = ("@agents.onloop.invalid", "@simulation.invalid", "gateway@onloop.invalid")
"""How the addresses end that agents and the gateway commit with."""
_OF_PEOPLE = "@people.onloop.invalid"
"""How the address ends of a person in a clone of their own."""


class WorkReading:
    """Follows tasks to their end."""

    def __init__(self, tallies: LoopTallies, since: int) -> None:
        self._tallies = tallies
        self._since = since
        self._people: set[str] = set()

    def know(self, address: str) -> None:
        """A person was enrolled who commits with this address."""
        if address:
            self._people.add(address.casefold())

    def take(self, task: FollowedTask, event: Logged, recorded: Recorded) -> None:
        """What an event of this task says of its work."""
        match event:
            case Submitted(submission) | EffectVoided(_, submission) | Funnelled(submission):
                _handed_in(task, submission)
            case StepEntered(step):
                task.enter(step, recorded.at)
            case Moved(state, reason):
                task.move(state, reason, recorded.at)
                if state in TERMINAL:
                    self._ended(task, state, recorded.at)
            case EffectDone(effect):
                self._done(task, effect, recorded.at)
            case _:
                _note(task, event)

    def person_acted(self, task: FollowedTask, event: Logged | None, recorded: Recorded) -> None:
        """A person caused this event of the task."""
        is_stop = isinstance(event, Moved) and event.state in _STOPS
        if not (is_stop or recorded.name in ACTS) or not task.is_counted:
            return
        if task.touch(recorded.at, recorded.principal) and not task.is_work and recorded.at >= self._since:
            self._tallies.touched_fleet()

    def _done(self, task: FollowedTask, effect: str, at: int) -> None:
        if task.effect != (effect, Effect.MERGE.value) or not task.is_counted or at < self._since:
            return
        hands = [self._hand_of(address) for address in task.authors]
        is_by_people = task.is_handled or True in hands
        is_seen = is_by_people or (bool(hands) and None not in hands)
        self._tallies.merged(at, is_seen=is_seen, is_alone=not is_by_people)
        self._tallies.costs.add(task)

    def _hand_of(self, address: str) -> bool | None:
        """Whether a person commits with this address; None where nobody knows."""
        plain = address.casefold()
        if plain in self._people or plain.endswith(_OF_PEOPLE):
            return True
        return False if plain.endswith(_OF_AGENTS) else None

    def _ended(self, task: FollowedTask, state: State, at: int) -> None:
        task.pass_step(at)
        if task.is_work and task.is_counted and at >= self._since:
            self._tallies.ended(task, state, at)


def _handed_in(task: FollowedTask, submission: Submission) -> None:
    task.authors = submission.authors
    task.lines = submission.facts.added + submission.facts.removed if submission.facts is not None else None


def _note(task: FollowedTask, event: Logged) -> None:
    """What is remembered until the work is merged."""
    match event:
        case Claimed(agent):
            task.is_handled |= is_person(agent)
        case PersonEntered():
            task.is_handled = True
        case EffectRequested(effect, kind):
            task.effect = (effect, kind.value)
        case _:
            pass
