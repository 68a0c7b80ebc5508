"""What both faces show of a whole store: every task counted once, and what time changes seen without being written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.shop import Shop
from onloop.attention.items import Tier
from onloop.cli.render import reason_words
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.machine import commands as c
from onloop.machine.state import REASONS, TERMINAL, Reason, State
from onloop.machine.store_state import Frozen
from onloop.machine.task import Kind, Task
from onloop.records import replace
from onloop.store.port import TaskFilter
from onloop.views.effective_status import MANY, EffectiveStatus, effective_status, effective_statuses
from onloop.views.overview import Category
from onloop.views.overview_projector import overview_of
from support.scenario import FAIL, NOON
from support.steps import SECOND, defined, develop, ship


def task(run: str, number: int, state: State, reason: Reason | None = None) -> Task:
    """Task `number` of a run; 0 is the root."""
    return Task(
        id=f"{run}.{number}" if number else run,
        run=run,
        title="Fix it",
        kind=Kind.WORK,
        definition="d" * 64,
        workflow="feature",
        sponsor="launcher:t",
        created_at=NOON,
        updated_at=NOON,
        parent=run if number else None,
        state=state,
        reason=reason,
        step="develop.implement",
    )


@st.composite
def stores(draw: st.DrawFn) -> list[Task]:
    """Fleets and single tasks, in any order and any state."""
    found: list[Task] = []
    for run in draw(st.lists(st.sampled_from("abcde"), unique=True)):
        members = draw(st.integers(0, 6))
        for number in range(members + 1):
            state = draw(st.sampled_from(sorted(State)))
            reason = draw(st.sampled_from(sorted(REASONS[state]))) if REASONS[state] else None
            kind = Kind.FLEET if members and not number else Kind.WORK
            found.append(replace(task(run, number, state, reason), kind=kind))
    return draw(st.permutations(found))


@given(stores())
def test_the_counts_add_up_to_the_number_of_tasks(tasks: list[Task]) -> None:
    picture = overview_of(tasks)
    work = [one for one in tasks if one.kind is Kind.WORK]

    excluded = sum(run.excluded for run in picture.runs)
    counts = (picture.needs_person, picture.working, picture.waiting, picture.ended, excluded)
    asking = [one for one in tasks if one.kind is Kind.FLEET and one.state is State.INPUT_REQUIRED]
    assert sum(counts) == len(work) + len(asking), "a fleet that asks a person is one thing more that needs one"
    items = [item for group in picture.groups for item in group.members]
    assert sum(item.tier is not Tier.FYI for item in items) == picture.needs_person
    assert sum(item.tier is Tier.FYI for item in items) == sum(one.state is State.FAILED for one in work)
    assert sum(line.total for line in picture.runs) == len(work)
    assert [line.run for line in picture.runs] == [one.run for one in tasks if one.parent is None]
    for line in picture.runs:
        parts = (line.done, line.working, line.waiting, line.needs_person, line.ended_otherwise, line.excluded)
        assert sum(parts) == line.total and min(parts) >= 0
        out = {one.id for one in work if one.ended or one.reason is Reason.EXCLUDED}
        assert line.live == sum(one.run == line.run and one.id not in out for one in work)
        assert sum(sum(counted.values()) for counted in line.by_step.values()) == line.total


def test_a_paused_task_counts_as_waiting_in_its_run() -> None:
    (line,) = overview_of([task("r1", 0, State.PAUSED, Reason.PAUSED)]).runs

    assert (line.waiting, line.live, line.total) == (1, 1, 1)


def test_a_run_is_counted_by_step_and_says_how_many_were_merged() -> None:
    root = replace(task("r1", 0, State.WORKING, Reason.CHILDREN_RUNNING), kind=Kind.FLEET)
    done = [
        replace(task("r1", n, State.COMPLETED), step="ship.merge", result="f" * 40 if n < 3 else None)
        for n in (1, 2, 3)
    ]
    others = [task("r1", 4, State.WORKING), task("r1", 5, State.PAUSED, Reason.EXCLUDED)]

    (line,) = overview_of([root, *done, *others]).runs

    assert (line.done, line.merged, line.excluded, line.live, line.workflow) == (3, 2, 1, 1, "feature")
    assert line.by_step == {
        "ship.merge": {Category.DONE: 3},
        "develop.implement": {Category.WORKING: 1, Category.EXCLUDED: 1},
    }


def test_a_fleet_is_shown_by_its_repositories(shop: Shop) -> None:
    shop.fleet(3)
    shop.cancel("r1.1")
    shop.claim("r1.2")
    with shop.store.reading() as at:
        tasks = [found for found in (at.task(i) for i in ("r1", "r1.1", "r1.2", "r1.3")) if found]

    (line,) = overview_of(tasks).runs
    assert (line.run, line.total, line.working, line.waiting, line.ended_otherwise) == ("r1", 3, 1, 1, 1)
    assert (overview_of(tasks).working, overview_of(tasks).ended) == (1, 1)


def test_repositories_that_fail_alike_are_one_row_of_the_picture(shop: Shop) -> None:
    shop.definition = defined(develop(rounds=0), ship())
    shop.fleet(3)
    for number in (1, 2, 3):
        shop.submit(shop.claim(f"r1.{number}"))
        shop.report(f"r1.{number}", verdict=FAIL)
    with shop.store.reading() as at:
        tasks = [found for found in (at.task(f"r1.{n}") for n in (1, 2, 3)) if found]

    (row,) = overview_of(tasks).groups
    assert [member.task for member in row.members] == ["r1.1", "r1.2", "r1.3"]
    assert row.headline == "gates of develop.implement keep failing"


WAITS = replace(task("r1", 0, State.SUBMITTED, Reason.RETRY_BACKOFF), not_before=NOON + SECOND)


@pytest.mark.parametrize(
    ("given_task", "frozen", "slot_free", "now", "expected"),
    [
        (WAITS, None, True, NOON, (State.SUBMITTED, Reason.RETRY_BACKOFF)),
        (WAITS, None, True, NOON + SECOND, (State.SUBMITTED, Reason.READY)),
        (WAITS, None, False, NOON + SECOND, (State.SUBMITTED, Reason.NO_SLOT)),
        (WAITS, "all", True, NOON + SECOND, (State.SUBMITTED, Reason.FROZEN)),
        (task("r1", 1, State.SUBMITTED, Reason.READY), None, False, NOON, (State.SUBMITTED, Reason.NO_SLOT)),
        (task("r1", 1, State.SUBMITTED, Reason.READY), None, True, NOON, (State.SUBMITTED, Reason.READY)),
        (task("r1", 1, State.WORKING), None, False, NOON, (State.WORKING, None)),
        *((task("r1", 1, state), "all", False, NOON, (state, None)) for state in sorted(TERMINAL)),
    ],
)
def test_time_freezes_and_full_fleets_are_seen_without_being_written(
    given_task: Task, frozen: str | None, slot_free: bool, now: int, expected: tuple[State, Reason | None]
) -> None:
    assert effective_status(given_task, frozen=frozen, slot_free=slot_free, now=now) == expected


def now(shop: Shop) -> dict[str, EffectiveStatus]:
    """How each task of r1 stands at this moment."""
    with shop.store.reading() as at:
        tasks = [found for found in (at.task(i) for i in ("r1", "r1.1", "r1.2", "r1.3")) if found]
        return dict(effective_statuses(at, tasks, shop.clock()))


def test_a_full_fleet_and_a_pause_that_is_over_show_in_how_its_tasks_stand(shop: Shop) -> None:
    shop.fleet(3, max_parallel=1)
    agent = shop.claim("r1.1")
    full = {task_id: found.reason for task_id, found in now(shop).items()}
    shop.gateway.perform(PerformCommand(agent, "r1.1", c.Fail(agent.id, agent.epoch, "hard")))
    paused = now(shop)["r1.1"].reason
    shop.later(10 * SECOND)

    assert full == {"r1": Reason.CHILDREN_RUNNING, "r1.1": None, "r1.2": Reason.NO_SLOT, "r1.3": Reason.NO_SLOT}
    assert (paused, now(shop)["r1.1"].reason) == (Reason.RETRY_BACKOFF, Reason.READY)
    assert shop.task("r1.1").reason is Reason.RETRY_BACKOFF
    assert now(shop)["r1.2"].reason is Reason.READY


def test_a_freeze_shows_on_what_it_covers_with_who_set_it_and_on_nothing_that_has_ended(shop: Shop) -> None:
    shop.fleet(3)
    shop.cancel("r1.3")
    shop.freeze("task:r1.2")
    one = now(shop)
    shop.freeze("run:r1", "ben")
    shop.unfreeze("task:r1.2")

    look = Frozen("task:r1.2", "human:ana", "look first")
    assert one["r1.2"] == EffectiveStatus(Reason.FROZEN, look)
    assert one["r1.1"] == EffectiveStatus(Reason.READY, None)
    freezes = {task_id: found.freeze and found.freeze.by for task_id, found in now(shop).items()}
    assert freezes == {"r1": "human:ben", "r1.1": "human:ben", "r1.2": "human:ben", "r1.3": None}


def test_of_many_tasks_all_leases_are_read_at_once_and_say_what_each_says_alone(shop: Shop) -> None:
    shop.fleet(MANY)
    agents = [shop.claim(f"r1.{number}") for number in range(1, MANY + 1)]
    shop.later(31 * SECOND)
    shop.gateway.perform(Heartbeat(agents[0]))

    with shop.store.reading() as at:
        tasks = [task for task in at.tasks(TaskFilter(run="r1")) if task.parent]
        together = effective_statuses(at, tasks, shop.clock())
        alone = {task.id: effective_statuses(at, [task], shop.clock())[task.id] for task in tasks}

    assert together == alone
    assert [together[name].reason for name in ("r1.1", "r1.2")] == [None, Reason.DISCONNECTED]


def test_an_agent_that_is_silent_or_does_nothing_shows_in_how_its_task_stands(shop: Shop) -> None:
    shop.fleet(2)
    silent, busy = shop.claim("r1.1"), shop.claim("r1.2")
    begun = shop.clock()
    fresh = now(shop)["r1.1"]
    shop.later(31 * SECOND)
    shop.gateway.perform(Heartbeat(busy))
    half = {task_id: now(shop)[task_id] for task_id in ("r1.1", "r1.2")}
    shop.later(29 * SECOND)

    assert (fresh.reason, fresh.lapsed, silent.epoch) == (None, False, 1)
    disconnected = EffectiveStatus(Reason.DISCONNECTED, None, progress_at=begun)
    assert half == {"r1.1": disconnected, "r1.2": EffectiveStatus(None, None, progress_at=begun)}
    lapsed = replace(disconnected, lapsed=True)
    assert now(shop)["r1.1"] == lapsed
    assert reason_words(shop.task("r1.1"), lapsed) == " (disconnected, its lease has run out; recorded: none)"
    assert shop.task("r1.1").reason is None

    for _ in range(40):
        shop.later(25 * SECOND)
        shop.gateway.perform(Heartbeat(busy))
    assert now(shop)["r1.2"].reason is Reason.STALLED
    shop.gateway.perform(Heartbeat(busy, progress=True))
    assert now(shop)["r1.2"].reason is None
