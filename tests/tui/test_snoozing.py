"""What is typed into the Inbox's forms is understood, or said to be wrong with what would work."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.machine.marks import LONGEST_HIDDEN_MS, Muted, Rule
from onloop_tui.model.inbox.snoozing import SnoozeWish, mute_of, rule_of, snooze_wish_of
from support.tui_scenes import MINUTE

EVENING = int(datetime(2026, 3, 1, 22, 30, tzinfo=UTC).timestamp() * 1000)
HOUR = 60 * MINUTE


@pytest.mark.parametrize(
    ("typed", "wish"),
    [
        ("15m", SnoozeWish(15 * MINUTE)),
        ("1h", SnoozeWish(HOUR)),
        ("tomorrow", SnoozeWish(10 * HOUR + 30 * MINUTE)),
        ("tomorrow 10:00 or +2", SnoozeWish(11 * HOUR + 30 * MINUTE, grows_by=2)),
        ("23:30", SnoozeWish(HOUR)),
        ("change", SnoozeWish(until_change=True)),
        ("+5", SnoozeWish(grows_by=5)),
        ("1h, change or +2", SnoozeWish(HOUR, until_change=True, grows_by=2)),
        ("7d", SnoozeWish(LONGEST_HIDDEN_MS)),
    ],
)
def test_a_snooze_is_understood(typed: str, wish: SnoozeWish) -> None:
    assert snooze_wish_of(typed, EVENING, UTC) == wish


@pytest.mark.parametrize("typed", ["", "soon", "0m", "+0", "1w", "8d", "-5", "change me"])
def test_what_is_no_time_to_wake_is_said_to_be_none(typed: str) -> None:
    assert isinstance(snooze_wish_of(typed, EVENING, UTC), str)


def test_a_rule_names_exact_values_once_each() -> None:
    assert rule_of('repo:billing gate:"unit tests"') == Rule(repo="billing", gate="unit tests")
    for wrong in ("", "billing", "repo:a,b", "!repo:a", "repo:a repo:b", "repo:pay*", "colour:red"):
        assert isinstance(rule_of(wrong), str), wrong


def test_a_mute_needs_a_rule_and_an_end_in_reach() -> None:
    assert mute_of("cause:ab", "4h", " flaky ", "human:ana", 5) == Muted(
        Rule(cause="ab"), "human:ana", 5 + 4 * HOUR, "flaky"
    )
    assert isinstance(mute_of("cause:ab", "for ever", "flaky", "human:ana", 5), str)
    assert isinstance(mute_of("cause:ab", "30d", "flaky", "human:ana", 5), str)


@given(st.text(max_size=60))
def test_nothing_that_is_typed_raises(typed: str) -> None:
    assert snooze_wish_of(typed, EVENING, UTC) is not None
    assert mute_of(typed, typed, typed, "human:ana", EVENING) is not None
