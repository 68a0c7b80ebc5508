"""What is said of the thing under the cursor, in two columns: what it is at once, how its first task stands once read.

The first column comes from the snapshot and costs no reading; the second is of the dossier of one task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from onloop.attention.groups import age
from onloop.machine.task import Task
from onloop_tui.model.detail.dossier_found import DossierFound
from onloop_tui.model.drawing.side_by_side import halves, side_by_side
from onloop_tui.model.drawing.signs import Sign
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted, hanging, heading, line
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.sheet.standing_lines import standing_lines
from onloop_tui.model.sheet.task_explanation import task_explanation

MOST_MEMBERS = 40
"""How many of the tasks of a row are listed; the rest are counted."""
_SIGN, _TASK, _AGE = 11, 12, 7


@dataclass(frozen=True, slots=True)
class RowDetail:
    """What is under the cursor: its id, the task whose dossier is shown, and its first column for a width."""

    key: str
    task: Task | None
    about: Callable[[int], tuple[Line, ...]]


def detail_lines(detail: RowDetail, found: DossierFound, width: int) -> tuple[Line, ...]:
    """Both columns; without a task only the first, over all of `width`."""
    if detail.task is None:
        return detail.about(width)
    room, rest = halves(width)
    about = detail.about(room)
    return side_by_side(about, _standing(detail.task, found, rest, about), width)


def _standing(task: Task, found: DossierFound, width: int, beside: tuple[Line, ...]) -> tuple[Line, ...]:
    if found.dossier is not None:
        return standing_lines(found.dossier, width, beside)
    words = f"it could not be read: {found.trouble}" if found.trouble else f"reading {task.id} …"
    return hanging((), words, width, Tone.BAD if found.trouble else Tone.DIM)


def task_detail(task: Task, snapshot: Snapshot, now: int) -> RowDetail:
    """A task: how it stands and since when, what moves it on, and who can do that."""

    def about(width: int) -> tuple[Line, ...]:
        return (
            *headed(task.title or task.id, f"{task.id} · {task.repo or task.workflow}", width),
            line(""),
            *task_explanation(task, snapshot, now, width),
        )

    return RowDetail(task.id, task, about)


def members_detail(
    key: str,
    head: Callable[[int], tuple[Line, ...]],
    count: int,
    members: Iterable[tuple[Task, Sign]],
    now: int,
    first: Task | None,
) -> RowDetail:
    """A row that stands for `count` tasks: what it is, and the first of them; `first` is the one shown closer."""
    listed = tuple(islice(members, MOST_MEMBERS))

    def about(width: int) -> tuple[Line, ...]:
        return (
            *head(width),
            line(""),
            heading(f"{count} task{'' if count == 1 else 's'}", width),
            *(_member(task, sign, now, width) for task, sign in listed),
            *((line(f"  … {count - len(listed)} more", Tone.DIM),) if count > len(listed) else ()),
        )

    return RowDetail(key, first, about)


def headed(title: str, words: str, width: int) -> tuple[Line, ...]:
    """The name of a thing, and below it what it is about."""
    return (*hanging((), title, width, Tone.STRONG), *_named(words, width))


def _named(words: str, width: int) -> tuple[Line, ...]:
    return (fitted((Span(words, Tone.DIM),), width),)


def _member(task: Task, sign: Sign, now: int, width: int) -> Line:
    name = column(task.repo or task.title, max(8, width - _SIGN - _TASK - _AGE - 2), Tone.UNTRUSTED)
    since = Span(age(now - task.since).rjust(_AGE), Tone.DIM)
    return fitted((Span("  "), sign.span(_SIGN), column(task.id, _TASK), name, since), width)
