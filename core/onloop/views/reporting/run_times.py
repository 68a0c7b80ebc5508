"""PURE: when a run's tasks were worked on and ended, and when all of it stood still, as its log says."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence

from onloop.machine.events import Created, Moved
from onloop.machine.state import TERMINAL, Reason, State
from onloop.machine.store_state import Frozen, Unfrozen
from onloop.machine.task import Kind
from onloop.records import MutableRecord, Record, field
from onloop.store.codec import event_from_text
from onloop.store.port import Recorded

TOLD_BY = (Created.__name__, Moved.__name__)
"""The events of a run that say it."""
FREEZES = (Frozen.__name__, Unfrozen.__name__)
"""The events of the store that say when a run was frozen."""
_WAITS = frozenset({Reason.CHILDREN_RUNNING, Reason.EXTERNAL})
"""The reasons for which a task in `working` waits for others."""
_STANDS = frozenset({State.PAUSED, State.INPUT_REQUIRED, State.AUTH_REQUIRED})


class Hold(Record):
    """A time (ms) in which the run stood still, and why; `until` is None while it lasts."""

    since: int
    until: int | None
    why: str


class TaskSpan(Record):
    """One task: when it came to be, when it was worked on, and when it ended, if it has; all in ms.

    `worked` are the times in which somebody was at it, the last one open while somebody is; `out` those in which it
    was excluded.
    """

    task: str
    created: int
    worked: tuple[tuple[int, int | None], ...] = ()
    out: tuple[tuple[int, int | None], ...] = ()
    ended: int | None = None
    completed: bool = False

    @property
    def is_at_work(self) -> bool:
        """Whether somebody is at it."""
        return bool(self.worked) and self.worked[-1][1] is None


class RunTimes(Record):
    """What the log says of one run's times: its tasks, and when all of it stood still."""

    began: int
    spans: tuple[TaskSpan, ...] = ()
    holds: tuple[Hold, ...] = ()
    ended: int | None = None
    """When the run ended; None while it has not."""

    @property
    def held_now(self) -> Hold | None:
        """Why it stands still; None if it does not."""
        return next((hold for hold in self.holds if hold.until is None), None)


class Clockwork:
    """How much of a time counts: what a hold covers does not. Overlapping holds count once."""

    def __init__(self, holds: Iterable[Hold], now: int) -> None:
        self._since: list[int] = []
        self._until: list[int] = []
        self._before: list[int] = []
        for since, until in sorted((hold.since, now if hold.until is None else hold.until) for hold in holds):
            if self._until and since <= self._until[-1]:
                self._until[-1] = max(self._until[-1], until)
            elif since < until:
                self._since.append(since)
                self._until.append(until)
        held = 0
        for since, until in zip(self._since, self._until, strict=True):
            self._before.append(held)
            held += until - since

    def moving_ms(self, since: int, until: int) -> int:
        """How long (ms) of it the run did not stand still; never negative."""
        return max(0, until - since - (self._held_before(until) - self._held_before(since)))

    def covers(self, since: int, until: int) -> bool:
        """Whether the run stood still all that time."""
        return until > since and self.moving_ms(since, until) == 0

    def _held_before(self, at: int) -> int:
        place = bisect_right(self._since, at) - 1
        return 0 if place < 0 else self._before[place] + min(at, self._until[place]) - self._since[place]


class _Draft(MutableRecord):
    """A span that is still being read."""

    created: int
    worked: list[tuple[int, int | None]] = field(default_factory=list)
    out: list[tuple[int, int | None]] = field(default_factory=list)
    ended: int | None = None
    completed: bool = False


class RunTimesFold:
    """Reads the events of one run, and of the store's freezes, in their order."""

    def __init__(self, run: str, workflow: str) -> None:
        self._run = run
        self._scopes = {"all", f"run:{run}", f"workflow:{workflow}"}
        self._drafts: dict[str, _Draft] = {}
        self._holds: list[Hold] = []
        self._open: dict[str, tuple[int, str]] = {}
        self._is_fleet = False
        self._began = 0
        self._ended: int | None = None

    def take_freezes(self, events: Iterable[Recorded]) -> None:
        """When the whole run was frozen, and when that was lifted."""
        for recorded in events:
            event = event_from_text(recorded.name, recorded.data)
            if isinstance(event, Frozen) and event.scope in self._scopes:
                self._open.setdefault(event.scope, (recorded.at, f"frozen ({event.scope})"))
            elif isinstance(event, Unfrozen):
                self._close(event.scope, recorded.at)

    def take(self, events: Iterable[Recorded]) -> None:
        """What the run's events say."""
        for recorded in events:
            event = event_from_text(recorded.name, recorded.data)
            if isinstance(event, Created):
                self._created(recorded, event.kind)
            elif isinstance(event, Moved):
                self._moved(recorded, event)

    def times(self) -> RunTimes:
        """All that was read; a freeze from before the run began counts from then on."""
        open_holds = [Hold(since, None, why) for since, why in self._open.values()]
        ever = [hold for hold in (*self._holds, *open_holds) if hold.until is None or hold.until > self._began]
        holds = sorted(
            (Hold(max(hold.since, self._began), hold.until, hold.why) for hold in ever),
            key=lambda hold: (hold.since, hold.why),
        )
        spans = tuple(_span(task, draft) for task, draft in self._drafts.items())
        return RunTimes(self._began, spans, tuple(holds), self._ended)

    def _created(self, recorded: Recorded, kind: Kind) -> None:
        if recorded.task == self._run:
            self._began = recorded.at
            self._is_fleet = kind is Kind.FLEET
        if kind is Kind.WORK:
            self._drafts[recorded.task] = _Draft(recorded.at)

    def _moved(self, recorded: Recorded, event: Moved) -> None:
        if recorded.task == self._run:
            self._root_moved(recorded.at, event)
        draft = self._drafts.get(recorded.task)
        if draft is None:
            return
        at = recorded.at
        _follow(draft.worked, at, is_in=event.state is State.WORKING and event.reason not in _WAITS)
        _follow(draft.out, at, is_in=event.reason is Reason.EXCLUDED)
        draft.ended = at if event.state in TERMINAL else None
        draft.completed = event.state is State.COMPLETED

    def _root_moved(self, at: int, event: Moved) -> None:
        """A paused run stands still, and a fleet that waits for a person; what one task asks is its own affair."""
        stands = event.state in _STANDS if self._is_fleet else event.state is State.PAUSED
        self._close(self._run, at)
        self._ended = at if event.state in TERMINAL else None
        if stands:
            self._open[self._run] = (at, event.reason.value.replace("_", " ") if event.reason else event.state.value)

    def _close(self, key: str, at: int) -> None:
        found = self._open.pop(key, None)
        if found is not None:
            insort(self._holds, Hold(found[0], at, found[1]), key=lambda hold: hold.since)


def _follow(times: list[tuple[int, int | None]], at: int, *, is_in: bool) -> None:
    """Begin a time, or end the one that is open."""
    is_open = bool(times) and times[-1][1] is None
    if is_in and not is_open:
        times.append((at, None))
    elif is_open and not is_in:
        times[-1] = (times[-1][0], max(at, times[-1][0]))


def _span(task: str, draft: _Draft) -> TaskSpan:
    return TaskSpan(task, draft.created, tuple(draft.worked), tuple(draft.out), draft.ended, draft.completed)


def worked_ms(span: TaskSpan, clock: Clockwork, now: int) -> int:
    """How long (ms) somebody was at a task, without what a hold covers."""
    return sum(clock.moving_ms(since, now if until is None else until) for since, until in span.worked)


def latest_first(spans: Sequence[TaskSpan]) -> list[TaskSpan]:
    """Those that were completed, the last one first."""
    done = [span for span in spans if span.completed]
    return sorted(done, key=lambda span: (-(span.ended or 0), span.task))
