"""Apply one fact to a task. Total by design: a recorded event is never refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, assert_never

from onloop.machine import events as e
from onloop.machine.record import draft, replace, setters_of, settled
from onloop.machine.state import Reason
from onloop.machine.task import NOT_KNOWN, Feedback, Hand, Outbox, Request, Task, evidence_key

KEPT_FEEDBACK = 20
_put_version, _put_updated_at = (setters_of(Task)[name] for name in ("version", "updated_at"))
_GATES, _EFFECT = Reason.GATES_RUNNING, Reason.EFFECT_RUNNING


def evolve(task: Task | None, event: e.Event, *, id: str, at: int) -> Task:  # noqa: A002 - the field's own word
    """The task after `event`, which happened `at` (ms). Only `Created` may meet no task."""
    return settled(evolve_draft(None if task is None else draft(task), event, id=id, at=at))


def evolve_draft(task: Task | None, event: e.Event, *, id: str, at: int) -> Task:  # noqa: A002
    """As `evolve`, in a fold of one's own: a draft (see `record`) is changed in place, and None begins one."""
    if task is None:
        if not isinstance(event, e.Created):
            raise ValueError(f"{id}: the first event is {type(event).__name__}, not Created")
        return draft(_created(event, id, at))
    after = _applied(task, event, at)
    _put_version(after, task.version + 1)
    _put_updated_at(after, at)
    return after


def replay(id: str, events: Iterable[tuple[e.Event, int]], task: Task | None = None) -> Task | None:  # noqa: A002
    """The fold of `(event, at)` pairs."""
    own = None if task is None else draft(task)
    for event, at in events:
        own = evolve_draft(own, event, id=id, at=at)
    return None if own is None else settled(own)


def _created(event: e.Created, task_id: str, at: int) -> Task:
    return Task(
        id=task_id,
        run=event.run,
        title=event.title,
        kind=event.kind,
        definition=event.definition,
        workflow=event.workflow,
        sponsor=event.sponsor,
        parent=event.parent,
        repo=event.repo,
        origin=event.origin,
        target=event.target,
        max_parallel=event.max_parallel,
        brief=event.brief,
        merges=event.merges,
        funnel=event.funnel,
        programs=event.programs,
        created_at=at,
        updated_at=at,
        since=at,
        version=1,
    )


_Change = Callable[[Task, Any, int], Task]
_CHANGES: dict[type, _Change] = {}


def _applied(task: Task, event: e.Event, at: int) -> Task:
    """The task with what the event changes; which function knows that is found out once for a type of event."""
    change = _CHANGES.get(type(event))
    if change is None:
        change = _CHANGES[type(event)] = _change_of(event)
    return change(task, event, at)


def _change_of(event: e.Event) -> _Change:
    match event:
        case e.Moved():
            return _moved
        case (
            e.Created()
            | e.StepEntered()
            | e.Claimed()
            | e.LeaseEnded()
            | e.BackoffStarted()
            | e.Reassigned()
            | e.TurnBlocked()
            | e.TurnEnded()
        ):
            return _owned
        case e.Submitted() | e.GatesRequested() | e.GateReported() | e.RoundStarted() | e.AttemptEnded():
            return _worked
        case (
            e.Judged()
            | e.RequestOpened()
            | e.RequestClosed()
            | e.Decided()
            | e.CountersReset()
            | e.Reminded()
            | e.Escalated()
        ):
            return _asked
        case e.EffectRequested() | e.EffectStarted() | e.EffectDone() | e.EffectFailed() | e.EffectVoided():
            return _effected
        case e.FannedOut() | e.Joined() | e.Funnelled():
            return _swarmed
        case (
            e.Told()
            | e.MessageReceived()
            | e.MessagesShown()
            | e.MessagesAcknowledged()
            | e.CheckpointSaved()
            | e.HandedOff()
            | e.ContextReported()
        ):
            return _relayed
        case _:
            assert_never(event)


def _moved(task: Task, event: e.Moved, at: int) -> Task:
    """Whoever stops waiting for a verifier or an effect waits for neither any more: a late answer finds no question."""
    state, reason = event.state, event.reason
    return replace(
        task,
        state=state,
        reason=reason,
        detail=event.detail,
        since=task.since if state is task.state and reason is task.reason else at,
        awaited=task.awaited if reason is _GATES else (),
        effect=task.effect if reason is _EFFECT else None,
    )


def _owned(
    task: Task,
    event: e.Created
    | e.StepEntered
    | e.Claimed
    | e.LeaseEnded
    | e.BackoffStarted
    | e.Reassigned
    | e.TurnBlocked
    | e.TurnEnded,
    at: int,
) -> Task:
    match event:
        case e.StepEntered():
            return _entered(task, event)
        case e.Claimed(agent, _, epoch, attempt, _, hand):
            return replace(
                task,
                holder=agent,
                epoch=epoch,
                attempt=attempt,
                claimed_at=at,
                not_before=0,
                blocks=0,
                workers=_with_worker(task, agent),
                hands=_with_hands(task, hand),
            )
        case e.LeaseEnded():
            return replace(task, holder=None, shown=0, context=None)
        case e.BackoffStarted(until):
            return replace(task, not_before=until)
        case e.Reassigned(to):
            return replace(task, owner=to)
        case e.TurnBlocked(_, _, count):
            return replace(task, blocks=count)
        case e.Created() | e.TurnEnded():
            return task
        case _:
            assert_never(event)


def _entered(task: Task, event: e.StepEntered) -> Task:
    """What counts within a visit of a step begins anew, and what was found at the step before counts no more."""
    return replace(
        task,
        step=event.step,
        role=event.role,
        visits={**task.visits, event.step: event.visit},
        owner=None,
        tries=0,
        round=0,
        not_before=0,
        awaited=(),
        feedback=(),
        children=(),
        joined=None,
        handovers=(),
        evidence={key: found for key, found in task.evidence.items() if found.step != event.step},
    )


def _worked(
    task: Task, event: e.Submitted | e.GatesRequested | e.GateReported | e.RoundStarted | e.AttemptEnded, _at: int
) -> Task:
    match event:
        case e.Submitted(submission, _):
            return replace(task, submission=submission, awaited=(), blocks=0, joined=None, voided="", flagged=())
        case e.GatesRequested(gates):
            asked = {evidence_key(task.step or "", gate) for gate in gates}
            kept = {key: found for key, found in task.evidence.items() if key not in asked}
            return replace(task, awaited=gates, evidence=kept)
        case e.GateReported(evidence):
            awaited = tuple(gate for gate in task.awaited if gate != evidence.gate)
            key = evidence_key(evidence.step, evidence.gate)
            return replace(task, awaited=awaited, evidence={**task.evidence, key: evidence})
        case e.RoundStarted(number, feedback):
            return replace(task, round=number, feedback=_with_feedback(task, *feedback))
        case e.AttemptEnded(_, tries, feedback):
            return replace(task, tries=tries, awaited=(), feedback=_with_feedback(task, feedback))
        case _:
            assert_never(event)


def _asked(
    task: Task,
    event: e.Judged | e.RequestOpened | e.RequestClosed | e.Decided | e.CountersReset | e.Reminded | e.Escalated,
    _at: int,
) -> Task:
    match event:
        case e.Judged(judgement):
            return replace(task, judgements=(*task.judgements, judgement)[-KEPT_FEEDBACK:])
        case e.RequestOpened(request):
            return replace(task, requests=(*task.requests, request))
        case e.RequestClosed(request_id):
            return replace(task, requests=tuple(r for r in task.requests if r.id != request_id))
        case e.Decided(decision):
            return replace(task, decisions=(*task.decisions, decision))
        case e.CountersReset(feedback, programs):
            kept = tuple(j for j in task.judgements if j.step != task.step)
            return replace(
                task,
                tries=0,
                round=0,
                not_before=0,
                feedback=_with_feedback(task, feedback),
                judgements=kept,
                programs=programs or task.programs,
                handovers=task.handovers[-1:],
            )
        case e.Reminded(request_id, count):
            return _with_request(task, request_id, lambda r: replace(r, reminders=count))
        case e.Escalated(request_id, to):
            return _with_request(task, request_id, lambda r: replace(r, approvers=(*r.approvers, *to), escalated=True))
        case _:
            assert_never(event)


_Effected = e.EffectRequested | e.EffectStarted | e.EffectDone | e.EffectFailed | e.EffectVoided


def _effected(task: Task, event: _Effected, _at: int) -> Task:
    match event:
        case e.EffectRequested(id, effect):
            return replace(task, effect=Outbox(id, effect.value), effects=task.effects + 1)
        case e.EffectStarted(id, expected, result):
            kind = task.effect.kind if task.effect else ""
            return replace(task, effect=Outbox(id, kind, expected, result))
        case e.EffectDone(_, result):
            return replace(task, effect=None, result=result, voided="")
        case e.EffectFailed(_, _, _, flags):
            return replace(task, effect=None, flagged=(*task.flagged, *flags))
        case e.EffectVoided(_, submission, why):
            return replace(task, submission=submission, effect=None, awaited=(), voided=why, flagged=())
        case _:
            assert_never(event)


def _swarmed(task: Task, event: e.FannedOut | e.Joined | e.Funnelled, _at: int) -> Task:
    match event:
        case e.FannedOut(children):
            return replace(task, children=(*task.children, *children), born=task.born + len(children), joined=None)
        case e.Joined(children, workers, hands):
            step = task.step or ""
            known = dict.fromkeys((*task.workers.get(step, ()), *workers))
            named = {**task.workers, step: tuple(known)}
            return replace(task, joined=children, workers=named, hands=_with_hands(task, *hands))
        case e.Funnelled(submission):
            return replace(
                task, submission=submission, funnel=submission.head, awaited=(), effect=None, voided="", flagged=()
            )
        case _:
            assert_never(event)


_Relay = (
    e.Told
    | e.MessageReceived
    | e.MessagesShown
    | e.MessagesAcknowledged
    | e.CheckpointSaved
    | e.HandedOff
    | e.ContextReported
)


def _relayed(task: Task, event: _Relay, _at: int) -> Task:
    match event:
        case e.Told():
            return task
        case e.MessageReceived(message):
            number = task.received + 1
            return replace(task, received=number, messages=(*task.messages, replace(message, number=number)))
        case e.MessagesShown(upto):
            return replace(task, shown=upto)
        case e.MessagesAcknowledged(upto):
            return replace(task, shown=0, messages=tuple(m for m in task.messages if m.number > upto))
        case e.CheckpointSaved(checkpoint):
            return replace(task, checkpoints={**task.checkpoints, checkpoint.step: checkpoint})
        case e.HandedOff(handover):
            return replace(task, owner=handover.to or None, handovers=(*task.handovers, handover))
        case e.ContextReported(percent):
            return replace(task, context=percent)
        case _:
            assert_never(event)


def _with_worker(task: Task, agent: str) -> Mapping[str, tuple[str, ...]]:
    step = task.step or ""
    known = task.workers.get(step, ())
    return task.workers if agent in known else {**task.workers, step: (*known, agent)}


def _with_hands(task: Task, *hands: Hand) -> Mapping[str, tuple[Hand, ...]]:
    """Each hand once for a step, the newest last."""
    step = task.step or ""
    hands = tuple(hand for hand in hands if hand != NOT_KNOWN)
    before = tuple(hand for hand in task.hands.get(step, ()) if hand not in hands)
    return {**task.hands, step: (*before, *dict.fromkeys(hands))} if hands else task.hands


def _with_feedback(task: Task, *news: Feedback) -> tuple[Feedback, ...]:
    return (*task.feedback, *news)[-KEPT_FEEDBACK:]


def _with_request(task: Task, request_id: str, change: Callable[[Request], Request]) -> Task:
    return replace(task, requests=tuple(change(r) if r.id == request_id else r for r in task.requests))
