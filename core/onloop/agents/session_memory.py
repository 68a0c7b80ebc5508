"""Which session of a vendor's agent worked on a step last, so that the next round goes on with it."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from onloop.machine.task import DecisionKind, Task
from onloop.plain_file import plain_bytes, replace_file
from onloop.records import Record

LARGEST = 4_096


class KnownSession(Record):
    """The session of the agent called `agent` on `step`, whose last run began at `at` (ms)."""

    agent: str
    step: str
    session: str
    at: int


class SessionMemory(Record):
    """Remembers one task's session in a file of the worker's own. A file that cannot be read remembers nothing."""

    path: Path

    def session_for(self, task: Task, agent: str) -> str:
        """The session to go on with; empty where a fresh one must begin, as after a hand-off to another agent."""
        known = self._read()
        if known is None or (known.agent, known.step) != (agent, task.step):
            return ""
        others = (*(h.at for h in task.handovers), *(d.at for d in task.decisions if d.answer is DecisionKind.REASSIGN))
        return "" if any(at > known.at for at in others) else known.session

    def remember(self, known: KnownSession) -> None:
        """Remember a session in the place of the one before."""
        with suppress(OSError):  # without it, the next round begins a fresh session
            replace_file(self.path, json.dumps([known.agent, known.step, known.session, known.at]).encode())

    def forget(self) -> None:
        """Let the next agent begin a fresh session."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _read(self) -> KnownSession | None:
        try:
            agent, step, session, at = json.loads(plain_bytes(self.path, LARGEST)[:LARGEST])
        except (OSError, ValueError, TypeError):
            return None
        words = all(isinstance(word, str) for word in (agent, step, session))
        return KnownSession(agent, step, session, at) if words and isinstance(at, int) else None
