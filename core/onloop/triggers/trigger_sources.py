"""Where triggers come from: a file at hand, or one that is committed in a control repository; with their workflows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from onloop.access.preflight import branch_named
from onloop.access.runs import LARGEST_WORKFLOW, Workflow, builtin_workflow, is_builtin
from onloop.errors import BadInput, UnknownThing
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import without_credentials
from onloop.machine.adopted_triggers import Trigger
from onloop.machine.definition import Definition
from onloop.text import safe
from onloop.triggers.trigger_file import FILE, LARGEST_TRIGGERS, load_triggers
from onloop.workflow.builtins import builtins
from onloop.workflow.loader import load
from onloop.workflow.pinned_files import bundled

ReadFile = Callable[[str], bytes | None]
"""What gives a file of a project by its path, None where there is none."""


class TriggerSource:
    """A file of triggers, and the project in which the workflows are that it names."""

    def __init__(self, name: str, content: bytes, read: ReadFile) -> None:
        self.name, self.content, self._read = name, content, read
        self.workflows: dict[str, Workflow] = {}

    def triggers(self) -> tuple[Trigger, ...]:
        """What the file says; WorkflowError with every problem. Afterwards `workflows` are those that it names."""
        return load_triggers(self.content, self.name, self._definition)

    def _definition(self, named: str) -> Definition:
        if named not in self.workflows:
            self.workflows[named] = self._workflow(named)
        return self.workflows[named].definition

    def _workflow(self, named: str) -> Workflow:
        if is_builtin(named):
            return builtin_workflow(named)
        source = self._read(named)
        if source is None:
            words = f"there is no workflow {safe(named, 100)!r}"
            raise UnknownThing(words, hint=f"a path in the project, or a built-in: {', '.join(builtins())}")
        whole = bundled(source, named, self._read)
        return Workflow(load(whole, named), whole)


def triggers_at_hand(name: str | None) -> TriggerSource:
    """The file of that name, or this folder's; paths in it are those of the project, which is what holds `.onloop`."""
    path = Path(name or FILE)
    content = _read_file(path, LARGEST_TRIGGERS + 1)
    if content is None:
        raise UnknownThing(f"there is no file {safe(str(path), 200)}", hint=f"write {FILE}, or name a file")
    folder = path.absolute().parent
    project = folder.parent if folder.name == ".onloop" else folder
    return TriggerSource(str(path), content, lambda used: _within(project, used))


def committed_triggers(control: Mirror, branch: str | None) -> TriggerSource:
    """The file at the tip of a branch of the control repository (default: that of its HEAD)."""
    control.create()
    branch = branch_named(control, branch)
    commit = control.refresh(branch)
    content = control.read_file(commit, FILE, LARGEST_TRIGGERS + 1)
    if content is None:
        words = f"{without_credentials(control.origin)} has no {FILE} at {commit[:12]} ({branch})"
        raise UnknownThing(words, hint=f"commit {FILE}")
    return TriggerSource(FILE, content, lambda used: control.read_file(commit, used, LARGEST_WORKFLOW + 1))


def _within(project: Path, used: str) -> bytes | None:
    if used.startswith(("/", "~")) or ".." in used.split("/"):
        raise BadInput(f"{safe(used, 100)!r} is no path inside the project", hint="such as .onloop/workflow.yaml")
    return _read_file(project / used, LARGEST_WORKFLOW + 1)


def _read_file(path: Path, most: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise BadInput(f"{safe(str(path), 200)} cannot be read: {problem.strerror}", hint="give a plain file") from None
