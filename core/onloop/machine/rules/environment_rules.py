"""What a launcher attests of the environment that it made for a task's holder."""

from __future__ import annotations

from onloop.errors import Exit, Refused
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.agent_environment import reaches
from onloop.machine.definition import Isolation, Step
from onloop.machine.rules.decision_builder import DecisionBuilder, check_holder
from onloop.machine.task import Task
from onloop.records import replace


def attest(course: DecisionBuilder, command: c.ReportEnvironment) -> None:
    """Record it, in the order in which environments were made; refused where it is less than the step demands."""
    task, step, made = course.task, course.step, command.made
    check_holder(task, command.agent, command.epoch)
    check_isolation(task, step, made.isolation)
    course.record(e.EnvironmentMade(replace(made, epoch=command.epoch, at=course.now)))


class DemandsMore(Refused):
    """A step demands more isolation than its agent would have."""


def check_isolation(task: Task, step: Step, given: Isolation) -> None:
    """DemandsMore where the task, or its step, demands more than what its agent has."""
    demanded = step.isolation if reaches(step.isolation, task.isolation) else task.isolation
    if not reaches(given, demanded):
        words = f"{task.id} at {step.id} demands isolation {demanded.value}, not {given.value}"
        hint = f"a worker that gives it claims it: onloop work --environment {_OFFERS[demanded]}"
        raise DemandsMore(words, exit=Exit.NOTHING, hint=hint)


_OFFERS = {
    Isolation.NONE: "none",
    Isolation.CLONE: "clone",
    Isolation.BOX: "box",
    Isolation.CONTAINER: "container:IMAGE",
    Isolation.VM: "vm",
}
