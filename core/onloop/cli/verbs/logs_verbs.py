"""`onloop logs`: what a task's agents, gates and effects wrote, each under a heading that none of them can write."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from onloop.cli.arguments import LogsArguments
from onloop.cli.context import Context
from onloop.cli.json_models.work_models import LogPartJson, LogsJson
from onloop.cli.output import VerbOutput
from onloop.cli.printed_log import AgentRun, PrintedLine, PrintedLog
from onloop.cli.running import stop_signals
from onloop.errors import BadInput, Ground, NotAllowed, UnknownThing, unknown_task
from onloop.gateway.upkeep import CountDenial
from onloop.machine.state import State
from onloop.machine.task import Task
from onloop.records import Record
from onloop.remote.agent_log import NO_LOG, AgentLogPage
from onloop.text import safe
from onloop.views.queries.reads import ReadTask
from onloop.views.queries.task_outputs import OutputKind, ReadOutput, ReadOutputs, TaskOutput

LOOK_S = 0.5
"""How often a log is looked at that may grow."""
MOST_PAGES = 64
"""How many pages of one output are read: no gate keeps more."""
MOST_LINES = 100_000
"""How many lines of a part are printed while it is followed."""
_GOES_ON = frozenset({State.WORKING, State.SUBMITTED})


class _LogPart(Record):
    """A part of a log: what is above it, and its lines, which are safe to show."""

    at: int
    who: str
    attempt: int
    heading: str
    lines: Sequence[str]


class TaskLog:
    """What is wanted of a task's log, read as it grows."""

    def __init__(self, context: Context[LogsArguments], task: str) -> None:
        self._args, self._opened, self._task = context.args, context.opened, task
        self._seq = 0
        self.printed = PrintedLog(self._page)
        self.denied = ""

    def _page(self, start: int) -> AgentLogPage:
        """See PrintedLog. Another user reads what agents printed as a person, or as the agent of the task."""
        try:
            return self._opened.agent_log(self._task, start)
        except NotAllowed as no:
            self.denied = f"what agents printed is left out: {no.message}; {no.hint}"
            return NO_LOG

    @property
    def may_have_grown(self) -> bool:
        """Whether agents may have printed more: only the gateway knows what those of its user print."""
        try:
            return self.wants_agents and self._opened.home.agent_log(self._task).lstat().st_size > self.printed.at
        except OSError:
            return self.wants_agents and self._opened.apart is not None

    @property
    def wants_agents(self) -> bool:
        """Whether what agents printed is asked for."""
        return self._args.agent or not (self._args.gate or self._args.effect)

    def parts(self) -> list[_LogPart]:
        """The parts since the last look, the oldest first."""
        found = [*(self._of_agents() if self.wants_agents else ()), *self._of_outputs()]
        return sorted((part for part in found if self._is_wanted(part)), key=lambda part: part.at)

    def _is_wanted(self, part: _LogPart) -> bool:
        return self._args.attempt is None or part.attempt == self._args.attempt

    def _of_agents(self) -> Iterator[_LogPart]:
        runs: dict[AgentRun, list[PrintedLine]] = {}
        for line in self.printed.lines():
            runs.setdefault(line.run, []).append(line)
        for run, lines in runs.items():
            began = f", from {_utc(run.at)}" if run.at else ""
            heading = f"{run.agent}: attempt {run.attempt}, round {run.round}, {run.step}{began}"
            yield _LogPart(run.at, "agent", run.attempt, heading, [line.text for line in lines])

    def _of_outputs(self) -> Iterator[_LogPart]:
        for output in self._opened.gateway.perform(ReadOutputs(self._task)):
            if output.seq > self._seq and self._asked_for(output):
                yield self._of_output(output)
            self._seq = max(self._seq, output.seq)

    def _asked_for(self, output: TaskOutput) -> bool:
        args, is_effect = self._args, output.kind is OutputKind.EFFECT
        if not (args.agent or args.gate or args.effect):
            return True
        return args.effect if is_effect else args.gate == output.name

    def _of_output(self, output: TaskOutput) -> _LogPart:
        where = {OutputKind.GATE: "gate", OutputKind.BASE: "on the base, gate", OutputKind.EFFECT: "effect"}
        which = f"attempt {output.attempt}, round {output.round}, {output.step}, at {_utc(output.at)}"
        heading = safe(f"{where[output.kind]} {output.name}: {which}: {output.words.splitlines()[0]}", 400)
        lines = [safe(line, 4_000) for line in output.words.splitlines()[1:]]
        if output.digest is not None:
            lines += [safe(line.rstrip("\r"), 4_000) for line in self._whole(output.digest).split("\n")]
        return _LogPart(output.at, output.kind.value, output.attempt, heading, lines)

    def _whole(self, digest: str) -> str:
        text, at = "", 0
        for _ in range(MOST_PAGES):
            page = self._opened.gateway.perform(ReadOutput(self._task, digest, at))
            text, at = text + page.text, page.following
            if at >= page.size:
                break
        return text.rstrip("\n")


def logs(context: Context[LogsArguments]) -> VerbOutput:
    """Print the end of each part of a task's log; with `--follow`, go on until the task waits or ends."""
    args = context.args
    if args.follow and args.as_json:
        raise BadInput("--follow has no end that one JSON object could hold", hint="leave out --json")
    _check_reader(context)
    task = _task(context)
    if args.person is not None and context.opened.apart is not None:
        context.person()  # proved on this connection, so that the gateway gives what agents printed
    log = TaskLog(context, task.id)
    parts = log.parts()
    if args.follow:
        return _followed(context, log, parts)
    notes = () if log.printed.is_there or not log.wants_agents else (log.denied or _missing(task),)
    if not parts and notes:
        raise UnknownThing(f"there is no log of {task.id} here", hint=notes[0])
    printed = [line for part in parts if part.who == "agent" for line in _end(part, args.lines)]
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


def _followed(context: Context[LogsArguments], log: TaskLog, parts: Sequence[_LogPart]) -> VerbOutput:
    """Print what there is and what comes; the answer says where the task stands when it ends or waits for a person."""
    opened, printer = context.opened, _Printer()
    with stop_signals() as stop:
        printer.say(parts, context.args.lines)
        while True:
            seen, task = opened.gateway.store.stamp(), _task(context)
            printer.say(log.parts(), MOST_LINES)
            if stop.is_set() or task.state not in _GOES_ON:
                break
            while not stop.wait(LOOK_S) and opened.gateway.store.stamp() == seen and not log.may_have_grown:
                pass
    return VerbOutput(notes=(safe(f"{task.id} {task.state.value}: {task.detail}"),))


class _Printer:
    """Prints parts, with a heading wherever another part begins."""

    def __init__(self) -> None:
        self._last = ""

    def say(self, parts: Iterable[_LogPart], most: int) -> None:
        """Print the end of each part: at most so many of its lines."""
        for part in parts:
            lines = [] if part.heading == self._last else [part.heading]
            self._last = part.heading
            for line in (*lines, *map(_quoted, _end(part, most))):
                sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _lines(parts: Iterable[_LogPart], most: int) -> Iterator[str]:
    for part in parts:
        yield part.heading
        yield from map(_quoted, _end(part, most))


def _quoted(line: str) -> str:
    """A line of a part: no heading begins so."""
    return f"  | {line}"


def _end(part: _LogPart, most: int) -> Sequence[str]:
    return part.lines[-most:] if most else ()


def _json(part: _LogPart, args: LogsArguments) -> LogPartJson:
    return LogPartJson(part.who, part.heading, part.attempt, part.at, list(_end(part, args.lines)))


def _task(context: Context[LogsArguments]) -> Task:
    task = context.opened.gateway.perform(ReadTask(context.args.task))
    if task is None:
        raise unknown_task(context.args.task)
    return task


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
