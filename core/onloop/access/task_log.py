"""What agents, gates and effects of a task wrote, read as it grows: each part under a heading of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from onloop.access.printed_log import AgentRun, PrintedLine, PrintedLog
from onloop.errors import NotAllowed
from onloop.gateway.port import GatewayPort
from onloop.records import Record
from onloop.remote.agent_log import NO_LOG, AgentLogPage
from onloop.text import safe
from onloop.times import second_words
from onloop.views.queries.task_outputs import OutputKind, ReadOutput, ReadOutputs, TaskOutput

MOST_PAGES = 64
"""How many pages of one output are read: no gate keeps more."""
LONGEST_LINE = 4_000
LONGEST_HEADING = 400
AGENT = "agent"

ReadPage = Callable[[str, int], AgentLogPage]


class LogWanted(Record):
    """Which parts of a log are asked for; with none of the first three, all of them."""

    agent: bool = False
    gate: str | None = None
    effect: bool = False
    attempt: int | None = None

    @property
    def wants_agents(self) -> bool:
        """Whether what agents printed is asked for."""
        return self.agent or not (self.gate or self.effect)

    def wants(self, output: TaskOutput) -> bool:
        """Whether what this gate or effect wrote is asked for."""
        if not (self.agent or self.gate or self.effect):
            return True
        return self.effect if output.kind is OutputKind.EFFECT else self.gate == output.name


class LogPart(Record):
    """A part of a log: whose it is, the heading above it, and its lines, which are safe to show."""

    at: int
    kind: str
    attempt: int
    heading: str
    lines: Sequence[str]


class TaskLog:
    """What is wanted of a task's log, read as it grows. `read` gives pages of what its agents printed."""

    def __init__(self, task: str, read: ReadPage, wanted: LogWanted) -> None:
        self._task, self._read, self._wanted = task, read, wanted
        self._seq = 0
        self.printed = PrintedLog(self._page)
        self.denied = ""
        """Why what agents printed is left out; empty where it is not."""

    def parts(self, gateway: GatewayPort) -> list[LogPart]:
        """The parts since the last look, the oldest first."""
        found = [*(self._of_agents() if self._wanted.wants_agents else ()), *self._of_outputs(gateway)]
        attempt = self._wanted.attempt
        return sorted((each for each in found if attempt in {None, each.attempt}), key=lambda each: each.at)

    def _page(self, start: int) -> AgentLogPage:
        """See PrintedLog. Another user reads what agents printed as a person, or as the agent of the task."""
        try:
            return self._read(self._task, start)
        except NotAllowed as no:
            self.denied = f"what agents printed is left out: {no.message}; {no.hint}"
            return NO_LOG

    def _of_agents(self) -> Iterator[LogPart]:
        runs: dict[AgentRun, list[PrintedLine]] = {}
        for line in self.printed.lines():
            runs.setdefault(line.run, []).append(line)
        for run, lines in runs.items():
            began = f", from {second_words(run.at)}" if run.at else ""
            heading = f"{run.agent}: attempt {run.attempt}, round {run.round}, {run.step}{began}"
            yield LogPart(run.at, AGENT, run.attempt, heading, [line.text for line in lines])

    def _of_outputs(self, gateway: GatewayPort) -> Iterator[LogPart]:
        for output in gateway.perform(ReadOutputs(self._task)):
            if output.seq > self._seq and self._wanted.wants(output):
                yield self._of_output(gateway, output)
            self._seq = max(self._seq, output.seq)

    def _of_output(self, gateway: GatewayPort, output: TaskOutput) -> LogPart:
        where = {OutputKind.GATE: "gate", OutputKind.BASE: "on the base, gate", OutputKind.EFFECT: "effect"}
        which = f"attempt {output.attempt}, round {output.round}, {output.step}, at {second_words(output.at)}"
        first, *more = output.words.splitlines() or [""]
        heading = safe(f"{where[output.kind]} {output.name}: {which}: {first}", LONGEST_HEADING)
        text = "" if output.digest is None else self._whole(gateway, output.digest)
        lines = [*more, *(text.split("\n") if text else ())]
        return LogPart(
            output.at,
            output.kind.value,
            output.attempt,
            heading,
            [safe(line.rstrip("\r"), LONGEST_LINE) for line in lines],
        )

    def _whole(self, gateway: GatewayPort, digest: str) -> str:
        text, at = "", 0
        for _ in range(MOST_PAGES):
            page = gateway.perform(ReadOutput(self._task, digest, at))
            text, at = text + page.text, page.following
            if at >= page.size:
                break
        return text.rstrip("\n")
