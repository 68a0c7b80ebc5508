"""What a schedule begins, as its adopter saw it: workflow, fleet file and targets, kept under their digests.

No commit changes what is adopted: it counts once somebody has adopted it anew.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path, PurePosixPath

from onloop.access.fleet_file import FleetFilePart, load_fleet
from onloop.access.live_runs import PinWorkflow
from onloop.access.opening import GatewayHandle
from onloop.access.preflight import branch_named
from onloop.access.runs import Workflow, builtin_workflow, committed_workflow, is_builtin
from onloop.access.target_sources import LARGEST_TARGETS
from onloop.access.targets import RunTarget, read_targets, target_of
from onloop.errors import BadInput
from onloop.gateway.upkeep import KeepContent
from onloop.machine.principal import Principal
from onloop.machine.schedules import ScheduledStart
from onloop.records import Record, replace
from onloop.store.rows import PinnedWorkflow
from onloop.text import safe
from onloop.views.pinned_workflow import pinned_definition

_LARGEST_FLEET_FILE = 1_048_576
_NOWHERE = Path("/")
_ANEW = "onloop schedule adopt FILE keeps it as it is committed now"


class PinnedBeginning(Record):
    """What begins, naming by digest what is still to be kept: a workflow, and the files of a fleet."""

    begins: ScheduledStart
    workflow: Workflow
    files: tuple[bytes, ...] = ()

    def keep(self, opened: GatewayHandle, by: Principal) -> None:
        """Have the store keep all that is named."""
        opened.gateway.perform(PinWorkflow(by, self.workflow.source))
        for content in self.files:
            opened.gateway.perform(KeepContent(content))


def as_committed(opened: GatewayHandle, begins: ScheduledStart) -> PinnedBeginning:
    """What would begin now, by what is committed; an error says what is wrong with it."""
    if begins.fleet:
        return _fleet(opened, begins)
    control = begins.control or begins.origin
    workflow = _workflow(opened, begins.workflow, control, begins.control_branch or None)
    return PinnedBeginning(replace(begins, definition=workflow.definition.digest), workflow)


def _fleet(opened: GatewayHandle, begins: ScheduledStart) -> PinnedBeginning:
    control, branch = begins.control, begins.control_branch or None
    content = _committed(opened, begins, begins.fleet, _LARGEST_FLEET_FILE)
    part = load_fleet(content, begins.fleet)
    path = _targets_path(begins, part)
    targets = _committed(opened, begins, path, LARGEST_TARGETS)
    _read(targets, path)
    if part.control is not None:
        target = target_of(part.control, part.control_branch, _NOWHERE, "control")
        control, branch = target.origin, target.branch
    workflow = _workflow(opened, part.workflow, control, branch)
    pinned = replace(
        begins, definition=workflow.definition.digest, fleet_file=_digest(content), targets_file=_digest(targets)
    )
    return PinnedBeginning(pinned, workflow, (content, targets))


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _workflow(opened: GatewayHandle, name: str, control: str, branch: str | None) -> Workflow:
    if is_builtin(name):
        return builtin_workflow(name)
    return committed_workflow(opened.mirror(control), branch, name)


def _committed(opened: GatewayHandle, begins: ScheduledStart, path: str, most: int) -> bytes:
    mirror = opened.mirror(begins.control)
    mirror.create()
    branch = branch_named(mirror, begins.control_branch or None)
    commit = mirror.refresh(branch)
    content = mirror.read_file(commit, path, most)
    if content is None:
        raise BadInput(f"there is no file {path!r} at {commit[:12]} ({branch})", hint="commit it there")
    return content


def _targets_path(begins: ScheduledStart, part: FleetFilePart) -> str:
    """The path of the targets, which a file beside the fleet's lists: what is committed is read, nothing is run."""
    if part.targets.file is None:
        words = f"{begins.fleet} takes its targets from a pattern or a program, and a schedule runs neither"
        raise BadInput(words, hint="list them in a file, and commit it: targets: {file: targets.txt}")
    return str(PurePosixPath(begins.fleet).parent / part.targets.file)


def _read(content: bytes, path: str) -> tuple[RunTarget, ...]:
    try:
        return read_targets(content.decode(), path, _NOWHERE)
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8", hint="write it in UTF-8, one PATH-OR-URL a line") from None


def kept_workflow(opened: GatewayHandle, begins: ScheduledStart) -> Workflow:
    """The workflow that was adopted; a built-in may have been adopted by name alone."""
    if not begins.definition and is_builtin(begins.workflow):
        return builtin_workflow(begins.workflow)
    with opened.gateway.store.reading() as reading:
        row = reading.get(PinnedWorkflow, begins.definition)
        if row is None:
            words = f"the workflow was not kept when it was adopted: {safe(begins.workflow or begins.fleet, 200)}"
            raise BadInput(words, hint=_ANEW)
        return Workflow(pinned_definition(reading, row.digest), row.source.encode())


def kept_fleet(opened: GatewayHandle, begins: ScheduledStart) -> tuple[FleetFilePart, tuple[RunTarget, ...]]:
    """The fleet file that was adopted, and the targets."""
    part = load_fleet(_kept(opened, begins.fleet_file, begins.fleet), begins.fleet)
    path = _targets_path(begins, part)
    return part, _read(_kept(opened, begins.targets_file, path), path)


def _kept(opened: GatewayHandle, digest: str, path: str) -> bytes:
    with opened.gateway.store.reading() as reading:
        content = reading.blob(digest) if digest else None
    if content is None:
        raise BadInput(f"{safe(path, 200)} was not kept when the schedule was adopted", hint=_ANEW)
    return content
