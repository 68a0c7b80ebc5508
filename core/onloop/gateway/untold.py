"""A task without a decision, read from the log: for whoever takes that back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypedDict

from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.evolve import evolve
from onloop.machine.rules.approval_words import waiting_words
from onloop.machine.rules.freshness import IMMATERIAL, Change
from onloop.machine.rules.people.entitlement import counted_voices
from onloop.machine.rules.people.taking_back import may_follow, meant, own_vote
from onloop.machine.task import Decision, DecisionKind, Task
from onloop.records import replace
from onloop.store.codec import event_from_text
from onloop.store.port import Reading, Recorded

PAGE = 1_000
"""How many events are read at a time."""
_TOLD = 100
"""Among how many of the newest events that is looked for which stands against it, where that is known already."""
_FOLLOWS = (
    e.RequestClosed,
    e.RequestOpened,
    e.LeaseEnded,
    e.StepEntered,
    e.CountersReset,
    e.Moved,
    e.BackoffStarted,
    e.EffectRequested,
    e.PolicyJudged,
    e.BranchTaken,
    e.LessonsTold,
)
"""What follows from a decision at once, in its own transaction, and can be undone."""

_Key = tuple[str, str, int]


class UntoldFacts(TypedDict, total=False):
    """See Facts."""

    untold: Task | None
    since: tuple[Change, ...]


def untold(tx: Reading, task: Task, command: c.Command) -> UntoldFacts:
    """What who takes a decision back must know; nothing for any other command.

    Only the end of the log is read where something has begun since, and all that was before the decision otherwise.
    """
    if not isinstance(command, c.TakeBack) or own_vote(task, command.voice.person) is not None:
        return {}
    decision = meant(task, command.voice.person)
    if decision is None:
        return {}
    if not may_follow(task):
        newest = tx.log(task=task.id, limit=_TOLD, newest=True)
        return {"since": tuple(_material(_changes(each for each in newest if each.at >= decision.at)))}
    tail = _tail(tx, task.id, {_key(decision)})
    if not tail:
        return {}
    return _without(_folded(tx, task.id, tail[0].seq), tail, _void_in(tail) | {_key(decision)}, task.id)


def _tail(tx: Reading, task: str, void: set[_Key]) -> list[Recorded]:
    """The log from the first of these decisions on, and of those that were taken back after it; empty if one lacks."""
    tail: list[Recorded] = []
    first = None
    while first is None:
        page = tx.log(task=task, limit=PAGE, newest=True, before=tail[0].seq if tail else None)
        if not page:
            return []
        tail = [*page, *tail]
        first = _first_of(tail, void)
    wanted = void | _void_in(tail[first:])
    return tail[first:] if wanted == void else _tail(tx, task, wanted)


def _first_of(tail: Sequence[Recorded], void: set[_Key]) -> int | None:
    """Where the first of these decisions stands; None unless all are there."""
    places = {_key(said): place for place, said in _decisions(tail) if _key(said) in void}
    return min(places.values()) if len(places) == len(void) else None


def _decisions(log: Sequence[Recorded]) -> Iterator[tuple[int, Decision]]:
    for place, event in enumerate(log):
        fact = _fact(event) if event.name == e.Decided.__name__ else None
        if isinstance(fact, e.Decided):
            yield place, fact.decision


def _void_in(log: Sequence[Recorded]) -> set[_Key]:
    """The decisions that were taken back in that part of the log."""
    taken = (_fact(event) for event in log if event.name == e.TakenBack.__name__)
    return {(fact.request, fact.whose, fact.decided_at) for fact in taken if isinstance(fact, e.TakenBack)}


def _folded(tx: Reading, task: str, before: int) -> Task | None:
    """The task as it stood before that event."""
    stood: Task | None = None
    after = 0
    while page := tx.log(task=task, limit=PAGE, after=after, before=before):
        for event in page:
            stood = evolve(stood, _fact(event), id=task, at=event.at)
        after = page[-1].seq
    return stood


def _without(stood: Task | None, tail: Sequence[Recorded], void: set[_Key], task: str) -> UntoldFacts:
    """The task after the tail, but for the decisions that are void; or what has begun since.

    Of approvals by others beside them only the vote is left: what came of all together is not so any more.
    """
    since: list[Change] = []
    place, votes = 0, 0
    while place < len(tail):
        end = _end_of_deed(tail, place)
        deed = list(_changes(tail[place:end]))
        kept = _kept(stood, deed, void)
        if kept is None:
            since += _material(deed)
        for change in kept or ():
            stood = evolve(stood, change.event, id=task, at=change.at)
            votes += isinstance(change.event, e.Decided)
        place = end
    if since or stood is None:
        return {"since": tuple(since)}
    words = waiting_words(stood, (request.gate or "" for request in stood.requests))
    return {"untold": replace(stood, detail=words) if votes else stood}


def _kept(stood: Task | None, deed: Sequence[Change], void: set[_Key]) -> Sequence[Change] | None:
    """What is left of a deed; None where it is none that another decision could stand without."""
    fact = deed[0].event
    if isinstance(fact, IMMATERIAL):
        return deed
    if isinstance(fact, e.TakenBack):
        return () if (fact.request, fact.whose, fact.decided_at) in void else None
    if not isinstance(fact, e.Decided):
        return None
    said = fact.decision
    if _key(said) in void:
        return ()
    request = stood.request(said.request) if stood is not None else None
    if said.answer is not DecisionKind.APPROVE or stood is None or request is None:
        return None
    votes = (*(each for each in stood.decisions if each.request == request.id), said)
    is_enough = counted_voices(votes) >= request.quorum
    return [deed[0], *(each for each in deed[1:] if is_enough and _closes(each.event, request.id))]


def _closes(fact: e.Event, request: str) -> bool:
    return isinstance(fact, e.RequestClosed) and fact.request == request


def _end_of_deed(log: Sequence[Recorded], first: int) -> int:
    """The place after all that was recorded with the event at that place."""
    told = log[first]
    if told.name != e.Decided.__name__:
        return first + 1
    names = {kind.__name__ for kind in _FOLLOWS}
    for place in range(first + 1, len(log)):
        event = log[place]
        if event.name not in names or (event.at, event.principal, event.key) != (told.at, told.principal, told.key):
            return place
    return len(log)


def _changes(log: Iterable[Recorded]) -> Iterator[Change]:
    return (Change(_fact(event), event.principal, event.at) for event in log)


def _material(changes: Iterable[Change]) -> Iterator[Change]:
    return (change for change in changes if not isinstance(change.event, IMMATERIAL))


def _fact(event: Recorded) -> e.Event:
    return event_from_text(event.name, event.data)  # type: ignore[return-value]  # a task's log has its events alone


def _key(decision: Decision) -> _Key:
    return decision.request, decision.by, decision.at
