"""The verb schedule: what begins by the clock, who adopted it, and what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from onloop.access.targets import target_of
from onloop.access.verifier_process import ensure_verifier
from onloop.cli.clock_arguments import ScheduleArguments
from onloop.cli.context import Context
from onloop.cli.json_models.build_models import SchemaJson
from onloop.cli.json_models.clock_models import (
    FiredJson,
    FiringJson,
    ScheduleChangeJson,
    ScheduleJson,
    SchedulesJson,
)
from onloop.cli.output import VerbOutput
from onloop.errors import BadInput, Exit
from onloop.gates.repository.ref_names import without_credentials
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.schedules import (
    Schedule,
    ScheduleAdopted,
    ScheduleDropped,
    ScheduledStart,
    SchedulePaused,
    ScheduleResumed,
)
from onloop.machine.store_state import StoreState
from onloop.records import replace
from onloop.schedules.firing_operations import AskFiring, ReadSchedules, ScheduleStanding
from onloop.schedules.firings import OPEN
from onloop.schedules.pinned_beginnings import as_committed
from onloop.schedules.schedule_file import FILE, LARGEST_SCHEDULES, load_schedules, schedules_schema
from onloop.store.rows import FiringRow
from onloop.text import safe
from onloop.times import time_words, utc_words
from onloop.views.queries.reads import ReadStoreState
from onloop.workflow.builtins import builtins
from onloop.workflow.duration import milliseconds
from onloop.workflow.zones import zone_named

_SHOWN = 3
"""How many firings are listed of each schedule; `--json` has all that are remembered."""

_POLL_S = 0.05


def schedule(context: Context[ScheduleArguments]) -> VerbOutput:
    """List, adopt, drop, run, pause or resume schedules."""
    return _WHATS[context.args.what](context)


def _list(context: Context[ScheduleArguments]) -> VerbOutput:
    gateway = context.opened.gateway
    now, house = gateway.clock(), gateway.perform(ReadStoreState())
    found = gateway.perform(ReadSchedules(now))
    lines = tuple(line for standing in found for line in _listed(standing, house, now))
    none = "nothing begins by the clock: onloop schedule adopt FILE; onloop help schedules shows one"
    return VerbOutput(lines=lines or (none,), data=SchedulesJson([_json(each, house) for each in found]))


def _listed(standing: ScheduleStanding, house: StoreState, now: int) -> Iterator[str]:
    schedule = standing.known.schedule
    yield safe(f"{schedule.name}: {schedule.cron} in {schedule.zone}, {_next_words(standing, now)}", 300)
    yield safe(
        f"  begins {_begins_words(schedule.begins)}; adopted by {standing.known.by}: {standing.known.reason}", 500
    )
    trouble = house.troubles.get(f"schedule:{schedule.name}")
    if trouble is not None:
        yield safe(f"  begins nothing at present: {trouble.words}; {trouble.way_out}", 700)
    zone = zone_named(schedule.zone)
    for row in standing.firings[:_SHOWN]:
        words = f": {row.words}" if row.words else ""
        yield safe(f"  {time_words(row.planned, now, zone)} {row.state}{words}", 600)


def _next_words(standing: ScheduleStanding, now: int) -> str:
    known = standing.known
    if known.is_paused:
        return f"paused by {known.paused_by}: {known.paused_for}"
    if standing.next_at is None:
        return "never again"
    if standing.next_at <= now:
        return "due now"
    return f"next {time_words(standing.next_at, now, zone_named(known.schedule.zone))}"


def _begins_words(begins: ScheduledStart) -> str:
    if begins.fleet:
        return f"fleet {begins.fleet} of {without_credentials(begins.control)}"
    return f"{begins.workflow} in {without_credentials(begins.origin)}"


def _json(standing: ScheduleStanding, house: StoreState) -> ScheduleJson:
    known, schedule = standing.known, standing.known.schedule
    trouble = house.troubles.get(f"schedule:{schedule.name}")
    return ScheduleJson(
        schedule=schedule.name,
        cron=schedule.cron,
        zone=schedule.zone,
        begins=_begins_words(schedule.begins),
        overlap=schedule.overlap.value,
        missed=schedule.missed.value,
        jitter_ms=schedule.jitter_ms,
        next=None if standing.next_at is None else utc_words(standing.next_at),
        paused_by=known.paused_by or None,
        running=standing.running or None,
        by=known.by,
        reason=known.reason,
        trouble=None if trouble is None else trouble.words,
        firings=[_firing_json(row) for row in standing.firings],
    )


def _firing_json(row: FiringRow) -> FiringJson:
    run = row.run if row.state == "started" else None
    return FiringJson(row.id, utc_words(row.planned), row.state, run, safe(row.words, 600))


def _adopt(context: Context[ScheduleArguments]) -> VerbOutput:
    """Have the schedules of a file in force, those of their names before them no longer."""
    args = context.args
    context.check_no_agent("adopt a schedule")
    if len(args.names) > 1:
        raise BadInput("one file is adopted at a time", hint=f"onloop schedule adopt {safe(args.names[0], 100)}")
    path = Path(args.names[0] if args.names else FILE)
    opened = context.opened
    found = [_resolved(each, path.absolute().parent) for each in load_schedules(_content(path), str(path))]
    pinned = {each.name: as_committed(opened, each.begins) for each in found}
    found = [replace(each, begins=pinned[each.name].begins) for each in found]
    in_force = opened.gateway.perform(ReadStoreState()).schedules
    fresh = [s for s in found if s.name not in in_force or in_force[s.name].schedule != s]
    if not fresh:
        return VerbOutput(Exit.NOTHING, ("all of these are in force already",), _change())
    person = context.person()
    for number, each in enumerate(fresh):
        key = f"{args.key}/{number}" if args.key else ""
        pinned[each.name].keep(opened, person)
        opened.gateway.perform(RecordStoreEvent(person, ScheduleAdopted(each, person.id, args.reason), key=key))
    ensure_verifier(context.home)
    lines = tuple(safe(f"adopted: {each.name} ({each.cron} in {each.zone})", 300) for each in fresh)
    note = "onloop serve, onloop work or the dashboard begins what is due; onloop schedule list says when"
    return VerbOutput(lines=lines, data=_change(adopted=[each.name for each in fresh]), notes=(note,))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_SCHEDULES + 1)
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}", hint=f"write {FILE}, or name a file") from None


def _resolved(schedule: Schedule, folder: Path) -> Schedule:
    """The schedule with whole addresses: whoever begins what it says stands in no folder of its file."""
    begins = schedule.begins
    if folder.name == ".onloop":
        folder = folder.parent
    if begins.origin:
        target = target_of(begins.origin, begins.branch or None, folder, "repo")
        begins = replace(begins, origin=target.origin, repo=target.name)
    if begins.control:
        begins = replace(begins, control=target_of(begins.control, None, folder, "control").origin)
    if begins.workflow in builtins():
        begins = replace(begins, control="", control_branch="")
    return replace(schedule, begins=begins)


def _change(
    adopted: Sequence[str] = (), dropped: Sequence[str] = (), paused: Sequence[str] = (), resumed: Sequence[str] = ()
) -> ScheduleChangeJson:
    return ScheduleChangeJson(adopted, dropped, paused, resumed)


def _named(args: ScheduleArguments) -> Sequence[str]:
    if not args.names:
        raise BadInput("which schedule?", hint=f"onloop schedule {args.what} NAME; onloop schedule list names them")
    return args.names


def _drop(context: Context[ScheduleArguments]) -> VerbOutput:
    names = _decided(context, lambda name, by: ScheduleDropped(name, by, context.args.reason))
    return VerbOutput(lines=tuple(f"dropped: {name}" for name in names), data=_change(dropped=names))


def _pause(context: Context[ScheduleArguments]) -> VerbOutput:
    names = _decided(context, lambda name, by: SchedulePaused(name, by, context.args.reason))
    return VerbOutput(lines=tuple(f"paused: {name}" for name in names), data=_change(paused=names))


def _resume(context: Context[ScheduleArguments]) -> VerbOutput:
    names = _decided(context, lambda name, by: ScheduleResumed(name, by))
    note = "what it missed while it was paused stays missed"
    return VerbOutput(lines=tuple(f"resumed: {name}" for name in names), data=_change(resumed=names), notes=(note,))


def _decided(
    context: Context[ScheduleArguments],
    event: Callable[[str, str], ScheduleDropped | SchedulePaused | ScheduleResumed],
) -> Sequence[str]:
    """Record what a person says about each of the schedules that were named."""
    args = context.args
    context.check_no_agent(f"{args.what} a schedule")
    names, person = _named(args), context.person()
    for number, name in enumerate(names):
        key = f"{args.key}/{number}" if args.key else ""
        context.opened.gateway.perform(RecordStoreEvent(person, event(name, person.id), key=key))
    return names


def _run(context: Context[ScheduleArguments]) -> VerbOutput:
    """Have a schedule fire now, and wait until it has begun."""
    args = context.args
    context.check_no_agent("fire a schedule")
    names = _named(args)
    if len(names) > 1:
        raise BadInput("one schedule is run at a time", hint=f"onloop schedule run {safe(names[0], 64)}")
    firing = context.opened.gateway.perform(AskFiring(context.launcher(), names[0]))
    ensure_verifier(context.home)
    row = _waited(context, names[0], firing, milliseconds(args.wait))
    run = row.run if row.state == "started" else None
    code = Exit.OK if run else Exit.NOT_YET if row.state in OPEN else Exit.HELD
    words = f"{names[0]}: {row.state}{f', {row.words}' if row.words else ''}"
    data = FiredJson(firing, row.state, run, safe(row.words, 600))
    return VerbOutput(code, (safe(words, 700),), data)


def _waited(context: Context[ScheduleArguments], name: str, firing: str, wait_ms: int) -> FiringRow:
    """The firing, as soon as it is over or has failed once, or after so long."""
    gateway, deadline = context.opened.gateway, time.monotonic() + wait_ms / 1000
    while True:
        found = (each for each in gateway.perform(ReadSchedules(gateway.clock())) if each.known.schedule.name == name)
        row = next((row for each in found for row in each.firings if row.id == firing), None)
        if row is None:
            raise BadInput(f"schedule {name} is in force no more", hint="onloop schedule list")
        if row.state not in OPEN or (row.attempts and row.state == "waiting") or time.monotonic() >= deadline:
            return row
        time.sleep(_POLL_S)


def _schema(_: Context[ScheduleArguments]) -> VerbOutput:
    schema = schedules_schema()
    return VerbOutput(lines=(json.dumps(schema, indent=2),), data=SchemaJson(schema))


_WHATS: Mapping[str, Callable[[Context[ScheduleArguments]], VerbOutput]] = {
    "list": _list,
    "adopt": _adopt,
    "drop": _drop,
    "run": _run,
    "pause": _pause,
    "resume": _resume,
    "schema": _schema,
}
