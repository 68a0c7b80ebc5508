"""How fast a terminal takes what it is sent, so that nothing piles up on the way to it."""

from __future__ import annotations

from collections import deque

QUICK_S = 0.05
"""A terminal that answers sooner is near: nothing waits for it."""
STALLED_S = 5.0
"""An answer that is not here by then is not waited for any more."""
IN_A_HURRY = 4_096
"""As many bytes may be on the way when what a key asked for is sent after them."""


class LinePace:
    """Decides whether to paint now. Every painting ends with a question, and its answer says that it has arrived.

    A terminal that never answered is not waited for. Times are seconds of one clock that never goes back.
    """

    def __init__(self) -> None:
        self._asked: deque[tuple[float, int]] = deque()
        self._answers = False
        self._took_s = 0.0

    @property
    def is_asked(self) -> bool:
        """Whether an answer may still come from a terminal that is known to answer."""
        return self._answers and bool(self._asked)

    @property
    def is_slow(self) -> bool:
        """Whether the last answer took long."""
        return self._took_s >= QUICK_S

    def may_paint(self, now: float, *, urgent: bool) -> bool:
        """Whether to send something: on a slow line only what is `urgent`, while something is on its way."""
        if self._asked and now - self._asked[0][0] > STALLED_S:
            self._asked.clear()
        if not self._answers or not self._asked:
            return True
        if max(self._took_s, now - self._asked[0][0]) < QUICK_S:
            return True
        return urgent and sum(size for _, size in self._asked) <= IN_A_HURRY

    def painted(self, now: float, size: int) -> None:
        """Note that so many bytes were sent, and the question after them."""
        self._asked.append((now, size))
        if not self._answers:
            while len(self._asked) > 1:
                self._asked.popleft()

    def answered(self, now: float) -> None:
        """Note an answer: all that was sent up to its question has arrived."""
        self._answers = True
        if self._asked:
            self._took_s = now - self._asked.popleft()[0]
