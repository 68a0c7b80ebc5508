"""Starts work: a run over one repository, or a fleet over many."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from onloop.access.opening import GatewayHandle
from onloop.access.run_inputs import NOTHING_ATTACHED, Attached
from onloop.errors import BadInput, UnknownThing
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import check_origin, check_ref_name, without_credentials
from onloop.gateway.command_operations import CreateRun
from onloop.machine.commands import Create
from onloop.machine.definition import Definition
from onloop.machine.principal import Principal
from onloop.machine.task import Kind, Task
from onloop.records import Record
from onloop.store.codec import to_text
from onloop.store.rows import PinnedWorkflow
from onloop.workflow.builtins import builtin, builtins
from onloop.workflow.loader import load

ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"
LARGEST_WORKFLOW = 1_048_576
LARGEST_FLEET = 5_000


class RunTarget(Record):
    """A repository that work is done in: a name for people, a path or URL, and the branch that effects move."""

    name: str
    origin: str
    branch: str = "main"


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


def committed_workflow(control: Mirror, branch: str, path: str) -> Workflow:
    """The workflow file as committed at the tip of a branch of the control repository."""
    control.create()
    commit = control.refresh(branch)
    source = control.read_file(commit, path, LARGEST_WORKFLOW + 1)
    if source is None:
        raise UnknownThing(
            f"{without_credentials(control.origin)} has no file {path!r} at {commit[:12]} ({branch})",
            hint=f"commit it there, or use a built-in: {', '.join(builtins())}",
        )
    return Workflow(load(source, path), source)


def read_targets(text: str, file: str, folder: Path) -> tuple[RunTarget, ...]:
    """The targets in a file: one `PATH-OR-URL [BRANCH]` per line, `#` begins a comment; paths are below `folder`."""
    targets: dict[str, RunTarget] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        where = f"{file}:{number}:1"
        if len(words) > 2:
            raise BadInput(f"{where}: {line.strip()!r} has {len(words)} words", hint="write: PATH-OR-URL [BRANCH]")
        target = _target(words, where, folder)
        if target.origin in {other.origin for other in targets.values()}:
            raise BadInput(f"{where}: {target.origin} is listed twice", hint="remove one of the lines")
        target = _renamed(target, targets)
        targets[target.name] = target
    if not targets or len(targets) > LARGEST_FLEET:
        raise BadInput(f"{file} lists {len(targets)} repositories", hint=f"list 1 to {LARGEST_FLEET}, one per line")
    return tuple(targets.values())


def target_of(origin: str, branch: str, folder: Path) -> RunTarget:
    """The target that a path (relative to `folder`) or URL names."""
    return _target([origin, branch], "--repo", folder)


def _target(words: Sequence[str], where: str, folder: Path) -> RunTarget:
    try:
        is_url = "://" in words[0] or (":" in words[0] and not words[0].startswith(("/", ".")))
        origin = check_origin(words[0] if is_url else str((folder / words[0]).absolute()))
        branch = check_ref_name(words[1]) if len(words) > 1 else "main"
    except BadInput as problem:
        raise BadInput(f"{where}: {problem.message}", hint=problem.hint) from None
    if not is_url and not Path(origin).is_dir():
        raise BadInput(f"{where}: there is no repository {origin}", hint="give the path of a git repository")
    if not is_url and not _is_repository(Path(origin)):
        raise BadInput(
            f"{where}: {origin} is not a git repository", hint="give the folder that has .git, or a bare repository"
        )
    name = origin.rstrip("/").removesuffix("/.git").rpartition("/")[2].removesuffix(".git")
    return RunTarget(name or "repository", origin, branch)


def _is_repository(folder: Path) -> bool:
    """Whether the folder looks like a repository to git: bare, or with a `.git` (a file in linked worktrees)."""
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


def _renamed(target: RunTarget, known: dict[str, RunTarget]) -> RunTarget:
    name, number = target.name, 2
    while name in known:
        name, number = f"{target.name}-{number}", number + 1
    return RunTarget(name, target.origin, target.branch)


def start_run(
    opened: GatewayHandle,
    by: Principal,
    workflow: Workflow,
    target: RunTarget,
    title: str,
    *,
    key: str = "",
    given: Attached = NOTHING_ATTACHED,
) -> Task:
    """Begin one task over one repository, whose branch must be there; the answer is the task, the same for a `key`."""
    mirror = opened.mirror(target.origin)
    mirror.create()
    mirror.refresh(target.branch)
    run = new_run_id()
    return opened.gateway.perform(
        CreateRun(by, ((run, _create(by, workflow, run, title, target, given=given)),), pinned(workflow), key=key)
    )


def start_fleet(
    opened: GatewayHandle,
    by: Principal,
    workflow: Workflow,
    targets: Sequence[RunTarget],
    title: str,
    max_parallel: int | None,
    *,
    key: str = "",
    given: Attached = NOTHING_ATTACHED,
) -> Task:
    """Begin a task per repository under one root; the answer is the root. No repository waits for another."""
    run = new_run_id()
    root = Create(
        title=title,
        kind=Kind.FLEET,
        workflow=workflow.definition.name,
        definition=workflow.definition.digest,
        sponsor=by.id,
        run=run,
        max_parallel=max_parallel,
        attachments=given.files,
        labels=given.labels,
    )
    below = Attached(labels=given.labels)  # the files are the root's: everybody below it reads them there
    children = [
        (f"{run}.{number}", _create(by, workflow, run, title, target, parent=run, given=below))
        for number, target in enumerate(targets, 1)
    ]
    return opened.gateway.perform(CreateRun(by, ((run, root), *children), pinned(workflow), key=key))


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
        target=target.branch,
        attachments=given.files,
        labels=given.labels,
    )
