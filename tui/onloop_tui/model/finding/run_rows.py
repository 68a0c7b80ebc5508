"""The runs of a store as rows to pick one from: what needs somebody, what runs, and apart what has ended."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onloop.attention.groups import age
from onloop.attention.scope import Whose, needs_you
from onloop.views.overview import FleetLine
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted, width_of
from onloop_tui.model.finding.word_match import WordMatch
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.tree.tree_rows import ended_pieces

EVERY_RUN = "every run"
ENDED = "ended runs"
"""The ids of the two rows that are no runs."""
_MOST_REPOSITORIES = 200
"""So many repositories of a run can be looked for by name."""


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run as the picker shows it; `needs` counts what needs the person who looks, `text` is what typed words fit."""

    id: str
    title: str
    workflow: str
    needs: int
    working: int
    done: int
    total: int
    is_live: bool
    created_at: int
    place: str
    labels: tuple[str, ...]
    text: str


def run_entries(snapshot: Snapshot) -> tuple[RunEntry, ...]:
    """All runs: those first that need somebody, then those that run, then what has ended; each newest first."""
    needing = Counter(snapshot.tasks[name].run for name, whose in snapshot.whose.items() if whose is Whose.YOU)
    repositories: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for task in snapshot.tasks.values():
        if task.repo:
            repositories[task.run][task.repo] = None
    entries = [
        _entry(snapshot, line, needing[line.run], tuple(repositories[line.run])) for line in snapshot.overview.runs
    ]
    return tuple(sorted(entries, key=lambda each: (not each.is_live, not each.needs, -each.created_at, each.id)))


def _entry(snapshot: Snapshot, line: FleetLine, needs: int, repositories: tuple[str, ...]) -> RunEntry:
    root = snapshot.tasks.get(line.run)
    labels = root.labels if root is not None else ()
    words = (line.title, line.run, line.workflow, *labels, *repositories[:_MOST_REPOSITORIES])
    return RunEntry(
        line.run,
        line.title,
        line.workflow,
        needs,
        line.working,
        line.done,
        line.total,
        bool(line.live) or bool(needs),
        root.created_at if root is not None else 0,
        repositories[0] if len(repositories) == 1 else f"{len(repositories)} repositories" if repositories else "",
        labels,
        "\n".join(words).casefold(),
    )


class RunPick:
    """What of the runs is listed: live ones, and ended ones once they are asked for or typed words fit them."""

    def __init__(self, entries: Sequence[RunEntry] = (), narrowed: str = "") -> None:
        self.entries = {entry.id: entry for entry in entries}
        self._narrowed = narrowed
        self._order = tuple(entries)
        self._match = WordMatch([entry.text for entry in entries])
        self.ended = 0
        self.shows_ended = False

    def ids(self, typed: str) -> tuple[str, ...]:
        """The rows for what is typed: runs, and the rows that lift the narrowing and unfold what has ended."""
        found = [self._order[at] for at in self._match.places(typed)]
        live = [entry.id for entry in found if entry.is_live]
        ended = [entry.id for entry in found[len(live) :]]
        self.ended = len(ended)
        fold = (ENDED,) if ended else ()
        first = (EVERY_RUN,) if self._narrowed and not typed.strip() else ()
        below = ended if self.shows_ended or typed.strip() else ()
        return (*first, *live, *fold, *below)

    def line(self, row_id: str, now: int, width: int) -> Line:
        """The row of a run, or of one of the two that are none."""
        entry = self.entries.get(row_id)
        if entry is not None:
            return _run_line(entry, now, width, is_here=row_id == self._narrowed)
        if row_id == EVERY_RUN:
            return fitted((Span("every run", Tone.STRONG), Span("  shows the whole store again", Tone.DIM)), width)
        return fitted(ended_pieces(self.ended, is_open=self.shows_ended), width)


_NARROW, _WIDE = (9, 16, 0, 14, 5), (11, 22, 24, 22, 6)
_ROOMY = 110


def _run_line(entry: RunEntry, now: int, width: int, *, is_here: bool) -> Line:
    run, workflow, place, counts, old = _WIDE if width >= _ROOMY else _NARROW
    tail = (
        column(entry.workflow, workflow - 1, Tone.DIM),
        Span(" "),
        *((column(entry.place, place - 1, Tone.DIM), Span(" ")) if place else ()),
        _standing(entry, counts),
        Span(age(now - entry.created_at).rjust(old), Tone.DIM),
    )
    head = (column(entry.id, run - 1, Tone.STRONG), Span(" "))
    shown = f"{'● ' if is_here else ''}{entry.title}{_labelled(entry.labels)}"
    room = max(8, width - width_of(head) - width_of(tail) - 1)
    return fitted((*head, column(shown, room, Tone.UNTRUSTED), Span(" "), *tail), width)


def _standing(entry: RunEntry, width: int) -> Span:
    if entry.needs:
        return column(needs_you(entry.needs), width, Tone.ACCENT)
    if not entry.is_live:
        return column("✓ all done" if entry.done == entry.total else "– ended", width, Tone.DIM)
    return column(f"● {entry.working} working" if entry.working else f"{entry.done} of {entry.total} done", width)


def _labelled(labels: Iterable[str]) -> str:
    return "".join(f"  #{label}" for label in labels)
