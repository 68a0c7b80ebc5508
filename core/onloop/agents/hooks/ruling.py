"""PURE: the answer to a vendor's agent at the end of its turn, given the gateway's verdict."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from onloop.errors import Exit
from onloop.records import Record

if TYPE_CHECKING:
    from onloop.machine.digest import Json  # here: it brings the records of tasks along, and each tool waits for us

LONGEST_REASON = 4_000


class Ruling(StrEnum):
    """What happens to a turn that wants to end."""

    LET = "let"
    BLOCK = "block"
    STOP = "stop"


_BLOCKED = frozenset({Exit.NOT_YET, Exit.REDO})


class HookReply(Record):
    """A ruling, and why."""

    ruling: Ruling
    why: str = ""


def ruling_on(verdict: Exit, why: str) -> HookReply:
    """Let the agent go on yes; block if the agent itself can do more; else end the turn, so that it does not loop."""
    if verdict is Exit.OK:
        return HookReply(Ruling.LET)
    return HookReply(Ruling.BLOCK if verdict in _BLOCKED else Ruling.STOP, why)


def reply_of(reply: HookReply) -> dict[str, Json]:
    """The one JSON object that Claude Code and Codex read on standard output, always with exit code 0.

    Claude Code: hooks reference, `Stop`; Codex: `stop.command.output.schema.json`, which takes no other field.
    """
    why = reply.why.strip()[:LONGEST_REASON] or "the gateway gave no reason"
    match reply.ruling:
        case Ruling.LET:
            return {}
        case Ruling.BLOCK:
            return {"decision": "block", "reason": why}
        case Ruling.STOP:
            return {"continue": False, "stopReason": why}
