"""The header: what waits, what runs, and how old the data is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onloop.attention.board import BoardCounts
from onloop.attention.viewer import Scope
from onloop.views.work_warnings import SHAPE, WorkWarning
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, flowed, spread, width_of
from onloop_tui.model.drawing.warning_lines import warning_spans
from onloop_tui.model.ground.run_scope import RunScope
from onloop_tui.model.ground.snapshot import Snapshot, reading_words

MOST_LINES = 3
ROOMY = 100
ONE_LINE = 118
"""In at least this many columns the header is one line, and the store's name is in the footer: 120 less a margin."""
_ENDLESS = 10_000
LONGEST_NAME = 30
STALE_MS = 5_000
"""Data older than this is marked as stale."""


def header_lines(
    snapshot: Snapshot,
    *,
    lost: str,
    age_ms: int,
    labels: Sequence[str],
    tabs: Sequence[tuple[str, bool]],
    width: int,
    saved: Sequence[tuple[str, bool]] = (),
    store: str = "",
    moment: Line = (),
) -> tuple[Line, ...]:
    """The views, saved ones too, counts, freezes, labels, the age of the data and its store; a lost store is first.

    A `moment` that is looked at has a line of its own above all, because nothing below it is true now.
    """
    if moment:
        told = header_lines(snapshot, lost=lost, age_ms=age_ms, labels=labels, tabs=tabs, width=width, store=store)
        return (fitted(moment, width), *told[: MOST_LINES - 1])
    age = (Span(f"data {age_words(age_ms)} old", Tone.BAD if lost or age_ms > STALE_MS else Tone.DIM),)
    loud: list[Line] = [(Span(f"{SHAPE} {lost}", Tone.BAD),)] if lost else []
    loud += [*_freezes(snapshot), *_waiting(snapshot.board.counts)]
    loud += [(Span(reading_words(snapshot), Tone.WARN),)] if not snapshot.is_whole else []
    quiet: list[Line] = [(Span(f"working {snapshot.overview.working}"),)] if snapshot.is_whole else []
    beside = [*_hidden(snapshot.board.counts), *((Span(label, Tone.WARN),) for label in labels)]
    views = [_tabs(each) for each in (tabs, saved) if each]
    one = _one_line([*views, *loud], [*quiet, *_calm(snapshot)], beside, age, width)
    if width >= ONE_LINE and one is not None:
        return (one,)
    calm = _calm(snapshot) if width >= ROOMY else []
    named: list[Line] = [(Span(f"in {end_of(store)}", Tone.DIM),)] if store and width < ONE_LINE else []
    return flowed([*views, *loud, *quiet, *calm, *beside, age, *named], width, MOST_LINES)


def _one_line(first: list[Line], quiet: list[Line], beside: list[Line], age: Line, width: int) -> Line | None:
    """All in one line, without the counts that need no attention if there is no room; None if that is not enough."""
    for kept in range(len(quiet), -1, -1):
        (left,) = flowed([*first, *quiet[:kept], *beside], _ENDLESS, 1)
        if width_of(left) + width_of(age) < width:
            return spread(left, age, width)
    return None


def _waiting(counts: BoardCounts) -> list[Line]:
    """What needs who looks, and of that what is blocked; beside it, what waits for an agent, and what has failed."""
    causes = f" in {counts.causes} cause{'s' if counts.causes != 1 else ''}"
    blocked = Span(f" (blocked {counts.blocked}{causes})", Tone.BAD)
    needs = Span(f"needs you {counts.needs_you}", Tone.ACCENT if counts.needs_you else Tone.PLAIN)
    beside = (
        (counts.bypassed, f"BYPASSED {counts.bypassed}", Tone.BAD),
        (counts.stalled, f"stalled {counts.stalled}", Tone.WARN),
        (counts.failed, f"failed {counts.failed}", Tone.BAD),
    )
    pieces: list[Line] = [(needs, blocked) if counts.blocked else (needs,)]
    return [*pieces, *((Span(words, tone),) for count, words, tone in beside if count)]


def end_of(store: str) -> str:
    """The end of a store's name, which tells stores apart."""
    return store if len(store) <= LONGEST_NAME else f"…{store[1 - LONGEST_NAME :]}"


def _calm(snapshot: Snapshot) -> list[Line]:
    """The counts that need no attention. A narrow header omits them: the lines of the runs show them, too."""
    if not snapshot.is_whole:
        return []
    return [(Span(f"waiting {snapshot.overview.waiting}"),), (Span(f"done {snapshot.done}"),)]


def _hidden(counts: BoardCounts) -> list[Line]:
    """The counts of what is hidden, so that nothing disappears unnoticed; zero counts are left out."""
    kinds = (
        (counts.snoozed, "snoozed"),
        (counts.muted, "muted"),
        (counts.inhibited, "inhibited"),
        (counts.acknowledged, "acknowledged"),
        (counts.for_others, "for others"),
    )
    return [(Span(f"{count} {word}", Tone.WARN),) for count, word in kinds if count]


def _tabs(tabs: Sequence[tuple[str, bool]]) -> Line:
    """The views by their number key; the current one is in brackets, so that it is visible without colour."""
    named = [Span(f"[{name}]", Tone.TAB, name[:1]) if front else Span(name, Tone.DIM, name[:1]) for name, front in tabs]
    return tuple(piece for span in named for piece in (span, Span(" ")))[:-1]


def _freezes(snapshot: Snapshot) -> list[Line]:
    return [(span,) for span in warning_spans(WorkWarning.FROZEN, snapshot.house.freezes)]


def run_labels(narrowing: RunScope) -> tuple[str, ...]:
    """The run to which everything is narrowed, and how many need who looks in the others."""
    if not narrowing.run:
        return ()
    return (f"only run {narrowing.run}", *((f"{narrowing.elsewhere} elsewhere",) if narrowing.elsewhere else ()))


def scope_labels(snapshot: Snapshot) -> tuple[str, ...]:
    """Which part of what needs people is shown, unless it is what the person may act on, or nobody is known."""
    if not snapshot.viewer.is_known or snapshot.scope is Scope.MAY_ACT:
        return ()
    return (_SCOPES[snapshot.scope],)


_SCOPES: Mapping[Scope, str] = {Scope.MINE: "mine", Scope.GROUPS: "my groups", Scope.EVERYBODY: "everybody's"}


def age_words(elapsed_ms: int) -> str:
    """The age in seconds and tenths, so that a viewer sees it move."""
    return f"{max(0, elapsed_ms) / 1000:.1f} s"
