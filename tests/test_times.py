"""Moments are written and read by one rule: the zone of whoever reads, named; logs have UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.times import (
    column_words,
    instant_of,
    instant_words,
    moment_of,
    second_words,
    time_words,
    utc_words,
    zone_words,
)

ROME = ZoneInfo("Europe/Rome")
ODD = timezone(timedelta(hours=-3, minutes=-30))
NOON = int(datetime(2026, 3, 28, 12, 0, 9, tzinfo=UTC).timestamp() * 1000)
"""Thirteen o'clock in Rome, on the day before its clocks go forward."""


def test_a_moment_names_its_zone_and_its_day_only_if_that_is_not_today() -> None:
    assert time_words(NOON, NOON, ROME) == "13:00 CET"
    assert time_words(NOON + 86_400_000, NOON, ROME) == "2026-03-29 14:00 CEST"
    assert second_words(NOON, ROME) == "2026-03-28 13:00:09 CET"
    assert second_words(NOON, ODD) == "2026-03-28 08:30:09 UTC-3:30"
    assert (zone_words(NOON, ROME), column_words(NOON, ROME, dated=False)) == ("CET", "13:00:09")
    assert utc_words(NOON) == "2026-03-28T12:00:09Z"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("13:01", "2026-03-28 13:01:00 CET"),
        ("13:00", "2026-03-29 13:00:00 CEST"),
        ("tomorrow", "2026-03-29 09:00:00 CEST"),
        ("tomorrow 1:30", "2026-03-29 01:30:00 CET"),
        ("2026-04-01", "2026-04-01 00:00:00 CEST"),
        ("2026-04-01 18:30", "2026-04-01 18:30:00 CEST"),
        ("2026-04-01T18:30Z", "2026-04-01 20:30:00 CEST"),
    ],
)
def test_what_a_person_types_is_meant_in_their_zone_by_the_clock_on_the_wall(typed: str, meant: str) -> None:
    found = moment_of(typed, NOON, ROME)
    assert found is not None
    assert second_words(found, ROME) == meant


@pytest.mark.parametrize("typed", ["", "soon", "24:00", "7", "45m", "2026-13-01", "2026-04-01 noon"])
def test_what_is_no_moment_is_none(typed: str) -> None:
    assert moment_of(typed, NOON, ROME) is None


@given(st.integers(0, 4_000_000_000).map(lambda s: s * 1000), st.sampled_from([ROME, UTC, ODD]))
def test_a_moment_that_was_written_is_read_as_the_same(at: int, zone: ZoneInfo) -> None:
    written = second_words(at, zone).rpartition(" ")[0]
    read = moment_of(written, 0, zone)
    assert read is not None
    assert read == at or second_words(read, zone).rpartition(" ")[0] == written  # the hour that a clock shows twice


@given(st.integers(0, 4_000_000_000_000))
def test_what_a_document_says_of_a_moment_is_that_moment(at: int) -> None:
    assert instant_of(instant_words(at)) == at


@pytest.mark.parametrize(
    "words", ["", "soon", None, 7, "2026-13-01T00:00:00Z", "2026-01-31T13:05:09", "0001-01-01T00:00:00+99"]
)
def test_what_names_no_moment_of_its_own_is_none(words: object) -> None:
    assert instant_of(words) is None


def test_a_document_without_a_zone_is_read_in_the_one_that_is_given() -> None:
    assert instant_of("2026-03-28T13:00:09", ROME) == NOON
    assert instant_words(NOON) == "2026-03-28T12:00:09Z"
    assert instant_words(NOON + 250) == "2026-03-28T12:00:09.250Z"


def test_nothing_else_writes_a_moment() -> None:
    """A sibling that formats times by a rule of its own would have to name one of these."""
    root = Path(__file__).parents[1]
    known = {"core/onloop/times.py", "core/onloop/agents/reset_times.py"}
    found = {
        str(path.relative_to(root))
        for part in ("core", "tui")
        for path in (root / part).rglob("*.py")
        if re.search(r"strftime|isoformat|fromtimestamp", path.read_text(encoding="utf-8"))
    }
    assert found <= known
