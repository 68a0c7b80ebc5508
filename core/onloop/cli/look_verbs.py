"""The verbs that only look."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.attention.groups import age
from onloop.cli.context import Context
from onloop.cli.output import Output, columns
from onloop.cli.render import moment, strip, task_json
from onloop.errors import BadInput
from onloop.gateway.definitions import definition_of
from onloop.gateway.dossier import gate_lines
from onloop.gateway.picture import picture_of
from onloop.machine.digest import Json
from onloop.machine.state import State
from onloop.machine.task import Kind, Task
from onloop.store.port import Reading, Recorded, TaskFilter

LONGEST_DETAIL = 70


def list_tasks(context: Context) -> Output:
    """Every task in a line."""
    states = _states(context.args.state)
    with context.opened.gateway.store.reading() as at:
        tasks = at.tasks(TaskFilter(run=context.args.run, states=states))
    now = context.opened.gateway.clock()
    rows = [_row(task, now) for task in tasks]
    lines = columns(rows, header=("TASK", "REPO", "STATE", "REASON", "STEP", "HOLDER", "SINCE", "DETAIL"))
    empty = ("no tasks: onloop start or onloop fleet begins some",)
    return Output(lines=lines if rows else empty, data={"tasks": [task_json(task) for task in tasks]})


def _states(word: str | None) -> tuple[State, ...] | None:
    if word is None:
        return None
    try:
        return (State(word),)
    except ValueError:
        raise BadInput(f"there is no state {word!r}", hint=f"one of {', '.join(State)}") from None


def _row(task: Task, now: int) -> tuple[str, ...]:
    detail = task.detail if len(task.detail) <= LONGEST_DETAIL else task.detail[: LONGEST_DETAIL - 1] + "…"
    reason = task.reason.value if task.reason else ""
    since = age(now - task.since)
    return (task.id, task.repo or "", task.state.value, reason, task.step or "", task.holder or "", since, detail)


def tree(context: Context) -> Output:
    """Runs with their tasks, gates as strips."""
    with context.opened.gateway.store.reading() as at:
        tasks = at.tasks(TaskFilter(run=context.args.run))
        lines = tuple(_tree_lines(at, list(tasks)))
    data: dict[str, Json] = {"tasks": [task_json(task) for task in tasks]}
    return Output(lines=lines or ("no runs: onloop start or onloop fleet begins one",), data=data)


def _tree_lines(at: Reading, tasks: list[Task]) -> Iterator[str]:
    for run in picture_of(tasks).runs:
        root = next(task for task in tasks if task.id == run.run)
        counts = f"{run.done} done, {run.working} working, {run.waiting} waiting, {run.needs_person} need a person"
        yield f"{root.id}  {root.workflow}  {root.title}  [{counts}, {run.total} in all]"
        for task in tasks:
            if task.run == run.run and task.kind is Kind.WORK:
                marks = strip(gate_lines(definition_of(at, task), task))
                reason = f" ({task.reason.value})" if task.reason else ""
                yield f"  {task.id:<10} {marks:<6} {task.repo or ''}  {task.step}  {task.state.value}{reason}"


def log(context: Context) -> Output:
    """The audit trail."""
    args = context.args
    with context.opened.gateway.store.reading() as at:
        events = at.log(after=args.after, limit=max(1, min(args.limit, 10_000)), run=args.run, task=args.task)
    lines = tuple(f"{e.seq:>6}  {moment(e.at)}  {e.task:<10} {e.principal:<20} {e.name}  {e.data}" for e in events)
    more = (f"more: onloop log --after {events[-1].seq}",) if len(events) == args.limit else ()
    return Output(lines=lines, data={"events": [_event_json(event) for event in events]}, notes=more)


def _event_json(event: Recorded) -> Json:
    return {slot: getattr(event, slot) for slot in Recorded.__slots__}
