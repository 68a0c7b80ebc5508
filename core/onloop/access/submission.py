"""Submit: the gateway takes the bytes into quarantine, computes the facts from them, and asks for the gates."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import TypeVar

from onloop.access.opening import GatewayHandle
from onloop.errors import BadInput, Exit, FailureKind, OnloopError, Refused, Unavailable, unknown_task
from onloop.gates.changes.change_reading import change_facts
from onloop.gates.intake.collection import Collection, collected
from onloop.gates.intake.manifest import Manifest
from onloop.gates.intake.quarantine import Admission, Arrival, admit, arrived
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.provenance import provenance_of
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.quota import spend_large, spend_submitted
from onloop.gateway.store_rules import check_held
from onloop.gateway.upkeep import KeepContent
from onloop.machine.commands import Submit
from onloop.machine.principal import INTAKE, Principal
from onloop.machine.rules.decision_builder import check_holder
from onloop.machine.task import Artefact, Submission, Task
from onloop.records import replace
from onloop.remote.client import GatewayClient, own_key
from onloop.remote.connection_operations import ReadStamp
from onloop.remote.line import ConnectionLost
from onloop.text import safe
from onloop.views.pinned_workflow import definition_of
from onloop.views.queries.agent_reads import ReadHeldTask
from onloop.views.queries.reads import ReadTask

T = TypeVar("T")

MOST_NAMED = 10
LONGEST_STATEMENT = 4_000
POLL_S = 0.02
TRIES = 4
"""How often we submit if the answer is lost."""

StatementOf = Callable[[Manifest], str | None]
"""Gives the agent's statement for a gathered manifest; None if it should not be submitted."""


def submit(
    opened: GatewayHandle, agent: Principal, statement: str, *, key: str = "", ref: str = ""
) -> tuple[Task, Manifest]:
    """Submit HEAD (or `ref`) of the agent's clone and its artefact folder; the gates run afterwards, in the verifier.

    A process of the agent gathers both. Refused if the step must change something and HEAD changes nothing: gates
    that pass on the base would prove nothing.
    """
    task, manifest = submit_if(opened, agent, lambda _: statement, key=key, ref=ref)
    return task or task_of(opened, agent.task or ""), manifest


def submit_if(
    opened: GatewayHandle, agent: Principal, statement_of: StatementOf, *, key: str = "", ref: str = ""
) -> tuple[Task | None, Manifest]:
    """As `submit`, with a statement made from the gathered manifest; nothing is submitted if that is None."""
    task = held_task(opened, agent)
    if isinstance(opened.gateway, GatewayClient):  # the answer may be lost: with a key, a retry happens only once
        key = key or own_key()
    for _ in range(TRIES):
        with _gathered(opened, task, ref) as collection:
            statement = statement_of(collection.manifest)
            if statement is None:
                return None, collection.manifest
            with suppress(ConnectionLost):
                return _sent(opened, agent, statement, collection, key), collection.manifest
        wait_for_gateway(opened)
    raise Unavailable(f"the gateway ended during each of {TRIES} tries to submit", hint="try again: onloop submit")


def _gathered(opened: GatewayHandle, task: Task, ref: str) -> AbstractContextManager[Collection]:
    """The agent's work, without what the gateway already has: the target's history and its own merges."""
    known = (task.funnel,) if task.funnel else ()
    return collected(opened.home.clone_of(task.id), opened.home.out_of(task.id), task.target, known, ref)


def _sent(opened: GatewayHandle, agent: Principal, statement: str, collection: Collection, key: str) -> Task:
    """Submit through the resident gateway if one is running, else here; ConnectionLost if it ends meanwhile."""
    gateway = opened.gateway
    if isinstance(gateway, GatewayClient) and (gateway.behind is None or gateway.is_up()):
        return gateway.submit(agent, statement, collection, key=key)
    return receive(opened, agent, statement, collection, key=key)


def wait_for_gateway(opened: GatewayHandle) -> None:
    """Wait for the resident gateway if only it can be used; Unavailable after some seconds without one."""
    if opened.apart is not None:
        opened.apart.line.ask_until_told(ReadStamp())


def receive(opened: GatewayHandle, agent: Principal, statement: str, collection: Collection, *, key: str = "") -> Task:
    """Receive an agent's work from a pipe or from the socket, and submit it."""
    with arrived(opened.home.quarantine, collection) as arrival:
        return hand_in(opened, agent, statement, arrival, key=key)


def hand_in(opened: GatewayHandle, agent: Principal, statement: str, arrival: Arrival, *, key: str = "") -> Task:
    """Submit what is in the quarantine. The agent's words are its statement; all facts are computed here.

    An agent without the lease is refused before any of its bytes are read.
    """
    submission = submission_of(opened, held_task(opened, agent), arrival, statement)
    asked = Submit(agent.id, agent.epoch, submission)
    return opened.gateway.perform(PerformCommand(INTAKE, agent.task or "", asked, key=key))


def submission_of(opened: GatewayHandle, task: Task, arrival: Arrival, statement: str, *, step: str = "") -> Submission:
    """What is in the quarantine as a submission of the task, its commit in the mirror; all facts are computed here.

    Refused if `step` (by default the one where the task stands) must change something and nothing was changed.
    """
    mirror = opened.mirror(task.origin or "")
    mirror.create()  # the clone may have been made from another user's mirror
    tip = mirror.refresh(task.target)

    def spend(size: int) -> None:
        now = opened.gateway.clock()
        opened.gateway.store.transact(lambda tx: spend_large(tx, task.id, size, now), about=task.id)

    head = admit(arrival, replace(_admission(mirror, task), spend=spend))
    provenance = provenance_of(mirror, head, tip)
    if provenance.tree == mirror.tree(provenance.base):
        _check_needs_no_change(opened, task, step or task.step or "", arrival.manifest)

    def keep(content: bytes) -> str:
        now = opened.gateway.clock()
        opened.gateway.store.transact(lambda tx: spend_submitted(tx, task.id, content, now), about=task.id)
        return opened.gateway.perform(KeepContent(content))

    return Submission(
        head=provenance.head,
        tree=provenance.tree,
        base=provenance.base,
        authors=provenance.authors,
        artefacts=tuple(Artefact(name, keep(content), len(content)) for name, content in arrival.artefacts()),
        statement=statement[:LONGEST_STATEMENT],
        at=opened.gateway.clock(),
        bundle=keep(content) if (content := arrival.bundle()) else "",
        change=provenance.change,
        facts=change_facts(mirror, provenance.base, provenance.head),
    )


def hold_again(opened: GatewayHandle, task: Task) -> None:
    """Restore a task's submission in a mirror that lacks it, from the origin and the stored bundle.

    Where other tasks' work is what it builds on, theirs comes first. A funnel's bundle needs nobody else's.
    """
    submission, mirror = task.submission, opened.mirror(task.origin or "")
    if submission is None or (mirror.path.is_dir() and mirror.has(submission.head)):
        return
    for other in (*task.merges, *((task.parent,) if task.funnel and task.parent else ())):
        hold_again(opened, task_of(opened, other))
    mirror.create()
    mirror.refresh(task.target)
    with opened.gateway.store.reading() as reading:
        content = (reading.blob(submission.bundle) if submission.bundle else None) or b""
    collection = Collection(Manifest(submission.head, len(content)), iter((content,)))
    with arrived(opened.home.quarantine, collection) as arrival:
        admit(arrival, _admission(mirror, task))


def with_sound_mirror(opened: GatewayHandle, task: Task, work: Callable[[], T]) -> T:
    """What `work` gives, which reads the task's mirror; once more if the mirror had to be mended meanwhile."""
    try:
        return work()
    except OnloopError as problem:
        if task.origin is None or not _mended(opened, task, opened.mirror(task.origin), problem):
            raise
        return work()


def _mended(opened: GatewayHandle, task: Task, mirror: Mirror, problem: OnloopError) -> bool:
    """Whether the mirror was made anew, or got the task's submission again, because it lacked what it should have."""
    if problem.kind is FailureKind.DAMAGED:
        mirror.rebuild(task.target)
    elif task.submission is None or (mirror.path.is_dir() and mirror.has(task.submission.head)):
        return False
    hold_again(opened, task)
    return True


def _admission(mirror: Mirror, task: Task) -> Admission:
    kin = (*task.merges, *((task.parent,) if task.funnel and task.parent else ()))
    return Admission(mirror, task.target, task.id, task.version, kin)


def held_task(opened: GatewayHandle, agent: Principal) -> Task:
    """The agent's task, while it holds the lease; NotAllowed or Refused where it does not."""
    found = opened.gateway.perform(ReadHeldTask(agent.task or ""))
    task = found.task
    check_holder(task, agent.id, agent.epoch)
    check_held(found.lease, agent)
    if task.origin is None:
        raise BadInput(f"{task.id} has no repository", hint="onloop start WORKFLOW --repo PATH gives a task one")
    return task


def wait_for_gates(
    opened: GatewayHandle, task_id: str, *, timeout_s: float, pause: Callable[[float], None], beat: Callable[[], None]
) -> Task:
    """The task when its gates no longer run, nor wait for a trouble to end, or after `timeout_s` of waiting.

    `pause` waits some seconds; `beat` is called while waiting, at most once per second.
    """
    task = task_of(opened, task_id)
    began = beaten = opened.gateway.clock()
    stamp = opened.gateway.store.stamp()
    while task.is_verifying and opened.gateway.clock() - began < timeout_s * 1000:
        pause(POLL_S)
        if opened.gateway.clock() - beaten > 1000:
            beaten = opened.gateway.clock()
            beat()
        if (now := opened.gateway.store.stamp()) != stamp:
            stamp, task = now, task_of(opened, task_id)
    return task


def task_of(opened: GatewayHandle, task_id: str) -> Task:
    """The task with that id; UnknownThing if there is none."""
    task = opened.gateway.perform(ReadTask(task_id))
    if task is None:
        raise unknown_task(task_id)
    return task


def _check_needs_no_change(opened: GatewayHandle, task: Task, step: str, manifest: Manifest) -> None:
    with opened.gateway.store.reading() as reading:
        definition = definition_of(reading, task)
    if not definition.owes_change(step):
        return
    left = ", ".join(safe(name) for name in manifest.left[:MOST_NAMED])
    others = ", ".join(safe(name) for name in manifest.elsewhere)
    raise Refused(
        f"nothing was changed: {manifest.commit[:12]} is the same as {task.target}"
        + (f"; changed but not committed, so not submitted: {left}" if left else "")
        + (f"; there are new commits at {others}" if others else ""),
        exit=Exit.REDO,
        hint=_way_on(manifest),
    )


def _way_on(manifest: Manifest) -> str:
    if not manifest.elsewhere:
        return "commit your work with git, then: onloop submit"
    return f"onloop submit --ref {manifest.elsewhere[0].partition(' ')[0]} hands those in"
