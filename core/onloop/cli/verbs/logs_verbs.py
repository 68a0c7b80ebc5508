"""`onloop logs`: what a task's agents, gates and effects wrote, each under a heading that none of them can write."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence

from onloop.access.opening import GatewayHandle
from onloop.access.task_log import AGENT, LogPart, LogWanted, TaskLog
from onloop.cli.arguments import LogsArguments
from onloop.cli.context import Context
from onloop.cli.json_models.work_models import LogPartJson, LogsJson
from onloop.cli.name_checks import check_names
from onloop.cli.output import VerbOutput
from onloop.cli.running import stop_signals
from onloop.errors import BadInput, Ground, NotAllowed, UnknownThing, unknown_task
from onloop.gateway.upkeep import CountDenial
from onloop.machine.state import State
from onloop.machine.task import Task
from onloop.text import safe
from onloop.views.queries.reads import ReadTask

LOOK_S = 0.5
"""How often a log is looked at that may grow."""
MOST_LINES = 100_000
"""How many lines of a part are printed while it is followed."""
_GOES_ON = frozenset({State.WORKING, State.SUBMITTED})


def logs(context: Context[LogsArguments]) -> VerbOutput:
    """Print the end of each part of a task's log; with `--follow`, go on until the task waits or ends."""
    args = context.args
    if args.follow and args.as_json:
        raise BadInput("--follow has no end that one JSON object could hold", hint="leave out --json")
    _check_reader(context)
    task = _task(context)
    check_names(context, gate=args.gate)
    if args.person is not None and context.opened.apart is not None:
        context.person()  # proved on this connection, so that the gateway gives what agents printed
    wanted = LogWanted(args.agent, args.gate, args.effect, args.attempt)
    log = TaskLog(task.id, context.opened.agent_log, wanted)
    parts = log.parts(context.opened.gateway)
    if args.follow:
        return _followed(context, log, parts)
    notes = () if log.printed.is_there or not wanted.wants_agents else (log.denied or _missing(task),)
    if not parts and notes:
        raise UnknownThing(f"there is no log of {task.id} here", hint=notes[0])
    printed = [line for part in parts if part.kind == AGENT for line in _end(part, args.lines)]
    data = LogsJson(
        task.id, str(context.opened.home.agent_log(task.id)), printed, [_json(each, args) for each in parts]
    )
    return VerbOutput(lines=tuple(_lines(parts, args.lines)), data=data, notes=notes)


def _check_reader(context: Context[LogsArguments]) -> None:
    """Refuse an agent that asks for what was written at another task than its own."""
    if not os.environ.get("ONLOOP_TOKEN"):
        return
    agent = context.agent()
    if agent.task != context.args.task:
        context.opened.gateway.perform(CountDenial(agent, "read a log", context.args.task, Ground.FOREIGN))
        raise NotAllowed(f"{agent.id} may read only the log of {agent.task}", hint=f"onloop logs {agent.task}")


def _missing(task: Task) -> str:
    if not task.attempt:
        return "no agent has claimed it yet"
    return "what its agents printed is kept by the user and on the machine of their worker: onloop logs there"


def _followed(context: Context[LogsArguments], log: TaskLog, parts: Sequence[LogPart]) -> VerbOutput:
    """Print what there is and what comes; the answer says where the task stands when it ends or waits for a person."""
    opened, printer = context.opened, _Printer()
    with stop_signals() as stop:
        printer.say(parts, context.args.lines)
        while True:
            seen, task = opened.gateway.store.stamp(), _task(context)
            printer.say(log.parts(opened.gateway), MOST_LINES)
            if stop.is_set() or task.state not in _GOES_ON:
                break
            while (
                not stop.wait(LOOK_S)
                and opened.gateway.store.stamp() == seen
                and not _may_have_grown(opened, task, log)
            ):
                pass
    return VerbOutput(notes=(safe(f"{task.id} {task.state.value}: {task.detail}"),))


def _may_have_grown(opened: GatewayHandle, task: Task, log: TaskLog) -> bool:
    """Whether agents may have printed more: only the gateway knows what those of its user print."""
    try:
        return opened.home.agent_log(task.id).lstat().st_size > log.printed.at
    except OSError:
        return opened.apart is not None


class _Printer:
    """Prints parts, with a heading wherever another part begins."""

    def __init__(self) -> None:
        self._last = ""

    def say(self, parts: Iterable[LogPart], most: int) -> None:
        """Print the end of each part: at most so many of its lines."""
        for part in parts:
            lines = [] if part.heading == self._last else [part.heading]
            self._last = part.heading
            for line in (*lines, *map(_quoted, _end(part, most))):
                sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _lines(parts: Iterable[LogPart], most: int) -> Iterator[str]:
    for part in parts:
        yield part.heading
        yield from map(_quoted, _end(part, most))


def _quoted(line: str) -> str:
    """A line of a part: no heading begins so."""
    return f"  | {line}"


def _end(part: LogPart, most: int) -> Sequence[str]:
    return part.lines[-most:] if most else ()


def _json(part: LogPart, args: LogsArguments) -> LogPartJson:
    return LogPartJson(part.kind, part.heading, part.attempt, part.at, list(_end(part, args.lines)))


def _task(context: Context[LogsArguments]) -> Task:
    task = context.opened.gateway.perform(ReadTask(context.args.task))
    if task is None:
        raise unknown_task(context.args.task)
    return task
