"""What a verifier looks at before an agent starts: whether the gates pass on what the agent would begin with."""

from __future__ import annotations

from onloop.machine import events as e
from onloop.machine.definition import CommandGate, Definition, MachineGate, Step
from onloop.machine.rules.decision_builder import DecisionBuilder
from onloop.machine.state import Reason, State
from onloop.machine.task import Evidence, Task, Verdict, evidence_key


def look_first(course: DecisionBuilder) -> bool:
    """Ask the verifier before an agent starts, where that is due; the answer is whether it was asked."""
    step, task = course.step, course.task
    if step.skip is not None and _is_due(task, step, visit=task.visits.get(step.id, 0)):
        _ask(course, step, step.machine_gates)
        return True
    checked = checked_step(course.definition)
    if must_be_green(task) and checked is not None and _is_due(task, checked, visit=None):
        _ask(course, checked, checked_gates(checked))
        return True
    return False


def must_be_green(task: Task) -> bool:
    """Whether the base must pass before an agent starts: nothing has been handed in, and the check is wanted."""
    return task.check_base and task.submission is None


def checked_step(definition: Definition) -> Step | None:
    """The step whose gates are looked at on the base: the first that runs commands which should pass there."""
    return next((step for step in definition.steps if checked_gates(step)), None)


def checked_gates(step: Step) -> tuple[CommandGate, ...]:
    """The gates of a step that should pass on the base: commands, but for scores and those known to fail there."""
    commands = (gate for gate in step.machine_gates if isinstance(gate, CommandGate))
    return tuple(gate for gate in commands if not gate.fails_on_base and not gate.scores)


def red_on_base(definition: Definition, task: Task) -> tuple[Evidence, ...]:
    """What does not pass on the base although it should; empty where a person accepted that, or nothing is known."""
    step = checked_step(definition)
    check = task.base_checks.get(step.id) if step is not None else None
    if step is None or check is None or check.accepted_by:
        return ()
    found = (task.base_evidence.get(evidence_key(step.id, gate.id)) for gate in checked_gates(step))
    return tuple(each for each in found if each is not None and each.verdict is not Verdict.PASS)


def accepted_failures(definition: Definition, task: Task, step: Step) -> dict[str, Evidence]:
    """What failed on the base and a person accepted, for the gates of `step` that are the same as those asked there."""
    checked = checked_step(definition)
    check = task.base_checks.get(checked.id) if checked is not None else None
    if checked is None or check is None or not check.accepted_by:
        return {}
    same = (gate for gate in step.machine_gates if gate in checked_gates(checked))
    found = ((gate.id, task.base_evidence.get(evidence_key(checked.id, gate.id))) for gate in same)
    return {gate: each for gate, each in found if each is not None and each.verdict is Verdict.FAIL}


ON_BASE = "base/"
"""What a job's name of a gate begins with that looks before an agent starts; no id of a gate has a slash."""


def base_job(gate: str) -> str:
    """How a job names a gate that looks before an agent starts."""
    return f"{ON_BASE}{gate}"


def is_asked_on_base(task: Task, job: str) -> bool:
    """Whether the task waits for a gate under the name of a job that looks before an agent starts."""
    return any(base_job(gate) == job for check in task.base_checks.values() for gate in check.awaited)


def is_held_by_base(task: Task) -> bool:
    """Whether a person is asked because gates fail on the base, before any agent has handed anything in."""
    return task.reason is Reason.GATE_FAILED and must_be_green(task) and bool(task.base_evidence)


def red_words(red: tuple[Evidence, ...]) -> str:
    """What is red on the base, in one sentence."""
    told = "; ".join(f"{found.gate}: {found.summary}" for found in red)
    return f"red on the base {red[0].head[:12]}, before any agent: {told}"


def _is_due(task: Task, step: Step, visit: int | None) -> bool:
    """Whether the gates of `step` are to be asked: never yet (at this visit), interrupted, or red and not accepted."""
    check = task.base_checks.get(step.id)
    if check is None or check.awaited or visit not in {None, check.visit}:
        return True
    found = [task.base_evidence.get(evidence_key(step.id, gate)) for gate in check.gates]
    if None in found:
        return True
    expected = {gate.id for gate in checked_gates(step)}
    is_red = any(each is not None and each.verdict is not Verdict.PASS and each.gate in expected for each in found)
    return is_red and not check.accepted_by and must_be_green(task)


def _ask(course: DecisionBuilder, step: Step, gates: tuple[MachineGate, ...]) -> None:
    names = tuple(gate.id for gate in gates)
    course.record(e.BaseGatesRequested(step.id, course.task.visits.get(course.step.id, 0), names))
    of = "the base" if course.task.submission is None else course.task.submission.head[:12]
    words = f"no agent starts before {', '.join(names)} of {step.id} answered on {of}"
    course.record(e.Moved(State.SUBMITTED, Reason.DEPENDENCY, words))
