"""GitHub's limits: when nothing may be asked any more, until when, and how that is read from an answer."""

from __future__ import annotations

from collections.abc import Mapping

SECOND_MS = 1_000
SECONDARY_MS = 60 * SECOND_MS
"""How long is waited where a limit names no time, doubling each time, as GitHub asks for."""
LONGEST_MS = 3_600 * SECOND_MS
_WORDS = ("rate limit", "abuse detection", "too many requests")


def is_limit(status: int, headers: Mapping[str, str], words: str) -> bool:
    """Whether an answer says *too much* rather than *never*."""
    if status == 429:
        return True
    if status != 403:
        return False
    spent = headers.get("x-ratelimit-remaining") == "0"
    return spent or "retry-after" in headers or any(sign in words.lower() for sign in _WORDS)


def until_of(headers: Mapping[str, str], now: int, times: int) -> int:
    """Until when (ms) nothing may be asked, after a limit was met `times` times in a row (1 or more)."""
    after = _number(headers.get("retry-after", ""))
    reset = _number(headers.get("x-ratelimit-reset", ""))
    if after is not None:
        wait = after * SECOND_MS
    elif headers.get("x-ratelimit-remaining") == "0" and reset is not None:
        wait = reset * SECOND_MS - now
    else:
        wait = SECONDARY_MS << min(times - 1, 6)
    return now + min(max(wait, SECOND_MS), LONGEST_MS)


def spent_until(headers: Mapping[str, str], now: int) -> int:
    """Until when (ms) nothing is left, by an answer that was still given; 0 if something is."""
    reset = _number(headers.get("x-ratelimit-reset", ""))
    if headers.get("x-ratelimit-remaining") != "0" or reset is None:
        return 0
    return min(reset * SECOND_MS, now + LONGEST_MS)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
