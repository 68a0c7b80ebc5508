"""PURE: what the loop of an ACP agent hears, as a line that it prints, and as the worker reads it."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.agents.vendors.vendor import Fields, Heard, count_of, fields_of, text_of

HEARD = "onloop_acp"
"""The one field of such a line."""
LONGEST_NAME = 200
LONGEST_WORDS = 100_000


def line_of(heard: Heard) -> dict[str, object]:
    """What the loop hears, as the line that a worker reads."""
    said = {
        "words": heard.words[:LONGEST_WORDS],
        "session": heard.session,
        "tokens": heard.tokens,
        "window": heard.window,
    }
    return {HEARD: {**said, "works": heard.works}}


def hear_line(fields: Fields) -> Iterator[Heard]:
    """What such a line says; a line of another kind says nothing."""
    said = fields_of(fields.get(HEARD))
    words, session = text_of(said.get("words")), text_of(said.get("session"))
    if len(session) <= LONGEST_NAME:
        yield Heard(
            words, session, count_of(said.get("tokens")), count_of(said.get("window")), works=said.get("works") is True
        )
