"""What a task's agents printed, read as it grows, in lines that are safe to show."""

from __future__ import annotations

from collections.abc import Callable

from onloop.records import Record
from onloop.remote.agent_log import HEADING, AgentLogPage
from onloop.text import safe

LONGEST_LINE = 4_000


class AgentRun(Record):
    """When a run of an agent began (ms), in which attempt and round, which agent it was, and at which step."""

    at: int
    attempt: int
    round: int
    agent: str
    step: str


UNKNOWN_RUN = AgentRun(0, 0, 0, "agents", "")
"""What was printed before the first heading that was read."""


class PrintedLine(Record):
    """A line that is safe to show, without secrets, and the run in which it was printed."""

    run: AgentRun
    text: str


class PrintedLog:
    """A log that grows, read through `read`: the page from a byte on, or, before 0, the end of the log."""

    def __init__(self, read: Callable[[int], AgentLogPage]) -> None:
        self._read, self._at, self._run = read, -1, UNKNOWN_RUN
        self.is_there = False

    @property
    def at(self) -> int:
        """Up to which byte the log was read."""
        return max(0, self._at)

    def lines(self) -> list[PrintedLine]:
        """The lines since the last look."""
        found: list[PrintedLine] = []
        page = self._read(self._at)
        self.is_there = self.is_there or page.is_there
        while page.is_there and page.following > max(0, self._at):
            self._at = page.following
            found += self._parsed(page.text)
            page = self._read(self._at) if page.following < page.size else page
        return found

    def _parsed(self, text: str) -> list[PrintedLine]:
        found: list[PrintedLine] = []
        for line in text.removesuffix("\n").split("\n") if text else ():
            if line.startswith(HEADING):
                self._run = _run(line[len(HEADING) :]) or self._run
            else:
                found.append(PrintedLine(self._run, safe(line.rstrip("\r"), LONGEST_LINE)))
        return found


def _run(words: str) -> AgentRun | None:
    parts = words.split(" ")
    if len(parts) != 5 or not all(part.isdecimal() for part in parts[:3]):
        return None
    return AgentRun(int(parts[0]), int(parts[1]), int(parts[2]), safe(parts[3], 200), safe(parts[4], 200))
