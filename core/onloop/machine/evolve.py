"""Apply one fact to a task. Total by design: a recorded event is never refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import assert_never

from onloop.machine import events as e
from onloop.machine import usage
from onloop.machine.base_fold import left_waiting, looked_first, put_right
from onloop.machine.budgets import with_draw, with_raise
from onloop.machine.effect_fold import OfEffect, carried_out
from onloop.machine.elsewhere_fold import OfElsewhere, from_elsewhere, with_author
from onloop.machine.entered_environment import inside_now
from onloop.machine.graph_fold import on_its_way
from onloop.machine.message_fold import PassedOn, passed_on
from onloop.machine.setbacks import Trouble, of_last_day
from onloop.machine.state import Reason
from onloop.machine.task import NOT_KNOWN, Evidence, Feedback, Hand, Request, Task, evidence_key
from onloop.machine.wave_fold import OfWaves, in_waves, stop_of
from onloop.machine.wave_plan import Waves
from onloop.records import replace

KEPT_FEEDBACK = 20
KEPT_BYPASSES = 100
_KEEP_GATES = frozenset({Reason.GATES_RUNNING, Reason.EXTERNAL})
_KEEP_EFFECT = frozenset({Reason.EFFECT_RUNNING, Reason.EXTERNAL})
_PAST_TROUBLE = (
    e.Submitted,
    e.StepEntered,
    e.GateReported,
    e.EffectStarted,
    e.EffectDone,
    e.EffectFailed,
    e.EffectVoided,
    e.Funnelled,
    e.AttemptEnded,
    e.CountersReset,
    e.RequestOpened,
    e.Reassigned,
    e.Recovered,
)
"""What shows that a trouble is over, or takes its place."""


def evolve(task: Task | None, event: e.Event, *, id: str, at: int) -> Task:  # noqa: A002 - the field's own word
    """The task after `event`, which happened `at` (ms). Only `Created` may meet no task."""
    if task is None:
        if not isinstance(event, e.Created):
            raise ValueError(f"{id}: the first event is {type(event).__name__}, not Created")
        return _created(event, id, at)
    after = _changed(replace(task, version=task.version + 1, updated_at=at), event, at)
    if after.setback is None or not isinstance(event, _PAST_TROUBLE):
        return after
    still_waits = isinstance(event, e.GateReported) and bool(after.awaited)  # one gate answered, another could not run
    return after if still_waits else replace(after, setback=None)


def replay(id: str, events: Iterable[tuple[e.Event, int]], task: Task | None = None) -> Task | None:  # noqa: A002
    """The fold of `(event, at)` pairs."""
    for event, at in events:
        task = evolve(task, event, id=id, at=at)
    return task


def _created(event: e.Created, task_id: str, at: int) -> Task:
    waves = Waves(len(event.plan.sizes)) if event.plan is not None else None
    made = Task(**event.facts, programs=event.programs, id=task_id, created_at=at, updated_at=at, since=at, version=1)
    made = made if event.elsewhere is None else with_author(made, event.elsewhere)
    return made if waves is None else replace(made, waves=waves)


def _changed(task: Task, event: e.Event, at: int) -> Task:  # noqa: C901 - one flat match over a closed union
    """The task after the event; the most frequent events are matched first."""
    match event:
        case e.Moved():
            return _moved(task, event, at)
        case e.StepEntered():
            return _entered(task, event)
        case e.GateReported(evidence):
            return _with_evidence(task, evidence)
        case e.GatesRequested(gates):
            return _without_evidence(task, gates)
        case e.BaseGatesRequested() | e.BaseReported() | e.BaseAccepted() | e.StepSkipped():
            return looked_first(task, event)
        case e.Amended() | e.Retargeted():
            return put_right(task, event)
        case e.Claimed():
            return _claimed(task, event, at)
        case e.LeaseEnded():
            return _released(task, event)
        case e.Submitted(submission):
            fresh = replace(task, submission=submission, awaited=(), blocks=0, joined=None, voided="", flagged=())
            return replace(fresh, lessons=()) if fresh.lessons else fresh
        case e.RequestOpened(request):
            return replace(task, requests=(*task.requests, request))
        case e.RequestClosed(request_id):
            return replace(task, requests=tuple(r for r in task.requests if r.id != request_id))
        case e.Decided(decision):
            return replace(task, decisions=(*task.decisions, decision))
        case e.TakenBack():
            return _taken_back(task, event)
        case e.Overridden(bypass):
            return replace(task, bypasses=(*task.bypasses, bypass)[-KEPT_BYPASSES:])
        case e.RoundStarted(number, feedback):
            return replace(task, round=number, feedback=_with_feedback(task, *feedback))
        case e.AttemptEnded(_, tries, last):
            return replace(task, tries=tries, awaited=(), feedback=_with_feedback(task, last))
        case e.LessonsTold(lessons):
            return replace(task, lessons=lessons)
        case e.BackoffStarted(until):
            return replace(task, not_before=until)
        case e.SetBack():
            return _set_back(task, event, at)
        case e.Returned(_, away_ms):
            return replace(task, claimed_at=task.claimed_at + away_ms)
        case e.AnsweredOutside(feedback):
            return replace(task, feedback=_with_feedback(task, feedback))
        case e.CountersReset():
            return _reset(task, event)
        case e.Judged(judgement):
            return replace(task, judgements=(*task.judgements, judgement)[-KEPT_FEEDBACK:])
        case e.Reminded(request_id, count):
            return _with_request(task, request_id, lambda r: replace(r, reminders=count))
        case e.Escalated(request_id, to):
            return _with_request(task, request_id, lambda r: replace(r, approvers=(*r.approvers, *to), escalated=True))
        case e.HandedOn(request_id, handed):
            return _with_request(task, request_id, lambda r: replace(r, handed=handed))
        case e.Reassigned(owner):
            return replace(task, owner=owner)
        case e.TurnBlocked(_, _, count):
            return replace(task, blocks=count)
        case e.FannedOut(children):
            return replace(task, children=(*task.children, *children), born=task.born + len(children), joined=None)
        case e.Joined():
            return _joined(task, event)
        case e.ContextReported(percent):
            return replace(task, context=percent)
        case e.UsageTold() | e.BudgetRaised() | e.BudgetDrawn():
            return _spent(task, event)
        case e.BranchTaken() | e.Unblocked() | e.Waived():
            return on_its_way(task, event)
        case e.PersonEntered(stay):
            return replace(task, inside=(*inside_now(task.inside, at), stay))
        case e.PersonLeft(session):
            return replace(task, inside=tuple(stay for stay in task.inside if stay.session != session))
        case e.PolicyJudged(finding):
            return replace(task, policies={**task.policies, evidence_key(finding.step, finding.gate): finding})
        case e.EnvironmentMade(made):
            return replace(task, environment=made)
        case e.Created() | e.TurnEnded() | e.Told() | e.Recovered():
            return task
        case _:
            return _apart(task, event, at)


def _apart(task: Task, event: OfEffect | OfWaves | PassedOn | OfElsewhere, at: int) -> Task:
    """The task after a fact that has a module of its own."""
    if isinstance(event, OfEffect):
        return carried_out(task, event)
    if isinstance(event, OfElsewhere):
        return from_elsewhere(task, event)
    return in_waves(task, event) if isinstance(event, OfWaves) else passed_on(task, event, at)


def _moved(task: Task, event: e.Moved, at: int) -> Task:
    """A task that stops waiting for a verifier or an effect ignores a late answer."""
    state, reason = event.state, event.reason
    return replace(
        task,
        state=state,
        reason=reason,
        detail=event.detail,
        since=task.since if state is task.state and reason is task.reason else at,
        awaited=task.awaited if reason in _KEEP_GATES else (),
        effect=task.effect if reason in _KEEP_EFFECT else None,
        base_checks=task.base_checks if reason is Reason.DEPENDENCY else left_waiting(task),
        stop=stop_of(task, state),
    )


def _taken_back(task: Task, event: e.TakenBack) -> Task:
    """The decision counts no more, and what followed from it is as it was."""
    taken = (event.request, event.whose, event.decided_at)
    left = tuple(d for d in task.decisions if (d.request, d.by, d.at) != taken)
    stood = event.stood
    return replace(task, decisions=left) if stood is None else replace(task, decisions=left, effect=None, **stood.facts)


def _set_back(task: Task, event: e.SetBack, at: int) -> Task:
    setback, said = event.setback, of_last_day(task.postponed, at)
    postponed = (*said, at) if setback.trouble is Trouble.NOT_NOW else said
    return replace(task, setback=setback, not_before=setback.until, postponed=postponed)


def _entered(task: Task, event: e.StepEntered) -> Task:
    """Counters of a visit start again, and results of the previous step no longer count."""
    return replace(
        task,
        inherited={**task.inherited, task.step or "": event.left} if event.left else task.inherited,
        step=event.step,
        role=event.role,
        visits={**task.visits, event.step: event.visit},
        owner=None,
        tries=0,
        round=0,
        not_before=0,
        awaited=(),
        feedback=(),
        lessons=(),
        children=(),
        joined=None,
        handovers=(),
        notes=tuple(replace(note, is_over=True) if note.shown else note for note in task.notes),
        evidence={key: found for key, found in task.evidence.items() if found.step != event.step},
        policies={key: found for key, found in task.policies.items() if found.step != event.step},
    )


def _spent(task: Task, event: e.UsageTold | e.BudgetRaised | e.BudgetDrawn) -> Task:
    match event:
        case e.UsageTold():
            return replace(task, spending=usage.told(task.spending, event))
        case e.BudgetRaised():
            return replace(task, budgets=with_raise(task.budgets, event))
        case e.BudgetDrawn():
            return replace(task, budgets=with_draw(task.budgets, event))
        case _:
            assert_never(event)


def _released(task: Task, event: e.LeaseEnded) -> Task:
    spending = usage.lease_ended(task.spending, event.step, event.held_ms) if event.step else task.spending
    return replace(task, holder=None, shown=0, context=None, spending=spending)


def _claimed(task: Task, event: e.Claimed, at: int) -> Task:
    spending = task.spending
    if event.step:
        spending = usage.claimed(spending, event.step, event.agent, event.epoch)
    return replace(
        task,
        holder=event.agent,
        epoch=event.epoch,
        attempt=event.attempt,
        claimed_at=at,
        not_before=0,
        blocks=0,
        workers=_with_worker(task, event.agent),
        hands=_with_hands(task, event.hand),
        branch=event.branch,
        spending=spending,
        elsewhere=None if task.is_at_work_elsewhere else task.elsewhere,
    )


def _with_evidence(task: Task, evidence: Evidence) -> Task:
    awaited = tuple(gate for gate in task.awaited if gate != evidence.gate)
    key = evidence_key(evidence.step, evidence.gate)
    return replace(task, awaited=awaited, evidence={**task.evidence, key: evidence})


def _without_evidence(task: Task, gates: tuple[str, ...]) -> Task:
    """A verifier was asked for these gates: their earlier evidence no longer counts."""
    asked = {evidence_key(task.step or "", gate) for gate in gates}
    kept = {key: found for key, found in task.evidence.items() if key not in asked}
    return replace(task, awaited=gates, evidence=kept)


def _reset(task: Task, event: e.CountersReset) -> Task:
    return replace(
        task,
        tries=0,
        round=0,
        not_before=0,
        feedback=_with_feedback(task, event.feedback),
        judgements=tuple(j for j in task.judgements if j.step != task.step),
        programs=event.programs or task.programs,
        handovers=task.handovers[-1:],
        postponed=() if event.feedback.by.startswith("human:") else task.postponed,
    )


def _joined(task: Task, event: e.Joined) -> Task:
    step = task.step or ""
    workers = dict.fromkeys((*task.workers.get(step, ()), *event.workers))
    named = {**task.workers, step: tuple(workers)}
    return replace(task, joined=event.children, workers=named, hands=_with_hands(task, *event.hands))


def _with_worker(task: Task, agent: str) -> Mapping[str, tuple[str, ...]]:
    step = task.step or ""
    known = task.workers.get(step, ())
    return task.workers if agent in known else {**task.workers, step: (*known, agent)}


def _with_hands(task: Task, *hands: Hand) -> Mapping[str, tuple[Hand, ...]]:
    """Each hand once per step, the newest last."""
    step = task.step or ""
    hands = tuple(hand for hand in hands if hand != NOT_KNOWN)
    before = tuple(hand for hand in task.hands.get(step, ()) if hand not in hands)
    return {**task.hands, step: (*before, *dict.fromkeys(hands))} if hands else task.hands


def _with_feedback(task: Task, *news: Feedback) -> tuple[Feedback, ...]:
    return (*task.feedback, *news)[-KEPT_FEEDBACK:]


def _with_request(task: Task, request_id: str, change: Callable[[Request], Request]) -> Task:
    return replace(task, requests=tuple(change(r) if r.id == request_id else r for r in task.requests))
