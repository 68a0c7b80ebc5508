"""What both faces show of a whole store at a moment: the same derivation for dashboard and CLI."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from onloop.attention.groups import Group, groups_of
from onloop.attention.items import item_of
from onloop.machine.house import Frozen, covering
from onloop.machine.state import LIVE, Reason, State
from onloop.machine.task import Kind, Task
from onloop.store.port import Reading


@dataclass(frozen=True, slots=True)
class FleetLine:
    """How far one run is: its children (or the run itself, where it has none) by what became of them."""

    run: str
    title: str
    total: int
    done: int
    working: int
    waiting: int
    needs_person: int
    ended_otherwise: int

    @property
    def live(self) -> int:
        """How many have not ended."""
        return self.total - self.done - self.ended_otherwise


@dataclass(frozen=True, slots=True)
class Picture:
    """Attention groups in their order, the runs, and the counts of the header."""

    groups: tuple[Group, ...]
    runs: tuple[FleetLine, ...]
    needs_person: int
    working: int
    ready: int
    ended: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Why a task is not moving as of now, and the freeze that covers it, if one does."""

    reason: Reason | None
    freeze: Frozen | None


def picture_of(tasks: Iterable[Task]) -> Picture:
    """The picture that these tasks give. A fleet's root is shown by its children only."""
    known = list(tasks)
    work = [task for task in known if task.kind is Kind.WORK]
    items = [item for item in map(item_of, work) if item is not None]
    by_run: defaultdict[str, list[Task]] = defaultdict(list)
    for task in work:
        by_run[task.run].append(task)
    return Picture(
        groups=groups_of(items),
        runs=tuple(_line(root, by_run[root.run]) for root in known if root.parent is None),
        needs_person=len(items),
        working=sum(task.state is State.WORKING for task in work),
        ready=sum(task.state is State.SUBMITTED for task in work),
        ended=sum(task.ended for task in work),
    )


def _line(root: Task, members: Sequence[Task]) -> FleetLine:
    count = Counter(task.state for task in members)
    needs = count[State.INPUT_REQUIRED] + count[State.AUTH_REQUIRED]
    return FleetLine(
        run=root.run,
        title=root.title,
        total=len(members),
        done=count[State.COMPLETED],
        working=count[State.WORKING],
        waiting=count[State.SUBMITTED] + count[State.PAUSED],
        needs_person=needs,
        ended_otherwise=sum(count[state] for state in State if state not in LIVE) - count[State.COMPLETED],
    )


def standing(task: Task, *, frozen: str | None, slot_free: bool, now: int) -> tuple[State, Reason | None]:
    """State and reason as they are now: what time, a freeze or a full fleet changes is seen without being written."""
    if task.ended:
        return task.state, None
    if frozen is not None:
        return task.state, Reason.FROZEN
    reason = task.reason
    if task.state is State.SUBMITTED and reason is Reason.RETRY_BACKOFF and task.not_before <= now:
        reason = Reason.READY
    if task.state is State.SUBMITTED and reason is Reason.READY and not slot_free:
        reason = Reason.NO_SLOT
    return task.state, reason


def standings(at: Reading, tasks: Iterable[Task], now: int) -> Mapping[str, Standing]:
    """How each task stands as of now, by its id: what is recorded may be older than a freeze, or than its own clock."""
    house = at.house()
    free: dict[str, bool] = {}
    found: dict[str, Standing] = {}
    for task in tasks:
        if task.run not in free:
            free[task.run] = _is_slot_free(at, task)
        scope = covering(house, task)
        _, reason = standing(task, frozen=scope, slot_free=free[task.run], now=now)
        found[task.id] = Standing(reason, house.freezes[scope] if scope and not task.ended else None)
    return found


def _is_slot_free(at: Reading, task: Task) -> bool:
    root = task if task.id == task.run else at.task(task.run)
    return root is None or root.max_parallel is None or at.held(task.run) < root.max_parallel
