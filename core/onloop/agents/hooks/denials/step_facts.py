"""What the gateway says of an agent's step that decides what its tools may do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onloop.agents.hooks.denials.prohibitions import StepFacts
from onloop.errors import unknown_task
from onloop.gates.configuration import flag_kind
from onloop.gateway.port import GatewayPort
from onloop.machine.definition import CommandGate, Definition, inner_steps
from onloop.machine.principal import Principal
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.reads import ReadTask

_INTERPRETERS = frozenset({"sh", "bash", "zsh", "dash", "node", "ruby", "perl", "python", "python3", "{python}"})


def step_facts(gateway: GatewayPort, agent: Principal) -> StepFacts:
    """What the agent's step allows and forbids beyond the list; OnloopError where the gateway does not say."""
    task = gateway.perform(ReadTask(agent.task or ""))
    if task is None:
        raise unknown_task(agent.task or "")
    definition = gateway.perform(ReadDefinition(task.definition))
    return StepFacts(task.branch, tuple(dict.fromkeys(gate_programs(definition))))


def gate_programs(definition: Definition) -> Iterator[str]:
    """The files of the repository that gates run, by path, where their name says that they judge or build.

    A gate may as well run what the agent is to write: that, by its name, decides nothing.
    """
    inner = (step for outer in definition.steps if outer.fan_out is not None for step in inner_steps(outer.fan_out))
    for step in (*definition.steps, *inner):
        for gate in step.gates:
            if isinstance(gate, CommandGate) and (name := _program(gate.argv)) and flag_kind(name) is not None:
                yield name


def _program(argv: Sequence[str]) -> str:
    """The file of the repository that a command runs; empty where it runs none, or it is not known."""
    first, *rest = argv
    if first.rpartition("/")[2] in _INTERPRETERS:
        first = rest[0] if rest and not rest[0].startswith("-") else ""
    elif "/" not in first:
        return ""
    path = first.removeprefix("./")
    return "" if path.startswith("/") or ".." in path.split("/") else path
