"""The verbs that only look."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from onloop.attention.groups import age
from onloop.attention.why import why
from onloop.cli.arguments import ListArguments, LogArguments, LogsArguments, RunArguments
from onloop.cli.context import Context
from onloop.cli.json_models.envelope import extended
from onloop.cli.json_models.work_models import LogJson, LogsJson, TasksJson, WhyJson
from onloop.cli.name_checks import check_names
from onloop.cli.output import VerbOutput, columns
from onloop.cli.people_arguments import TaskArguments
from onloop.cli.render import moment, reason_words, strip, sub_agent_lines, task_now_json
from onloop.errors import BadInput, UnknownThing, unknown_task
from onloop.machine.definition import Definition
from onloop.machine.state import State
from onloop.machine.task import Kind, Task
from onloop.store.port import Recorded, TaskFilter
from onloop.text import fit, padded, safe
from onloop.views.dossier import gate_lines
from onloop.views.effective_status import EffectiveStatus, ReadTaskNow, ReadTasksNow, TaskNow
from onloop.views.overview_projector import overview_of
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.reads import ReadEvents, ReadTask
from onloop.views.sub_agents import counted
from onloop.workflow.hints import nearest

LONGEST_DETAIL = 70
BEGINS = "onloop start or onloop fleet begins"
MOST_EVENTS = 10_000
LOOK_S = 0.2
"""How often a log is looked at that may grow."""


def list_tasks(context: Context[ListArguments]) -> VerbOutput:
    """Every task in a line."""
    states = _states(context.args.state)
    check_names(context, run=context.args.run)
    gateway = context.opened.gateway
    now = gateway.clock()
    found = gateway.perform(ReadTasksNow(now, TaskFilter(run=context.args.run, states=states)))
    if context.args.as_json:
        return VerbOutput(data=_tasks_json(context, found))
    rows = [_row(each.task, each.effective_status, now) for each in found]
    lines = columns(rows, header=("TASK", "REPO", "STATE", "REASON", "STEP", "HOLDER", "SINCE", "DETAIL"))
    return VerbOutput(lines=lines if rows else (safe(f"no tasks in {context.home.name}: {BEGINS} some"),))


def _tasks_json(context: Context[RunArguments], found: Sequence[TaskNow]) -> TasksJson:
    return TasksJson([task_now_json(each.task, each.effective_status) for each in found], context.home.name)


def _states(word: str | None) -> tuple[State, ...] | None:
    if word is None:
        return None
    try:
        return (State(word),)
    except ValueError:
        hint = f"{nearest(word, State)}one of {', '.join(State)}"
        raise BadInput(f"there is no state {word!r}", hint=hint) from None


def _row(task: Task, standing: EffectiveStatus, now: int) -> tuple[str, ...]:
    detail = fit(safe(f"its lease has run out: {task.detail}" if standing.lapsed else task.detail), LONGEST_DETAIL)
    reason = standing.reason.value if standing.reason else ""
    since = age(now - task.since)
    holder = ", ".join(filter(None, (task.holder, counted(standing.sub_agents))))
    return (task.id, task.repo or "", task.state.value, reason, task.step or "", holder, since, detail)


def why_task(context: Context[TaskArguments]) -> VerbOutput:
    """Where one task stands as of now, what would move it, and who can."""
    gateway = context.opened.gateway
    now = gateway.clock()
    found = gateway.perform(ReadTaskNow(context.args.task, now))
    task, stand = found.task, found.effective_status
    told = why(task, task.state, stand.reason, found.frozen, now, run=found.run, hold=found.hold)
    lines = (*(safe(f"{label:<10} {words}") for label, words in told), *sub_agent_lines(stand.sub_agents, ""))
    return VerbOutput(lines=lines, data=extended(WhyJson, task_now_json(task, stand), why=dict(told)))


def tree(context: Context[RunArguments]) -> VerbOutput:
    """Runs with their tasks, gates as strips."""
    check_names(context, run=context.args.run)
    gateway = context.opened.gateway
    found = gateway.perform(ReadTasksNow(gateway.clock(), TaskFilter(run=context.args.run)))
    if context.args.as_json:
        return VerbOutput(data=_tasks_json(context, found))
    digests = dict.fromkeys(each.task.definition for each in found)
    definitions = {digest: gateway.perform(ReadDefinition(digest)) for digest in digests}
    lines = tuple(_tree_lines(found, definitions))
    return VerbOutput(lines=lines or (safe(f"no runs in {context.home.name}: {BEGINS} one"),))


def _tree_lines(found: Sequence[TaskNow], definitions: Mapping[str, Definition]) -> Iterator[str]:
    tasks, stand = [each.task for each in found], {each.task.id: each.effective_status for each in found}
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


def log(context: Context[LogArguments]) -> VerbOutput:
    """The audit trail."""
    args = context.args
    if args.limit < 1:
        raise BadInput("--limit 0 shows nothing", hint=f"1 to {MOST_EVENTS}")
    check_names(context, run=args.run, task=args.task)
    limit = min(args.limit, MOST_EVENTS)
    wanted = ReadEvents(after=args.after, limit=limit, run=args.run, task=args.task)
    events = context.opened.gateway.perform(wanted)
    more = (f"more: onloop log --after {events[-1].seq}",) if len(events) == limit else ()
    return VerbOutput(lines=tuple(map(_event_line, events)), data=LogJson(events), notes=more)


def _event_line(event: Recorded) -> str:
    who = f"{event.task:<10} {padded(safe(event.principal), 20)}"
    return safe(f"{event.seq:>6}  {moment(event.at)}  {who} {event.name}  {event.data}")


def logs(context: Context[LogsArguments]) -> VerbOutput:
    """Print the end of what a task's agents printed, cleaned and masked; with `--follow`, and what they go on to."""
    from onloop.cli.printed_log import PrintedLog  # here: other verbs that look need none of it
    from onloop.cli.running import stop_signals

    args, opened = context.args, context.opened
    task = _task(context, args.task)
    path = opened.home.agent_log(task.id)
    if args.follow and args.as_json:
        raise BadInput("--follow has no end that one JSON object could hold", hint="leave out --json")
    printed = PrintedLog(path)
    lines = list(printed.lines())[-args.lines :] if args.lines else []
    if not args.follow and not path.exists():
        hint = "its worker may run on another machine" if task.attempt else "no agent has claimed it yet"
        raise UnknownThing(f"there is no log of {task.id} here", hint=hint)
    if not args.follow:
        return VerbOutput(lines=tuple(lines), data=LogsJson(task.id, str(path), lines))
    with stop_signals() as stop:
        _say(lines)
        while not stop.is_set():
            seen = opened.gateway.store.stamp()
            goes_on = _task(context, task.id).state in {State.WORKING, State.SUBMITTED}
            _say(printed.lines())
            if not goes_on:
                break
            while not stop.is_set() and opened.gateway.store.stamp() == seen and not printed.has_grown:
                stop.wait(LOOK_S)
    return VerbOutput()


def _task(context: Context[LogsArguments], name: str) -> Task:
    task = context.opened.gateway.perform(ReadTask(name))
    if task is None:
        raise unknown_task(name)
    return task


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
