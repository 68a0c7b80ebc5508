"""The line of where one is: the view, the run, the repository and the task, each of which can be clicked."""

from __future__ import annotations

from dataclasses import dataclass

from onloop_tui.model.drawing.terminal_text import fit
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, spread, width_of
from onloop_tui.model.ground.run_scope import title_of
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject

_BETWEEN = Span(" › ", Tone.DIM)
_LONGEST = 40
_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class Crumb:
    """One place on the way: its kind, its name, and the task that a click goes to; empty for the view itself."""

    kind: str
    name: str
    task: str = ""


def crumbs_of(view: str, subject: Subject | None, snapshot: Snapshot) -> tuple[Crumb, ...]:
    """The way to what is under the cursor; of a run that all is narrowed to, at least that far."""
    task = snapshot.tasks.get(subject.task or subject.id) if subject is not None else None
    run = task.run if task is not None else snapshot.run
    way = [Crumb("", view)]
    if run:
        way.append(Crumb("run", title_of(snapshot.tasks, run), run))
    if task is not None and task.repo:
        way.append(Crumb("repo", task.repo, task.id))
    if task is not None and task.id != task.run:
        way.append(Crumb("task", task.id, task.id))
    return tuple(way)


def crumb_line(crumbs: tuple[Crumb, ...], width: int, row: tuple[int, int] = (0, 0)) -> Line:
    """The way in one line, and at its end which row of how many one is on.

    Where there is no room, long names are cut, the longest most, and never the last: sooner the row is left out.
    """
    position, count = row
    place = (Span(f"{position:,} of {count:,}", Tone.DIM),) if position and count else ()
    room = width - width_of(place) - 2 * len(place)
    longest = _LONGEST
    shown = _joined(crumbs, longest)
    while width_of(shown) > room and longest > _SHORTEST:
        longest -= 4
        shown = _joined(crumbs, longest)
    return spread(shown, place, width) if place and width_of(shown) <= room else fitted(shown, width)


def _joined(crumbs: tuple[Crumb, ...], longest: int) -> Line:
    spans: list[Span] = []
    for number, crumb in enumerate(crumbs):
        is_last = number == len(crumbs) - 1
        press = f"crumb:{number}"
        name = crumb.name if is_last and crumb.kind == "task" else fit(crumb.name[: 8 * longest], longest)
        spans += [_BETWEEN] if number else []
        spans += [Span(f"{crumb.kind} ", Tone.DIM, press)] if crumb.kind else []
        spans.append(Span(name, Tone.STRONG if is_last else Tone.PLAIN, press))
    return tuple(spans)
