"""PURE: how much time people can have given a decision at most, and how much skimming the change takes."""

from __future__ import annotations

LOOKING_MS = 3_000
SKIMMING_MS = 200
"""How long it takes at least to look at a decision, and for each line that is skimmed: five lines a second."""


def skimming_ms(lines: int | None) -> int:
    """How long skimming a change of so many lines takes at least; of one of unknown size, how long looking takes."""
    return LOOKING_MS + SKIMMING_MS * (lines or 0)


class ReviewersTime:
    """When each person decided last. Nobody reads two changes at once: what they decided before bounds what they read.

    Decisions about one and the same change count as one, for it needs to be read once only.
    """

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, str, int]] = {}

    def left_for(self, person: str, at: int, opened_at: int, content: str) -> int:
        """How long (ms) the person can have looked at it at most, who decides at `at` about what was opened then."""
        before, what, left = self._last.get(person, (0, "", 0))
        if not content or content != what:
            left = at - max(before, opened_at)
        self._last[person] = (at, content, left)
        return left
