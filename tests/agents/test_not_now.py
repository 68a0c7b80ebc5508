"""What agents print last when they cannot work now is understood, with the time at which they can."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from onloop.agents.limit_messages import not_now
from onloop.agents.reset_times import moment_given, moment_in
from onloop.errors import BadInput
from onloop.machine.limits import LATEST

NOON = int(datetime(2026, 3, 2, 12, 0, tzinfo=UTC).timestamp() * 1000)
HOUR, MINUTE = 3_600_000, 60_000


@pytest.fixture(autouse=True)
def _in_new_york() -> Iterator[None]:
    """It is 07:00 there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("printed", "kind", "after"),
    [
        ("Claude AI usage limit reached|1772460000", "usage limit", 2 * HOUR),
        ("You've hit your limit · resets 1:30pm (UTC)", "usage limit", 90 * MINUTE),
        ("You\u2019ve hit your session limit · resets 8:30pm (Asia/Tokyo)", "usage limit", 23 * HOUR + 30 * MINUTE),
        ("You've hit your limit · resets Mar 3 at 9am (America/New_York)", "usage limit", 26 * HOUR),
        ("5-hour limit reached ∙ resets 3pm", "usage limit", 8 * HOUR),
        ('API Error: 429 {"error":{"type":"rate_limit_error"}}', "rate limit", None),
        ("Invalid API key · Please run /login", "login", None),
        ("■ You've hit your usage limit. Upgrade to Pro (https://x.y/z) or try again in 2 days 17 hours 14 minutes.",
         "usage limit", 65 * HOUR + 14 * MINUTE),
        ("You've hit your usage limit. Visit https://x.y/z to purchase more credits or try again at 2:51 PM.",
         "usage limit", 7 * HOUR + 51 * MINUTE),
        ("TerminalQuotaError: You have exhausted your capacity on this model. Your quota will reset after 1h49m8s.",
         "usage limit", HOUR + 49 * MINUTE + 8_000),
        ("Usage limit reached for gemini-3-flash-preview. Access resets at 10:57 AM GMT-3.",
         "usage limit", HOUR + 57 * MINUTE),
        ("[API Error: You have exhausted your daily quota on this model.]", "usage limit", None),
        ("Error: 429: {\"type\":\"FreeUsageLimitError\",\"message\":\"Rate limit exceeded. Please try again later",
         "rate limit", None),
        ("✗ Sorry, you've hit a rate limit that restricts the number of requests. Please try again in 58 hours.",
         "rate limit", 58 * HOUR),
        ("cp: error writing 'x': No space left on device", "disk", None),
    ],
)  # fmt: skip
def test_the_vendors_words_for_a_limit_are_known(printed: str, kind: str, after: int | None) -> None:
    found = not_now(1, f"working …\n{printed}\n\n".encode(), NOON)

    assert found is not None
    assert (found.words.partition(":")[0], found.until) == (kind, NOON + after if after is not None else 0)


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        (0, b"You've hit your limit"),
        (1, b"AssertionError: expected 401, got 200"),
        (1, b"the rate limiter test fails"),
        (1, b"hit your limit\n" + b"and many more lines\n" * 40),
        (70, b""),
    ],
)
def test_what_is_no_limit_is_an_end_like_any_other(code: int, printed: bytes) -> None:
    assert not_now(code, printed, NOON) is None


def test_any_command_says_not_now_by_its_exit_code() -> None:
    plain, said = not_now(75, b"", NOON), not_now(75, b"the licence server is down, try again in 20 minutes", NOON)

    assert plain is not None and (plain.words, plain.until) == ("exit code 75", 0)
    assert said is not None and said.until == NOON + 20 * MINUTE


@pytest.mark.parametrize(
    "printed",
    [
        "resets at 6:30pm (Foo/Bar)",
        "resets at 6:30pm GMT+30",
        "resets Feb 31 at 9am",
        "try again in 99999999999d",
        f"try again in {'9' * 350}d",
    ],
)
def test_a_moment_that_an_agent_makes_up_is_one_that_can_be_recorded(printed: str) -> None:
    found = not_now(75, printed.encode(), NOON)
    assert found is not None
    assert 0 <= found.until <= LATEST


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("18:30", 11 * HOUR + 30 * MINUTE),
        ("06:30", 23 * HOUR + 30 * MINUTE),
        ("45m", 45 * MINUTE),
        ("2026-03-02T13:00Z", HOUR),
        ("2026-03-02T08:00", HOUR),
        ("2026-03-02 14:00+01:00", HOUR),
    ],
)
def test_a_moment_is_a_local_time_of_day_iso_8601_or_a_duration(text: str, after: int) -> None:
    assert moment_given(text, NOON) - NOON == after


@pytest.mark.parametrize("text", ["", "24:00", "soon", "2026-13-01", "9", "-5m"])
def test_what_is_no_moment_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadInput, match="is no moment") as refused:
        moment_given(text, NOON)
    assert "18:30" in refused.value.hint


def test_a_time_of_day_that_the_clock_skips_is_read_all_the_same() -> None:
    assert moment_in("resets 2:30am", int(datetime(2026, 3, 8, 6, 0, tzinfo=UTC).timestamp() * 1000)) > 0
