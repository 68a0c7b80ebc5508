"""What policies say of a live task now: a dry run, of which nothing is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from onloop.cli.arguments import PolicyArguments
from onloop.cli.context import Context
from onloop.cli.json_models.policy_models import PolicyAnswerJson, PolicyCheckJson
from onloop.cli.output import VerbOutput
from onloop.errors import BadInput, unknown_task
from onloop.machine.definition import Definition, PolicyGate
from onloop.machine.organization_policies import Policies
from onloop.machine.rules.policy_facts import policy_facts
from onloop.machine.task import Task
from onloop.policies.cel_rules import CelRules, check_installed
from onloop.text import safe
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.reads import ReadStoreState, ReadTask


def check(context: Context[PolicyArguments]) -> VerbOutput:
    """Evaluate every policy of the task's run, and those in force that it did not pin, on the task as it is."""
    if len(context.args.names) != 1:
        raise BadInput("which task?", hint="onloop policy check TASK; onloop list names them")
    gateway, (name,) = context.opened.gateway, context.args.names
    task = gateway.perform(ReadTask(name))
    if task is None:
        raise unknown_task(name)
    check_installed("what is checked here")
    definition, house = gateway.perform(ReadDefinition(task.definition)), gateway.perform(ReadStoreState())
    people = {**house.former_groups, **house.groups}
    facts = policy_facts(definition, task, people, gateway.clock()) if task.step is not None else {}
    answers = tuple(_answers(definition, house.policies, facts))
    lines = (f"a dry run for {task.id} at {task.step or 'no step'}: nothing of it is recorded", *_lines(task, answers))
    return VerbOutput(lines=tuple(safe(line, 700) for line in lines), data=PolicyCheckJson(task.id, True, answers))


def _answers(definition: Definition, in_force: Policies, facts: Mapping[str, Any]) -> Iterator[PolicyAnswerJson]:
    for step in definition.steps:
        yield from (_answer(gate, step.id, facts, pinned=True) for gate in step.policy_gates)
    pinned = {policy.name for policy in definition.policies}
    for name in sorted(set(in_force) - pinned):
        yield _answer(in_force[name].policy.gate, "", facts, pinned=False)


def _answer(gate: PolicyGate, step: str, facts: Mapping[str, Any], *, pinned: bool) -> PolicyAnswerJson:
    outcome = CelRules().evaluate(gate.rule, facts)
    return PolicyAnswerJson(gate.id, step, gate.mode, outcome.allows, outcome.words, outcome.values, pinned)


def _lines(task: Task, answers: Sequence[PolicyAnswerJson]) -> Iterator[str]:
    if not answers:
        yield "no policy is in force, and its workflow has none"
    for answer in answers:
        where = f" at {answer.step}" if answer.step else " (in force now, and not for this run)"
        said = "allows" if answer.allows else f"denies: {answer.words}"
        read = f"; {', '.join(answer.values)}" if answer.values else ""
        audit = " [audit]" if answer.mode.value == "audit" else ""
        here = " ←" if answer.step == task.step else ""
        yield f"  {answer.gate}{audit}{where}: {said}{read}{here}"
