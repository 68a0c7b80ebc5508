"""Firings of schedules: each planned time once, whoever looks, whatever the clock does, and what overlaps decide."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.shop import Clock, Shop
from onloop.errors import BadInput, NotAllowed, Refused, UnknownThing
from onloop.gateway.service import Gateway
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.principal import NOBODY, Principal, PrincipalKind
from onloop.machine.schedules import (
    Missed,
    Overlap,
    Schedule,
    ScheduleAdopted,
    ScheduleDropped,
    ScheduledStart,
    SchedulePaused,
    ScheduleResumed,
)
from onloop.schedules.firing_operations import AskFiring, FinishFiring, ReadSchedules, TakeFirings
from onloop.schedules.firings import LEASE_MS, DueFiring
from onloop.store.memory import MemoryStore
from onloop.store.rows import FiringRow
from onloop.store.sqlite.database import SqliteStore, create_store

MINUTE, HOUR = 60_000, 3_600_000
MIDNIGHT = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp()) * 1000
HOURLY = Schedule("hourly", "0 * * * *", "UTC", ScheduledStart("feature", origin="/srv/billing.git"))


def adopted(shop: Shop, **changes: object) -> Schedule:
    schedule = Schedule(**{**{n: getattr(HOURLY, n) for n in Schedule.__struct_fields__}, **changes})
    by = shop.person()
    shop.gateway.perform(RecordStoreEvent(by, ScheduleAdopted(schedule, by.id, "agreed")))
    return schedule


def take(shop: Shop, who: str = "a") -> Sequence[DueFiring]:
    return shop.gateway.perform(TakeFirings(who))


def begin(shop: Shop, due: DueFiring, who: str = "a") -> bool:
    shop.begin(run=due.run)
    return shop.gateway.perform(FinishFiring(who, due.id, began=True, words=f"began {due.run}"))


def rows(shop: Shop) -> list[FiringRow]:
    with shop.store.reading() as at:
        return sorted(at.select(FiringRow), key=lambda row: row.planned)


def states(shop: Shop) -> list[str]:
    return [row.state for row in rows(shop)]


@pytest.fixture
def early(shop: Shop) -> Shop:
    shop.clock.now = MIDNIGHT + 30 * MINUTE
    return shop


def test_a_firing_is_taken_at_its_time_once_and_what_it_began_is_known(early: Shop) -> None:
    adopted(early)
    assert take(early) == ()

    early.later(30 * MINUTE)
    (due,) = take(early)

    assert (due.planned, take(early), take(early, "b")) == (MIDNIGHT + HOUR, (), ())
    assert begin(early, due)
    (standing,) = early.gateway.perform(ReadSchedules(early.clock()))
    assert (standing.next_at, standing.running) == (MIDNIGHT + 2 * HOUR, due.run)
    assert [row.words for row in standing.firings] == [f"began {due.run}"]


def test_whoever_was_killed_loses_a_firing_to_the_next_who_finds_the_run_that_was_begun(early: Shop) -> None:
    adopted(early)
    early.later(30 * MINUTE)
    (first,) = take(early)
    early.begin(run=first.run)  # and killed, before it could say so
    early.later(LEASE_MS)

    (again,) = take(early, "b")

    assert (again.id, again.run, again.attempts) == (first.id, first.run, 2)
    assert not early.gateway.perform(FinishFiring("a", first.id, began=True))
    assert early.gateway.perform(FinishFiring("b", first.id, began=True))
    assert states(early) == ["started"]


def test_what_was_missed_runs_once_and_late_or_not_at_all(early: Shop) -> None:
    adopted(early)
    adopted(early, name="strict", missed=Missed.SKIP)
    early.later(50 * HOUR)

    (due,) = take(early)

    assert (due.schedule.name, due.planned) == ("hourly", MIDNIGHT + 50 * HOUR)
    assert [(row.schedule, row.state) for row in rows(early)] == [("hourly", "taken"), ("strict", "skipped")]


def test_a_clock_that_jumps_repeats_nothing_and_loses_nothing_but_what_it_never_showed(early: Shop) -> None:
    adopted(early, overlap=Overlap.QUEUE)
    fired = list[int]()
    for at in (60, 61, 90, 45, 60, 75, 120, 60, 119, 120, 180, 65, 181, 240):
        early.clock.now = MIDNIGHT + at * MINUTE
        for due in take(early):
            fired.append(due.planned)
            begin(early, due)
            early.cancel(due.run)

    assert fired == [MIDNIGHT + hour * HOUR for hour in (1, 2, 3, 4)]


def test_a_clock_that_was_years_ahead_stops_nothing_when_it_is_right_again(early: Shop) -> None:
    adopted(early)
    early.clock.now += 3 * 365 * 24 * HOUR
    (wrong,) = take(early)
    begin(early, wrong)
    early.cancel(wrong.run)
    early.clock.now = MIDNIGHT + HOUR

    (due,) = take(early)

    assert due.planned == MIDNIGHT + HOUR


def test_while_a_run_goes_on_the_next_is_left_out_waits_or_takes_its_place(early: Shop) -> None:
    for overlap in Overlap:
        adopted(early, name=overlap.value, overlap=overlap)
    early.later(30 * MINUTE)
    first = {due.schedule.name: due for due in take(early)}
    for due in first.values():
        begin(early, due)
    early.later(HOUR)

    second = {due.schedule.name: due for due in take(early)}

    assert set(second) == {"replace"}
    assert early.task(first["replace"].run).ended and not early.task(first["skip"].run).ended
    told = {row.schedule: (row.state, row.words) for row in rows(early) if row.planned == MIDNIGHT + 2 * HOUR}
    assert told["skip"] == ("skipped", f"{first['skip'].run} still went on")
    assert told["queue"] == ("waiting", f"waits until {first['queue'].run} has ended")
    early.cancel(first["queue"].run)
    early.later(5_000)
    assert [due.schedule.name for due in take(early)] == ["queue"]


def test_of_what_waits_only_the_newest_begins(early: Shop) -> None:
    adopted(early, overlap=Overlap.QUEUE)
    early.later(30 * MINUTE)
    (first,) = take(early)
    begin(early, first)
    for _ in range(3):
        early.later(HOUR)
        assert take(early) == ()
    early.cancel(first.run)
    early.later(5_000)

    (due,) = take(early)

    assert due.planned == MIDNIGHT + 4 * HOUR
    assert states(early) == ["started", "skipped", "skipped", "taken"]


def test_what_passes_is_tried_again_and_what_does_not_is_shown_until_it_works(early: Shop) -> None:
    adopted(early)
    early.later(30 * MINUTE)
    (due,) = take(early)
    early.gateway.perform(FinishFiring("a", due.id, began=False, words="no answer", again_ms=MINUTE))
    assert take(early) == ()
    early.later(MINUTE)
    (due,) = take(early)
    early.gateway.perform(FinishFiring("a", due.id, began=False, words="no such repository", tell=True))
    assert states(early) == ["failed"]
    with early.store.reading() as at:
        (trouble,) = at.house().troubles.values()
    assert (trouble.subject, trouble.words) == ("schedule:hourly", "no such repository")

    early.later(HOUR)
    (due,) = take(early)
    begin(early, due)

    with early.store.reading() as at:
        assert at.house().troubles == {}


def test_a_paused_schedule_fires_nothing_and_what_it_missed_stays_missed(early: Shop) -> None:
    adopted(early)
    ben = early.person("ben")
    early.gateway.perform(RecordStoreEvent(ben, SchedulePaused("hourly", ben.id, "holidays")))
    early.later(5 * HOUR)
    assert take(early) == ()
    early.gateway.perform(RecordStoreEvent(ben, ScheduleResumed("hourly", ben.id)))
    assert take(early) == ()

    early.later(30 * MINUTE)

    assert [due.planned for due in take(early)] == [MIDNIGHT + 6 * HOUR]


def test_only_approvers_adopt_and_drop_and_no_agent_changes_anything(early: Shop) -> None:
    adopted(early)
    for name, event in (("dora", ScheduleDropped), ("nobody", ScheduleDropped)):
        who = early.person(name) if name != "nobody" else NOBODY
        with pytest.raises(NotAllowed):
            early.gateway.perform(RecordStoreEvent(who, event("hourly", who.id, "moved")))
    agent = Principal(PrincipalKind.AGENT, "alfa", "r1", 1)
    with pytest.raises(NotAllowed):
        early.gateway.perform(RecordStoreEvent(agent, ScheduleAdopted(HOURLY, agent.id, "mine")))
    ana = early.person()
    with pytest.raises(BadInput):
        early.gateway.perform(RecordStoreEvent(ana, ScheduleDropped("hourly", ana.id, " ")))

    early.gateway.perform(RecordStoreEvent(ana, ScheduleDropped("hourly", ana.id, "moved")))

    early.later(5 * HOUR)
    assert (take(early), early.gateway.perform(ReadSchedules(early.clock()))) == ((), ())


def test_somebody_may_have_it_fire_now_and_its_times_stay_as_they_were(early: Shop) -> None:
    adopted(early)
    firing = early.gateway.perform(AskFiring(early.person(), "hourly"))
    (due,) = take(early)
    assert due.id == firing
    begin(early, due)
    with pytest.raises(Refused, match="still goes on"):
        early.gateway.perform(AskFiring(early.person(), "hourly"))
    early.cancel(due.run)
    early.later(30 * MINUTE)

    assert [due.planned for due in take(early)] == [MIDNIGHT + HOUR]
    with pytest.raises(UnknownThing):
        early.gateway.perform(AskFiring(early.person(), "nightly"))


def test_only_so_many_firings_are_remembered(early: Shop) -> None:
    adopted(early, cron="* * * * *")
    for _ in range(80):
        early.later(MINUTE)
        for due in take(early):
            early.gateway.perform(FinishFiring("a", due.id, began=False, words="x"))

    assert 30 <= len(rows(early)) <= 32


def test_of_many_gateways_that_look_at_once_one_takes_each_firing(tmp_path: Path) -> None:
    create_store(tmp_path / "store")
    clock = Clock(MIDNIGHT + 30 * MINUTE)
    shop = Shop(SqliteStore(tmp_path / "store"), clock)
    for number in range(5):
        adopted(shop, name=f"s{number}")
    clock.now += 30 * MINUTE

    def look(who: int) -> Sequence[DueFiring]:
        store = SqliteStore(tmp_path / "store")
        try:
            return Gateway(store, clock).perform(TakeFirings(f"g{who}"))
        finally:
            store.close()

    with ThreadPoolExecutor(8) as pool:
        taken = [due.id for found in pool.map(look, range(8)) for due in found]

    assert sorted(taken) == sorted({f"s{number}|{MIDNIGHT + HOUR}" for number in range(5)})
    shop.store.close()


@settings(deadline=None)
@given(
    st.sampled_from(list(Overlap)),
    st.sampled_from((0, 10 * MINUTE)),
    st.lists(st.tuples(st.sampled_from(("look", "lost", "fail", "end")), st.integers(0, 3 * HOUR)), max_size=14),
)
def test_whatever_happens_no_planned_time_begins_twice(
    overlap: Overlap, jitter: int, story: list[tuple[str, int]]
) -> None:
    shop = Shop(MemoryStore(), Clock(MIDNIGHT))
    adopted(shop, overlap=overlap, jitter_ms=jitter)
    begun = list[str]()
    for deed, passes in story:
        shop.later(passes)
        if deed == "end":
            end_all(shop)
        else:
            begun += [due.id for due in take(shop) if has_begun(shop, due, deed)]

    assert len(set(begun)) == len(begun)
    assert len({row.id for row in rows(shop)}) == len(rows(shop))


def has_begun(shop: Shop, due: DueFiring, deed: str) -> bool:
    """Whether the run is new: it fails for now, begins and is lost, or begins and is told."""
    if deed == "fail":
        shop.gateway.perform(FinishFiring("a", due.id, began=False, words="x", again_ms=MINUTE))
        return False
    with shop.store.reading() as at:
        is_new = at.task(due.run) is None
    if is_new:
        shop.begin(run=due.run)
    if deed == "look":
        assert shop.gateway.perform(FinishFiring("a", due.id, began=True))
    return is_new


def end_all(shop: Shop) -> None:
    for row in rows(shop):
        with shop.store.reading() as at:
            task = at.task(row.run)
        if task is not None and not task.ended:
            shop.cancel(row.run)
