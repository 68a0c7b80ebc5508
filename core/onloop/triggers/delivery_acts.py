"""Carries out what triggers are to do on an event, in the transaction that keeps what came of it.

One trigger owns a subject. What happened before what was seen last changes nothing, and a live task takes in all that
comes for its subject: a storm is one task.
"""

from __future__ import annotations

from onloop.access.runs import new_run_id
from onloop.errors import Exit, OnloopError, Refused
from onloop.gateway.command_operations import check_rules
from onloop.gateway.service import Gateway
from onloop.machine import commands as c
from onloop.machine.adopted_triggers import ActKind
from onloop.machine.artefacts import Artefact
from onloop.machine.principal import Principal
from onloop.machine.task import Task
from onloop.records import replace
from onloop.store.port import Transaction
from onloop.store.rows import Delivery, TriggerSubject
from onloop.triggers.delivery_records import Did, PlannedAct, TriggerOutcome, subject_id
from onloop.views.pinned_workflow import pinned_definition

PASSING = frozenset({Exit.HELD, Exit.NOT_YET, Exit.UNAVAILABLE})
"""How refusals end that are over some time, such as those of a freeze."""


def carried_out(gateway: Gateway, tx: Transaction, by: Principal, act: PlannedAct, row: Delivery) -> TriggerOutcome:
    """Do one act; what is refused is said, and stops no other."""
    if act.fault:
        return _outcome(act, Did.FAILED, act.fault)
    known = tx.get(TriggerSubject, subject_id(act.subject))
    if known is not None and act.at and act.at < known.at:
        return _outcome(act, Did.NOTHING, "something newer of this subject was seen before: that counts", known.work)
    if known is not None and known.delivery == row.id:  # also where what came of it is forgotten by now
        return _outcome(act, Did.FOLDED, "this webhook was carried out on this subject before", known.work)
    task = tx.task(known.work) if known is not None and known.work else None
    try:
        if act.kind is ActKind.START:
            did = _start(gateway, tx, by, act, known, task)
        else:
            did = _told(gateway, tx, by, act, task)
    except OnloopError as problem:
        if isinstance(problem, Refused) and problem.exit in PASSING:
            raise  # such as a freeze: all of it is tried again when that is over
        did = _outcome(act, Did.FAILED, f"{problem.message}; {problem.hint}", task.id if task is not None else "")
    _note(tx, act, known, did, row)
    return did


def _start(
    gateway: Gateway, tx: Transaction, by: Principal, act: PlannedAct, known: TriggerSubject | None, task: Task | None
) -> TriggerOutcome:
    if known is not None and task is not None and not task.ended:
        return _folded(gateway, tx, by, act, known, task)
    if known is not None and task is not None and act.revision and act.revision == known.revision:
        return _outcome(act, Did.FOLDED, f"{task.id} was begun for this revision, and has ended", task.id)
    run = new_run_id()
    while tx.task(run) is not None:
        run = new_run_id()
    if act.create is None:
        return _outcome(act, Did.FAILED, "nothing says what to begin")
    check_rules(pinned_definition(tx, act.create.definition))
    contents = [(file.name, file.content.encode("utf-8", "replace")) for file in act.files]
    files = tuple(Artefact(name, tx.put_blob(content), len(content)) for name, content in contents)
    gateway.advance(tx, by, run, replace(act.create, run=run, sponsor=by.id, attachments=files), "")
    return _outcome(act, Did.STARTED, f"it began {run}", run)


def _folded(
    gateway: Gateway, tx: Transaction, by: Principal, act: PlannedAct, known: TriggerSubject, task: Task
) -> TriggerOutcome:
    """A live task has the subject: it is told once that there is news, and reads the newest state itself."""
    if known.owner != act.trigger:
        why = f"{task.id} is at work on this subject, which trigger {known.owner} owns"
        return _outcome(act, Did.FOLDED, why, task.id)
    if act.revision == known.revision:
        return _outcome(act, Did.FOLDED, f"{task.id} is at work on this subject already", task.id)
    where = f": {task.source.url}" if task.source is not None and task.source.url else ""
    news = f"What this task is about has changed outside since it began. Read it again at its source{where}"
    try:
        gateway.advance(tx, by, task.id, c.Signal(news[:4_000], by.id), "")
    except Refused as no:
        why = f"{task.id} is at work on this subject; it was not told: {no.message}"
        return _outcome(act, Did.FOLDED, why, task.id)
    return _outcome(act, Did.FOLDED, f"{task.id} is at work on this subject; it is told of the news", task.id)


def _told(gateway: Gateway, tx: Transaction, by: Principal, act: PlannedAct, task: Task | None) -> TriggerOutcome:
    if task is None or task.ended:
        had, named = (f"{task.id} has ended", task.id) if task is not None else ("it has had none", "")
        return _outcome(act, Did.NOTHING, f"no task of this subject is live: {had}", named)
    command: c.OfOutside
    match act.kind:
        case ActKind.SIGNAL:
            command, did = c.Signal(act.text[:4_000], by.id), Did.SIGNALLED
        case ActKind.CANCEL:
            command, did = c.CallOff(act.text, by.id), Did.CANCELED
        case _:
            command, did = c.AnswerOutside(act.text, by.id), Did.ANSWERED
    gateway.advance(tx, by, task.id, command, "")
    return _outcome(act, did, f"{task.id} was {did.value}", task.id)


def _note(tx: Transaction, act: PlannedAct, known: TriggerSubject | None, did: TriggerOutcome, row: Delivery) -> None:
    """Keep what counts of the subject from now on. A cancel is remembered before there is a task: it may come first."""
    if did.did is Did.FAILED or (known is None and did.did is Did.NOTHING and act.kind is not ActKind.CANCEL):
        return
    begins, is_start = did.did is Did.STARTED, act.kind is ActKind.START
    before = known or TriggerSubject(subject_id(act.subject), act.subject, act.trigger, "", "", 0, "")
    owns = is_start and (begins or before.owner == act.trigger or not before.work)
    tx.put(
        replace(
            before,
            owner=act.trigger if owns else before.owner,
            work=did.task if begins else before.work,
            revision=act.revision if owns else before.revision,
            at=max(before.at, act.at),
            delivery=before.delivery if did.did is Did.NOTHING else row.id,
        )
    )


def _outcome(act: PlannedAct, did: Did, why: str, task: str = "") -> TriggerOutcome:
    return TriggerOutcome(act.trigger, did, why[:1_000], act.subject, task)
