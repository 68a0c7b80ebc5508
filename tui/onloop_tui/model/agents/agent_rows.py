"""Agents at work as lines: who holds what, where, with what isolation, and whether there is progress."""

from __future__ import annotations

from dataclasses import dataclass

from onloop.attention.groups import age
from onloop.attention.responsibility import Ownership, ownership_of
from onloop.machine.definition import Step
from onloop.machine.task import Kind, Task
from onloop.store.rows import Lease, SubAgent
from onloop.views.environment_words import works_in
from onloop.views.spending import cost_words, short_tokens, used_words
from onloop.views.sub_agents import counted
from onloop_tui.model.drawing.signs import Sign
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, line
from onloop_tui.model.ground.snapshot import Snapshot

QUIET_MS = 20_000
"""A worker sends a heartbeat every few seconds: after this long without one, the connection may be broken."""
STILL_MS = 15 * 60_000
"""After this long without progress, an agent deserves a look even if its heartbeat is alive."""

LIVE = Sign("●", "live", Tone.GOOD)
STILL = Sign("◐", "still", Tone.WARN)
QUIET = Sign("○", "quiet", Tone.WARN)
LAPSED = Sign("✗", "lapsed", Tone.BAD)

_SIGN, _AGENT, _TASK, _STEP, _ISOLATION, _TRY, _CONTEXT, _BELOW = 9, 17, 11, 22, 11, 5, 9, 12
_NARROW_AGENT, _HEARD = 16, 8
_ROOMY, _WIDE, _WIDEST = 121, 133, 150
_USED = 16
"""Tokens and cost, in the widest lines alone."""


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent at one task: its lease, the workflow's demands on its environment, its parent and its children.

    `parent` is the task whose agent divided the work, `children` counts its own child tasks, `live` those that have not
    ended. `within` are the sub-agents in its own process, as the agent says.
    """

    lease: Lease
    task: Task
    step: Step | None
    parent: str = ""
    children: int = 0
    live: int = 0
    within: tuple[SubAgent, ...] = ()
    owns: Ownership | None = None

    def owned(self, room: int) -> str:
        """What it owns: the part of the work that it has, and its files."""
        return self.owns.owned(room) if self.owns else self.task.repo or self.task.title

    @property
    def waits(self) -> str:
        """Its step while its agent works; else who may act, and what is waited for."""
        if self.owns is None or self.lease.agent in self.owns.names:
            return self.task.step or ""
        return self.owns.now()

    @property
    def isolation(self) -> str:
        """In what it works, as its launcher attests; else the isolation that the workflow requires."""
        made = works_in(self.task)
        if made is not None:
            return made.kind.value
        return self.step.isolation.value if self.step else "?"

    @property
    def name(self) -> str:
        """The agent's name without its kind."""
        return self.lease.agent.removeprefix("agent:")

    @property
    def below(self) -> str:
        """Its parent, or the number of its sub-agents, in their own environments and in its process."""
        kin = f"{self.live} of {self.children} live" if self.children else f"of {self.parent}" if self.parent else ""
        return f"{kin} +{len(self.within)}" if kin and self.within else kin or counted(self.within)

    @property
    def context(self) -> Span:
        """How full its context is, as the agent says; it stands out past a limit of the step."""
        used, limits = self.task.context, self.step.context if self.step else None
        if used is None:
            return Span(" " * _CONTEXT)
        past = Tone.PLAIN if limits is None or used < limits.soft else Tone.WARN
        return Span(f"ctx {used}%".rjust(_CONTEXT), Tone.BAD if limits and used >= limits.hard else past)

    @property
    def used(self) -> str:
        """Tokens and cost of its task so far, as its agents tell them; a dash where they do not."""
        spent = self.task.spending.whole
        return f"{short_tokens(spent.usage.tokens)}  {cost_words(spent)}"

    def sign(self, now: int) -> Sign:
        """Whether the agent is connected and makes progress. After its lease expired it no longer holds the task."""
        if self.lease.expires <= now:
            return LAPSED
        if now - self.lease.beat_at >= QUIET_MS:
            return QUIET
        return STILL if now - self.lease.progress_at >= STILL_MS else LIVE


def agent_rows(snapshot: Snapshot) -> tuple[AgentRow, ...]:
    """A row for every lease, ordered by agent, then by task."""
    held = [(lease, snapshot.tasks.get(lease.task)) for lease in snapshot.leases.values()]
    rows = [_row(lease, task, snapshot) for lease, task in held if task is not None]
    return tuple(sorted(rows, key=lambda row: (row.name, row.task.created_at, row.task.id)))


def _row(lease: Lease, task: Task, snapshot: Snapshot) -> AgentRow:
    definition = snapshot.definitions.get(task.definition)
    step = next((step for step in definition.steps if step.id == task.step), None) if definition else None
    parent = snapshot.tasks.get(task.parent or "")
    made = [snapshot.tasks.get(child.id) for child in task.children]
    return AgentRow(
        lease=lease,
        task=task,
        step=step,
        parent=parent.id if parent is not None and parent.kind is Kind.WORK else "",
        children=len(made),
        live=sum(child is not None and not child.ended for child in made),
        within=snapshot.sub_agents.get(task.id, ()),
        owns=ownership_of(task, task.reason, 0, parent),
    )


def heading_line(width: int) -> Line:
    """The column headings for rows of `width` columns."""
    cells = _cells(width, "", "agent", "task", "owns", "step, or waits for", "where", "try", "sub-agents")
    used = (Span("tokens, cost".rjust(_USED)),) if width >= _WIDEST else ()
    shown = (*cells, Span("context".rjust(_CONTEXT)), *used, *_tail(width, "progress", "heard", "lease"))
    return tuple(Span(cell.text, Tone.DIM) for cell in shown)


def agent_line(row: AgentRow, now: int, width: int) -> Line:
    """One agent as a line of `width` columns; narrow lines leave columns out."""
    task, lease = row.task, row.lease
    left = age(lease.expires - now) if lease.expires > now else "over"
    cells = _cells(
        width,
        "",
        row.name,
        task.id,
        row.owned(_owns_room(width)),
        row.waits,
        row.isolation,
        f"{task.attempt}.{task.round}",
        row.below,
    )
    return (
        row.sign(now).span(_SIGN),
        *cells[1:],
        row.context,
        *((Span(row.used.rjust(_USED)),) if width >= _WIDEST else ()),
        *_tail(width, age(now - lease.progress_at), age(now - lease.beat_at), left),
    )


def _cells(
    width: int, sign: str, agent: str, task: str, repo: str, step: str, where: str, tries: str, below: str
) -> Line:
    roomy, wide = width >= _ROOMY, width >= _WIDE
    if not roomy:
        return _narrow_cells(width, sign, agent, task, repo, step)
    cells = (
        column(sign, _SIGN, Tone.DIM),
        column(agent, _AGENT, Tone.STRONG),
        column(task, _TASK),
        column(repo, _owns_room(width), Tone.UNTRUSTED),
    )
    more = (column(step, _STEP), column(where, _ISOLATION), column(tries, _TRY))
    return (*cells, *more, column(below, _BELOW)) if wide else (*cells, *more)


def _owns_room(width: int) -> int:
    """How much room there is for what an agent owns."""
    if width < _ROOMY:
        return max(8, width - _SIGN - _NARROW_AGENT - _TASK - _CONTEXT - 9)
    more = (_BELOW if width >= _WIDE else 0) + (_USED if width >= _WIDEST else 0)
    return max(8, min(width - _SIGN - _AGENT - _TASK - _CONTEXT - _STEP - _ISOLATION - _TRY - 25 - more, 40))


def _narrow_cells(width: int, sign: str, agent: str, task: str, repo: str, step: str) -> Line:
    """The same in little room: the part without its files, then what is waited for."""
    owns = f"{repo.partition(' · ')[0].partition(': ')[0]} · {step.rpartition('.')[2]}"
    return (
        column(sign, _SIGN, Tone.DIM),
        column(agent, _NARROW_AGENT - 1, Tone.STRONG),
        Span(" "),
        column(task, _TASK),
        column(owns, _owns_room(width), Tone.UNTRUSTED),
    )


def _tail(width: int, progress: str, heard: str, left: str) -> Line:
    """Progress comes before the heartbeat, which only shows that a process exists."""
    cells = (Span(heard.rjust(_HEARD), Tone.DIM), Span(left.rjust(8), Tone.DIM)) if width >= _ROOMY else ()
    return (Span(progress.rjust(9)), *cells)


def nobody_lines(snapshot: Snapshot) -> tuple[Line, ...]:
    """The lines shown when nobody holds a task."""
    waiting = snapshot.overview.ready
    if not waiting:
        return (line("nobody is at work, and nothing waits for an agent", Tone.DIM),)
    return (
        line(f"nobody is at work, and {waiting} task{'s' if waiting != 1 else ''} wait for an agent", Tone.WARN),
        (Span("onloop work --role ROLE -- CMD", Tone.ACCENT), Span(" starts a worker")),
    )


def agent_detail(row: AgentRow, now: int) -> str:
    """The row in words."""
    task, lease = row.task, row.lease
    ago = f" {age(now - lease.expires)} ago" if lease.expires else ""
    left = f"ends in {age(lease.expires - now)}" if lease.expires > now else f"ran out{ago}"
    return (
        f"{row.sign(now).word}: {lease.agent} holds {task.id} at {task.step}, epoch {lease.epoch}, "
        f"attempt {task.attempt}, round {task.round}; {_kinship(row)}isolation {row.isolation} "
        f"(as the workflow asks; nobody has attested it); {_context_words(row)}{_used_words(row)}last progress "
        f"{age(now - lease.progress_at)} ago, last heard {age(now - lease.beat_at)} ago, its lease {left}"
    )


def _kinship(row: AgentRow) -> str:
    """Its parent and its sub-agents in words: those with tasks, and those that the agent says are in its process."""
    words = f"a sub-agent of {row.parent} in an environment of its own; " if row.parent else ""
    if row.children:
        words += f"{row.live} of its {row.children} sub-agents are live, each in an environment of its own; "
    if row.within:
        words += f"{counted(row.within)} in its own process, as it says; "
    elif not row.children:
        words += "it has told of no sub-agents; "
    return words


def _used_words(row: AgentRow) -> str:
    used = used_words(row.task.spending.whole)
    return f"used so far, as told: {used}; " if used else ""


def _context_words(row: AgentRow) -> str:
    used, limits = row.task.context, row.step.context if row.step else None
    if used is None:
        return ""
    bounds = f" (advised to hand off from {limits.soft} %, starts no round from {limits.hard} %)" if limits else ""
    return f"{used} % of its context in use, as it says{bounds}; "
