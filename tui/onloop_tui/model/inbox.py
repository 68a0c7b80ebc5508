"""The Inbox in lines: one row per cause, and what is said when there is none."""

from __future__ import annotations

from onloop.attention.groups import Group, age
from onloop.machine.state import State
from onloop.machine.task import Kind, Task
from onloop_tui.model.lines import Line, Span, Tone, fitted, line, spread
from onloop_tui.model.sentences import REASON_SIGNS
from onloop_tui.model.snapshot import Snapshot

ROW_HEIGHT = 2
_SIGN = 12


def row_lines(group: Group, now: int, width: int) -> tuple[Line, Line]:
    """A cause: what it is, where, since when; and below it the cause in words."""
    head = (REASON_SIGNS[group.reason].span(_SIGN), Span(group.headline, Tone.STRONG))
    where = (Span(f"{_where(group)}  ", Tone.PLAIN), Span(age(now - group.since).rjust(6), Tone.DIM))
    below = (Span(" " * _SIGN), Span(_cause(group), Tone.UNTRUSTED if group.detail else Tone.DIM))
    return spread(head, where, width), fitted(below, width)


def _where(group: Group) -> str:
    repos = {member.repo or member.task for member in group.members}
    return f"{len(repos)} repos" if len(repos) > 1 else next(iter(repos))[:30]


def _cause(group: Group) -> str:
    words = group.detail.strip().split("\n")[0]
    return words[:2000] if words else f"{group.workflow}: {', '.join(sorted({m.title for m in group.members}))[:2000]}"


def why_line(group: Group, now: int) -> Line:
    """Why the focused row stands where it stands."""
    return (Span("why here  ", Tone.DIM), Span(group.why(now)))


def quiet_lines(snapshot: Snapshot, width: int) -> tuple[Line, ...]:
    """What an Inbox without rows says: what to do next, or that all is done; never nothing."""
    work = [task for task in snapshot.tasks.values() if task.kind is Kind.WORK]
    if not work:
        return _nothing_yet(width)
    if all(task.ended for task in work):
        return _all_done(work, width)
    counts = snapshot.counts
    told = f"{counts.running} running, {counts.ready} ready, {counts.done} done"
    return _centred(
        [line("✓ nothing needs you", Tone.GOOD), line(told), line("what does appears here", Tone.DIM)], width
    )


def _nothing_yet(width: int) -> tuple[Line, ...]:
    return _centred(
        [
            line("nothing has been started in this store", Tone.STRONG),
            line(""),
            (Span("onloop start WORKFLOW --repo PATH", Tone.ACCENT), Span("    one change in one repository")),
            (Span("onloop fleet WORKFLOW --targets FILE", Tone.ACCENT), Span(" one change in many repositories")),
            (Span("onloop demo", Tone.ACCENT), Span("                          see it at work first")),
        ],
        width,
    )


def _all_done(work: list[Task], width: int) -> tuple[Line, ...]:
    completed = sum(task.state is State.COMPLETED for task in work)
    told = f"{completed} completed, {len(work) - completed} ended otherwise, {len(work)} in all"
    return _centred(
        [
            line("✓ all done", Tone.GOOD),
            line(told),
            (
                Span("onloop start", Tone.ACCENT),
                Span(" and "),
                Span("onloop fleet", Tone.ACCENT),
                Span(" begin the next"),
            ),
        ],
        width,
    )


def _centred(lines: list[Line], width: int) -> tuple[Line, ...]:
    widest = max(sum(len(span.text) for span in shown) for shown in lines)
    pad = Span(" " * max(2, (width - widest) // 2))
    return (line(""), *(fitted((pad, *shown), width) for shown in lines))
