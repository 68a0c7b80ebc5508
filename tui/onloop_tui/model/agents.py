"""Agents at work in lines: who holds what, where, how isolated, and whether anything moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onloop.attention.groups import age
from onloop.machine.definition import Definition
from onloop.machine.task import Task
from onloop.store.rows import Lease
from onloop_tui.model.lines import Line, Span, Tone, column, line
from onloop_tui.model.sentences import Sign
from onloop_tui.model.snapshot import Snapshot

QUIET_MS = 20_000
"""A worker beats every few seconds: after so long without a beat, the line to it may be cut."""
STILL_MS = 15 * 60_000
"""So long without a sign of work is worth a look, whatever the heartbeat says."""

LIVE = Sign("●", "live", Tone.GOOD)
STILL = Sign("◐", "still", Tone.WARN)
QUIET = Sign("○", "quiet", Tone.WARN)
LAPSED = Sign("✗", "lapsed", Tone.BAD)

_SIGN, _AGENT, _TASK, _STEP, _ISOLATION, _TRY = 9, 20, 12, 22, 11, 5
_ROOMY = 110


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent at one task: its lease, and what the workflow says about where it works."""

    lease: Lease
    task: Task
    isolation: str

    @property
    def name(self) -> str:
        """The agent without its kind."""
        return self.lease.agent.removeprefix("agent:")

    def sign(self, now: int) -> Sign:
        """Whether it is heard of and works; a lapsed lease is not its any more, whatever it still does."""
        if self.lease.expires <= now:
            return LAPSED
        if now - self.lease.beat_at >= QUIET_MS:
            return QUIET
        return STILL if now - self.lease.progress_at >= STILL_MS else LIVE


def agent_rows(snapshot: Snapshot) -> tuple[AgentRow, ...]:
    """Everybody who holds a lease, by name, then by task."""
    held = [(lease, snapshot.tasks.get(lease.task)) for lease in snapshot.leases.values()]
    rows = [AgentRow(lease, task, _isolation(task, snapshot.definitions)) for lease, task in held if task is not None]
    return tuple(sorted(rows, key=lambda row: (row.name, row.task.created_at, row.task.id)))


def _isolation(task: Task, definitions: Mapping[str, Definition]) -> str:
    definition = definitions.get(task.definition)
    step = next((step for step in definition.steps if step.id == task.step), None) if definition else None
    return step.isolation.value if step else "?"


def heading_line(width: int) -> Line:
    """What the columns are, over rows of `width` columns."""
    cells = _cells(width, "", "agent", "task", "repository", "step", "where", "try")
    return tuple(Span(cell.text, Tone.DIM) for cell in (*cells, *_tail(width, "progress", "heard", "lease")))


def agent_line(row: AgentRow, now: int, width: int) -> Line:
    """One agent in as many columns as there is room for."""
    task, lease = row.task, row.lease
    left = age(lease.expires - now) if lease.expires > now else "over"
    cells = _cells(
        width,
        "",
        row.name,
        task.id,
        task.repo or task.title,
        task.step or "",
        row.isolation,
        f"{task.attempt}.{task.round}",
    )
    return (
        row.sign(now).span(_SIGN),
        *cells[1:],
        *_tail(width, age(now - lease.progress_at), age(now - lease.beat_at), left),
    )


def _cells(width: int, sign: str, agent: str, task: str, repo: str, step: str, where: str, tries: str) -> Line:
    roomy = width >= _ROOMY
    taken = _SIGN + _AGENT + _TASK + (_STEP + _ISOLATION + _TRY + 25 if roomy else 17)
    spare = max(8, min(width - taken, 40))
    cells = (
        column(sign, _SIGN, Tone.DIM),
        column(agent, _AGENT, Tone.STRONG),
        column(task, _TASK),
        column(repo, spare, Tone.UNTRUSTED),
    )
    return (*cells, column(step, _STEP), column(where, _ISOLATION), column(tries, _TRY)) if roomy else cells


def _tail(width: int, progress: str, heard: str, left: str) -> Line:
    """Work first: a heartbeat only says that a process is there."""
    cells = (Span(progress.rjust(9)), Span(heard.rjust(8), Tone.DIM))
    return (*cells, Span(left.rjust(8), Tone.DIM)) if width >= _ROOMY else cells


def nobody_lines(snapshot: Snapshot) -> tuple[Line, ...]:
    """What is said where nobody holds anything."""
    waiting = snapshot.picture.ready
    if not waiting:
        return (line("nobody is at work, and nothing waits for an agent", Tone.DIM),)
    return (
        line(f"nobody is at work, and {waiting} task{'s' if waiting != 1 else ''} wait for an agent", Tone.WARN),
        (Span("onloop work --role ROLE -- CMD", Tone.ACCENT), Span(" starts a worker")),
    )


def agent_detail(row: AgentRow, now: int) -> str:
    """In words what the row says in columns."""
    task, lease = row.task, row.lease
    left = f"ends in {age(lease.expires - now)}" if lease.expires > now else f"ran out {age(now - lease.expires)} ago"
    return (
        f"{row.sign(now).word}: {lease.agent} holds {task.id} at {task.step}, epoch {lease.epoch}, "
        f"attempt {task.attempt}, round {task.round}; isolation {row.isolation} "
        "(as the workflow asks; nobody has attested it); last progress "
        f"{age(now - lease.progress_at)} ago, last heard {age(now - lease.beat_at)} ago, its lease {left}"
    )
