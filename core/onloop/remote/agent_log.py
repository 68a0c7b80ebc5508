"""A page of what a task's agents printed: whole lines, without secrets."""

from __future__ import annotations

from pathlib import Path

from onloop.known_secrets import known_secrets
from onloop.records import Record
from onloop.redaction import redacted
from onloop.remote.printed_piece import MOST_BYTES, piece_apart

HEADING = "\x1e"
"""How a line of the worker's own begins; in what agents print there is none."""


class AgentLogPage(Record):
    """Lines of a log of `size` bytes, the next of which begin at `following`; `is_there` says whether there is a log.

    They are untrusted, and show what they please to a terminal until they are made safe.
    """

    size: int
    following: int
    text: str
    is_there: bool = True


NO_LOG = AgentLogPage(0, 0, "", is_there=False)


def page_of(path: Path, start: int) -> AgentLogPage:
    """The lines of a log from `start` on, or, before 0, its end; a line that has not ended waits for the next page."""
    piece = piece_apart(path, start)
    if piece is None:
        return NO_LOG
    size, begin, content = piece
    cut = content.rfind(b"\n") + 1 or (len(content) if len(content) == MOST_BYTES else 0)
    if start < 0 < begin:  # the first line may be the end of one
        first = content.find(b"\n") + 1
        return AgentLogPage(size, begin + cut, _text(content[first:cut]))
    return AgentLogPage(size, begin + cut, _text(content[:cut]))


def _text(content: bytes) -> str:
    return redacted(content.decode("utf-8", "replace"), known_secrets())
