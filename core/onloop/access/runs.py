"""Starts work: a run over one repository, or a fleet over many."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from onloop.access.fleet_order import FleetOrder, plan_of
from onloop.access.live_runs import AddToFleet, PinWorkflow
from onloop.access.opening import GatewayHandle
from onloop.access.preflight import branch_named
from onloop.access.run_inputs import NOTHING_ATTACHED, Attached
from onloop.access.targets import RunTarget
from onloop.errors import UnknownThing
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import without_credentials
from onloop.gateway.bulk import BulkOutcome, perform_each
from onloop.gateway.command_operations import CreateRun
from onloop.machine.commands import Amend, Create
from onloop.machine.definition import Definition
from onloop.machine.links import Source
from onloop.machine.principal import Principal
from onloop.machine.state import Reason
from onloop.machine.task import Kind, Task
from onloop.machine.voice import Voice
from onloop.machine.work_elsewhere import WorkPlace
from onloop.records import Record, replace
from onloop.store.codec import to_text
from onloop.store.port import TaskFilter
from onloop.store.rows import PinnedWorkflow
from onloop.views.queries.reads import ReadTasks
from onloop.workflow.builtins import builtin, builtins
from onloop.workflow.hints import nearest
from onloop.workflow.loader import load
from onloop.workflow.pinned_files import bundled

ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"
LARGEST_WORKFLOW = 1_048_576


POLL_S = 0.02


class Workflow(Record):
    """A loaded workflow file: its definition, and the bytes to pin."""

    definition: Definition
    source: bytes


def new_run_id() -> str:
    """A short id that is easy to type; it begins with a letter."""
    return ALPHABET[secrets.randbelow(22)] + "".join(secrets.choice(ALPHABET) for _ in range(4))


def builtin_workflow(name: str) -> Workflow:
    """A built-in workflow; UnknownThing lists them all."""
    source = builtin(name)
    return Workflow(load(source, f"{name}.yaml"), source)


def is_builtin(name: str) -> bool:
    """Whether there is a built-in workflow of that name."""
    return name in builtins()


def committed_workflow(control: Mirror, branch: str | None, path: str) -> Workflow:
    """The workflow file as committed at the tip of a branch of the control repository (default: that of its HEAD)."""
    control.create()
    branch = branch_named(control, branch)
    commit = control.refresh(branch)
    source = control.read_file(commit, path, LARGEST_WORKFLOW + 1)
    if source is None:
        raise UnknownThing(
            f"{without_credentials(control.origin)} has no file {path!r} at {commit[:12]} ({branch})",
            hint=f"{nearest(path, builtins())}commit it there, or use a built-in: {', '.join(builtins())}",
        )
    source = bundled(source, path, lambda used: control.read_file(commit, used, LARGEST_WORKFLOW + 1))
    return Workflow(load(source, path), source)


def start_run(
    opened: GatewayHandle,
    by: Principal,
    workflow: Workflow,
    target: RunTarget,
    title: str,
    *,
    check_base: bool = False,
    key: str = "",
    given: Attached = NOTHING_ATTACHED,
    elsewhere: WorkPlace | None = None,
    source: Source | None = None,
    run: str = "",
) -> Task:
    """Begin one task over one repository, whose branch must be there; the answer is the task, the same for a `key`.

    With `check_base`, no agent starts before the first gates that run commands have passed on the base. Its work may be
    made `elsewhere`, and the wish for it come from a `source`. Its id is `run`, or a new one.
    """
    target = _fetched(opened, target)
    run = run or new_run_id()
    create = _create(by, workflow, run, title, target, check_base=check_base, given=given)
    create = replace(create, elsewhere=elsewhere, source=source)
    return opened.gateway.perform(CreateRun(by, ((run, create),), pinned(workflow), key=key))


def start_fleet(
    opened: GatewayHandle,
    by: Principal,
    workflow: Workflow,
    targets: Sequence[RunTarget],
    order: FleetOrder,
    *,
    run: str = "",
    source: Source | None = None,
) -> Task:
    """Begin a task per repository under one root; the answer is the root. Without waves, none waits for another.

    Its id is `run`, or a new one.
    """
    run, title, given, check_base = run or new_run_id(), order.title, order.given, order.check_base
    plan, _ = plan_of(order.waves, targets)
    root = Create(
        title=title,
        kind=Kind.FLEET,
        workflow=workflow.definition.name,
        definition=workflow.definition.digest,
        sponsor=by.id,
        run=run,
        max_parallel=order.max_parallel,
        check_base=check_base,
        attachments=given.files,
        labels=given.labels,
        plan=plan,
        limits=order.limits,
        source=source,
        budget=given.budget,
    )
    below = Attached(labels=given.labels)  # the files are the root's: everybody below it reads them there
    children = [
        (
            f"{run}.{number}",
            _create(by, workflow, run, title, _named(opened, target), run, check_base=check_base, given=below),
        )
        for number, target in enumerate(targets, 1)
    ]
    return opened.gateway.perform(CreateRun(by, ((run, root), *children), pinned(workflow), key=order.key))


def add_targets(opened: GatewayHandle, by: Principal, fleet: Task, targets: Sequence[RunTarget]) -> tuple[str, ...]:
    """Begin a task for each target in a live fleet, under its workflow and title; the answer is their ids."""
    made = [
        Create(
            title=fleet.title,
            kind=Kind.WORK,
            workflow=fleet.workflow,
            definition=fleet.definition,
            sponsor=by.id,
            run=fleet.id,
            parent=fleet.id,
            repo=target.name,
            origin=target.origin,
            target=target.branch or "",
            check_base=fleet.check_base,
            labels=labels_of(target, fleet.labels),
            priority=target.priority,
            repo_owner=target.owner,
        )
        for target in (_named(opened, target) for target in targets)
    ]
    return opened.gateway.perform(AddToFleet(by, fleet.id, tuple(made)))


def labels_of(target: RunTarget, labels: Sequence[str]) -> tuple[str, ...]:
    """The labels of a target's task: those of the fleet, and its own."""
    return tuple(dict.fromkeys((*labels, *target.labels)))


def amend_tasks(
    opened: GatewayHandle, by: Principal, voice: Voice, workflow: Workflow, tasks: Sequence[str], reason: str
) -> tuple[BulkOutcome, ...]:
    """Give each task the workflow in the place of its own; what each says to it is its own verdict."""
    command = Amend(opened.gateway.perform(PinWorkflow(by, workflow.source)), voice, reason)
    return perform_each(opened.gateway, by, [(task, command) for task in tasks])


def wait_for_base(opened: GatewayHandle, run: str, timeout_s: float, pause: Callable[[float], None]) -> Sequence[Task]:
    """The tasks of a run when none of them waits for gates on its base any more, or after `timeout_s`."""
    wanted, began = ReadTasks(TaskFilter(run=run)), opened.gateway.clock()
    stamp, tasks = opened.gateway.store.stamp(), opened.gateway.perform(wanted)
    while any(task.reason is Reason.DEPENDENCY and not task.waits_to_begin for task in tasks):
        if opened.gateway.clock() - began >= timeout_s * 1000:
            break
        pause(POLL_S * (1 + len(tasks) // 50))
        if (now := opened.gateway.store.stamp()) != stamp:
            stamp, tasks = now, opened.gateway.perform(wanted)
    return tasks


def _fetched(opened: GatewayHandle, target: RunTarget) -> RunTarget:
    """The target with its branch, whose tip is in the mirror."""
    mirror = opened.mirror(target.origin)
    mirror.create()
    named = replace(target, branch=branch_named(mirror, target.branch))
    mirror.refresh(named.branch or "")
    return named


def _named(opened: GatewayHandle, target: RunTarget) -> RunTarget:
    """The target with its branch: the one that it names, else that of the origin's HEAD."""
    if target.branch is not None:
        return target
    mirror = opened.mirror(target.origin)
    mirror.create()
    return replace(target, branch=branch_named(mirror, None))


def pinned(workflow: Workflow) -> PinnedWorkflow:
    """The row under which a run pins its workflow."""
    definition = workflow.definition
    return PinnedWorkflow(definition.digest, definition.name, workflow.source.decode(), to_text(definition))


def _create(
    by: Principal,
    workflow: Workflow,
    run: str,
    title: str,
    target: RunTarget,
    parent: str | None = None,
    *,
    check_base: bool,
    given: Attached,
) -> Create:
    return Create(
        title=title,
        kind=Kind.WORK,
        workflow=workflow.definition.name,
        definition=workflow.definition.digest,
        sponsor=by.id,
        run=run,
        parent=parent,
        repo=target.name,
        origin=target.origin,
        target=target.branch or "",
        check_base=check_base,
        attachments=given.files,
        labels=labels_of(target, given.labels),
        priority=target.priority,
        repo_owner=target.owner,
        budget=given.budget,
    )
