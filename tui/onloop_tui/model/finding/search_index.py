"""What a search looks through: causes, runs, tasks, repositories, people, agents and labels, each by its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from onloop.machine.people import name_of
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted, width_of
from onloop_tui.model.finding.word_match import fitting_places
from onloop_tui.model.ground.snapshot import Snapshot

MOST_EACH = 12
"""The most rows of one kind that are shown; typing more leaves fewer."""


class FoundKind(StrEnum):
    """What a search can find, in the order in which it is shown."""

    CAUSE = "cause"
    RUN = "run"
    TASK = "task"
    REPOSITORY = "repository"
    PERSON = "person"
    AGENT = "agent"
    LABEL = "label"
    EVENT = "event"
    OLDER = "older"


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One thing that was found; `more` is what is said of it beside its name."""

    kind: FoundKind
    id: str
    title: str = ""
    more: str = ""

    @property
    def key(self) -> str:
        """Its id among all rows."""
        return f"{self.kind.value}:{self.id}"


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """The rows of one kind, and how many there are in all."""

    kind: FoundKind
    rows: tuple[FoundRow, ...]
    count: int


class SearchIndex:
    """The names in one snapshot. Building it costs the size of the store, a search a part of that."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._rows: list[FoundRow] = []
        self._texts: list[str] = []
        for row, words in (*_of_causes(snapshot), *_of_names(snapshot)):
            self._rows.append(row)
            self._texts.append("\n".join((row.id, row.title, words)).casefold())
        self._tasks = [task for task in snapshot.tasks.values() if task.parent is not None]
        self._task_texts = [
            f"{task.id}\n{task.title}\n{task.repo or ''}\n{task.detail[:200]}\n{' '.join(task.labels)}".casefold()
            for task in self._tasks
        ]

    def found(self, typed: str) -> tuple[FoundGroup, ...]:
        """What fits all of the words; nothing fits no words."""
        if not typed.strip():
            return ()
        rows = [self._rows[at] for at in fitting_places(self._texts, typed)]
        groups = [_group(kind, [row for row in rows if row.kind is kind]) for kind in FoundKind]
        tasks = fitting_places(self._task_texts, typed)
        shown = [self._tasks[at] for at in tasks[:MOST_EACH]]
        task_rows = tuple(
            FoundRow(FoundKind.TASK, task.id, task.repo or task.title, f"{task.state.value} · {task.step or ''}")
            for task in shown
        )
        whole = (*groups, FoundGroup(FoundKind.TASK, task_rows, len(tasks)))
        order = list(FoundKind)
        return tuple(sorted((group for group in whole if group.rows), key=lambda group: order.index(group.kind)))


def _group(kind: FoundKind, rows: Sequence[FoundRow]) -> FoundGroup:
    return FoundGroup(kind, tuple(rows[:MOST_EACH]), len(rows))


def _of_causes(snapshot: Snapshot) -> Iterator[tuple[FoundRow, str]]:
    for group in snapshot.board.shown:
        count = f"{len(group.members)} waiting"
        yield FoundRow(FoundKind.CAUSE, group.cause, group.headline, count), f"{group.detail} {group.step}"


def _of_names(snapshot: Snapshot) -> Iterator[tuple[FoundRow, str]]:
    tasks = snapshot.tasks
    for line in reversed(snapshot.overview.runs):
        labels = " ".join(tasks[line.run].labels) if line.run in tasks else ""
        yield FoundRow(FoundKind.RUN, line.run, line.title, f"{line.workflow} · {line.live} live"), labels
    repositories = Counter(task.repo for task in tasks.values() if task.repo)
    labels_of = Counter(label for task in tasks.values() for label in task.labels)
    held = Counter(lease.agent for lease in snapshot.leases.values())
    for name, person in sorted(snapshot.house.people.items()):
        yield FoundRow(FoundKind.PERSON, name, "", ", ".join(person.groups)), ""
    for kind, counted, one in (
        (FoundKind.REPOSITORY, repositories, "task"),
        (FoundKind.AGENT, held, "task held now"),
        (FoundKind.LABEL, labels_of, "task"),
    ):
        for name, count in counted.items():
            yield FoundRow(kind, name, "", f"{count} {one}{'s' if count != 1 and one == 'task' else ''}"), name_of(name)


def found_ids(groups: Sequence[FoundGroup]) -> dict[str, tuple[FoundRow, str]]:
    """The rows by key in order, each with what stands before it: the kind and the count, once for each kind."""
    return {
        row.key: (row, (f"{group.kind.value} {group.count}" if group.count > 1 else group.kind.value) if not at else "")
        for group in groups
        for at, row in enumerate(group.rows)
    }


_KIND, _MORE = 16, 28


def found_line(row: FoundRow, before: str, width: int) -> Line:
    """A row: its kind, its name, and what is said of it."""
    if row.kind is FoundKind.OLDER:
        return fitted((Span(" " * _KIND), Span(row.title, Tone.ACCENT)), width)
    head = (column(before, _KIND - 1, Tone.HEADING), Span(" "), Span(row.id[:40], Tone.STRONG), Span("  "))
    more = column(row.more, _MORE, Tone.DIM)
    room = max(1, width - width_of(head) - _MORE - 1)
    return fitted((*head, column(row.title, room, Tone.UNTRUSTED), Span(" "), more), width)
