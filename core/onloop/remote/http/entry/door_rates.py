"""Who takes how much of the door: places at a time, and requests in a second. One loop asks it; time is an argument."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MOST_KNOWN = 8_192
"""Of how many accounts a rate is remembered at a time."""


@dataclass(slots=True)
class Places:
    """So many at a time, of one account `of_one`; the last `kept` of them are for those who are favoured."""

    most: int
    of_one: int
    kept: int = 0
    taken: int = 0
    _of: dict[str, int] = field(default_factory=dict)

    def of(self, account: str) -> int:
        """How many an account has."""
        return self._of.get(account, 0)

    def take(self, account: str, *, favoured: bool = False) -> bool:
        """Take one, if there is one for that account."""
        if self.taken >= self.most - (0 if favoured else self.kept) or self.of(account) >= self.of_one:
            return False
        self.taken += 1
        self._of[account] = self.of(account) + 1
        return True

    def leave(self, account: str) -> None:
        """Give one back."""
        self.taken -= 1
        self._of[account] -= 1
        if not self._of[account]:
            del self._of[account]


@dataclass(slots=True)
class UnderWay:
    """Bytes that are on their way to callers: past a sum of them, in all or of one account, there is no room."""

    most: int
    of_one: int
    sum: int = 0
    _of: dict[str, int] = field(default_factory=dict)

    def has_room(self, account: str) -> bool:
        """Whether something more may be asked for that account."""
        return self.sum < self.most and self._of.get(account, 0) < self.of_one

    @contextmanager
    def carrying(self, account: str, count: int) -> Iterator[None]:
        """So many more, in the block."""
        self._add(account, count)
        try:
            yield
        finally:
            self._add(account, -count)

    def _add(self, account: str, count: int) -> None:
        self.sum += count
        self._of[account] = self._of.get(account, 0) + count
        if not self._of[account]:
            del self._of[account]


@dataclass(slots=True)
class Allowance:
    """So many in a second, and `burst` at once after a rest."""

    rate: float
    burst: float
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait_s(self, account: str, now: float) -> float:
        """How long until the account may have one more, in seconds; 0 where it may now."""
        return max(0.0, (1.0 - self._have(account, now)) / self.rate)

    def spend(self, account: str, now: float) -> None:
        """Count one."""
        if account not in self._left and len(self._left) >= MOST_KNOWN:
            self.forget_rested(now)
            if len(self._left) >= MOST_KNOWN:
                del self._left[next(iter(self._left))]
        self._left[account] = (self._have(account, now) - 1.0, now)

    def forget_rested(self, now: float) -> None:
        """Forget accounts that have all of theirs again."""
        for account in [account for account in self._left if self._have(account, now) >= self.burst]:
            del self._left[account]

    def _have(self, account: str, now: float) -> float:
        left, since = self._left.get(account, (self.burst, now))
        return min(self.burst, left + (now - since) * self.rate)
