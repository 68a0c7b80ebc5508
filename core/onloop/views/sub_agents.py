"""Sub-agents that an agent has in its own process, as it says: kept beside its lease, never in the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from onloop.errors import Exit, Refused
from onloop.machine.limits import Doing, Items
from onloop.records import Record
from onloop.store.port import Transaction
from onloop.store.rows import Lease, SubAgent
from onloop.text import safe

MOST = 32
"""How many one agent may have at a time."""
LONGEST_NAME = 64
LONGEST_DOING = 200

PLAN, TOOL_CALL = "plan", "tool call"
"""What an agent may also say that it has in its process, by ACP; neither is counted as a sub-agent."""


class SubAgentNews(Record):
    """What an agent says of one sub-agent in its process: it is there, of what kind, and at what; or it has ended."""

    name: Doing
    kind: Doing = ""
    doing: Doing = ""
    ended: bool = False


News = Annotated[Sequence[SubAgentNews], Items(4 * MOST)]


def cut(news: SubAgentNews) -> SubAgentNews:
    """The same, shortened to what is kept, so that its length is never refused: for hooks, which pass on other text."""
    name, kind = (safe(_line(text), LONGEST_NAME) for text in (news.name, news.kind))
    return SubAgentNews(name, kind, safe(_line(news.doing), LONGEST_DOING), news.ended)


def take_news(tx: Transaction, lease: Lease, news: Iterable[SubAgentNews], now: int) -> None:
    """Record what the holder of the lease reports; a repeat changes nothing. Refused past a limit, without a change."""
    for each in news:
        name = _cleaned(each.name, LONGEST_NAME, "a sub-agent's id")
        if not name:
            raise Refused("a sub-agent needs an id", exit=Exit.USAGE, hint="onloop heartbeat --sub-agent ID")
        key = f"{lease.task}|{name}"
        if each.ended:
            tx.delete(SubAgent, key)
            continue
        kind = _cleaned(each.kind, LONGEST_NAME, "a sub-agent's kind")
        doing = _cleaned(each.doing, LONGEST_DOING, "what a sub-agent does")
        known = tx.get(SubAgent, key)
        if known is None:
            _check_room(tx, lease)
            known = SubAgent(key, lease.task, lease.epoch, name, "", "", now, now)
        tx.put(SubAgent(key, lease.task, lease.epoch, name, kind or known.kind, doing or known.doing, known.since, now))


def forget_sub_agents(tx: Transaction, task: str) -> None:
    """Delete the sub-agents of a task whose holder has lost it."""
    for row in tx.select(SubAgent, task=task):
        tx.delete(SubAgent, row.id)


def sub_agents_of(leases: Iterable[Lease], rows: Iterable[SubAgent]) -> Mapping[str, tuple[SubAgent, ...]]:
    """By task, the sub-agents of the current holder of its lease, oldest first."""
    epochs = {lease.task: lease.epoch for lease in leases}
    found: dict[str, tuple[SubAgent, ...]] = {}
    for row in sorted(rows, key=lambda row: (row.since, row.id)):
        if epochs.get(row.task) == row.epoch:
            found[row.task] = (*found.get(row.task, ()), row)
    return found


def sub_agent_words(row: SubAgent, when: str) -> str:
    """One of them in a sentence: what it is, whose process it shares, since when, and what its agent says of it."""
    says = f"; its agent says: {row.doing}" if row.doing else ""
    name = f" ({row.name})" if row.name != row.kind else ""
    return f"{row.kind or 'sub-agent'}{name}, process of {row.task}, {when}{says}"


def counted(rows: Sequence[SubAgent]) -> str:
    """How many sub-agents there are, in words; empty for none."""
    count = sum(row.kind not in {PLAN, TOOL_CALL} for row in rows)
    return f"{count} sub-agent{'s' if count != 1 else ''}" if count else ""


def _check_room(tx: Transaction, lease: Lease) -> None:
    if len(tx.select(SubAgent, task=lease.task)) >= MOST:
        raise Refused(
            f"{lease.task} already has {MOST} sub-agents, the most allowed",
            exit=Exit.SPENT,
            hint="onloop heartbeat --ended ID says that one has ended",
        )


def _cleaned(text: str, most: int, what: str) -> str:
    """The text as one line without control characters; Refused if it is too long."""
    line = safe(_line(text))
    if len(line) > most:
        raise Refused(
            f"{what} of {len(line)} characters is too long: {safe(line, 40)!r}",
            exit=Exit.USAGE,
            hint=f"say it in {most} or fewer",
        )
    return line


def _line(text: str) -> str:
    return " ".join(text.split())
