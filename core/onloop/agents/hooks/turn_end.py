"""What a hook does at the end of an agent's turn: it hands in HEAD itself, so that brief and hook ask for the same."""

from __future__ import annotations

from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.access.submission import LONGEST_STATEMENT, submit_if, task_of
from onloop.errors import BadInput, Refused, UnknownThing
from onloop.gates.intake.manifest import Manifest
from onloop.machine.principal import Principal
from onloop.machine.state import Reason, State
from onloop.machine.task import Task
from onloop.views.pinned_workflow import ReadDefinition


def hand_in_head(opened: GatewayHandle, agent: Principal, statement: str) -> str:
    """Submit HEAD and the artefacts, unless exactly these were judged at this step; why that cannot be, in words."""

    def submit(task: Task) -> None:
        submit_if(opened, agent, lambda found: None if _is_judged(found, task) else statement[:LONGEST_STATEMENT])

    return handed_in_by(submit, opened, agent)


def handed_in_by(submit: Callable[[Task], object], opened: GatewayHandle, agent: Principal) -> str:
    """Have `submit` hand in for the agent, where its step waits for work; why that cannot be, in words."""
    task = task_of(opened, agent.task or "")
    if task.state is not State.WORKING or task.reason is Reason.GATES_RUNNING or task.step != agent.step:
        return ""
    step = opened.gateway.perform(ReadDefinition(task.definition)).step(agent.step)
    if not step.machine_gates and step.review_gates:  # it hands in a judgement, which only it can make
        return ""
    try:
        submit(task)
    except (Refused, BadInput, UnknownThing) as no:
        return f"{no.message}; {no.hint}"
    return ""


def _is_judged(found: Manifest, task: Task) -> bool:
    """Whether the gates of this step have answered about this commit and artefacts of these names and sizes."""
    before = task.submission
    if before is None or before.head != found.commit:
        return False
    if {(each.name, each.size) for each in found.artefacts} != {(each.name, each.size) for each in before.artefacts}:
        return False
    return any(each.step == task.step and each.head == before.head for each in task.evidence.values())
