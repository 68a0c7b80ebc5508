"""What the time of a task went to: visits of steps, gates, and waiting for people, as its log says."""

from __future__ import annotations

import pytest

from gateway.shop import Shop
from onloop.errors import UnknownThing
from onloop.machine.evidence import Verdict
from onloop.views.reporting import timelines
from onloop.views.reporting.timelines import ReadTimeline, Timeline, TimelineRow
from onloop.views.time_kinds import AT_WORK, FOR_AGENTS, FOR_PEOPLE, GATES
from support.scenario import FAIL, work
from support.steps import MINUTE, defined, develop, human, ship


def timeline(shop: Shop, task: str = "r1") -> Timeline:
    return shop.gateway.perform(ReadTimeline(task, shop.clock()))


def minutes(row: TimelineRow, whole: Timeline) -> list[tuple[str, int]]:
    """Each span's kind, and its length in minutes; one that lasts is counted to the end."""
    ends = [whole.until if span.until is None else span.until for span in row.spans]
    return [(span.kind, (end - span.since) // MINUTE) for span, end in zip(row.spans, ends, strict=True)]


def at_the_approval(shop: Shop) -> None:
    """A task that waited 2 min for an agent, was worked on for 5, failed after 3, was mended in 4, passed after 1."""
    shop.definition = defined(develop(rounds=2), ship(human()))
    shop.begin()
    shop.later(2 * MINUTE)
    agent = shop.claim()
    shop.later(5 * MINUTE)
    shop.submit(agent)
    shop.later(3 * MINUTE)
    shop.report(verdict=FAIL)
    shop.later(4 * MINUTE)
    shop.submit(agent, work("second"))
    shop.later(MINUTE)
    shop.report()


def test_a_visit_is_a_row_of_what_its_time_went_to_with_its_gates_below_it(shop: Shop) -> None:
    at_the_approval(shop)
    shop.later(7 * MINUTE)

    found = timeline(shop)
    work, gate, approval = found.rows

    assert minutes(work, found) == [(FOR_AGENTS, 2), (AT_WORK, 5), (GATES, 3), (AT_WORK, 4), (GATES, 1)]
    assert (gate.name, gate.gate, gate.verdict) == ("tests", True, Verdict.PASS)
    assert minutes(gate, found) == [(GATES, 3), (GATES, 1)]
    assert minutes(approval, found) == [(FOR_PEOPLE, 7)]
    assert (found.span_ms, approval.spans[-1].until) == (22 * MINUTE, None)


def test_after_its_end_no_time_counts(shop: Shop) -> None:
    at_the_approval(shop)
    shop.cancel()
    shop.later(60 * MINUTE)

    found = timeline(shop)

    assert found.span_ms == 15 * MINUTE
    assert all(span.until is not None for row in found.rows for span in row.spans)


def test_a_gate_that_was_asked_and_never_answered_ends_with_the_task(shop: Shop) -> None:
    shop.definition = defined(develop(), ship(human()))
    shop.begin()
    shop.submit(shop.claim())
    shop.later(3 * MINUTE)
    shop.cancel()
    shop.later(60 * MINUTE)

    found = timeline(shop)

    assert [minutes(row, found) for row in found.rows if row.gate] == [[(GATES, 3)]]


def test_of_a_fleet_each_task_is_a_row(shop: Shop) -> None:
    shop.definition = defined(develop(), ship(human()))
    shop.fleet(3)
    shop.claim("r1.2")
    shop.later(MINUTE)

    found = timeline(shop)

    assert [row.task for row in found.rows] == ["r1.1", "r1.2", "r1.3"]
    assert minutes(found.rows[1], found) == [(AT_WORK, 1)]
    assert minutes(found.rows[2], found) == [(FOR_AGENTS, 1)]


def test_rows_past_the_most_are_counted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timelines, "MOST_ROWS", 2)
    shop.fleet(5)
    shop.later(MINUTE)

    found = timeline(shop)

    assert ([row.task for row in found.rows], found.more) == (["r1.1", "r1.2"], 3)


def test_a_task_that_is_not_there_is_named(shop: Shop) -> None:
    with pytest.raises(UnknownThing, match="nobody"):
        timeline(shop, "nobody")
