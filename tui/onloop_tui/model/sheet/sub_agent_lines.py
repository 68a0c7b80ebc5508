"""Sub-agents in an agent's own process, as lines. All of it is the agent's statement and unverified."""

from __future__ import annotations

from collections.abc import Iterable

from onloop.attention.groups import age
from onloop.records import replace
from onloop.store.rows import SubAgent
from onloop.views.sub_agents import sub_agent_words
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, hanging, quoted, spread

_BRANCH = Span("        └ ", Tone.DIM)
"""Precedes a sub-agent, below the sign of its agent."""
_KIND = 17


def sub_agent_line(row: SubAgent, now: int, width: int) -> Line:
    """A sub-agent as a row below its agent: its kind, whose process it shares, what it does, and since when."""
    says = (Span(" says: ", Tone.DIM), Span(row.doing, Tone.UNTRUSTED)) if row.doing else ()
    left = (_BRANCH, column(row.kind or row.name, _KIND, Tone.UNTRUSTED), Span(f"process of {row.task}"), *says)
    return spread(left, (Span(f" for {age(now - row.since)}", Tone.DIM),), width)


def sub_agent_detail(row: SubAgent, agent: str, isolation: str, now: int) -> str:
    """The row in words."""
    return sub_agent_words(
        row,
        f"for {age(now - row.since)}, last spoken of {age(now - row.said_at)} ago: {agent} says that it is there, and "
        f"nobody has verified it; it shares the environment of {row.task} and its isolation ({isolation})",
    )


def sub_agent_lines(rows: Iterable[SubAgent], now: int, width: int) -> tuple[Line, ...]:
    """The sub-agents for a sheet or an explanation, one or more lines each."""
    lines: list[Line] = []
    for row in rows:
        words = sub_agent_words(replace(row, doing=""), f"for {age(now - row.since)}, as its agent says")
        lines += hanging((Span("  └ ", Tone.DIM),), words, width)
        lines += quoted(row.doing, width) if row.doing else ()
    return tuple(lines)
