"""What both faces show of a whole store: every task counted once, and what time changes seen without being written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.shop import Shop
from onloop.gateway.picture import Standing, picture_of, standing, standings
from onloop.machine import commands as c
from onloop.machine.house import Frozen
from onloop.machine.state import REASONS, TERMINAL, Reason, State
from onloop.machine.task import Kind, Task
from scenario import FAIL, NOON, SECOND, defined, develop, ship

LASTING = sorted(set(State) - {State.PAUSED})
"""The states that commands of today lead to; nothing pauses a task yet."""


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
            state = draw(st.sampled_from(LASTING))
            reason = draw(st.sampled_from(sorted(REASONS[state]))) if REASONS[state] else None
            kind = Kind.FLEET if members and not number else Kind.WORK
            found.append(replace(task(run, number, state, reason), kind=kind))
    return draw(st.permutations(found))


@given(stores())
def test_the_counts_add_up_to_the_number_of_tasks(tasks: list[Task]) -> None:
    picture = picture_of(tasks)
    work = [one for one in tasks if one.kind is Kind.WORK]

    assert picture.needs_person + picture.working + picture.ready + picture.ended == len(work)
    assert sum(len(group.members) for group in picture.groups) == picture.needs_person
    assert sum(line.total for line in picture.runs) == len(work)
    assert [line.run for line in picture.runs] == [one.run for one in tasks if one.parent is None]
    for line in picture.runs:
        parts = (line.done, line.working, line.waiting, line.needs_person, line.ended_otherwise)
        assert sum(parts) == line.total and min(parts) >= 0
        assert line.live == sum(one.run == line.run and not one.ended for one in work)


def test_a_paused_task_counts_as_waiting_in_its_run() -> None:
    (line,) = picture_of([task("r1", 0, State.PAUSED, Reason.PAUSED)]).runs

    assert (line.waiting, line.live, line.total) == (1, 1, 1)


def test_a_fleet_is_shown_by_its_repositories(shop: Shop) -> None:
    shop.fleet(3)
    shop.cancel("r1.1")
    shop.claim("r1.2")
    with shop.store.reading() as at:
        tasks = [found for found in (at.task(i) for i in ("r1", "r1.1", "r1.2", "r1.3")) if found]

    (line,) = picture_of(tasks).runs
    assert (line.run, line.total, line.working, line.waiting, line.ended_otherwise) == ("r1", 3, 1, 1, 1)
    assert (picture_of(tasks).working, picture_of(tasks).ended) == (1, 1)


def test_repositories_that_fail_alike_are_one_row_of_the_picture(shop: Shop) -> None:
    shop.definition = defined(develop(rounds=0), ship())
    shop.fleet(3)
    for number in (1, 2, 3):
        shop.submit(shop.claim(f"r1.{number}"))
        shop.report(f"r1.{number}", verdict=FAIL)
    with shop.store.reading() as at:
        tasks = [found for found in (at.task(f"r1.{n}") for n in (1, 2, 3)) if found]

    (row,) = picture_of(tasks).groups
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
    assert standing(given_task, frozen=frozen, slot_free=slot_free, now=now) == expected


def now(shop: Shop) -> dict[str, Standing]:
    """How each task of r1 stands at this moment."""
    with shop.store.reading() as at:
        tasks = [found for found in (at.task(i) for i in ("r1", "r1.1", "r1.2", "r1.3")) if found]
        return dict(standings(at, tasks, shop.clock()))


def test_a_full_fleet_and_a_pause_that_is_over_show_in_how_its_tasks_stand(shop: Shop) -> None:
    shop.fleet(3, max_parallel=1)
    agent = shop.claim("r1.1")
    full = {task_id: found.reason for task_id, found in now(shop).items()}
    shop.gateway.perform(agent, "r1.1", c.Fail(agent.id, agent.epoch, "hard"))
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
    assert one["r1.2"] == Standing(Reason.FROZEN, look)
    assert one["r1.1"] == Standing(Reason.READY, None)
    freezes = {task_id: found.freeze and found.freeze.by for task_id, found in now(shop).items()}
    assert freezes == {"r1": "human:ben", "r1.1": "human:ben", "r1.2": "human:ben", "r1.3": None}
