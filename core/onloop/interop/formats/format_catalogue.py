"""The formats that are read and written, and how a file's own is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from onloop.errors import BadInput, WorkflowError
from onloop.interop.formats.dot_dialects import ATTRACTOR, FABRO, DotDialect
from onloop.interop.formats.dot_export import exported_dot
from onloop.interop.formats.dot_import import workflow_of
from onloop.interop.formats.dot_own import is_own, own_workflow
from onloop.interop.formats.dot_reader import dot_graph
from onloop.interop.formats.dot_steps import Include
from onloop.interop.formats.losses import ExportedWorkflow, FileRefused, ImportedWorkflow, LossKind, LossList
from onloop.interop.formats.speckit_import import speckit_workflow
from onloop.interop.formats.symphony_import import symphony_workflow
from onloop.interop.formats.workflow_yaml import workflow_yaml
from onloop.machine.diagram import workflow_mermaid
from onloop.text import safe
from onloop.workflow.loader import checked, load
from onloop.workflow.positioned_tree import Position


class ForeignFormat(StrEnum):
    """A format of others."""

    ATTRACTOR = "attractor"
    FABRO = "fabro"
    MERMAID = "mermaid"
    SYMPHONY = "symphony"
    SPECKIT = "speckit"


Importing = Callable[[bytes, Include], ImportedWorkflow]
Exporting = Callable[[bytes, str], ExportedWorkflow]


def _dot(source: bytes, include: Include) -> ImportedWorkflow:
    graph = dot_graph(source)
    return own_workflow(graph) if is_own(graph) else workflow_of(graph, include)


def _mermaid(source: bytes, name: str) -> ExportedWorkflow:
    losses = LossList()
    words = "all but the steps, who does them, their gates and the ways between them"
    losses.add(LossKind.LOST, Position(1, 1), words, "Mermaid is a drawing, which nothing reads back")
    return ExportedWorkflow(workflow_mermaid(load(source, name)), losses.ordered())


def _drawn_as(dialect: DotDialect) -> Exporting:
    def export(source: bytes, name: str) -> ExportedWorkflow:
        file = checked(source, name)
        return exported_dot(file.data, file.root, dialect)

    return export


READ: Mapping[ForeignFormat, Importing] = {
    ForeignFormat.ATTRACTOR: _dot,
    ForeignFormat.FABRO: _dot,
    ForeignFormat.SYMPHONY: lambda source, _: symphony_workflow(source),
    ForeignFormat.SPECKIT: lambda source, _: speckit_workflow(source),
}
WRITTEN: Mapping[ForeignFormat, Exporting] = {
    ForeignFormat.ATTRACTOR: _drawn_as(ATTRACTOR),
    ForeignFormat.FABRO: _drawn_as(FABRO),
    ForeignFormat.MERMAID: _mermaid,
}
_ENDS: Mapping[str, ForeignFormat] = {
    ".dot": ForeignFormat.ATTRACTOR,
    ".gv": ForeignFormat.ATTRACTOR,
    ".fabro": ForeignFormat.FABRO,
    "workflow.md": ForeignFormat.SYMPHONY,
}


def format_named(name: str, among: Mapping[ForeignFormat, object]) -> ForeignFormat:
    """The format of that name; BadInput names those that there are."""
    found = next((each for each in among if each.value == name), None)
    if found is None:
        raise BadInput(
            f"{safe(name, 60)!r} is no format here", hint=f"formats: {', '.join(each.value for each in among)}"
        )
    return found


def format_of(name: str) -> ForeignFormat:
    """The format of a file, by its name; BadInput where that does not say."""
    for end, kind in _ENDS.items():
        if name.lower().endswith(end):
            return kind
    hint = f"say which: --format {', '.join(each.value for each in READ)}"
    raise BadInput(f"the name {safe(name, 200)!r} does not say its format", hint=hint)


def imported(source: bytes, name: str, kind: ForeignFormat, include: Include) -> tuple[ImportedWorkflow, str]:
    """The workflow in the bytes of a foreign file called `name`, and its YAML, which `validate` accepts.

    WorkflowError says, with line and column, why a file cannot become one.
    """
    shown = safe(name, 200)
    try:
        found = READ[kind](source, include)
    except FileRefused as refused:
        raise WorkflowError((refused.problem.line(shown),), hint="nothing was imported") from None
    text = workflow_yaml(found.data, (f"Imported from {kind.value}; see onloop help formats for what that means.",))
    try:
        load(text.encode(), shown)
    except WorkflowError as error:
        told = tuple(f"{shown}: as a workflow: {problem.partition(':')[2]}" for problem in error.problems[:10])
        raise WorkflowError(told, hint="places are those of the workflow that it would become") from None
    return found, text


def exported(source: bytes, name: str, kind: ForeignFormat) -> ExportedWorkflow:
    """A workflow file of ours, in the bytes of a file called `name`, as text in a format of others."""
    return WRITTEN[kind](source, name)
