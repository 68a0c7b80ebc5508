"""PURE: what a vendor's agent is told at the end of its turn, given the gateway's verdict."""

from __future__ import annotations

from enum import StrEnum

from onloop.errors import Exit
from onloop.machine.digest import Json
from onloop.records import Record

LONGEST_REASON = 4_000


class Ruling(StrEnum):
    """What becomes of a turn that wants to end."""

    LET = "let"
    BLOCK = "block"
    STOP = "stop"


_BLOCKED = frozenset({Exit.NOT_YET, Exit.REDO})


class HookReply(Record):
    """A ruling, and why."""

    ruling: Ruling
    why: str = ""


def ruling_on(verdict: Exit, why: str) -> HookReply:
    """Let go on yes; send on where the agent itself can do more; else end the turn, so that nobody loops."""
    if verdict is Exit.OK:
        return HookReply(Ruling.LET)
    return HookReply(Ruling.BLOCK if verdict in _BLOCKED else Ruling.STOP, why)


def reply_of(told: HookReply) -> dict[str, Json]:
    """The one JSON object that Claude Code and Codex read on standard output, always with exit code 0.

    Claude Code: hooks reference, `Stop`; Codex: `stop.command.output.schema.json`, which takes no other field.
    """
    why = told.why.strip()[:LONGEST_REASON] or "the gateway gave no reason"
    match told.ruling:
        case Ruling.LET:
            return {}
        case Ruling.BLOCK:
            return {"decision": "block", "reason": why}
        case Ruling.STOP:
            return {"continue": False, "stopReason": why}
