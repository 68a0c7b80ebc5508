"""Submit: the gateway takes bytes into quarantine, computes what is true of them, asks for the gates; callers wait."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from onloop.access.opening import GatewayHandle
from onloop.errors import BadInput, Exit, Refused, Unavailable, unknown_task
from onloop.gates.intake.collection import Collection, collected
from onloop.gates.intake.manifest import Manifest
from onloop.gates.intake.quarantine import Admission, Arrival, admit, arrived
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.provenance import provenance_of
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.quota import spend_submitted
from onloop.gateway.store_rules import check_held
from onloop.gateway.upkeep import KeepContent
from onloop.machine.commands import Submit
from onloop.machine.definition import ArtefactGate, Definition
from onloop.machine.principal import INTAKE, Principal
from onloop.machine.rules.decision_builder import check_holder
from onloop.machine.state import Reason
from onloop.machine.task import Artefact, Submission, Task
from onloop.remote.client import GatewayClient, own_key
from onloop.remote.connection import ConnectionLost
from onloop.remote.connection_operations import ReadStamp
from onloop.text import safe
from onloop.views.pinned_workflow import definition_of
from onloop.views.queries.agent_reads import ReadHeldTask
from onloop.views.queries.reads import ReadTask

MOST_NAMED = 10
LONGEST_STATEMENT = 4_000
POLL_S = 0.02
TRIES = 4
"""How often something is handed in again whose answer was lost."""

Said = Callable[[Manifest], str | None]
"""What an agent says of what it hands in, once that is known; None where it is not to be handed in."""


def submit(opened: GatewayHandle, agent: Principal, statement: str, *, key: str = "") -> tuple[Task, Manifest]:
    """Submit HEAD of the agent's clone and what lies in its artefact folder; gates run afterwards, elsewhere.

    A process of the agent's gathers both. Refused where a change is asked for and HEAD changes nothing: gates that
    pass on the base would say nothing of it.
    """
    task, manifest = submit_if(opened, agent, lambda _: statement, key=key)
    return task or task_of(opened, agent.task or ""), manifest


def submit_if(opened: GatewayHandle, agent: Principal, said: Said, *, key: str = "") -> tuple[Task | None, Manifest]:
    """As `submit`, with what is said of the gathered manifest; nothing is handed in where that is None."""
    task = _held(opened, agent)
    if isinstance(opened.gateway, GatewayClient):  # its answer may be lost: asked again, it happens once
        key = key or own_key()
    for _ in range(TRIES):
        with _gathered(opened, task) as collection:
            statement = said(collection.manifest)
            if statement is None:
                return None, collection.manifest
            with suppress(ConnectionLost):
                return _sent(opened, agent, statement, collection, key), collection.manifest
        wait_for_gateway(opened)
    raise Unavailable("the gateway went each time while it was handed in", hint="onloop submit, once more")


def _gathered(opened: GatewayHandle, task: Task) -> AbstractContextManager[Collection]:
    """The target's history stays behind, and what the gateway itself merged: a bundle of all else is whole."""
    known = (task.funnel,) if task.funnel else ()
    return collected(opened.home.environment(task.id), opened.home.out(task.id), task.target, known)


def _sent(opened: GatewayHandle, agent: Principal, statement: str, collection: Collection, key: str) -> Task:
    """By the resident gateway where one is up, else here; Lost where it went meanwhile."""
    gateway = opened.gateway
    if isinstance(gateway, GatewayClient) and (gateway.behind is None or gateway.is_up()):
        return gateway.submit(agent, statement, collection, key=key)
    return take(opened, agent, statement, collection, key=key)


def wait_for_gateway(opened: GatewayHandle) -> None:
    """Until the resident gateway is back, where there is no other; Unavailable after some seconds without one."""
    if opened.apart is not None:
        opened.apart.line.ask_until_told(ReadStamp())


def take(opened: GatewayHandle, agent: Principal, statement: str, collection: Collection, *, key: str = "") -> Task:
    """Take what an agent hands in, from a pipe or from the socket."""
    with arrived(opened.home.quarantine, collection) as arrival:
        return hand_in(opened, agent, statement, arrival, key=key)


def hand_in(opened: GatewayHandle, agent: Principal, statement: str, arrival: Arrival, *, key: str = "") -> Task:
    """Submit what has come into the quarantine: an agent's word about it is its statement, all else is computed here.

    Whoever holds no lease is refused before anything of it is looked at.
    """
    task = _held(opened, agent)
    mirror = opened.home.mirror(task.origin or "")
    mirror.create()  # the clone may have been made from another user's
    tip = mirror.refresh(task.target)
    head = admit(arrival, _admission(mirror, task))
    found = provenance_of(mirror, head, tip)
    if found.tree == mirror.tree(found.base):
        _check_needs_no_change(opened, task, arrival.manifest)

    def keep(content: bytes) -> str:
        now = opened.gateway.clock()
        opened.gateway.store.transact(lambda tx: spend_submitted(tx, task.id, content, now))
        return opened.gateway.perform(KeepContent(content))

    submission = Submission(
        head=found.head,
        tree=found.tree,
        base=found.base,
        authors=found.authors,
        artefacts=tuple(Artefact(name, keep(content), len(content)) for name, content in arrival.artefacts()),
        statement=statement[:LONGEST_STATEMENT],
        at=opened.gateway.clock(),
        bundle=keep(content) if (content := arrival.bundle()) else "",
    )
    return opened.gateway.perform(PerformCommand(INTAKE, task.id, Submit(agent.id, agent.epoch, submission), key=key))


def hold_again(opened: GatewayHandle, task: Task) -> None:
    """Bring what a task submitted into the mirror again where that was lost: from the origin and the kept bundle."""
    submission, mirror = task.submission, opened.home.mirror(task.origin or "")
    if submission is None or (mirror.path.is_dir() and mirror.has(submission.head)):
        return
    mirror.create()
    mirror.refresh(task.target)
    with opened.gateway.store.reading() as at:
        content = (at.blob(submission.bundle) if submission.bundle else None) or b""
    collection = Collection(Manifest(submission.head, len(content)), iter((content,)))
    with arrived(opened.home.quarantine, collection) as arrival:
        admit(arrival, _admission(mirror, task))


def _admission(mirror: Mirror, task: Task) -> Admission:
    kin = (*task.merges, *((task.parent,) if task.funnel and task.parent else ()))
    return Admission(mirror, task.target, task.id, task.version, kin)


def _held(opened: GatewayHandle, agent: Principal) -> Task:
    """The agent's task, while it holds the lease; NotAllowed or Refused where it does not."""
    found = opened.gateway.perform(ReadHeldTask(agent.task or ""))
    task = found.task
    check_holder(task, agent.id, agent.epoch)
    check_held(found.lease, agent, opened.gateway.clock())
    if task.origin is None:
        raise BadInput(f"{task.id} has no repository", hint="onloop start WORKFLOW --repo PATH gives a task one")
    return task


def wait_for_gates(
    opened: GatewayHandle, task_id: str, *, timeout_s: float, pause: Callable[[float], None], beat: Callable[[], None]
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


def task_of(opened: GatewayHandle, task_id: str) -> Task:
    """The task with that id; UnknownThing if there is none."""
    task = opened.gateway.perform(ReadTask(task_id))
    if task is None:
        raise unknown_task(task_id)
    return task


def _check_needs_no_change(opened: GatewayHandle, task: Task, manifest: Manifest) -> None:
    with opened.gateway.store.reading() as at:
        definition = definition_of(at, task)
    if not _asks_for_change(definition, task.step or ""):
        return
    left = ", ".join(safe(name) for name in manifest.left[:MOST_NAMED])
    raise Refused(
        f"nothing was changed: {manifest.commit[:12]} is the same as {task.target}"
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
