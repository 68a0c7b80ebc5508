"""A row of the tree, with columns that depend on the width: fold, state, id, what it owns, who may act, gates, age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onloop.attention.groups import age
from onloop.attention.responsibility import Ownership, ownership_of
from onloop.attention.viewer import NOBODY, Viewer
from onloop.machine.definition import Definition
from onloop.machine.state import Reason, State
from onloop.machine.store_state import StoreState, covering
from onloop.machine.task import Kind, Task
from onloop.store.rows import Lease
from onloop.views.dossier import gate_lines
from onloop.views.effective_status import effective_status
from onloop.views.environment_words import works_in
from onloop_tui.model.drawing.signs import Sign, sign_for
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted, width_of
from onloop_tui.model.ground.rollup import RollupCategory, Tally
from onloop_tui.model.sheet.gate_lines import strip_line

OPEN, CLOSED, LEAF = Span("▾ ", Tone.DIM), Span("▸ ", Tone.DIM), Span("  ")
_GUIDE = Span("│ ", Tone.DIM)
_GAP = Span(" ")
_MOST_GUIDES = 8
_SIGN, _AGE, _LEAST_NAME = 11, 7, 8
_ROOMY = 110
_ROOM_FOR_BOTH = 30
"""In more columns than this, a run shows its repository before its title."""
_TONES: Mapping[RollupCategory, Tone] = {
    RollupCategory.NEEDS_PERSON: Tone.ACCENT,
    RollupCategory.FOR_OTHERS: Tone.PLAIN,
    RollupCategory.HIDDEN: Tone.WARN,
    RollupCategory.STALLED: Tone.WARN,
    RollupCategory.WORKING: Tone.PLAIN,
    RollupCategory.WAITING: Tone.DIM,
    RollupCategory.DONE: Tone.GOOD,
    RollupCategory.EXCLUDED: Tone.DIM,
    RollupCategory.ENDED_OTHERWISE: Tone.WARN,
}


@dataclass(frozen=True, slots=True)
class TreeColumns:
    """How wide each column is; 0 leaves it out."""

    task: int
    step: int
    gates: int
    waits: int


_NARROW, _WIDE = TreeColumns(11, 0, 7, 22), TreeColumns(14, 20, 14, 36)


@dataclass(frozen=True, slots=True)
class RowPosition:
    """A row's position in the tree; `is_open` is None if there is nothing to unfold, `parent` is the task above."""

    depth: int
    is_open: bool | None
    tally: Tally
    parent: Task | None = None


def row_line(
    task: Task,
    place: RowPosition,
    gates: Line,
    house: StoreState,
    now: int,
    width: int,
    lease: Lease | None = None,
    within: int = 0,
    viewer: Viewer = NOBODY,
) -> Line:
    """The row of a task; a parent shows the counts of the tasks below it, and who may act only if it asks itself.

    `within` counts the sub-agents in its holder's process; it is shown beside the holder.
    """
    columns = _WIDE if width >= _ROOMY else _NARROW
    _, reason = effective_status(task, frozen=covering(house, task), slot_free=True, now=now, lease=lease)
    owns = ownership_of(task, reason, now, place.parent)
    head = (
        *indent_of(place),
        sign_as_of(task, place.tally, house, now, lease).span(_SIGN),
        column(task.id, columns.task - 1, Tone.STRONG),
        _GAP,
    )
    stands = _now(task, owns, place, viewer, columns)
    tail = (
        _own(task, gates, stands, columns, within)
        if place.is_open is None
        else _with_below(task, gates, stands, columns, place.tally)
    )
    since = Span(age(now - task.since).rjust(_AGE), Tone.DIM)
    room = width - width_of(head) - _AGE
    name = max(_LEAST_NAME, room - width_of(tail) - 1)
    middle = (column(_owned(task, owns, place, name), name, Tone.UNTRUSTED), _GAP, *tail)
    return fitted((*head, *_padded(middle, max(1, room)), since), width)


def ended_pieces(count: int, *, is_open: bool) -> Line:
    """The row that stands for the runs that have ended."""
    fold = "▾" if is_open else "▸"
    return (Span(f"{fold} ended: {count}", Tone.STRONG), Span("  Enter shows them, or hides them again", Tone.DIM))


def gates_of(task: Task, definitions: Mapping[str, Definition]) -> Line:
    """The gates of a task as a strip; `?` if its workflow is unknown."""
    definition = definitions.get(task.definition)
    return strip_line(gate_lines(definition, task)) if definition else (Span("?", Tone.DIM),)


def sign_as_of(task: Task, tally: Tally, house: StoreState, now: int, lease: Lease | None = None) -> Sign:
    """The sign of a task now: frozen or idle if that applies, and never done while a task below it is live."""
    state, reason = effective_status(task, frozen=covering(house, task), slot_free=True, now=now, lease=lease)
    if state is State.COMPLETED and not tally.says_done(task):
        return sign_for(State.WORKING, Reason.CHILDREN_RUNNING)
    return sign_for(state, reason)


def indent_of(place: RowPosition) -> Line:
    """What stands before a row: how deep it is, and whether it can be unfolded."""
    fold = LEAF if place.is_open is None else OPEN if place.is_open else CLOSED
    deep = (Span(f"+{place.depth - _MOST_GUIDES} ", Tone.DIM),) if place.depth > _MOST_GUIDES else ()
    return (*[_GUIDE] * min(place.depth, _MOST_GUIDES), *deep, fold)


def _owned(task: Task, owns: Ownership, place: RowPosition, room: int) -> str:
    """What the task owns; for a run with tasks below it, what they have in common."""
    if place.is_open is None:
        return owns.owned(room)
    return f"{task.repo} · {task.title}" if task.repo and place.parent is None and room > _ROOM_FOR_BOTH else task.title


def _now(task: Task, owns: Ownership, place: RowPosition, viewer: Viewer, columns: TreeColumns) -> str:
    """Who may act, and on what. Parts of one whole are at one step; of other tasks, a narrow row has its last word."""
    is_part = place.parent is not None and place.parent.kind is Kind.WORK
    if columns.step or is_part or not task.step or task.ended:
        return owns.now(viewer)
    return " · ".join(filter(None, (task.step.rpartition(".")[2], owns.who(viewer) or owns.waits_for)))


def _own(task: Task, gates: Line, now: str, columns: TreeColumns, within: int) -> Line:
    """Its step, who may act and what is waited for, and its gates."""
    step = (column(task.step or "", columns.step - 1), _GAP) if columns.step else ()
    made = works_in(task)
    who = f"{now} +{within}" if within else now
    who = f"{who} · in {made.kind.value}" if made is not None and columns.step else who
    waits = column(who, columns.waits - 1, Tone.PLAIN)
    return (*step, waits, _GAP, *_padded(gates, columns.gates - 1))


def _below(tally: Tally) -> Line:
    pieces = [
        (Span(words, _TONES[effective_status]), Span(" · ", Tone.DIM)) for words, effective_status in tally.pieces
    ]
    return tuple(span for pair in pieces for span in pair)[:-1]


def _with_below(task: Task, gates: Line, now: str, columns: TreeColumns, tally: Tally) -> Line:
    """The counts below a task, after what it asks of a person itself; a narrow row has no room for its gates, too."""
    if task.state not in {State.INPUT_REQUIRED, State.AUTH_REQUIRED}:
        return _below(tally)
    own = _own(task, gates, now, columns, 0) if columns.step else (column(now, columns.waits - 1, Tone.PLAIN),)
    return (*own, _GAP, *_below(tally))


def _padded(shown: Line, width: int) -> Line:
    cut = fitted(shown, width)
    return (*cut, Span(" " * (width - width_of(cut))))
