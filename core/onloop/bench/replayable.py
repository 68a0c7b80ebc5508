"""What of a store can be replayed: a finished task, the base it began at, and the part of its workflow for machines.

It only reads: the task, its pinned workflow, its attachments, and whether the gateway's mirror has the base.
"""

from __future__ import annotations

from onloop.access.opening import GatewayHandle
from onloop.bench.bench_plan import ReplayedTask
from onloop.bench.machine_part import gates_of, machine_part
from onloop.errors import BadInput, Exit, Refused, UnknownThing
from onloop.gates.repository.mirror import Mirror
from onloop.machine.definition import Definition, Isolation
from onloop.machine.task import Kind, Task
from onloop.records import replace
from onloop.verifier.gate_context import blob_of
from onloop.views.given_files import BRIEF
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.reads import ReadTask


def replayed(opened: GatewayHandle, task_id: str, isolation: Isolation, base: str = "") -> ReplayedTask:
    """The task as it is replayed where agents work in `isolation`; refused with what would work where it cannot be.

    With `base`, that is where it must have begun.
    """
    task = _finished(opened, task_id)
    mirror, began = _base(opened, task)
    if base and base != began:
        words = f"{task.id} begins at {began[:12]} in this store, and the suite says {base[:12]}"
        raise BadInput(words, hint=f"take the suite's store, or put it in anew: onloop bench add {task.id}")
    whole = opened.gateway.perform(ReadDefinition(task.definition))
    files = tuple((each.name, _content(opened, task, each.name, each.digest)) for each in task.attachments)
    return ReplayedTask(
        id=task.id,
        title=task.title,
        repo=task.repo or task.id,
        target=task.target,
        base=began,
        mirror=mirror.path,
        tolerated=mirror.tolerated,
        definition=replayed_part(task.id, whole, isolation),
        asked=task.brief,
        brief=next((content for name, content in files if name == BRIEF), b""),
        attachments=tuple(each for each in files if each[0] != BRIEF),
    )


def _finished(opened: GatewayHandle, task_id: str) -> Task:
    task = opened.gateway.perform(ReadTask(task_id))
    if task is None:
        raise UnknownThing(f"there is no task {task_id[:100]!r}", hint="onloop list shows every task")
    if task.kind is not Kind.WORK:
        hint = f"name one of its tasks: onloop list --run {task.run}"
        raise BadInput(f"{task.id} is a fleet, and does no work itself", hint=hint)
    if not task.ended:
        words = f"{task.id} is not finished: it is {task.state.value}"
        raise Refused(words, exit=Exit.NOT_YET, hint="bench it when it has ended, or name one that has: onloop list")
    return task


def _base(opened: GatewayHandle, task: Task) -> tuple[Mirror, str]:
    if task.origin is None or task.submission is None:
        what = "has no repository" if task.origin is None else "never handed anything in"
        raise BadInput(f"{task.id} {what}, so there is no base to begin at", hint="name a task that was handed in")
    mirror = opened.mirror(task.origin)
    base = task.submission.base
    if not mirror.path.is_dir() or not mirror.has(base):
        words = f"the base of {task.id}, {base[:12]}, is not in the gateway's mirror any more"
        raise UnknownThing(words, hint="bench on the machine whose gateway worked on it, or name a newer task")
    return mirror, base


def replayed_part(task: str, whole: Definition, isolation: Isolation) -> Definition:
    """The part of a task's workflow that is replayed; BadInput where there is nothing in it to try or to judge by."""
    part = machine_part(whole, Isolation.NONE if isolation is Isolation.NONE else None)
    if not gates_of(part):
        words = f"workflow {whole.name} of {task} has no gate that a verifier answers before people or effects"
        raise BadInput(words, hint="there is nothing to compare by; name a task of a workflow with machine gates")
    if not any(step.role for step in part.steps):
        words = f"workflow {whole.name} of {task} has no step for an agent before people or effects"
        raise BadInput(words, hint="name a task whose agents did something")
    if secrets := whole.environment.secrets:
        words = f"workflow {whole.name} sets itself up with the secrets {', '.join(secrets)}"
        raise BadInput(words, hint="trials get no secrets; name a task whose set-up needs none")
    _check_isolation(task, part, isolation)
    return part


def _check_isolation(task: str, part: Definition, isolation: Isolation) -> None:
    """BadInput where a step demands more than agents get."""
    levels = tuple(Isolation)
    given = max(levels.index(isolation), levels.index(Isolation.CLONE))
    for step in part.steps:
        if step.role and levels.index(step.isolation) > given:
            wanted = step.isolation.value
            words = f"step {step.id} of {task} demands a {wanted}, and the bench gives a {isolation.value}"
            raise BadInput(words, hint=f"--isolation {wanted}, or --isolation none")


def _content(opened: GatewayHandle, task: Task, name: str, digest: str) -> bytes:
    content = blob_of(opened, digest)
    if content is None:
        raise UnknownThing(f"the attachment {name} of {task.id} is not in the store any more", hint="name another task")
    return content


def briefed(task: ReplayedTask, brief: str) -> ReplayedTask:
    """The task with another brief in the place of its own."""
    return replace(task, brief=brief.encode()) if brief else task
