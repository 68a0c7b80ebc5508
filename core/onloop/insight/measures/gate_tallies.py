"""What was counted of each gate and each kind of call, while the log is read."""

from __future__ import annotations

from onloop.insight.measures.followed_task import AskedRequest
from onloop.insight.measures.loop_figures import (
    CallCount,
    GateName,
    IdleCall,
    JudgingGate,
    PeopleGate,
    SizedSpread,
)
from onloop.insight.measures.samples import Samples, SizeClass, size_of
from onloop.machine.task import Verdict


class PeopleTally:
    """Of one gate of people."""

    def __init__(self, gate: GateName) -> None:
        self._gate = gate
        self.approved = self.rejected = self.withdrawn = 0
        self.unchanged = self.reversed = 0
        self._unread = self._measured = 0
        self._waited = Samples()
        self._by_size = {size: Samples() for size in SizeClass}

    def decided(self, asked: AskedRequest, *, is_unchanged: bool) -> None:
        """A request that people approved or rejected."""
        self.approved += not asked.is_rejected
        self.rejected += asked.is_rejected
        self.unchanged += is_unchanged and not asked.is_rejected
        self._unread += asked.unread
        self._measured += asked.measured
        waited = asked.decided_at - asked.opened_at
        self._waited.add(waited)
        if asked.lines is not None:
            self._by_size[size_of(asked.lines)].add(waited)

    def told(self, still_open: int) -> PeopleGate:
        """The figures so far, with so many requests that are open now."""
        return PeopleGate(
            gate=self._gate,
            asked=self.approved + self.rejected + self.withdrawn + still_open,
            approved=self.approved,
            rejected=self.rejected,
            withdrawn=self.withdrawn,
            open=still_open,
            unchanged=self.unchanged,
            reversed=self.reversed,
            unread=self._unread,
            measured=self._measured,
            waited=self._waited.spread(),
            by_size=tuple(SizedSpread(size, seen.spread()) for size, seen in self._by_size.items()),
        )


class JudgingTally:
    """Of one machine gate."""

    def __init__(self, gate: GateName) -> None:
        self._gate = gate
        self._verdicts = dict.fromkeys(Verdict, 0)
        self.works = self.twice = self.disagreed = 0
        self._took = Samples()

    def ran(self, verdict: Verdict, took_ms: int) -> None:
        """It gave this verdict, after so long; a time of 0 was not measured."""
        self._verdicts[verdict] += 1
        if took_ms:
            self._took.add(took_ms)

    def told(self) -> JudgingGate:
        """The figures so far."""
        return JudgingGate(
            gate=self._gate,
            runs=sum(self._verdicts.values()),
            passed=self._verdicts[Verdict.PASS],
            failed=self._verdicts[Verdict.FAIL],
            timed_out=self._verdicts[Verdict.TIMED_OUT],
            errors=self._verdicts[Verdict.ERROR],
            works=self.works,
            twice=self.twice,
            disagreed=self.disagreed,
            took=self._took.spread(),
        )


class CallTally:
    """Of one kind of request, at all gates."""

    def __init__(self) -> None:
        self.decided = self.alone = self.by_people = self.expired = 0

    def told(self, kind: str, still_open: int) -> CallCount:
        """The figures so far."""
        ended = self.decided + self.alone + self.by_people + self.expired
        return CallCount(kind, ended + still_open, self.decided, self.alone, self.by_people, self.expired, still_open)


class IdleTally:
    """Of calls at one gate that ended alone, in the same way."""

    def __init__(self, example: str) -> None:
        self._example = example
        self._count = 0
        self._waited = Samples()

    def ended(self, asked: AskedRequest, at: int) -> None:
        """One more did."""
        self._count += 1
        self._waited.add(at - asked.opened_at)

    def told(self, gate: GateName, kind: str, why: str) -> IdleCall:
        """The figures so far."""
        return IdleCall(gate, kind, why, self._count, self._waited.spread(), self._example)
