"""The verb about what the machines do."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.attention.groups import age
from onloop.cli.context import Context
from onloop.cli.json_models.machine_models import DrainJson, MachinesJson, SlotJson, VerifyingJson, WorkerJson
from onloop.cli.machine_arguments import WorkersArguments
from onloop.cli.output import VerbOutput
from onloop.errors import BadInput
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.drains import DrainAsked, DrainLifted
from onloop.text import safe
from onloop.views.queries.worker_reads import MachinesNow, ReadMachines, WorkerNow, slot_words, turned_workers

LONGEST = 300


def workers(context: Context[WorkersArguments]) -> VerbOutput:
    """List what workers and verifiers are at, or have workers drain or go on."""
    if context.args.what != "list":
        return _told(context)
    if context.args.names:
        raise BadInput("list takes no names", hint="onloop workers drain NAME, or go-on NAME")
    gateway = context.opened.gateway
    now = gateway.clock()
    found = gateway.perform(ReadMachines(now))
    return VerbOutput(lines=tuple(_lines(found, now)), data=_json(found, now))


def _lines(found: MachinesNow, now: int) -> Iterator[str]:
    for each in found.workers:
        yield safe(f"{each.name}  {each.words(now)}", LONGEST)
        for slot in each.at_work:
            yield safe(f"  {slot_words(slot, now)}", LONGEST)
    if not found.workers:
        yield "no worker has told of itself: onloop work --agent NAME starts one"
    for job in found.verifying:
        what = f"gate {job.gate}" if job.gate else "an effect"
        yield safe(f"{job.verifier} is at {what} of {job.task}, asked for {age(now - job.since)} ago", LONGEST)
    if found.waiting:
        yield f"{found.waiting} gates and effects wait for a verifier"


def _told(context: Context[WorkersArguments]) -> VerbOutput:
    """Record what a person says about workers."""
    args = context.args
    context.check_no_agent("have a worker drain")
    if not args.names:
        raise BadInput(f"no worker is named to {args.what}", hint="onloop workers lists them")
    gateway = context.opened.gateway
    found = gateway.perform(ReadMachines(gateway.clock())).workers
    person, is_drain = context.person(), args.what == "drain"
    chosen = turned_workers(found, args.names, is_drain=is_drain)
    for number, each in enumerate(chosen):
        key = f"{args.key}/{number}" if args.key else ""
        event = DrainAsked(each.id, person.id, args.reason) if is_drain else DrainLifted(each.id, person.id)
        gateway.perform(RecordStoreEvent(person, event, key=key))
    ids = [each.id for each in chosen]
    data = DrainJson(ids, []) if is_drain else DrainJson([], ids)
    return VerbOutput(lines=tuple(map(_drains if is_drain else _goes_on, chosen)), data=data)


def _drains(each: WorkerNow) -> str:
    left = len(each.at_work)
    rest = f"ends when {left} of its agents {'has' if left == 1 else 'have'}" if left else "ends at its next look"
    return safe(f"{each.id} drains: it claims nothing more, and {rest}", LONGEST)


def _goes_on(each: WorkerNow) -> str:
    return safe(f"{each.id} goes on", LONGEST)


def _json(found: MachinesNow, now: int) -> MachinesJson:
    return MachinesJson(
        [_worker_json(each, now) for each in found.workers],
        [VerifyingJson(each.verifier, each.task, each.gate, each.since) for each in found.verifying],
        found.waiting,
    )


def _worker_json(each: WorkerNow, now: int) -> WorkerJson:
    return WorkerJson(
        worker=each.id,
        name=each.name,
        launcher=each.launcher,
        host=each.host,
        role=each.role,
        slots=each.slots,
        idle=each.idle,
        at_work=[SlotJson(slot.slot, slot.task, slot.step, slot.since) for slot in each.at_work],
        since=each.since,
        said_at=each.said_at,
        silent=each.is_silent(now),
        drain_by=each.drain_by or None,
    )
