"""Effects and parents: what happens outside, and what is computed from children."""

from __future__ import annotations

from typing import assert_never

from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.effect_specs import OnClosed, PullRequestSpec
from onloop.machine.links import MOST_LINKS, Link
from onloop.machine.rules.decision_builder import DecisionBuilder, check_effect, refuse
from onloop.machine.rules.fan_out import settle
from onloop.machine.rules.flagging import flags_of
from onloop.machine.rules.progress import advance, ask_again, enter, start
from onloop.machine.rules.waves import settle_waves
from onloop.machine.state import TERMINAL, Reason, State
from onloop.machine.task import Feedback, Kind

HELD_FOR = {
    e.EffectProblem.CONFLICT: Reason.CONFLICT,
    e.EffectProblem.GATE_FAILED: Reason.GATE_FAILED,
    e.EffectProblem.CHANGED: Reason.CHANGED_SINCE_APPROVAL,
    e.EffectProblem.ERROR: Reason.GATE_FAILED,
    e.EffectProblem.UNCLONABLE: Reason.GATE_FAILED,
    e.EffectProblem.FLAGGED: Reason.CHANGED_SINCE_APPROVAL,
    e.EffectProblem.REFUSED: Reason.GATE_FAILED,
    e.EffectProblem.CLOSED: Reason.CHANGED_SINCE_APPROVAL,
    e.EffectProblem.RUN_FAILED: Reason.GATE_FAILED,
}
"""Why a person is asked when an effect did not happen."""


def apply(course: DecisionBuilder, command: c.EffectCommand) -> None:
    """Decide a command of the effect executor, or look at the children."""
    match command:
        case c.StartEffect(effect_id, expected, result):
            check_effect(course.task, effect_id)
            course.record(e.EffectStarted(effect_id, expected, result))
        case c.FinishEffect(effect_id, result):
            check_effect(course.task, effect_id)
            course.record(e.EffectDone(effect_id, result))
            advance(course)
        case c.FailEffect(effect_id):
            check_effect(course.task, effect_id)
            _fail(course, command)
        case c.VoidEffect(effect_id, submission, why):
            check_effect(course.task, effect_id)
            course.record(e.EffectVoided(effect_id, submission, why))
            ask_again(course)
        case c.Settle():
            _settle(course)
        case c.RecordLink(link):
            _link(course, link)
        case c.ReportCheck():
            report_check(course, command)
        case _:
            assert_never(command)


def report_check(course: DecisionBuilder, command: c.ReportCheck) -> DecisionBuilder:
    """Record what the forge shows, once; of a task that has ended, too."""
    if course.task.reported != command.check:
        course.record(e.CheckReported(command.check, command.how))
    return course


def _link(course: DecisionBuilder, link: Link) -> None:
    """Record what is not known; a task has only so many links."""
    task = course.task
    if link in task.links:
        return
    if len(task.links) >= MOST_LINKS and link.key not in {known.key for known in task.links}:
        words = f"{task.id} has {len(task.links)} links already, so {link.words} is not recorded"
        refuse(words, Exit.NOTHING, f"onloop show {task.id}")
    course.record(e.Linked(link))


def _fail(course: DecisionBuilder, command: c.FailEffect) -> None:
    """Ask a person what to do, or an agent first about a conflict.

    Flags that nobody saw are shown first, and then the effect starts again.
    """
    known = flags_of(course.task)
    course.record(e.EffectFailed(command.id, command.problem, command.detail, command.flags))
    if command.problem is e.EffectProblem.FLAGGED and flags_of(course.task) != known:
        start(course)
    elif command.problem is e.EffectProblem.CLOSED and _is_over_when_closed(course):
        course.end(State.CANCELED, command.detail)
    elif not _goes_back(course, command):
        course.hold(HELD_FOR[command.problem], command.detail)


def _is_over_when_closed(course: DecisionBuilder) -> bool:
    """Whether the workflow ends a task whose pull request people closed."""
    specs = (step.outside for step in course.definition.steps)
    return any(isinstance(spec, PullRequestSpec) and spec.on_closed is OnClosed.CANCEL for spec in specs)


def _goes_back(course: DecisionBuilder, command: c.FailEffect) -> bool:
    """Whether the failure goes to a step that the workflow names, rather than to a person."""
    if command.problem is e.EffectProblem.RUN_FAILED:
        return _returns(course, course.step.on_fail, Feedback("gate", command.detail, "gateway", course.now))
    return command.problem is e.EffectProblem.CONFLICT and _goes_to_an_agent(course, command.detail)


def _goes_to_an_agent(course: DecisionBuilder, words: str) -> bool:
    """Send a conflict back to the step that the workflow names, until that was entered too often; then a person's."""
    mend = f"{words}; run `git merge origin/{course.task.target}`, mend these files, commit"
    return _returns(course, course.step.on_conflict, Feedback("conflict", mend, "gateway", course.now))


def _returns(course: DecisionBuilder, name: str | None, feedback: Feedback) -> bool:
    """Enter the step of that name, unless there is none, or it was entered too often."""
    step = course.definition.step(name) if name is not None else None
    if step is None or course.task.visits.get(step.id, 0) >= step.max_visits:
        return False
    enter(course, step, feedback)
    return True


def _settle(course: DecisionBuilder) -> None:
    """End a fleet when its last repository has ended, the excluded ones left out; never before, nor while paused."""
    states = course.facts.children
    if course.task.kind is Kind.WORK and course.task.reason is Reason.CHILDREN_RUNNING:
        if course.step.fan_out is None or course.task.joined is not None:
            advance(course)
        else:
            settle(course)
        return
    if course.task.kind is not Kind.FLEET:
        refuse(f"{course.task.id} has no children to settle", Exit.NOTHING, f"onloop show {course.task.id}")
    if course.task.state is State.PAUSED:
        return
    if not states or any(state not in TERMINAL for state in states):
        settle_waves(course)
        return
    counts = {state: states.count(state) for state in State if state in states}
    words = ", ".join(f"{count} {state.value}" for state, count in counts.items())
    course.end(_fleet_end(counts), words)


def _fleet_end(counts: dict[State, int]) -> State:
    if State.FAILED in counts:
        return State.FAILED
    if State.COMPLETED in counts:
        return State.COMPLETED
    return State.REJECTED if State.REJECTED in counts else State.CANCELED
