"""The programs that a workflow names: the gateway pins them when a run starts, and again at a retry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from onloop.machine import commands as c
from onloop.machine.definition import Definition
from onloop.machine.gate_facts import Program
from onloop.machine.named_programs import named_programs
from onloop.machine.task import Task
from onloop.store.port import Reading

Look = Callable[[Definition], tuple[Program, ...]]
"""A function that returns the programs of a workflow as they are now."""


def no_programs(_: Definition) -> tuple[Program, ...]:
    """Pins nothing: for a gateway without a toolchain."""
    return ()


def look_in(store: Path) -> Look:
    """A function that looks in the toolchain of that store; ToolMissing for a {NAME} that is not there."""

    def look(definition: Definition) -> tuple[Program, ...]:
        from onloop.gates.toolchain import missing_tools, toolchain_of, tools_of  # here: few commands need it

        toolchain, environment, names = toolchain_of(store), definition.environment, named_programs(definition)
        for missing in missing_tools(toolchain, environment, names):
            raise missing
        return toolchain.pinned(names, tools_of(environment))

    return look


def programs_for(look: Look, definition: Definition, command: c.Command) -> tuple[Program, ...]:
    """The programs to pin for a command: one that begins a run, has a task tried again, or amends its workflow."""
    begins = isinstance(command, c.Create) and command.parent is None
    return look(definition) if begins or isinstance(command, c.Retry | c.Amend) else ()


def pinned_for(at: Reading, task: Task) -> Mapping[str, Program]:
    """The pins of a task by name; its own replace those of its run."""
    root = task if task.id == task.run else at.task(task.run)
    pins = (*(root.programs if root is not None else ()), *task.programs)
    return {program.name: program for program in pins}
