"""Failures that come again, and lessons, as the JSON objects that `--json` prints."""

from __future__ import annotations

from onloop.cli.json_models.insight import harness_models as j
from onloop.cli.json_models.insight.proportion_models import difference_json, share_json
from onloop.insight.harness.encodings import suggestions_for
from onloop.insight.harness.harness_figures import FailureFigures, HarnessFigures, LessonFigures
from onloop.text import safe

MOST_FAILURES = 200


def harness_json(figures: HarnessFigures) -> j.HarnessJson:
    """All of it, but for the least costly of very many failures, which are counted among the rare."""
    told, left = figures.failures[:MOST_FAILURES], figures.failures[MOST_FAILURES:]
    return j.HarnessJson(
        since=figures.since,
        until=figures.until,
        events=figures.events,
        looked=figures.looked,
        strikes=figures.strikes,
        rare=figures.rare + sum(each.strikes for each in left),
        failures=[_failure(each) for each in told],
        lessons=[lesson_json(each) for each in figures.lessons],
    )


def _failure(failure: FailureFigures) -> j.FailureJson:
    pattern, example = failure.pattern, failure.example
    return j.FailureJson(
        id=failure.id,
        workflow=pattern.workflow,
        step=pattern.step,
        kind=pattern.kind,
        gate=pattern.gate,
        cause=safe(pattern.cause),
        gap=failure.is_gap,
        tasks=failure.tasks,
        strikes=failure.strikes,
        looked=failure.looked,
        followed=failure.followed,
        again=failure.again,
        lost_ms=failure.lost_ms,
        example=j.FailureExampleJson(example.task, example.event, example.at, safe(example.words)),
        lessons=failure.lessons,
        encodings=[j.EncodingJson(s.encoding.value, s.words, s.command) for s in suggestions_for(failure)],
    )


def lesson_json(lesson: LessonFigures) -> j.LessonJson:
    """A lesson, and how it does."""
    known, pattern = lesson.known, lesson.known.lesson.pattern
    return j.LessonJson(
        id=known.lesson.id,
        failure=lesson.failure,
        workflow=pattern.workflow,
        step=pattern.step,
        gate=pattern.gate,
        cause=safe(pattern.cause),
        text=safe(known.lesson.words),
        state="in_force" if known.is_in_force else "proposed",
        author=known.proposed_by,
        proposed_at=known.proposed_at,
        evidence=known.evidence,
        by=known.adopted_by or None,
        at=known.adopted_at if known.is_in_force else None,
        without=share_json(lesson.without.share),
        told=share_json(lesson.told.share),
        change=difference_json(lesson.change),
        before=share_json(lesson.before.share),
        in_force=share_json(lesson.in_force.share),
        rate_change=difference_json(lesson.rate_change),
        worth=lesson.worth,
    )
