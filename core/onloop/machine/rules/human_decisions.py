"""What people decide, and what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import NoReturn, assert_never

from onloop.errors import Exit, NotAllowed, Stale
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import ExpireOutcome, HumanGate
from onloop.machine.lessons import Strike, StrikeKind
from onloop.machine.rules import waves
from onloop.machine.rules.budget_rules import check_budgets_left, raise_budgets
from onloop.machine.rules.decision_builder import (
    DecisionBuilder,
    check_enrolled,
    check_holder,
    check_length,
    check_target_at_rest,
    check_words,
    refuse,
)
from onloop.machine.rules.dependencies import begin_without
from onloop.machine.rules.flagging import flags_digest
from onloop.machine.rules.freshness import ago, decided_words
from onloop.machine.rules.grace import hold
from onloop.machine.rules.independence import is_among
from onloop.machine.rules.lesson_telling import tell_lessons
from onloop.machine.rules.people.entitlement import (
    Electorate,
    Standing,
    bars_amender,
    did_the_work,
    said_already,
    standing,
)
from onloop.machine.rules.people.proofs import check_fresh, check_level, check_shown, proved
from onloop.machine.rules.people.taking_back import grace_left, is_rejected
from onloop.machine.rules.progress import advance, enter, go_on, judge_again, request_gates, start
from onloop.machine.rules.putting_right import accept_red_base
from onloop.machine.rules.setback_rules import resume
from onloop.machine.state import LIVE, Reason, State
from onloop.machine.task import Decision, DecisionKind, Feedback, Kind, Request, RequestKind, Task, Verdict
from onloop.machine.voice import proof_age
from onloop.machine.way import way_to
from onloop.records import replace

HumanCommand = c.Ask | c.Approve | c.Reject | c.Reply | c.Retry | c.Cancel


def apply(course: DecisionBuilder, command: HumanCommand) -> None:
    """Decide a command by which a person is asked, or answers."""
    match command:
        case c.Ask():
            _ask(course, command)
        case c.Approve():
            _approve(course, command)
        case c.Reject():
            _reject(course, command)
        case c.Reply():
            _reply(course, command)
        case c.Retry():
            _retry(course, command)
        case c.Cancel():
            _cancel(course, command)
        case _:
            assert_never(command)


def _ask(course: DecisionBuilder, command: c.Ask) -> None:
    check_holder(course.task, command.agent, command.epoch)
    check_words(command.question, "a question", f'onloop ask "What …?" for {course.task.id}')
    course.end_lease("question")
    course.ask(RequestKind.QUESTION, command.question, asked_by=command.agent)
    course.record(e.Moved(State.INPUT_REQUIRED, Reason.QUESTION, command.question))


def _approve(course: DecisionBuilder, command: c.Approve) -> None:
    request = open_request(course, command.request, {RequestKind.APPROVAL})
    behalf = _check_voice(course, request, command.voice)
    check_fresh(request, command.voice, course.now)
    check_shown(course.task, request, command.digest, course.now)
    _check_unspent(course.task, request, command.voice.person, behalf)
    check_length(command.note, "a note")
    said = _decision(course, request, DecisionKind.APPROVE, command.voice, command.note, command.digest, behalf)
    course.record(e.Decided(replace(said, unseen=command.unseen)))
    if course.task.kind is Kind.FLEET:
        waves.go_on(course, command.voice.person)
    else:
        go_on(course)


def _reject(course: DecisionBuilder, command: c.Reject) -> None:
    check_words(command.reason, "a reason", f'onloop reject {course.task.id} --reason "…"')
    request = open_request(course, command.request, {RequestKind.APPROVAL, RequestKind.CHOICE})
    behalf = _check_voice(course, request, command.voice)
    check_shown(course.task, request, command.digest, course.now)
    said = _decision(course, request, DecisionKind.REJECT, command.voice, command.reason, command.digest, behalf)
    course.record(e.Decided(said))
    if course.task.kind is Kind.FLEET:
        waves.stay(course, command.voice.person, command.reason)
    elif (grace := _grace_of(course, request)) is not None:
        hold(course, course.now + grace, f"rejected by {command.voice.person}")
    else:
        _carry_out(course, said)


def _grace_of(course: DecisionBuilder, request: Request) -> int | None:
    """For how long nothing follows from a decision about the request."""
    gate = _asking(course, request)
    return gate.grace_ms if gate is not None and course.step.effect is None else None


def after_wait(course: DecisionBuilder) -> None:
    """The time is over for which the task waited: carry out a rejection that nobody took back, or go on."""
    if course.step.wait_ms is None and is_rejected(course.task):
        _carry_out(course, course.task.decisions[-1])
    else:
        advance(course)


def _carry_out(course: DecisionBuilder, said: Decision) -> None:
    step = course.step.id
    _return_work(course, said.by, said.reason)
    tell_lessons(course, step, (Strike(StrikeKind.REJECTION, said.gate or "", said.reason),))


def _return_work(course: DecisionBuilder, by: str, reason: str) -> None:
    course.close_requests("rejected")
    target = course.definition.reject_target(course.step.id, way_to(course.definition, course.task))
    if target is None:
        course.end(State.REJECTED, f"rejected by {by}: {reason}")
    else:
        enter(course, target, Feedback("reject", reason, by, course.now))


def _reply(course: DecisionBuilder, command: c.Reply) -> None:
    check_words(command.text, "an answer", f'onloop answer {course.task.id} "…"')
    request = open_request(course, command.request, {RequestKind.QUESTION})
    _check_voice(course, request, command.voice)
    course.record(e.Decided(_decision(course, request, DecisionKind.ANSWER, command.voice, command.text)))
    course.record(e.RequestClosed(request.id, "answered"))
    answer = Feedback("answer", command.text, command.voice.person, course.now, request.question, request.asked_by)
    course.record(e.CountersReset(answer))
    start(course)


def _retry(course: DecisionBuilder, command: c.Retry) -> None:
    check_enrolled(course, command.voice.person)
    task = course.task
    choices = [r for r in task.requests if r.kind is RequestKind.CHOICE]
    if command.more.limits:
        raise_budgets(course, command.more, command.voice.person)
    if task.reason is Reason.BUDGET_EXHAUSTED:
        check_budgets_left(course)
    if choices or not command.more.limits:
        _try_again(course, command, choices)


def _try_again(course: DecisionBuilder, command: c.Retry, choices: Sequence[Request]) -> None:
    task = course.task
    if grace_left(course.definition, task, course.now):  # else nobody could take that back any more
        refuse(f"{task.id} waits: {task.detail}", Exit.NOT_YET, f"onloop undo {task.id} takes it back")
    if not choices and task.reason not in {Reason.RETRY_BACKOFF, Reason.EXTERNAL, Reason.SCHEDULED}:
        last = f"; last: {decided_words(task.decisions[-1], course.now)}" if task.decisions else ""
        why = task.reason.value if task.reason else "moving"
        refuse(
            f"{task.id} is {task.state.value} ({why}): nothing to retry{last}",
            Exit.HELD if task.state is State.INPUT_REQUIRED else Exit.NOTHING,
            f"onloop show {task.id}",
        )
    if command.no_worse:
        accept_red_base(course, command.voice.person)
    _spend_choice(course, command)


def _spend_choice(course: DecisionBuilder, command: c.Retry) -> None:
    task = course.task
    errored = any(found.verdict is Verdict.ERROR and found.step == task.step for found in task.evidence.values())
    spend_requests(course, DecisionKind.RETRY, command.voice, command.note)
    again = Feedback("retry", command.note or "try again", command.voice.person, course.now)
    waits_outside, waits_for_time = task.reason is Reason.EXTERNAL, task.reason is Reason.SCHEDULED
    course.record(e.CountersReset(again, course.facts.programs))
    begin_without(course, command.voice.person)
    if waits_outside:
        resume(course)
    elif waits_for_time:
        after_wait(course)
    elif errored and task.reason is Reason.GATE_FAILED:
        request_gates(course)
    elif task.reason is Reason.POLICY_VIOLATION:
        judge_again(course)
    else:
        start(course)


def _cancel(course: DecisionBuilder, command: c.Cancel) -> None:
    check_enrolled(course, command.voice.person)
    task = course.task
    if task.kind is Kind.FLEET and any(state in LIVE for state in course.facts.children):
        refuse(
            f"{task.id} has tasks that have not ended", Exit.NOT_YET, "cancel them; it ends when the last of them ends"
        )
    check_target_at_rest(task)
    spend_requests(course, DecisionKind.CANCEL, command.voice, command.reason)
    course.end(State.CANCELED, f"canceled by {command.voice.person}: {command.reason}".removesuffix(": "))


def remind(course: DecisionBuilder, request_id: str) -> None:
    """Remind once for all missed reminders: a week offline gives one reminder, not a thousand."""
    request = course.task.request(request_id)
    gate = next(g for g in course.step.human_gates if request is not None and g.id == request.gate)
    if request is not None and gate.remind_ms is not None:
        course.record(e.Reminded(request_id, (course.now - request.opened_at) // gate.remind_ms))


def escalate(course: DecisionBuilder, request_id: str) -> None:
    """Widen who may decide the request, as its gate says."""
    request = course.task.request(request_id)
    gate = next(g for g in course.step.human_gates if request is not None and g.id == request.gate)
    course.record(e.Escalated(request_id, gate.escalate.to if gate.escalate else ()))


def expire(course: DecisionBuilder, request_id: str) -> None:
    """Nobody decided in time: hold or reject, as the gate says; never approve."""
    request = course.task.request(request_id)
    gate = next(g for g in course.step.human_gates if request is not None and g.id == request.gate)
    words = f"nobody decided {gate.id} in time"
    if gate.expire is not None and gate.expire.outcome is ExpireOutcome.REJECT:
        _return_work(course, "gateway", words)
    else:
        course.close_requests("expired")
        course.hold(Reason.HALTED, words)


def spend_requests(course: DecisionBuilder, answer: DecisionKind, voice: c.Voice, words: str) -> None:
    """Answer every open request with the same."""
    for request in course.task.requests:
        course.record(e.Decided(_decision(course, request, answer, voice, words)))
    course.close_requests(answer.value)


def _decision(
    course: DecisionBuilder,
    request: Request,
    answer: DecisionKind,
    voice: c.Voice,
    words: str,
    digest: str = "",
    behalf: str = "",
) -> Decision:
    submission, signed = course.task.submission, course.facts.signed
    return Decision(
        request=request.id,
        answer=answer,
        by=voice.person,
        assurance=proved(course.task, voice, signed),
        at=course.now,
        reason=words,
        digest=digest,
        step=request.step,
        gate=request.gate,
        visit=course.task.visits.get(request.step, 0),
        head=submission.head if submission else "",
        base=submission.base if submission else "",
        proof_age_ms=proof_age(voice, course.now),
        own_address=submission is not None and is_among(voice.email, submission.authors),
        flagged=flags_digest(course.task),
        definition=course.task.definition,
        behalf=behalf,
        key=signed.key if signed is not None else "",
        presence=signed.words if signed is not None else "",
        content=submission.change if submission else "",
        waited_ms=course.now - request.opened_at,
    )


def open_request(course: DecisionBuilder, request_id: str, kinds: Set[RequestKind]) -> Request:
    """The open request with that id; refused where it is not open, or of another kind."""
    request = course.task.request(request_id)
    if request is None:
        _refuse_closed(course.task, request_id, course.now)
    if request.kind not in kinds:
        verb = {"approval": "approve or reject", "question": "answer", "choice": "retry, reassign, reject or cancel"}
        refuse(
            f"{request.id} is a {request.kind.value}, which this command cannot decide",
            Exit.USAGE,
            f"onloop {verb[request.kind.value]} {course.task.id}",
        )
    return request


def _refuse_closed(task: Task, request_id: str, now: int) -> NoReturn:
    last = next((d for d in reversed(task.decisions) if d.request == request_id), None)
    if last is not None:
        raise Stale(
            f"{request_id} was decided already: {decided_words(last, now)}",
            hint=f"onloop show {task.id}",
        )
    if task.state is State.PAUSED:
        raise Stale(
            f"{request_id} was withdrawn: {task.detail}, {ago(task.since, now)}", hint=f"onloop resume {task.id}"
        )
    raise Stale(f"{request_id} is not open", hint=f"onloop show {task.id} names the open requests")


def _check_voice(course: DecisionBuilder, request: Request, voice: c.Voice) -> str:
    """In whose place the person decides, empty for their own; refused to whoever may not, or proved too low a level.

    Who is not asked, is not enrolled or held the work may not. An address in a commit is chosen by its author, so it
    is shown but bars nobody.
    """
    task = course.task
    found = standing_in(course, request, voice.person)
    if found is None:
        if did_the_work(task, voice.person):
            raise NotAllowed(f"{voice.person} held {task.id}", hint="another person must decide")
        if _amended(course, request, voice.person):
            raise NotAllowed(f"{voice.person} amended the workflow of {task.id}", hint="another person must decide")
        who = ", ".join(request.approvers) or "an enrolled person"
        raise NotAllowed(f"{voice.person} may not decide {request.id}", hint=f"it is for {who}")
    check_level(task, request, request.assurance, voice, course.facts.signed)
    return found.behalf


def standing_in(course: DecisionBuilder, request: Request, person: str) -> Standing | None:
    """In what right the person may decide the request; None where they may not."""
    among = Electorate(course.facts.people, course.facts.delegations)
    return standing(course.task, request, _asking(course, request), among, person)


def _asking(course: DecisionBuilder, request: Request) -> HumanGate | None:
    """The gate that asks for an approval."""
    if request.kind is not RequestKind.APPROVAL:
        return None
    gates = course.step.human_gates if course.task.step is not None else ()
    named = next((gate for gate in gates if gate.id == request.gate), None)
    return named or HumanGate(request.gate or "", request.approvers)


def _amended(course: DecisionBuilder, request: Request, person: str) -> bool:
    gate = _asking(course, request)
    return gate is not None and bars_amender(course.task, gate, person)


def _check_unspent(task: Task, request: Request, person: str, behalf: str) -> None:
    """Refuse a second approval by the same person, or in the right of one who has spoken already."""
    spoken = said_already(task, request)
    again = next((who for who in (person, behalf) if who in spoken), None)
    if again is not None:
        before = next(d for d in task.decisions if d.request == request.id and again in d.voices)
        told = f" ({before.who})" if before.behalf else ""
        refuse(
            f"{again} already approved {request.id}{told}; {request.quorum} people are needed",
            Exit.HELD,
            "another person must approve",
        )
