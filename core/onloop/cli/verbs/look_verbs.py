"""The verbs that only look."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from onloop.attention.board import Board
from onloop.attention.groups import age
from onloop.attention.scope import Whose, count_words, needs_you, whose_needs
from onloop.attention.viewer import Viewer
from onloop.attention.why import why
from onloop.cli.arguments import ListArguments, LogArguments, TreeArguments
from onloop.cli.context import Context
from onloop.cli.json_models.envelope import extended
from onloop.cli.json_models.work_models import LogJson, TasksJson, WhyJson
from onloop.cli.name_checks import check_names
from onloop.cli.output import VerbOutput, columns
from onloop.cli.past_look import TasksSeen, tasks_seen
from onloop.cli.people_arguments import TaskArguments
from onloop.cli.render import counts_json, reason_words, strip, sub_agent_lines, task_now_json
from onloop.errors import BadInput
from onloop.machine.definition import Definition
from onloop.machine.state import State
from onloop.machine.store_state import HOUSE
from onloop.machine.task import Kind
from onloop.records import replace
from onloop.store.port import Recorded, TaskFilter
from onloop.text import fit, padded, safe
from onloop.times import utc_words
from onloop.views.dossier import gate_lines
from onloop.views.effective_status import ReadTaskNow, TaskNow
from onloop.views.environment_words import where_words
from onloop.views.overview import FleetLine
from onloop.views.overview_projector import overview_of
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.reads import ReadEvents
from onloop.views.sub_agents import counted
from onloop.views.task_columns import (
    COLUMNS,
    ColumnProblem,
    ColumnRow,
    columns_named,
    order_named,
    ordered_ids,
    shared_words,
)
from onloop.workflow.hints import nearest

LONGEST_DETAIL = 70
_HEADER = ("TASK", "OWNS", "STATE", "REASON", "STEP", "WAITS FOR", "HOLDER", "SINCE", "DETAIL")
LONGEST_OWNED = 200
BEGINS = "onloop start or onloop fleet begins"
MOST_EVENTS = 10_000


def list_tasks(context: Context[ListArguments]) -> VerbOutput:
    """Every task in a line."""
    states = _states(context.args.state)
    check_names(context, run=context.args.run)
    seen = tasks_seen(context, TaskFilter(run=context.args.run, states=states))
    columns_wanted, order = _arranged(context.args)
    if order:
        seen = replace(seen, found=_in_order(seen, order))
    if context.args.a2a:
        from onloop.cli.verbs.a2a_lines import list_lines  # here: few ask in another protocol's words

        return VerbOutput(lines=list_lines(seen.found, is_json_asked=context.args.as_json))
    if context.args.as_json:
        return VerbOutput(data=_tasks_json(context, seen))
    if columns_wanted:
        lines = tuple(_arranged_lines(seen, columns_wanted))
    else:
        lines = columns([_row(each, seen.now, seen.viewer) for each in seen.found], header=_HEADER)
    notes = (*seen.notes, " · ".join(count_words(seen.board.counts))) if seen.found else seen.notes
    return VerbOutput(
        notes=notes, lines=lines if seen.found else (safe(f"no tasks in {context.home.name}: {BEGINS} some"),)
    )


def _arranged(args: ListArguments) -> tuple[tuple[str, ...], str]:
    """The columns and the order that are asked for; BadInput for what is no column."""
    named = columns_named(args.columns) if args.columns is not None else ()
    order = order_named(args.sort) if args.sort is not None else ""
    if isinstance(named, ColumnProblem):
        raise BadInput(named.message, hint=named.hint)
    if isinstance(order, ColumnProblem):
        raise BadInput(order.message, hint=order.hint)
    return named, order


def _cells_of(found: TaskNow, seen: TasksSeen) -> ColumnRow:
    return ColumnRow(
        found.task, seen.now, found.effective_status.reason, None, seen.viewer, found.effective_status.progress_at
    )


def _in_order(seen: TasksSeen, order: str) -> tuple[TaskNow, ...]:
    known = {each.task.id: each for each in seen.found}
    return tuple(known[task] for task in ordered_ids((_cells_of(each, seen) for each in seen.found), order))


def _arranged_lines(seen: TasksSeen, wanted: Sequence[str]) -> Iterator[str]:
    """The tasks in these columns; what all of them share is said once, above them."""
    rows = [_cells_of(each, seen) for each in seen.found]
    shared = shared_words(rows, wanted)
    if shared:
        yield safe("in every row: " + ", ".join(f"{name} {said or 'none'}" for name, said in shared.items()))
    shown = [COLUMNS[name] for name in wanted if name not in shared]
    cells = [(row.task.id, *(fit(safe(each.words(row)), LONGEST_DETAIL) for each in shown)) for row in rows]
    yield from columns(cells, header=("TASK", *(each.name.upper() for each in shown)))


def _tasks_json(context: Context[TreeArguments], seen: TasksSeen) -> TasksJson:
    found = [task_now_json(each) for each in seen.found]
    return TasksJson(found, context.home.name, counts_json(seen.board.counts), seen.moment)


def _states(word: str | None) -> tuple[State, ...] | None:
    if word is None:
        return None
    try:
        return (State(word),)
    except ValueError:
        hint = f"{nearest(word, State)}one of {', '.join(State)}"
        raise BadInput(f"there is no state {word!r}", hint=hint) from None


def _row(found: TaskNow, now: int, viewer: Viewer) -> tuple[str, ...]:
    task, standing, owns = found.task, found.effective_status, found.owns
    detail = fit(safe(f"its lease has run out: {task.detail}" if standing.lapsed else task.detail), LONGEST_DETAIL)
    reason = standing.reason.value if standing.reason else ""
    since = age(now - task.since)
    holder = ", ".join(filter(None, (task.holder, counted(standing.sub_agents))))
    owned = owns.part if task.kind is Kind.WORK else ""
    return (task.id, owned, task.state.value, reason, task.step or "", owns.now(viewer), holder, since, detail)


def why_task(context: Context[TaskArguments]) -> VerbOutput:
    """Where one task stands as of now, what would move it, and who can."""
    gateway = context.opened.gateway
    now = gateway.clock()
    found = gateway.perform(ReadTaskNow(context.args.task, now))
    task, stand = found.task, found.effective_status
    told = (
        *why(task, task.state, stand.reason, found.frozen, now, run=found.run, hold=found.hold),
        ("owns", found.owns.owned(LONGEST_OWNED)),
    )
    lines = (*(safe(f"{label:<10} {words}") for label, words in told), *sub_agent_lines(stand.sub_agents, ""))
    return VerbOutput(lines=lines, data=extended(WhyJson, task_now_json(found), why=dict(told)))


def tree(context: Context[TreeArguments]) -> VerbOutput:
    """Runs with their tasks, gates as strips."""
    check_names(context, run=context.args.run)
    gateway = context.opened.gateway
    seen = tasks_seen(context, TaskFilter(run=context.args.run))
    if context.args.as_json:
        return VerbOutput(data=_tasks_json(context, seen))
    digests = dict.fromkeys(each.task.definition for each in seen.found)
    definitions = {digest: gateway.perform(ReadDefinition(digest)) for digest in digests}
    lines = tuple(_tree_lines(seen.found, definitions, seen.viewer, seen.board))
    return VerbOutput(notes=seen.notes, lines=lines or (safe(f"no runs in {context.home.name}: {BEGINS} one"),))


def _tree_lines(
    found: Sequence[TaskNow], definitions: Mapping[str, Definition], viewer: Viewer, board: Board
) -> Iterator[str]:
    members: dict[str, list[TaskNow]] = defaultdict(list)
    for each in found:
        members[each.task.run].append(each)
    whose = whose_needs(board)
    for run in overview_of([each.task for each in found]).runs:
        root = next(each.task for each in members[run.run] if each.task.id == run.run)
        needing = Counter(whose[each.task.id] for each in members[run.run] if each.task.id in whose)
        yield safe(f"{root.id}  {root.workflow}  {root.title}  [{_run_counts(run, needing)}]")
        for each in members[run.run]:
            if each.task.kind is Kind.WORK:
                yield safe(_tree_line(each, definitions[each.task.definition], viewer))
                yield from sub_agent_lines(each.effective_status.sub_agents, "    ")


def _run_counts(run: FleetLine, needing: Mapping[Whose, int]) -> str:
    kinds = (
        f"{run.done} done",
        f"{run.working} working",
        f"{run.waiting} waiting",
        needs_you(needing[Whose.YOU]),
        *(f"{needing[whose]} {word}" for whose, word in _OTHERWISE if needing[whose]),
        f"{run.total} in all",
    )
    return ", ".join(kinds)


_OTHERWISE = ((Whose.OTHERS, "for others"), (Whose.HIDDEN, "hidden"))


def _tree_line(found: TaskNow, definition: Definition, viewer: Viewer) -> str:
    task, owns = found.task, found.owns
    marks = strip(gate_lines(definition, task))
    at = f"{task.step}  {task.state.value}{reason_words(task, found.effective_status)}"
    now = "  ".join(filter(None, (owns.now(viewer), where_words(task))))
    return f"  {task.id:<10} {marks:<6} {owns.owned(LONGEST_DETAIL)}  {at}{f'  {now}' if now else ''}"


def log(context: Context[LogArguments]) -> VerbOutput:
    """The audit trail."""
    args = context.args
    if args.limit < 1:
        raise BadInput("--limit 0 shows nothing", hint=f"1 to {MOST_EVENTS}")
    run, task = (name if name != HOUSE else None for name in (args.run, args.task))
    check_names(context, run=run, task=task)
    limit = min(args.limit, MOST_EVENTS)
    wanted = ReadEvents(after=args.after, limit=limit, run=args.run, task=args.task)
    events = context.opened.gateway.perform(wanted)
    more = (f"more: onloop log --after {events[-1].seq}",) if len(events) == limit else ()
    return VerbOutput(lines=tuple(map(_event_line, events)), data=LogJson(events), notes=more)


def _event_line(event: Recorded) -> str:
    who = f"{event.task:<10} {padded(safe(event.principal), 20)}"
    return safe(f"{event.seq:>6}  {utc_words(event.at)}  {who} {event.name}  {event.data}")
