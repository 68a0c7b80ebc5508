"""What people and programs outside wrote, as it may be shown and passed on: capped, without what nobody sees."""

from __future__ import annotations

import re

from onloop.text import safe, safe_lines

LONGEST_SAID = 4_000
LONGEST_LOG = 6_000
LONGEST_HEARD = 9_900
"""How long all of it may be: a little less than a task hears, for masking a secret may make it longer."""

_UNSEEN = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
"""A comment in Markdown or HTML: people do not see it on the forge's page, so agents do not either."""

_TO_US = re.compile(r"\A\s*(?:/onloop|@onloop)\b[ \t:,]*")


def said(text: str, limit: int = LONGEST_SAID) -> str:
    """A comment as lines that are safe to show; the end of what is too long is cut."""
    return safe_lines(_UNSEEN.sub("", text).strip(), limit)


def heard_words(first: str, *more: str) -> str:
    """Everything that is passed on at once, a line for each part; the end is cut where that is too long."""
    whole = "\n".join((first, *more))
    return whole if len(whole) <= LONGEST_HEARD else f"{whole[: LONGEST_HEARD - 2]}\n…"


def last_lines(text: str, limit: int = LONGEST_LOG) -> str:
    """The end of a log, which says why it failed."""
    kept = text[-limit:]
    cut = f"… {len(text) - limit} characters before\n" if len(text) > limit else ""
    return f"{cut}{safe_lines(kept.strip(), limit)}"


def addressed_to_us(text: str) -> str:
    """What a comment that begins with /onloop asks for; empty for every other comment."""
    seen = _UNSEEN.sub("", text)
    found = _TO_US.match(seen)
    return said(seen[found.end() :]) if found is not None else ""


def one_line(text: str, limit: int = 200) -> str:
    """A title or a name."""
    return safe(" ".join(text.split()), limit)
