"""Failures that come again, and lessons, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onloop.attention.groups import age
from onloop.cli.output import columns
from onloop.insight.harness.encodings import evidence_words, place_words, suggestions_for
from onloop.insight.harness.harness_figures import FailureFigures, HarnessFigures, LessonFigures
from onloop.insight.harness.recurrence import LessonWorth, SeenCount
from onloop.insight.proportions import ShareDifference
from onloop.text import fit, safe
from onloop.times import utc_words

MOST_FAILURES = 20
MOST_GAPS = 5
_LONGEST = 70
"""How many columns a cell of foreign words has."""


def harness_lines(figures: HarnessFigures) -> Iterator[str]:
    """The report, safe to print: what is worst, what could be encoded against it, and how lessons do."""
    since = f" since {utc_words(figures.since)}" if figures.since is not None else ""
    yield f"{figures.strikes} of {figures.looked} looks failed{since}, read from {figures.events} events"
    if figures.rare:
        yield f"{figures.rare} of them are of causes too rare to be told one by one"
    if not figures.failures:
        yield "nothing failed: no gap to be seen"
    else:
        yield ""
        yield from _failures(figures.failures)
        useless = frozenset(each.known.lesson.id for each in figures.useless)
        for gap in figures.gaps[:MOST_GAPS]:
            yield ""
            yield from _gap(gap, useless)
    if figures.lessons:
        yield ""
        yield from lesson_lines(figures.lessons)


def _failures(failures: Sequence[FailureFigures]) -> Iterator[str]:
    """A row for each: a ! marks what should be encoded. AGAIN is of the tasks that it struck in, at the next look."""
    header = ("", "ID", "WHERE", "TASKS", "TIMES", "AGAIN", "LOST", "CAUSE (words of others)")
    rows = [
        (
            "!" if each.is_gap else "",
            each.id,
            fit(place_words(each.pattern), 40),
            str(each.tasks),
            f"{each.strikes}/{each.looked}",
            f"{each.again}/{each.followed}" if each.followed else "–",
            age(each.lost_ms),
            fit(safe(each.pattern.cause), _LONGEST),
        )
        for each in failures[:MOST_FAILURES]
    ]
    yield from columns(rows, header=header)
    if len(failures) > MOST_FAILURES:
        yield f"{len(failures) - MOST_FAILURES} more: --json has them"


def _gap(gap: FailureFigures, useless: frozenset[str]) -> Iterator[str]:
    yield f"! {gap.id} {place_words(gap.pattern)}, workflow {safe(gap.pattern.workflow, 80)}: {evidence_words(gap)}"
    first = next(iter(gap.example.words.splitlines()), "")
    yield f"    e.g. {safe(gap.example.task)}, event {gap.example.event}: {fit(safe(first), 2 * _LONGEST)}"
    if gap.lessons:
        yield f"    against it: lesson {', '.join(gap.lessons)}"
    if not useless.issuperset(gap.lessons):
        return
    for suggestion in suggestions_for(gap):
        yield f"    {suggestion.words}: {suggestion.command}"


def lesson_lines(lessons: Sequence[LessonFigures]) -> Iterator[str]:
    """Each lesson: who wants it said where, and what became of recurrence; what to take away is named."""
    for lesson in lessons:
        known = lesson.known
        adopted = f"in force, adopted by {known.adopted_by} {utc_words(known.adopted_at)}"
        stands = adopted if known.is_in_force else "proposed: onloop harness adopt"
        where = place_words(known.lesson.pattern)
        yield safe(f"lesson {known.lesson.id} at {where}, by {known.proposed_by} ({stands}): {lesson.worth.value}", 400)
        yield from (f"    | {safe(line)}" for line in known.lesson.words.splitlines()[:12])
        if not known.is_in_force:
            yield safe(f"    {known.evidence}", 400)
            continue
        yield f"    came again at the next look: {_share(lesson.without)} without, {_share(lesson.told)} told"
        all_looks = f"{_share(lesson.before)} before, {_share(lesson.in_force)} since"
        yield f"    {_change(lesson.change)}; of all looks: {all_looks}"
        if lesson.worth in {LessonWorth.NOTHING, LessonWorth.HARMS}:
            yield f'    take it away: onloop harness drop {known.lesson.id} --reason "{lesson.worth.value}"'


def _share(seen: SeenCount) -> str:
    value = seen.share.share
    return "none seen" if value is None else f"{seen.hits} of {seen.of} ({value:.0%})"


def _change(change: ShareDifference) -> str:
    if change.difference is None:
        return "no difference to be told yet"
    points = f"{change.difference * 100:+.0f} points"
    return f"{points}, surely between {change.low * 100:+.0f} and {change.high * 100:+.0f}"
