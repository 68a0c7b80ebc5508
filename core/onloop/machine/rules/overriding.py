"""A person lets work on past a gate that does not pass: never a pass, and only where the workflow says who may."""

from __future__ import annotations

from onloop.errors import Exit, NotAllowed, Stale
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import Gate, HumanGate, OverrideRule, PolicyGate, ReviewGate, Step
from onloop.machine.digest import evidence_digest
from onloop.machine.rules.bypass_standing import (
    demanded,
    gates_of,
    is_bypassed,
    may_bypass,
    said_of_now,
)
from onloop.machine.rules.decision_builder import DecisionBuilder, check_words, refuse
from onloop.machine.rules.human_decisions import open_request
from onloop.machine.rules.independence import is_reviewed
from onloop.machine.rules.people.entitlement import did_the_work, is_approved
from onloop.machine.rules.people.proofs import check_fresh, check_level, check_shown, proved
from onloop.machine.rules.progress import advance, judge_again, start
from onloop.machine.task import Bypass, Request, RequestKind, Task


def override(course: DecisionBuilder, command: c.Override) -> None:
    """Record the bypass, and go on once as many different people said so as the gate asks for."""
    task = course.task
    check_words(command.reason, "a reason", f'onloop override {task.id} --gate {command.gate} --reason "…"')
    request = open_request(course, command.request, {RequestKind.APPROVAL, RequestKind.CHOICE})
    gate = _gate(course, command.gate)
    rule = gate.override
    if rule is None or not rule.by:
        raise NotAllowed(
            f"nobody may override {gate.id} of {course.step.id}: its workflow lets nobody",
            hint="`overridable_by: [leads]` at the gate would have; onloop amend gives a live run another workflow",
        )
    _check_person(course, gate, rule, command.voice)
    check_level(task, request, demanded(gate, rule), command.voice, course.facts.signed)
    check_fresh(request, command.voice, course.now)
    check_shown(task, request, command.digest, course.now)
    stood = _stood(course, gate, request)
    _check_unspent(task, course.step, gate, rule, command.voice.person)
    course.record(e.Overridden(_bypass(course, command, request, gate, stood)))
    if is_bypassed(course.task, course.step, gate, course.facts.voters):
        _go_on(course, request, gate)


def _gate(course: DecisionBuilder, gate_id: str) -> Gate:
    known = gates_of(course.step)
    found = next((gate for gate in known if gate.id == gate_id), None)
    if found is None:
        names = ", ".join(gate.id for gate in known) or "none"
        refuse(
            f"{course.step.id} has no gate {gate_id[:60]!r}: only the step where a task stands can be let past its own",
            Exit.USAGE,
            f"gates of {course.step.id}: {names}",
        )
    return found


def _check_person(course: DecisionBuilder, gate: Gate, rule: OverrideRule, voice: c.Voice) -> None:
    task, person = course.task, voice.person
    if may_bypass(task, gate, rule, person, course.facts.people):
        return
    if did_the_work(task, person):
        raise NotAllowed(f"{person} held {task.id}", hint="another person must override")
    who = ", ".join(rule.by)
    raise NotAllowed(f"{person} may not override {gate.id} of {task.id}", hint=f"it is for {who}")


def _stood(course: DecisionBuilder, gate: Gate, request: Request) -> str:
    """How the gate stands, in a word; refused where it has not answered, or lets the work through by itself."""
    task, step = course.task, course.step
    if isinstance(gate, HumanGate):
        return _stood_with_people(course, gate, request)
    if isinstance(gate, ReviewGate):
        if is_reviewed(task, step, gate):
            _refuse_open(task, step, gate)
        return "not reviewed"
    if isinstance(gate, PolicyGate):
        return _stood_with_policy(task, step, gate)
    found = task.found(step.id, gate.id)
    if found is None:
        raise Stale(
            f"{gate.id} of {step.id} has not answered about this work: there is nothing to override",
            hint=f"onloop show {task.id}",
        )
    if task.passed(step.id, gate.id):
        _refuse_open(task, step, gate)
    return found.verdict.value


def _stood_with_policy(task: Task, step: Step, gate: PolicyGate) -> str:
    finding = task.policy(step.id, gate.id)
    if finding is None:
        raise Stale(f"{gate.id} of {step.id} was not judged about this work", hint=f"onloop show {task.id}")
    if finding.allows or not gate.enforces:
        _refuse_open(task, step, gate)
    return "denied"


def _stood_with_people(course: DecisionBuilder, gate: HumanGate, request: Request) -> str:
    if request.gate != gate.id:
        refuse(
            f"nobody is asked to approve {gate.id} now", Exit.NOTHING, f"onloop show {course.task.id} says what is open"
        )
    if is_approved(course.task, course.step, gate, course.facts.voters):
        _refuse_open(course.task, course.step, gate)
    return "not approved"


def _refuse_open(task: Task, step: Step, gate: Gate) -> None:
    refuse(f"{gate.id} of {step.id} lets the work through by itself", Exit.NOTHING, f"onloop show {task.id}")


def _check_unspent(task: Task, step: Step, gate: Gate, rule: OverrideRule, person: str) -> None:
    if any(each.by == person for each in said_of_now(task, step.id, gate.id)):
        refuse(
            f"{person} already bypassed {gate.id} for this work; {rule.quorum} people are needed",
            Exit.HELD,
            "another person must override",
        )


def _bypass(course: DecisionBuilder, command: c.Override, request: Request, gate: Gate, stood: str) -> Bypass:
    task, step, signed = course.task, course.step, course.facts.signed
    found = None if isinstance(gate, HumanGate | ReviewGate | PolicyGate) else task.found(step.id, gate.id)
    return Bypass(
        step=step.id,
        gate=gate.id,
        by=command.voice.person,
        reason=command.reason,
        assurance=proved(task, command.voice, signed),
        at=course.now,
        stood=stood,
        request=request.id,
        digest=command.digest,
        evidence=evidence_digest(found) if found is not None else "",
        visit=task.visits.get(step.id, 0),
        head=task.submission.head if task.submission else "",
        base=task.submission.base if task.submission else "",
        definition=task.definition,
        key=signed.key if signed is not None else "",
        presence=signed.words if signed is not None else "",
    )


def _go_on(course: DecisionBuilder, request: Request, gate: Gate) -> None:
    """Leave the step if every gate of it is met or bypassed; else what was asked is still asked about the others."""
    step, people = course.step, course.facts.voters
    if isinstance(gate, HumanGate):
        course.record(e.RequestClosed(request.id, "overridden"))
        advance(course)
        return
    if isinstance(gate, PolicyGate):
        course.close_requests("overridden")
        judge_again(course)
        return
    task = course.task
    if not all(task.passed(step.id, each.id) or is_bypassed(task, step, each, people) for each in step.machine_gates):
        return
    course.close_requests("overridden")
    if all(is_reviewed(task, step, each) or is_bypassed(task, step, each, people) for each in step.review_gates):
        advance(course)
    else:
        start(course)
