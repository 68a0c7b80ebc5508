"""What is read of a task's children before a decision, and what follows for them from one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import Definition
from onloop.machine.messages import Message
from onloop.machine.offspring import replacing
from onloop.machine.rules.fan_out import child_definition, verdict
from onloop.machine.rules.join import Child, Enough, child_of
from onloop.machine.state import LIVE, Reason, State
from onloop.machine.task import Kind, Offspring, Submission, Task
from onloop.records import Record
from onloop.store.codec import to_text
from onloop.store.port import Reading, TaskFilter
from onloop.store.rows import PinnedWorkflow
from onloop.text import safe

MOST_RESULTS = 100
LARGEST_LIST = 65_536
"""How many bytes of an artefact are read as a list of children."""


class Result(Record):
    """A child as others are told of it; title and `statement` are agents' words, and untrusted."""

    id: str
    title: str
    state: State
    detail: str
    statement: str


def results(reading: Reading, parent: Task) -> tuple[Result, ...]:
    """The children of the task's steps so far, in the order in which they were made."""
    found = reading.tasks(TaskFilter(parent=parent.id)) if parent.born else ()
    return tuple(
        Result(child.id, child.title, child.state, child.detail, child.submission.statement if child.submission else "")
        for child in found[:MOST_RESULTS]
    )


def swarm_of(reading: Reading, task: Task) -> tuple[Child, ...]:
    """The children of the task's current step, in the order in which they were made."""
    found = ((made, reading.task(made.id)) for made in task.children)
    return tuple(child_of(made, child) for made, child in found if child is not None)


def handed_lists(
    reading: Reading, definition: Definition, task: Task, command: c.Command
) -> Mapping[str, tuple[str, ...]]:
    """The lines of every artefact that a step of the workflow fans out over, as far as it was handed over."""
    names = {step.fan_out.over for step in definition.steps if step.fan_out is not None}
    submission = command.submission if isinstance(command, c.Submit) else task.submission
    return {
        a.name: tuple(_lines(reading, a.digest))
        for a in (submission.artefacts if submission else ())
        if a.name in names
    }


def _lines(reading: Reading, digest: str) -> Iterator[str]:
    from onloop.known_secrets import known_secrets  # here: who only looks needs none of its patterns
    from onloop.redaction import redacted

    text = redacted((reading.blob(digest) or b"")[:LARGEST_LIST].decode("utf-8", "replace"), known_secrets())
    for line in text.splitlines():
        words = safe(line.strip().removeprefix("- ").strip())
        if words and not words.startswith("#"):
            yield words


def child_creations(
    definition: Definition, parent: Task, events: Sequence[e.Event]
) -> Iterator[tuple[str, c.Create, Definition]]:
    """Each child that the events made: its id, the command that begins it, and the workflow that it walks."""
    for event in events:
        for made in event.children if isinstance(event, e.FannedOut) else ():
            walked = child_definition(definition, parent.step or "", resolves=made.resolves, part=made.part)
            yield (
                made.id,
                c.Create(
                    title=made.title,
                    kind=Kind.WORK,
                    workflow=walked.name,
                    definition=walked.digest,
                    sponsor=parent.sponsor,
                    run=parent.run,
                    parent=parent.id,
                    repo=parent.repo,
                    origin=parent.origin,
                    target=parent.target,
                    brief=made.brief,
                    merges=made.merges or made.after,
                    after=made.after,
                    funnel=parent.funnel,
                    labels=parent.labels,
                    repo_owner=parent.repo_owner,
                    isolation=made.isolation,
                ),
                walked,
            )


def child_workflow(walked: Definition) -> PinnedWorkflow:
    """The row under which a child's workflow is kept: a part of the parent's file, without bytes of its own."""
    return PinnedWorkflow(walked.digest, walked.name, "", to_text(walked))


def siblings_before(reading: Reading, parent: str | None, after: Sequence[str]) -> Mapping[str, Task]:
    """The tasks that a child waits for, by the names in its `after`: each, or what its parent made in its place."""
    above = reading.task(parent) if parent is not None and after else None
    if above is None:
        return {}
    found = ((name, reading.task(replacing(name, above.children))) for name in after)
    return {name: task for name, task in found if task is not None}


def before_of(reading: Reading, parent: str | None, after: Sequence[str]) -> Mapping[str, Child]:
    """The same as the rules see them."""
    found = siblings_before(reading, parent, after)
    return {name: child_of(Offspring(task.id, task.title), task) for name, task in found.items()}


def waiting_siblings(reading: Reading, ended: Task) -> tuple[str, ...]:
    """The tasks that may begin now that `ended` has: children of the same step that wait for siblings."""
    parent = reading.task(ended.parent) if ended.parent is not None else None
    if parent is None or not any(made.after for made in parent.children):
        return ()
    waiting = (reading.task(made.id) for made in parent.children if made.after)
    return tuple(task.id for task in waiting if task is not None and not task.ended and task.waits_to_begin)


def unneeded(reading: Reading, definition: Definition, parent: Task) -> tuple[str, ...]:
    """The live children that nothing waits for: those of a step that was left, and those that a join can do without."""
    if parent.born == 0:
        return ()
    own = {made.id for made in parent.children} if not parent.ended else set()
    live = reading.tasks(TaskFilter(parent=parent.id, states=tuple(LIVE)))
    left = [child.id for child in live if child.id not in own]
    fan_out = definition.step(parent.step).fan_out if parent.step else None
    if parent.ended or fan_out is None or parent.reason is not Reason.CHILDREN_RUNNING:
        return tuple(left)
    found = verdict(fan_out, swarm_of(reading, parent))
    losers = [child.id for child in found.losers] if isinstance(found, Enough) else []
    return (*left, *losers)


def slot_free(reading: Reading, task: Task, parent: Task, definition: Definition) -> bool:
    """Whether `max_parallel` of the parent's step lets one more of its children be held."""
    fan_out = definition.step(parent.step).fan_out if parent.step else None
    if fan_out is None or fan_out.max_parallel is None:
        return True
    held = sum(child.holder is not None for child in reading.tasks(TaskFilter(parent=parent.id)) if child.id != task.id)
    return held < fan_out.max_parallel


def funnelled(reading: Reading, task: Task) -> tuple[tuple[str, Submission], ...]:
    """What is merged, in order: the work of whoever mended a conflict first, then of each child that counts.

    For a child that has not begun, it is the work of the siblings that it waits for.
    """
    if task.waits_to_begin:
        return tuple(
            (each.id, each.submission)
            for each in siblings_before(reading, task.parent, task.after).values()
            if each.state is State.COMPLETED and each.submission is not None
        )
    mended = [made.id for made in task.children if made.resolves]
    found = ((name, reading.task(name)) for name in (*reversed(mended), *(task.joined or ())))
    return tuple(
        (name, child.submission)
        for name, child in found
        if child is not None and child.state is State.COMPLETED and child.submission is not None
    )


def deliveries(events: Sequence[e.Event]) -> Iterator[tuple[str, Message]]:
    """Each task that the events tell something, with what it is told."""
    for event in events:
        if isinstance(event, e.Told):
            yield from ((receiver, event.message) for receiver in event.to)
