"""PURE: the programs that a workflow names; they are pinned when its run starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from onloop.machine.definition import CommandGate, Definition, EnvironmentSpec, Step, inner_steps


def named_programs(definition: Definition) -> tuple[str, ...]:
    """The first word of every command that a verifier runs for the workflow, those of its children too; sorted."""
    return tuple(sorted({*_around(definition.environment), *_of(definition.steps)}))


def _around(environment: EnvironmentSpec) -> Iterator[str]:
    """Of the commands around gates: those that make the environment, and its services."""
    services = ((*service.prepare, service.command, service.ready) for service in environment.services)
    fetches = (cache.fetch for cache in environment.caches)
    for commands in (environment.setup, environment.build, *fetches, *services):
        yield from (argv[0] for argv in commands if argv)
    yield from (f"{{{tool.name}}}" for tool in environment.tools)


def _of(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        yield from (gate.argv[0] for gate in step.machine_gates if isinstance(gate, CommandGate))
        if step.fan_out is not None:
            yield from _of(inner_steps(step.fan_out))
