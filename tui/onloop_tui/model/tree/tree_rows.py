"""A row of the tree, with columns that depend on the width: fold, state, id, name, step, gates, holder, age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onloop.attention.groups import age
from onloop.machine.definition import Definition
from onloop.machine.state import Reason, State
from onloop.machine.store_state import StoreState, covering
from onloop.machine.task import Task
from onloop.store.rows import Lease
from onloop.views.dossier import gate_lines
from onloop.views.effective_status import effective_status
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
_TONES: Mapping[RollupCategory, Tone] = {
    RollupCategory.NEEDS_PERSON: Tone.ACCENT,
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
    holder: int


_NARROW, _WIDE = TreeColumns(11, 18, 10, 0), TreeColumns(14, 22, 16, 20)


@dataclass(frozen=True, slots=True)
class RowPosition:
    """A row's position in the tree; `is_open` is None if there is nothing to unfold."""

    depth: int
    is_open: bool | None
    tally: Tally


def row_line(
    task: Task,
    place: RowPosition,
    gates: Line,
    house: StoreState,
    now: int,
    width: int,
    lease: Lease | None = None,
    within: int = 0,
) -> Line:
    """The row of a task; a parent shows the counts of the tasks below it instead of its own gates.

    `within` counts the sub-agents in its holder's process; it is shown beside the holder if there is room.
    """
    columns = _WIDE if width >= _ROOMY else _NARROW
    head = (
        *_indent(place),
        sign_as_of(task, place.tally, house, now, lease).span(_SIGN),
        column(task.id, columns.task - 1, Tone.STRONG),
        _GAP,
    )
    tail = _below(place.tally) if place.is_open is not None else _own(task, gates, columns, within)
    since = Span(age(now - task.since).rjust(_AGE), Tone.DIM)
    room = width - width_of(head) - _AGE
    name = max(_LEAST_NAME, room - width_of(tail) - 1)
    text = task.title if place.is_open is not None else task.repo or task.title
    middle = (column(text, name, Tone.UNTRUSTED), _GAP, *tail)
    return fitted((*head, *_padded(middle, max(1, room)), since), width)


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


def _indent(place: RowPosition) -> Line:
    fold = LEAF if place.is_open is None else OPEN if place.is_open else CLOSED
    deep = (Span(f"+{place.depth - _MOST_GUIDES} ", Tone.DIM),) if place.depth > _MOST_GUIDES else ()
    return (*[_GUIDE] * min(place.depth, _MOST_GUIDES), *deep, fold)


def _own(task: Task, gates: Line, columns: TreeColumns, within: int) -> Line:
    who = (task.holder or "").removeprefix("agent:") + (f" +{within}" if within else "")
    holder = (_GAP, column(who, columns.holder - 1)) if columns.holder else ()
    strip = _padded(gates, columns.gates - 1)
    return (column(task.step or "", columns.step - 1), _GAP, *strip, *holder)


def _below(tally: Tally) -> Line:
    pieces = [
        (Span(words, _TONES[effective_status]), Span(" · ", Tone.DIM)) for words, effective_status in tally.pieces
    ]
    return tuple(span for pair in pieces for span in pair)[:-1]


def _padded(shown: Line, width: int) -> Line:
    cut = fitted(shown, width)
    return (*cut, Span(" " * (width - width_of(cut))))
