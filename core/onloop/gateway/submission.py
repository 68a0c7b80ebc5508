"""Submit: fetch the commit into the mirror, store the artefacts, ask for the gates, wait for the answer."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from onloop.errors import BadInput, Exit, Refused, UnknownThing
from onloop.gateway.definitions import definition_of
from onloop.gateway.identity import Principal
from onloop.gateway.opening import Opened
from onloop.machine.commands import Submit
from onloop.machine.course import check_holder
from onloop.machine.definition import ArtefactGate, Definition
from onloop.machine.state import Reason
from onloop.machine.task import Artefact, Submission, Task
from onloop.text import safe

LARGEST_ARTEFACT = 4 * 1_048_576
MOST_ARTEFACTS = 50
MOST_NAMED = 10
LONGEST_STATEMENT = 4_000
POLL_S = 0.02


def submit(opened: Opened, agent: Principal, statement: str, *, key: str = "") -> Task:
    """Submit HEAD of the agent's clone and what lies in its artefact folder; gates run afterwards, elsewhere.

    Refused where a change is asked for and HEAD changes nothing: gates that pass on the base would say nothing of it.
    """
    if opened.apart is not None:
        return opened.apart.submit(agent, statement, key=key)
    task = task_of(opened, agent.task or "")
    check_holder(task, agent.id, agent.epoch)
    if task.origin is None:
        raise BadInput(f"{task.id} has no repository", hint="onloop start WORKFLOW --repo PATH gives a task one")
    mirror = opened.home.mirror(task.origin)
    mirror.create()  # the clone may have been made from another user's
    tip = mirror.refresh(task.target)
    head = mirror.fetch_submission(opened.home.environment(task.id), task.id, task.version)
    base = mirror.merge_base(head, tip)
    tree = mirror.tree(head)
    if tree == mirror.tree(base):
        _check_needs_no_change(opened, task, head)
    submission = Submission(
        head=head,
        tree=tree,
        base=base,
        authors=mirror.authors(base, head),
        artefacts=tuple(_stored(opened, opened.home.out(task.id))),
        statement=statement[:LONGEST_STATEMENT],
        at=opened.gateway.clock(),
    )
    return opened.gateway.perform(agent, task.id, Submit(agent.id, agent.epoch, submission), key=key)


def uncommitted_files(opened: Opened, task: Task) -> tuple[str, ...]:
    """Tracked files of the agent's clone that differ from its HEAD, and so are in no submission."""
    if task.origin is None or opened.apart is not None:
        return ()
    return opened.home.mirror(task.origin).uncommitted(opened.home.environment(task.id))


def wait_for_gates(
    opened: Opened, task_id: str, *, timeout_s: float, pause: Callable[[float], None], beat: Callable[[], None]
) -> Task:
    """The task as soon as no verifier is asked about it, or as it is after `timeout_s` of waiting.

    `pause` waits some seconds; `beat` is called while waiting, at most once per second.
    """
    task = task_of(opened, task_id)
    began = beaten = opened.gateway.clock()
    stamp = opened.gateway.store.stamp()
    while task.reason is Reason.GATES_RUNNING and opened.gateway.clock() - began < timeout_s * 1000:
        pause(POLL_S)
        if opened.gateway.clock() - beaten > 1000:
            beaten = opened.gateway.clock()
            beat()
        if (now := opened.gateway.store.stamp()) != stamp:
            stamp, task = now, task_of(opened, task_id)
    return task


def task_of(opened: Opened, task_id: str) -> Task:
    """The task with that id; UnknownThing if there is none."""
    with opened.gateway.store.reading() as at:
        task = at.task(task_id)
    if task is None:
        raise UnknownThing(f"there is no task {task_id!r}", hint="onloop list shows every task")
    return task


def _check_needs_no_change(opened: Opened, task: Task, head: str) -> None:
    with opened.gateway.store.reading() as at:
        definition = definition_of(at, task)
    if not _asks_for_change(definition, task.step or ""):
        return
    left = ", ".join(safe(name) for name in uncommitted_files(opened, task)[:MOST_NAMED])
    raise Refused(
        f"nothing was changed: {head[:12]} is the same as {task.target}"
        + (f"; changed but not committed, and so not submitted: {left}" if left else ""),
        exit=Exit.REDO,
        hint="commit your work with git, then: onloop submit",
    )


def _asks_for_change(definition: Definition, step_id: str) -> bool:
    """Whether an effect will carry out what the step submits; a step that only hands over artefacts owes no commit."""
    ids = [step.id for step in definition.steps]
    gates = definition.step(step_id).machine_gates
    only_hands_over = bool(gates) and all(isinstance(gate, ArtefactGate) for gate in gates)
    return not only_hands_over and any(step.effect for step in definition.steps[ids.index(step_id) + 1 :])


def _stored(opened: Opened, folder: Path) -> Iterator[Artefact]:
    """Each regular file of the artefact folder, stored by digest: links and folders are no artefacts."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False))
    except OSError:
        return
    if len(names) > MOST_ARTEFACTS:
        raise BadInput(f"{folder} holds {len(names)} files", hint=f"hand over at most {MOST_ARTEFACTS}")
    for name in names:
        if safe(name) != name:
            raise BadInput(
                f"{safe(name, 100)} cannot be the name of an artefact",
                hint=f"rename it in {folder}: letters, digits and signs that can be printed, in UTF-8",
            )
    for name in names:
        content = _content(folder / name)
        yield Artefact(name, opened.gateway.keep(content), len(content))


def _content(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as problem:
        raise Refused(f"{path} cannot be read: {problem}", exit=BadInput.exit, hint="write it again") from None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise BadInput(f"{path} is no regular file", hint="write the artefact as a file")
        content = file.read(LARGEST_ARTEFACT + 1)
    if len(content) > LARGEST_ARTEFACT:
        raise BadInput(f"{path} is larger than {LARGEST_ARTEFACT} bytes", hint="hand over something smaller")
    return content
