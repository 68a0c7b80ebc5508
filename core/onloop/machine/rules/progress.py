"""How a task moves from step to step: entering, leaving, losing a try, ending."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.machine import events as e
from onloop.machine.artefacts import Artefact
from onloop.machine.definition import Definition, HumanGate, PolicyGate, Step
from onloop.machine.effect_specs import deed_words
from onloop.machine.lessons import Strike, StrikeKind
from onloop.machine.messages import Handover
from onloop.machine.rules import fan_out as fan
from onloop.machine.rules import policy_rules as policy
from onloop.machine.rules.approval_words import approval_question, waiting_words
from onloop.machine.rules.branching import following
from onloop.machine.rules.budget_rules import held_by_budget
from onloop.machine.rules.bypass_standing import is_bypassed
from onloop.machine.rules.decision_builder import DecisionBuilder
from onloop.machine.rules.dependencies import wait_for_siblings
from onloop.machine.rules.flagging import FLAGGED, covering, flag_gate, flagged_question, flags_of
from onloop.machine.rules.grace import waits_for_grace
from onloop.machine.rules.independence import is_reviewed
from onloop.machine.rules.lesson_telling import struck_gates, struck_policies, tell_lessons
from onloop.machine.rules.looking_first import look_first
from onloop.machine.rules.message_rules import hand_over, is_spent
from onloop.machine.rules.people.entitlement import counts, is_approved
from onloop.machine.rules.waiting_elsewhere import wait_for_work
from onloop.machine.setbacks import clock_words
from onloop.machine.state import LIVE, Reason, State
from onloop.machine.task import Feedback, RequestKind, Task, Verdict
from onloop.machine.wave_standing import is_untouched
from onloop.machine.way import way_to


def enter(course: DecisionBuilder, step: Step, feedback: Feedback | None = None) -> None:
    """Stand at `step` and start what it needs; past `max_visits` a person is asked instead."""
    visit = course.task.visits.get(step.id, 0) + 1
    course.record(e.StepEntered(step.id, visit, step.role, _left(course)))
    if feedback is not None:
        course.record(e.CountersReset(feedback))
    if visit > step.max_visits:
        course.hold(Reason.ROUNDS_EXHAUSTED, f"{step.id} was entered {visit} times; max_visits is {step.max_visits}")
    else:
        start(course)


def _left(course: DecisionBuilder) -> tuple[Artefact, ...]:
    """What the agent of the step that is left handed over, without what is known of an earlier step."""
    task = course.task
    if task.step is None or task.submission is None or course.definition.step(task.step).role is None:
        return ()
    known = {artefact for step, left in task.inherited.items() if step != task.step for artefact in left}
    return tuple(artefact for artefact in task.submission.artefacts if artefact not in known)


def start(course: DecisionBuilder) -> None:
    """Start the current step: wait for an agent, ask the verifier, begin the effect, or ask people."""
    step = course.step
    if _may_not_begin(course):
        return
    if step.effect is not None:
        _start_effect(course, step)
    elif step.wait_ms is not None:
        _wait(course, course.now + step.wait_ms)
    else:
        _start_work(course, step)


def _wait(course: DecisionBuilder, until: int) -> None:
    course.record(e.BackoffStarted(until))
    course.record(e.Moved(State.WORKING, Reason.SCHEDULED, f"waits until {clock_words(until)}"))


def _start_work(course: DecisionBuilder, step: Step) -> None:
    if not course.task.is_elsewhere and look_first(course):
        return
    if step.fan_out is not None and (step.role is None or course.task.reason in {Reason.HALTED, Reason.CONFLICT}):
        fan.begin(course, step.fan_out)
    elif step.role is not None:
        wait_for_work(course, f"waits for {course.task.owner or step.role}")
    elif step.machine_gates:
        request_gates(course)
    else:
        advance(course)


def held_words(course: DecisionBuilder) -> str:
    """Why the task may not begin before its fleet goes on, in words; empty where nothing of that kind keeps it."""
    waves, task = course.facts.waves, course.task
    if waves is None or task.wave == 0:
        return ""
    if task.wave > waves.current:
        return f"waits for wave {task.wave} of {waves.total}"
    return f"its fleet is halted: {waves.halted}" if waves.halted and is_untouched(task) else ""


def _may_not_begin(course: DecisionBuilder) -> bool:
    """Whether a task waits for its siblings or its wave; then that is recorded."""
    if wait_for_siblings(course):
        return True
    held = held_words(course)
    if held:
        course.record(e.Moved(State.SUBMITTED, Reason.WAVE_HELD, held))
    return bool(held)


def request_gates(course: DecisionBuilder) -> None:
    """Ask the verifier for every machine gate of the step on the current submission."""
    gates = tuple(gate.id for gate in course.step.machine_gates)
    course.record(e.GatesRequested(gates))
    course.record(e.Moved(State.WORKING, Reason.GATES_RUNNING, f"verifying {', '.join(gates)}"))


def advance(course: DecisionBuilder) -> None:
    """Leave the step if every gate of it allows now; otherwise ask the people whose approval is missing."""
    step = course.step
    if step.fan_out is not None and course.task.joined is None:
        fan.wait(course)
        return
    if any(True for _ in _unanswered(course, step)):
        return
    waiting = list(_unapproved(course, step))
    if step.effect is not None:  # its policies were judged before it began
        _go_past(course, waiting)
    elif _are_policies_met(course, waiting, late=False) and _are_policies_met(course, [], late=True):
        _leave(course)


def _go_past(course: DecisionBuilder, waiting: list[HumanGate]) -> None:
    if waiting:
        _ask_people(course, course.step, waiting)
    else:
        _leave(course)


def _are_policies_met(course: DecisionBuilder, waiting: list[HumanGate], *, late: bool) -> bool:
    """Whether nothing stops the step; else what follows was decided: the work goes back, or people are asked.

    `waiting` are gates of people that are open. Rules that read who approved are judged `late`, when these are not.
    """
    denied = policy.judge(course, (gate for gate in course.step.policy_gates if gate.late == late))
    if stopped := policy.stopping(denied):
        _stop_by_policy(course, stopped)
        return False
    asked = [*waiting, *policy.demanded(course, denied)]
    if asked:
        _ask_people(course, course.step, asked)
    return not asked


def _stop_by_policy(course: DecisionBuilder, denied: tuple[PolicyGate, ...]) -> None:
    """Send the work back to its agent with the explanation, or ask a person where that would not help."""
    step, task = course.step, course.task
    words, strikes = policy.denied_words(task, step, denied), struck_policies(task, step.id, denied)
    if not policy.is_of_agent(course, denied):
        policy.ask_a_person(course, denied)
    elif step.role is not None and task.submission is not None:
        if task.round >= step.rounds:
            policy.ask_a_person(course, denied)
        else:
            send_back(course, words, policy.feedback_of(course, denied), strikes)
    else:
        _return_by_policy(course, denied, words)
        tell_lessons(course, step.id, strikes)


def _return_by_policy(course: DecisionBuilder, denied: tuple[PolicyGate, ...], words: str) -> None:
    """To the step that `on_fail` names, else to where a rejection goes; nobody is sent where they were too often."""
    step, task = course.step, course.task
    named = course.definition.step(step.on_fail) if step.on_fail is not None else None
    target = named or course.definition.reject_target(step.id, way_to(course.definition, task))
    if target is None or task.submission is None or task.visits.get(target.id, 0) >= target.max_visits:
        policy.ask_a_person(course, denied)
    else:
        course.close_requests("policy")
        enter(course, target, Feedback("policy", words, "gateway", course.now))


def judge_again(course: DecisionBuilder) -> None:
    """A person has it tried again after a policy denied: by what is true now, without another agent's turn."""
    step, task = course.step, course.task
    is_judged = not any(True for _ in _unanswered(course, step))
    if step.effect is None and is_judged and (step.role is None or task.submission is not None):
        advance(course)
    else:
        start(course)


def _unanswered(course: DecisionBuilder, step: Step) -> Iterator[str]:
    """The gates of verifiers and reviewing agents that are neither met nor bypassed."""
    task, people = course.task, course.facts.voters
    for gate in step.machine_gates:
        if not (task.passed(step.id, gate.id) or is_bypassed(task, step, gate, people)):
            yield gate.id
    for review in step.review_gates:
        if not (is_reviewed(task, step, review) or is_bypassed(task, step, review, people)):
            yield review.id


def _unapproved(course: DecisionBuilder, step: Step) -> Iterator[HumanGate]:
    """The gates of people that are neither approved nor bypassed."""
    task, people = course.task, course.facts.voters
    for gate in step.human_gates:
        if not (is_approved(task, step, gate, people) or is_bypassed(task, step, gate, people)):
            yield gate


def _ask_people(course: DecisionBuilder, step: Step, waiting: list[HumanGate]) -> None:
    course.end_lease("gates passed")
    for request in course.task.requests:
        if request.gate not in {gate.id for gate in waiting}:
            course.record(e.RequestClosed(request.id, "approved"))
    asked = {request.gate for request in course.task.requests}
    for gate in waiting:
        if gate.id not in asked:
            course.ask(RequestKind.APPROVAL, _question(course, step, gate), gate=gate)
    words = waiting_words(course.task, (gate.id for gate in waiting))
    course.record(e.Moved(State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, words))


def _question(course: DecisionBuilder, step: Step, gate: HumanGate) -> str:
    demanding = tuple(each for each in step.policy_gates if each.id == gate.id)
    told = f" {policy.denied_words(course.task, step, demanding)}." if demanding else ""
    return f"{approval_question(course.task, step)}{told}"


def lose_attempt(course: DecisionBuilder, end: e.AttemptEnd, detail: str) -> None:
    """Count a lost try: back off and try again, or ask a person when the attempts are spent."""
    step = course.step
    tries = course.task.tries + 1
    holder = course.task.holder or "nobody"
    course.end_lease(end.value)
    said = f"{end.value}: {detail}"
    course.record(e.AttemptEnded(end, tries, Feedback("attempt", said, holder, course.now)))
    tell_lessons(course, step.id, (Strike(StrikeKind.ATTEMPT, "", said),))
    if tries >= step.attempts.max:
        reason = Reason.TIMED_OUT if end is e.AttemptEnd.TIMED_OUT else Reason.ATTEMPTS_EXHAUSTED
        course.hold(reason, f"{detail}; {tries} of {step.attempts.max} attempts at {step.id} are spent")
        return
    until = course.now + step.attempts.pause_ms(tries)
    course.record(e.BackoffStarted(until))
    course.record(e.Moved(State.SUBMITTED, Reason.RETRY_BACKOFF, f"attempt {tries} ended ({end.value}): {detail}"))


def settle_gates(course: DecisionBuilder) -> None:
    """All gates of the step have answered: go on, send the failures back as a round, or ask a person."""
    step, task, people = course.step, course.task, course.facts.voters
    owed = (gate for gate in step.machine_gates if not is_bypassed(task, step, gate, people))
    found = [task.found(step.id, gate.id) for gate in owed]
    errors = [f for f in found if f is None or f.verdict is Verdict.ERROR]
    failed = [f for f in found if f is not None and f.verdict in {Verdict.FAIL, Verdict.TIMED_OUT}]
    if errors:
        words = "; ".join(f"{f.gate}: {f.summary}" for f in errors if f is not None)
        course.hold(Reason.GATE_FAILED, words or "evidence is missing")
    elif not failed:
        advance(course)
    else:
        words = "; ".join(f"{f.gate}: {f.summary}" for f in failed)
        said = (Feedback("gate", f"{f.gate}: {f.summary}", f.verifier, course.now) for f in failed)
        send_back(course, words, tuple(said), struck_gates(failed))


def send_back(
    course: DecisionBuilder, words: str, feedback: tuple[Feedback, ...], strikes: tuple[Strike, ...] = ()
) -> None:
    """Send the work back to whoever makes it, as a round with lessons of what struck; past `rounds`, ask a person."""
    step, task = course.step, course.task
    if step.role is None:
        _return_to(course, step, words)
        tell_lessons(course, step.id, strikes)
        return
    tell_lessons(course, step.id, strikes)
    if task.round >= step.rounds:
        course.hold(Reason.ROUNDS_EXHAUSTED, words)
    elif not held_by_budget(course):
        course.record(e.RoundStarted(task.round + 1, feedback))
        if task.holder is not None and is_spent(step, task):
            why = f"context {task.context} % is past the hard limit of {step.id}"
            hand_over(course, Handover(step.id, "gateway", "", why, course.now), f"{why}: {words}")
        elif task.holder is None:
            wait_for_work(course, words)
        else:
            course.record(e.Moved(State.WORKING, None, words))


def _return_to(course: DecisionBuilder, step: Step, words: str) -> None:
    if step.on_fail is None:
        course.hold(Reason.GATE_FAILED, words)
    else:
        enter(course, course.definition.step(step.on_fail), Feedback("gate", words, "gateway", course.now))


def _leave(course: DecisionBuilder) -> None:
    if waits_for_grace(course, course.step):
        return
    course.end_lease("step done")
    course.close_requests("step done")
    step = following(course)
    if step is None and any(state in LIVE for state in course.facts.children):
        course.record(e.Moved(State.WORKING, Reason.CHILDREN_RUNNING, "done but for its children"))
    elif step is None:
        course.end(State.COMPLETED, f"every step of {course.task.workflow} is done")
    else:
        enter(course, step)


def _start_effect(course: DecisionBuilder, step: Step) -> None:
    if step.effect is None:
        raise ValueError(f"{step.id} has no effect")
    unmet = unmet_before(course)
    if unmet:
        course.hold(Reason.CHANGED_SINCE_APPROVAL, f"{step.id} may not start: {', '.join(unmet)} no longer hold")
        return
    if not _are_policies_met(course, [], late=False) or not _are_policies_met(course, [], late=True):
        return
    course.close_requests("approved")
    if not _is_flagged_work_shown(course):
        _ask_about_flags(course)
        return
    course.record(e.EffectRequested(f"{course.task.id}/{step.id}/{course.task.effects + 1}", step.effect))
    course.record(e.Moved(State.WORKING, Reason.EFFECT_RUNNING, deed_words(step.effect.value, course.task.target)))


def go_on(course: DecisionBuilder) -> None:
    """Go on after an approval: with the effect that waited for it, or by leaving the step if all gates allow."""
    if course.step.effect is None:
        advance(course)
    else:
        for request in course.task.requests:
            if request.gate == FLAGGED:
                course.record(e.RequestClosed(request.id, "approved"))
        start(course)


def _is_flagged_work_shown(course: DecisionBuilder) -> bool:
    """Whether nothing is flagged, or somebody who still may decide approved the work on exactly these flags."""
    people = course.facts.voters
    return not flags_of(course.task) or any(
        counts(course.task, gate, d, people) for d, gate in covering(course.definition, course.task, people)
    )


def _ask_about_flags(course: DecisionBuilder) -> None:
    gate = flag_gate(course.definition, course.facts.people)
    course.ask(RequestKind.APPROVAL, flagged_question(course.task), gate=gate)
    course.record(e.Moved(State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, f"approval of {FLAGGED}"))


def unmet_before(course: DecisionBuilder) -> tuple[str, ...]:
    """The gates that must vouch for what an effect would do, and do not now: gates are checked on entry, too.

    The final commit is vouched for by the gates from the last agent's step on. Gates of steps before it judged
    earlier work when those were left; the effect runs their commands again on the result (`gateway.effects`).
    """
    return tuple(unmet for s in vouching(course.definition, course.task) for unmet in _unmet(course, s))


def vouching(definition: Definition, task: Task) -> tuple[Step, ...]:
    """The steps that vouch for the work where the task stands: on its way, from the last agent's before that on."""
    earlier = way_to(definition, task)[:-1]
    last = max((n for n, s in enumerate(earlier) if s.role is not None or s.fan_out is not None), default=0)
    return earlier[last:]


def ask_again(course: DecisionBuilder) -> None:
    """Check again every gate that an effect depends on, on the submission as it is now.

    The work is done and goes back to no agent; only a reviewing agent judges again. Past `max_visits` of the step
    where that begins a person is asked what now, so that a target that keeps changing holds nobody in a loop.
    """
    why, steps = course.task.voided, vouching(course.definition, course.task)
    if not steps:
        course.hold(Reason.CHANGED_SINCE_APPROVAL, why)
        return
    step = steps[0]
    visit = course.task.visits.get(step.id, 0) + 1
    course.record(e.StepEntered(step.id, visit, step.role))
    course.record(e.CountersReset(Feedback("gate", why, "gateway", course.now)))
    if visit > step.max_visits:
        course.hold(Reason.CHANGED_SINCE_APPROVAL, f"{why}; {step.id} was entered {visit} times already")
        return
    if step.fan_out is not None:  # the children's work is in the submission: none is made again
        course.record(e.Joined(()))
    if step.review_gates:
        start(course)
    elif step.machine_gates:
        request_gates(course)
    else:
        advance(course)


def _unmet(course: DecisionBuilder, step: Step) -> Iterator[str]:
    task, people = course.task, course.facts.voters
    yield from (f"{step.id}:{gate}" for gate in _unanswered(course, step))
    yield from (f"{step.id}:{gate.id}" for gate in _unapproved(course, step))
    yield from (f"{step.id}:{g.id}" for g in step.policy_gates if not policy.holds(task, step, g, people))
