"""The store as it stood: at every event it is what a fold of the log up to there gives, whichever store keeps it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.shop import Shop
from onloop.machine.evolve import evolve
from onloop.machine.store_state import StoreState, evolve_store
from onloop.machine.task import Task
from onloop.remote.redacted_reading import RedactedReading
from onloop.store import past_fold
from onloop.store.codec import OF_THE_HOUSE, event_from_text
from onloop.store.memory import MemoryStore
from onloop.store.past_reading import PastReading
from onloop.store.port import Reading, StorePast, TaskFilter
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop.views.dossier import Dossier, ReadDossier
from onloop.views.queries import store_at
from onloop.views.queries.store_at import ReadStoreAt, asked_moment
from store.furnished import furnish
from support.scenario import NOON
from support.steps import HOUR, MINUTE
from support.team_store import team_store


@pytest.fixture(params=["sqlite", "memory", "postgres"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    if request.param == "postgres":
        with team_store(tmp_path) as team:
            yield furnish(Shop(team))
        return
    if request.param == "memory":
        yield furnish(Shop(MemoryStore()))
        return
    create_store(tmp_path)
    opened = SqliteStore(tmp_path)
    yield furnish(Shop(opened))
    opened.close()


def folded(at: Reading, seq: int) -> tuple[Mapping[str, Task], StoreState]:
    """Every task and the state of the store, folded from the first event on."""
    tasks, house = dict[str, Task](), StoreState()
    for event in at.log(before=seq + 1, limit=100_000):
        fact: Any = event_from_text(event.name, event.data)
        if type(fact) in OF_THE_HOUSE:
            house = evolve_store(house, fact)
        else:
            tasks[event.task] = evolve(tasks.get(event.task), fact, id=event.task, at=event.at)
    return tasks, house


def test_at_every_event_it_is_what_a_fold_of_the_log_gives(shop: Shop) -> None:
    with shop.store.reading() as at:
        for seq in range(at.last_seq() + 1):
            tasks, house = folded(at, seq)
            found = ReadStoreAt(seq=seq).carry_out(at)

            assert {task.id: task for task in found.tasks} == tasks, seq
            assert [task.id for task in found.tasks] == list(tasks), "oldest first"
            assert (found.state, found.seq) == (house, seq)
            assert set(found.definitions) == {task.definition for task in tasks.values()}


def test_what_differs_and_what_is_left_out_make_the_same_as_everything(shop: Shop) -> None:
    with shop.store.reading() as at:
        now = {task.id: task for task in ReadStoreAt().carry_out(at).tasks}
        for seq in range(at.last_seq() + 1):
            whole, part = (ReadStoreAt(seq=seq, differing=each).carry_out(at) for each in (False, True))
            made = {**now, **{task.id: task for task in part.tasks}}

            assert {name: made[name] for name in made if name not in part.gone} == {t.id: t for t in whole.tasks}
            assert part.state == whole.state


def test_beside_a_moment_that_is_held_and_near_only_what_differs_from_that_is_told(shop: Shop) -> None:
    with shop.store.reading() as at:
        whole = [{task.id: task for task in ReadStoreAt(seq=seq).carry_out(at).tasks} for seq in range(at.last_seq())]
        for held, seq in itertools.product(range(0, len(whole), 3), range(0, len(whole), 2)):
            part = ReadStoreAt(seq=seq, differing=True, held=held).carry_out(at)
            made = {**whole[held], **{task.id: task for task in part.tasks}}

            assert part.beside == held
            assert {name: made[name] for name in made if name not in part.gone} == whole[seq]
            assert set(part.gone) == set(whole[held]) - set(whole[seq])
            assert part.state == folded(at, seq)[1]
        few = ReadStoreAt(seq=len(whole) - 1, differing=True, held=len(whole) - 2).carry_out(at)
        assert len(few.tasks) <= 1


def test_beside_a_moment_that_is_far_what_differs_from_now_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_at, "NEAR", 3)
    with shop.store.reading() as at:
        far, near = (ReadStoreAt(seq=5, differing=True, held=held).carry_out(at) for held in (9, 8))

        assert (far.beside, near.beside) == (None, 8)
        assert far == ReadStoreAt(seq=5, differing=True).carry_out(at)


def test_of_more_tasks_than_a_statement_takes_values_the_past_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_fold, "AT_ONCE", 10)
    create_store(tmp_path)
    opened = SqliteStore(tmp_path)
    shop = Shop(opened)
    shop.fleet(40)
    with opened.reading() as at:
        seq = at.last_seq()
    shop.submit(shop.claim("r1.40"))
    opened.connection.limit(apsw.SQLITE_LIMIT_VARIABLE_NUMBER, 12)
    with opened.reading() as at:
        then = PastReading(at, seq)

        assert [task.id for task in then.tasks(TaskFilter())] == ["r1", *(f"r1.{n}" for n in range(1, 41))]
        assert then.task_count() == 41
        assert next(task for task in then.tasks(TaskFilter()) if task.id == "r1.40").holder is None
    opened.close()


def test_without_a_moment_it_is_the_store_as_it_is_now(shop: Shop) -> None:
    with shop.store.reading() as at:
        found = ReadStoreAt(differing=True).carry_out(at)

        assert (found.tasks, found.gone, found.state, found.seq) == ((), (), at.house(), at.last_seq())
        assert ReadStoreAt(seq=10**12).carry_out(at).seq == at.last_seq()


def test_a_time_is_the_last_event_by_then(shop: Shop) -> None:
    with shop.store.reading() as at:
        log = at.log(limit=100_000)
        for time in sorted({0, log[0].at - 1, *(event.at for event in log), log[-1].at + HOUR}):
            by_then = [event.seq for event in log if event.at <= time]

            found = ReadStoreAt(time=time).carry_out(at)

            assert found.seq == (by_then[-1] if by_then else 0)
            assert found.at == (log[found.seq - 1].at if by_then else 0)


def test_what_is_read_of_one_moment_of_then_is_what_was_read_then(tmp_path: Path) -> None:
    create_store(tmp_path)
    opened = SqliteStore(tmp_path)
    shop = Shop(opened)
    seen = list[tuple[int, Mapping[str, Dossier], StoreState]]()

    def look() -> None:
        with shop.store.reading() as at:
            told = {task.id: ReadDossier(task.id).carry_out(at) for task in at.tasks(TaskFilter())}
            seen.append((at.last_seq(), told, at.house()))

    shop.fleet(2)
    for deed in (lambda: shop.submit(shop.claim("r1.1")), lambda: shop.report("r1.1"), lambda: shop.later(MINUTE)):
        look()
        deed()
    shop.waiting("r1.2")
    look()
    shop.begin(run="r7")

    with shop.store.reading() as at:
        for seq, told, house in seen:
            then = PastReading(at, seq)
            assert (then.last_seq(), then.house()) == (seq, house)
            assert [task.id for task in then.tasks(TaskFilter())] == list(told)
            for name, dossier in told.items():
                found = ReadDossier(name, seq).carry_out(at)
                assert found.task == dossier.task and found.gates == dossier.gates and found.asked == dossier.asked
            assert then.task("r7") is None
    opened.close()


def test_before_the_first_event_there_was_nothing(shop: Shop) -> None:
    with shop.store.reading() as at:
        found = ReadStoreAt(seq=0).carry_out(at)

    assert (found.tasks, found.state, found.seq) == ((), StoreState(), 0)
    assert "r1" in found.gone


def test_who_may_not_open_the_store_gets_nobodys_keys_of_then_either(shop: Shop) -> None:
    with shop.store.reading() as at:
        last = at.last_seq()
        read: StorePast = RedactedReading(at, "human:ana").past(last)
        narrow = RedactedReading(at, "launcher:ci", narrow=True).past(last)

        assert at.past(last).house.people["ana"].stored_key
        assert not any(each.stored_key or each.server_key or each.salt for each in read.house.people.values())
        assert narrow.house.people == {}


@pytest.mark.parametrize(
    ("words", "seq", "time"),
    [
        ("#12", 12, None),
        ("12", 12, None),
        ("2023-11-14 00:00Z", None, NOON - (NOON % (24 * HOUR))),
        ("1970-01-01 00:00Z", None, 0),
    ],
)
def test_a_moment_is_an_event_or_a_time(words: str, seq: int | None, time: int | None) -> None:
    asked = asked_moment(words, NOON)

    assert asked is not None
    assert (asked.seq, asked.time) == (seq, time)


def test_a_time_of_day_is_the_last_such() -> None:
    for minutes in range(0, 24 * 60, 7):
        asked = asked_moment(f"{minutes // 60:02}:{minutes % 60:02}", NOON)

        assert asked is not None and asked.time is not None
        assert NOON - 25 * HOUR - MINUTE <= asked.time <= NOON


@pytest.mark.parametrize("words", ["", "soon", "#", "#-1", "2999-01-01", "tomorrow", "25:00", "1969-12-31 00:00Z"])
def test_what_is_neither_or_is_still_to_come_is_no_moment(words: str) -> None:
    assert asked_moment(words, NOON) is None
