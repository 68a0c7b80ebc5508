"""The verbs that only look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from onloop.attention.groups import age
from onloop.attention.why import why
from onloop.cli.context import Context
from onloop.cli.output import VerbOutput, columns
from onloop.cli.render import moment, reason_words, standing_json, strip, sub_agent_lines
from onloop.errors import BadInput
from onloop.gateway.facts import known_task
from onloop.machine.digest import Json
from onloop.machine.state import State
from onloop.machine.store_state import covering
from onloop.machine.task import Kind, Task
from onloop.records import fields_of
from onloop.store.port import Reading, Recorded, TaskFilter
from onloop.text import safe
from onloop.views.dossier import gate_lines
from onloop.views.effective_status import EffectiveStatus, effective_statuses
from onloop.views.overview_projector import overview_of
from onloop.views.pinned_workflow import pinned_definition
from onloop.views.sub_agents import counted

LONGEST_DETAIL = 70
MOST_EVENTS = 10_000


def list_tasks(context: Context) -> VerbOutput:
    """Every task in a line."""
    states = _states(context.args.state)
    with context.opened.gateway.store.reading() as at:
        tasks = at.tasks(TaskFilter(run=context.args.run, states=states))
        now = context.opened.gateway.clock()
        stand = effective_statuses(at, tasks, now)
    if context.args.as_json:
        return VerbOutput(data=_tasks_json(tasks, stand))
    rows = [_row(task, stand[task.id], now) for task in tasks]
    lines = columns(rows, header=("TASK", "REPO", "STATE", "REASON", "STEP", "HOLDER", "SINCE", "DETAIL"))
    return VerbOutput(lines=lines if rows else ("no tasks: onloop start or onloop fleet begins some",))


def _tasks_json(tasks: Sequence[Task], stand: Mapping[str, EffectiveStatus]) -> dict[str, Json]:
    return {"tasks": [standing_json(task, stand[task.id]) for task in tasks]}


def _states(word: str | None) -> tuple[State, ...] | None:
    if word is None:
        return None
    try:
        return (State(word),)
    except ValueError:
        raise BadInput(f"there is no state {word!r}", hint=f"one of {', '.join(State)}") from None


def _row(task: Task, standing: EffectiveStatus, now: int) -> tuple[str, ...]:
    detail = safe(f"its lease has run out: {task.detail}" if standing.lapsed else task.detail, LONGEST_DETAIL)
    reason = standing.reason.value if standing.reason else ""
    since = age(now - task.since)
    holder = ", ".join(filter(None, (task.holder, counted(standing.sub_agents))))
    return (task.id, task.repo or "", task.state.value, reason, task.step or "", holder, since, detail)


def why_task(context: Context) -> VerbOutput:
    """Where one task stands as of now, what would move it, and who can."""
    opened, wanted = context.opened, context.args.task
    with opened.gateway.store.reading() as at:
        task = known_task(at, wanted)
        now = opened.gateway.clock()
        stand = effective_statuses(at, (task,), now)[task.id]
        freeze = covering(at.house(), task)
    told = why(task, task.state, stand.reason, freeze, now)
    lines = (*(safe(f"{label:<10} {words}") for label, words in told), *sub_agent_lines(stand.sub_agents, ""))
    return VerbOutput(lines=lines, data={**standing_json(task, stand), "why": dict(told)})


def tree(context: Context) -> VerbOutput:
    """Runs with their tasks, gates as strips."""
    with context.opened.gateway.store.reading() as at:
        tasks = at.tasks(TaskFilter(run=context.args.run))
        stand = effective_statuses(at, tasks, context.opened.gateway.clock())
        if context.args.as_json:
            return VerbOutput(data=_tasks_json(tasks, stand))
        lines = tuple(_tree_lines(at, tasks, stand))
    return VerbOutput(lines=lines or ("no runs: onloop start or onloop fleet begins one",))


def _tree_lines(at: Reading, tasks: Sequence[Task], stand: Mapping[str, EffectiveStatus]) -> Iterator[str]:
    definitions = {digest: pinned_definition(at, digest) for digest in {task.definition for task in tasks}}
    members: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        members[task.run].append(task)
    for run in overview_of(tasks).runs:
        root = next(task for task in members[run.run] if task.id == run.run)
        counts = f"{run.done} done, {run.working} working, {run.waiting} waiting, {run.needs_person} need a person"
        yield safe(f"{root.id}  {root.workflow}  {root.title}  [{counts}, {run.total} in all]")
        for task in members[run.run]:
            if task.kind is Kind.WORK:
                marks = strip(gate_lines(definitions[task.definition], task))
                reason = reason_words(task, stand[task.id])
                yield safe(f"  {task.id:<10} {marks:<6} {task.repo or ''}  {task.step}  {task.state.value}{reason}")
                yield from sub_agent_lines(stand[task.id].sub_agents, "    ")


def log(context: Context) -> VerbOutput:
    """The audit trail."""
    args = context.args
    if args.limit < 1:
        raise BadInput("--limit 0 shows nothing", hint=f"1 to {MOST_EVENTS}")
    limit = min(args.limit, MOST_EVENTS)
    with context.opened.gateway.store.reading() as at:
        events = at.log(after=args.after, limit=limit, run=args.run, task=args.task)
    more = (f"more: onloop log --after {events[-1].seq}",) if len(events) == limit else ()
    data: dict[str, Json] = {"events": [_event_json(event) for event in events]}
    return VerbOutput(lines=tuple(map(_event_line, events)), data=data, notes=more)


def _event_line(event: Recorded) -> str:
    who = f"{event.task:<10} {event.principal:<20}"
    return safe(f"{event.seq:>6}  {moment(event.at)}  {who} {event.name}  {event.data}")


def _event_json(event: Recorded) -> Json:
    return {slot: getattr(event, slot) for slot in fields_of(Recorded)}
