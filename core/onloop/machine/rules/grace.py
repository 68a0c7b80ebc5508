"""Grace: for a while nothing follows from a decision, so that there is something to take back."""

from __future__ import annotations

from onloop.machine import events as e
from onloop.machine.definition import Step
from onloop.machine.rules.decision_builder import DecisionBuilder
from onloop.machine.rules.people.entitlement import valid_approvals
from onloop.machine.setbacks import clock_words
from onloop.machine.state import Reason, State


def waits_for_grace(course: DecisionBuilder, step: Step) -> bool:
    """Whether an approval of the step may still be taken back; then its requests are closed, and the task waits.

    A step with an effect has none: what is asked there is asked about what has been done.
    """
    task, people = course.task, course.facts.voters
    ends = [
        decision.at + gate.grace_ms
        for gate in step.human_gates
        if gate.grace_ms is not None and step.effect is None
        for decision in valid_approvals(task, step, gate, people)
    ]
    if not ends or max(ends) <= course.now:
        return False
    hold(course, max(ends), "approved")
    return True


def hold(course: DecisionBuilder, until: int, said: str) -> None:
    """Let the task wait until then, with nothing asked."""
    course.close_requests(said)
    course.record(e.BackoffStarted(until))
    words = f"{said}; goes on at {clock_words(until)} unless that is taken back"
    course.record(e.Moved(State.WORKING, Reason.SCHEDULED, words))
