"""PURE: reads a log once, in order, in as many parts as one likes, and says at any time how the loop is.

It remembers live tasks, and of what ended only numbers: so its size follows the work under way, not the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from onloop.errors import Ground
from onloop.insight.measures.cost_readings import note_spending
from onloop.insight.measures.followed_task import AskedRequest, FollowedTask
from onloop.insight.measures.loop_figures import LoopFigures
from onloop.insight.measures.loop_findings import findings_of
from onloop.insight.measures.loop_tallies import LoopTallies
from onloop.insight.measures.request_readings import RequestReading
from onloop.insight.measures.verdict_readings import VerdictReading
from onloop.insight.measures.work_readings import WorkReading
from onloop.machine.denials import Denied
from onloop.machine.events import Created, Moved
from onloop.machine.people import is_person
from onloop.machine.state import TERMINAL
from onloop.machine.store_state import PersonEnrolled
from onloop.machine.task import Kind
from onloop.records import Record
from onloop.store.codec import event_from_text
from onloop.store.port import Recorded

_READ = frozenset(
    {
        *("PersonEnrolled", "Denied", "Created", "StepEntered", "Moved", "Claimed", "PersonEntered"),
        *("Submitted", "Funnelled", "GateReported", "BaseReported", "UsageTold"),
        *("RequestOpened", "RequestClosed", "Decided"),
        *("EffectRequested", "EffectDone", "EffectFailed", "EffectVoided"),
    }
)
"""The events of which more than their name is read."""


class LoopScope(Record):
    """What counts: what happened from `since` (ms) on, of one run, of one workflow."""

    since: int | None = None
    run: str | None = None
    workflow: str | None = None

    def covers(self, created: Created) -> bool:
        """Whether such a task counts."""
        return self.run in {None, created.run} and self.workflow in {None, created.workflow}


class LoopFold:
    """The fold: `take` events in their order, each once; `figures` at any time."""

    def __init__(self, scope: LoopScope = LoopScope()) -> None:  # noqa: B008 - a record never changes
        self.scope = scope
        self.last = 0
        """The place of the last event that was read."""
        self._events = 0
        self._first_at: int | None = None
        self._tasks: dict[str, FollowedTask] = {}
        self._tallies = LoopTallies()
        since = scope.since if scope.since is not None else 0
        self._requests = RequestReading(self._tallies, since)
        self._verdicts = VerdictReading(self._tallies, since)
        self._work = WorkReading(self._tallies, since)

    def take(self, events: Iterable[Recorded]) -> None:
        """What these events say; one that was read before is passed over."""
        for recorded in events:
            if recorded.seq <= self.last:
                continue
            self.last = recorded.seq
            self._events += 1
            self._first_at = recorded.at if self._first_at is None else self._first_at
            self._take(recorded)

    def figures(self, now: int) -> LoopFigures:
        """How the loop is at `now` (ms), by what was read."""
        waiting = tuple(self._waiting())
        humans, machines = self._tallies.human_gates(waiting), self._tallies.machine_gates()
        idle = self._tallies.idle_calls()
        return LoopFigures(
            since=self.scope.since,
            until=now,
            touches=self._tallies.touches(),
            autonomy=self._tallies.autonomy(),
            human_gates=humans,
            machine_gates=machines,
            calls=self._tallies.calls(waiting),
            idle_calls=idle,
            hook_refusals=self._tallies.hook_refusals(),
            findings=findings_of(humans, machines, idle),
            phases=self._tallies.phases(),
            times=self._tallies.times(),
            whole=self._tallies.whole(),
            weeks=self._tallies.weeks(),
            costs=self._tallies.costs.told(),
            live=sum(task.is_work and task.is_counted for task in self._tasks.values()),
            events=self._events,
            first_at=self._first_at,
            last=self.last,
        )

    @property
    def remembered(self) -> int:
        """How many tasks it remembers more of than numbers: those that live."""
        return len(self._tasks)

    def _waiting(self) -> Iterator[AskedRequest]:
        for task in self._tasks.values():
            if task.is_counted:
                yield from task.asked.values()

    def _take(self, recorded: Recorded) -> None:
        event = event_from_text(recorded.name, recorded.data) if recorded.name in _READ else None
        if isinstance(event, PersonEnrolled):
            self._work.know(event.email)
        elif isinstance(event, Created):
            self._tasks[recorded.task] = self._begun(event, recorded.at)
        elif isinstance(event, Denied):
            self._denied(event, recorded.at)
        task = self._tasks.get(recorded.task)
        if task is None:
            return
        if is_person(recorded.principal):
            self._work.person_acted(task, event, recorded)
        if event is not None:
            note_spending(self._tasks, task, event)
            self._requests.take(task, event, recorded)
            self._verdicts.take(task, event, recorded)
            self._work.take(task, event, recorded)
            if isinstance(event, Moved) and event.state in TERMINAL:
                del self._tasks[recorded.task]

    def _denied(self, denied: Denied, at: int) -> None:
        """Counts what a hook refused: of a task that lives and counts, and of any other only where all of them do."""
        task = self._tasks.get(denied.subject)
        counts = task.is_counted if task is not None else self.scope.run is None and self.scope.workflow is None
        if denied.ground is Ground.HOOK and counts and at >= (self.scope.since or 0):
            self._tallies.hook_refused(denied.verb, denied.count, denied.subject)

    def _begun(self, created: Created, at: int) -> FollowedTask:
        return FollowedTask(
            run=created.run,
            workflow=created.workflow,
            is_work=created.kind is Kind.WORK,
            is_counted=self.scope.covers(created),
            created=at,
            since=at,
            parent=created.parent or "",
        )
