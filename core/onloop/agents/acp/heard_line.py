"""PURE: what the loop of an ACP agent hears, as a line that it prints, and as the worker reads it."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.agents.vendors.vendor import Fields, Heard, UsedBy, count_of, fields_of, text_of, told_count

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
    cost = {} if heard.used[3] is None else {"micro_usd": heard.used[3]}
    return {HEARD: {**said, "works": heard.works, **cost}}


def hear_line(fields: Fields) -> Iterator[Heard]:
    """What such a line says; a line of another kind says nothing."""
    said = fields_of(fields.get(HEARD))
    words, session = text_of(said.get("words")), text_of(said.get("session"))
    dollars = told_count(said.get("micro_usd"))
    if len(session) <= LONGEST_NAME:
        yield Heard(
            words,
            session,
            count_of(said.get("tokens")),
            count_of(said.get("window")),
            works=said.get("works") is True,
            used=(None, None, None, dollars),
            by=UsedBy.MESSAGE if dollars is None else UsedBy.SESSION,
        )
