"""What is said on a ticket: one comment of ours, when its task needs its people, and when it has ended.

Nothing is said of steps in between, and nothing twice: our comment is found again by its mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from onloop.access.elsewhere.foreign_words import one_line
from onloop.access.elsewhere.ticket_tasks import tickets_at
from onloop.access.opening import GatewayHandle
from onloop.errors import OnloopError
from onloop.forges.ticket_port import Tickets
from onloop.machine.links import Link, LinkKind
from onloop.machine.state import LIVE, Reason, State
from onloop.machine.task import Task
from onloop.records import MutableRecord, field
from onloop.store.port import TaskFilter
from onloop.text import safe
from onloop.views.queries.reads import ReadTasks

AGAIN_MS = 300_000
"""How long a ticket is left alone that could not be answered."""

LOOKS_BACK_MS = 7 * 86_400_000
"""How long ago a task may have ended for its ticket to be answered still, where nobody looked meanwhile."""

DWELL_MS = 60_000
"""How long people are asked before a ticket says so: what is answered at once calls nobody there."""

TicketsAt = Callable[[GatewayHandle, str, str], Tickets]


class TicketAnswers(MutableRecord):
    """Answers the tickets of one store's tasks. One thread uses it."""

    say: Callable[[str], None] = lambda _: None
    at: TicketsAt = tickets_at
    _told: dict[str, str] = field(default_factory=dict)
    _not_before: dict[str, int] = field(default_factory=dict)
    _seen: int = 0

    def look(self, opened: GatewayHandle) -> int:
        """Answer every ticket whose task stands otherwise than was said; the answer is how many were written to."""
        now, written = opened.gateway.clock(), 0
        with opened.gateway.store.reading() as reading:
            newest = reading.last_seq()
        for task, link in self._candidates(opened, now):
            words = answer_words(task, now)
            if words and self._told.get(task.id) != words and self._not_before.get(task.id, 0) <= now:
                written += self._answered(opened, task, link, words, now)
        if not self._not_before:  # else what ended is looked for again from there
            self._seen = newest
        return written

    def _candidates(self, opened: GatewayHandle, now: int) -> Iterator[tuple[Task, Link]]:
        """Live tasks of tickets, and those that ended since the last look, or not long ago at the first."""
        live = opened.gateway.perform(ReadTasks(TaskFilter(states=tuple(sorted(LIVE)))))
        ended = opened.gateway.perform(ReadTasks(TaskFilter(states=_ENDED, changed_after=self._seen)))
        for task in (*live, *ended):
            link = next((each for each in task.links if each.kind is LinkKind.ISSUE), None)
            if link is not None and (not task.ended or task.updated_at > now - LOOKS_BACK_MS):
                yield task, link

    def _answered(self, opened: GatewayHandle, task: Task, link: Link, words: str, now: int) -> int:
        try:
            written = say_there(self.at(opened, link.host, link.repository), task, link, words)
        except OnloopError as problem:
            self.say(safe(f"{task.id}: {problem}"))
            self._not_before[task.id] = now + AGAIN_MS
            return 0
        self._not_before.pop(task.id, None)
        self._told[task.id] = words
        return int(written)


_ENDED = tuple(sorted(frozenset(State) - LIVE))


def answer_words(task: Task, now: int) -> str:
    """What a ticket is told now; empty where its people need not know."""
    if task.ended:
        result = f" as `{task.result[:12]}`" if task.result else ""
        return f"this has ended: {task.state.value}{result}."
    asks = task.state is State.INPUT_REQUIRED and task.reason is not Reason.APPROVAL_REQUIRED
    return "its people are asked how it goes on." if asks and now - task.since >= DWELL_MS else ""


def say_there(tickets: Tickets, task: Task, link: Link, words: str) -> bool:
    """Have our comment say so, and move the ticket of a task that is completed, once; whether anything was written.

    A ticket that people opened again afterwards is not moved again, for our comment says already that it ended.
    """
    ticket = tickets.ticket(link.number)
    mark = f"<!-- onloop:{task.id} -->"
    body = f"{mark}\n**onloop** task `{task.id}` ({one_line(task.workflow, 80)}): {words}"
    ours = next((each for each in tickets.comments(ticket) if each.is_ours and mark in each.body), None)
    if ours is not None and ours.body.strip() == body:
        return False
    if task.state is State.COMPLETED:
        tickets.finish(ticket)
    if ours is None:
        tickets.comment(ticket, body)
    else:
        tickets.update_comment(ticket, ours.id, body)
    return True
