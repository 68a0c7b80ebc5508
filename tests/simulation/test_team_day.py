"""A day of a simulated team: at its end every task is where it should be, and nobody was called twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from onloop.insight.derivation import Derivation
from onloop.machine.state import State
from onloop.machine.task import Task
from onloop.store.sqlite.inspection import inspect
from onloop.triggers.delivery_operations import ReadDeliveries
from simulation.day_plan import HOUR, MIDNIGHT, TRIAGE, UPDATES, day_plan
from simulation.team_day import TeamDay

SOAK = [pytest.param(seed, 40, 500, marks=pytest.mark.soak) for seed in range(3)]


@pytest.mark.parametrize(("seed", "repositories", "events"), [(3, 4, 60), *SOAK])
def test_at_the_end_of_a_day_every_task_is_where_it_should_be_and_nobody_was_called_twice_about_a_cause(
    seed: int, repositories: int, events: int, tmp_path: Path
) -> None:
    day = TeamDay(tmp_path, day_plan(seed, repositories, events))
    try:
        day.run()
        check_tasks(day)
        check_webhooks(day)
        check_firings(day)
        check_calls(day)
        check_store(day)
    finally:
        day.close()


def check_tasks(day: TeamDay) -> None:
    """Each subject has the tasks that it should have, as they should stand, and never two at a time."""
    found = defaultdict[str, list[Task]](list)
    for task in day.tasks():
        if task.source is not None:
            found[task.title].append(task)
    stand = {subject: [stands(task) for task in tasks] for subject, tasks in found.items()}
    for subject, is_live in day.plan.restless().items():
        ends = stand.pop(subject, [])
        assert ends[-1:] == ["submitted"] or not is_live, (subject, ends)
        assert set(ends[:-1] if is_live else ends) <= {"canceled"}, (subject, ends)
    expected = {subject: ends for subject, ends in day.plan.expected().items() if ends}
    differ = {each: (stand.get(each), expected.get(each)) for each in stand.keys() | expected.keys()}
    assert not {each: both for each, both in differ.items() if both[0] != both[1]}
    for tasks in found.values():
        for before, after in pairwise(tasks):
            assert before.ended and before.since <= after.created_at, (before, after)


def stands(task: Task) -> str:
    """How a task stands, in the words of the plan."""
    waits = task.state is State.INPUT_REQUIRED and task.reason is not None
    return task.reason.value if waits and task.reason else task.state.value


def check_webhooks(day: TeamDay) -> None:
    """Every body that somebody vouched for is kept once, carried out, and counted as often as it came."""
    rows = day.shop.gateway.perform(ReadDeliveries(100_000))
    assert Counter({row.body: row.times for row in rows}) == day.sent
    assert len(rows) == len(day.sent) == day.plan.events
    assert not [row for row in rows if row.state not in {"done", "nothing"}]
    assert sum(row.tries > 0 for row in rows) > 3, "the outage stopped nothing"
    assert day.refused > 0


def check_firings(day: TeamDay) -> None:
    """Each night and afternoon of a repository and each hour began its task once, those in the outage after it."""
    runs = [task for task in day.tasks() if task.source is None]
    begun = Counter(day.way(task).words for task in runs)
    assert begun == {UPDATES: 2 * len(day.plan.repos), TRIAGE: 24}
    assert {task.state for task in runs} == {State.COMPLETED}
    assert set(day.firings.values()) == {1} and day.failed_firings > 0


def check_calls(day: TeamDay) -> None:
    """Nobody was called twice about a cause by one channel, and of what still waits everybody knows."""
    told = Counter((cause_of(day, each.reason, each.tasks), each.who, each.channel) for each in day.people.told)
    assert max(told.values()) == 1, told.most_common(3)
    for cause in day.plan.causes():
        for who, channel in (("ana", "hook"), ("ben", "hook"), ("ben", "room")):
            assert told[cause, who, channel] == 1, (cause, who, channel)
    assert day.people.failed > 0


def cause_of(day: TeamDay, reason: str, tasks: Sequence[str]) -> tuple[str, str]:
    """A cause in the words of the plan; that a channel fails is one of its own."""
    words = {day.way_of[task].words if task in day.way_of else task for task in tasks}
    assert len(words) == 1, (reason, tasks)
    return reason, words.pop()


def check_store(day: TeamDay) -> None:
    """All rows are as the log says."""
    day.shop.check_rows()
    found = inspect(day.shop.store, Derivation(day.home, needs_mirrors=False)).problems  # type: ignore[arg-type]
    assert [words for words in found if not words.startswith("pinned ")] == []


def test_a_plan_is_made_of_what_was_asked_for() -> None:
    plan = day_plan(0, 40, 500)
    out = [each for story in plan.stories for each in story.happenings if plan.is_out(each.at)]
    storm = [each for story in plan.stories for each in story.happenings if each.words.startswith("storm ")]
    ends = Counter(end for ends in plan.expected().values() for end in ends)

    assert (len(plan.repos), plan.events) == (40, 500)
    assert len(out) > 20 and len(storm) > 80
    assert all(ends[each] > 3 for each in ("completed", "canceled", "question", "rounds_exhausted", "submitted"))
    assert MIDNIGHT % (24 * HOUR) == 0
