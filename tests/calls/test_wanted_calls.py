"""Which calls the rules ask for: once per cause, after it has lasted, to the next person where nobody came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from hypothesis import given
from hypothesis import strategies as st

from calls.called_groups import HOUR, MINUTE, NIGHT, group, plan
from onloop.attention.groups import Group
from onloop.calls.wanted_calls import (
    CallState,
    batches,
    changes_at,
    fits,
    is_quiet,
    may_send,
    quiet_words,
    rule_for,
)
from onloop.machine.call_rules import CallPlan, CallRule
from onloop.machine.state import Reason
from onloop.records import replace
from onloop.store.rows import CallRow

CHANNELS = ("phone", "mail")


class Desk:
    """Keeps the rows as the operation does, and sends what is due."""

    def __init__(self, rules: CallPlan) -> None:
        self.plan: CallPlan | None = rules
        self.rows = dict[str, CallRow]()
        self.sent = list[tuple[int, str, str, str]]()

    def look(self, now: int, shown: Sequence[Group]) -> list[tuple[str, str]]:
        changes = changes_at(self.plan, shown, tuple(self.rows.values()), now)
        for row in changes.puts:
            self.rows[row.id] = row
        for gone in changes.gone:
            del self.rows[gone]
        due = [row for row in self.rows.values() if may_send(row, now, CHANNELS)]
        told = list[tuple[str, str]]()
        for batch in batches(due):
            for row in batch.rows:
                self.rows[row.id] = replace(row, state=CallState.SENT.value, sent_at=now, message=batch.message)
                self.sent.append((now, row.cause, row.recipient, row.channel))
            told.append((batch.recipient, batch.channel))
        return told


def test_a_cause_is_called_about_once_it_has_lasted_and_then_the_next_person_where_nobody_came() -> None:
    desk, cause = Desk(plan()), [group("c1", since=0)]

    assert desk.look(0, cause) == []
    assert desk.look(MINUTE, cause) == []
    assert desk.look(2 * MINUTE, cause) == [("ana", "phone")]
    assert desk.look(31 * MINUTE, cause) == []
    assert sorted(desk.look(32 * MINUTE, cause)) == [("ben", "mail"), ("ben", "phone")]
    assert desk.look(99 * HOUR, cause) == []


def test_what_is_over_before_its_time_calls_nobody_and_what_is_back_soon_was_told_already() -> None:
    desk, cause = Desk(plan()), [group("c1", since=0)]
    desk.look(0, cause)
    assert desk.look(2 * MINUTE, []) == []
    assert desk.look(3 * MINUTE, [group("c1", since=3 * MINUTE)]) == []
    assert desk.look(5 * MINUTE, [group("c1", since=3 * MINUTE)]) == [("ana", "phone")]
    desk.look(10 * MINUTE, [])

    assert desk.look(2 * HOUR, [group("c1", since=2 * HOUR)]) == []
    desk.look(3 * HOUR, [])
    desk.look(8 * HOUR, [])
    assert desk.rows == {}
    back = [group("c1", since=9 * HOUR)]
    desk.look(9 * HOUR, back)
    assert desk.look(9 * HOUR + 2 * MINUTE, back) == [("ana", "phone")]


def test_an_old_cause_that_is_met_late_calls_one_after_the_other_all_the_same() -> None:
    desk, cause = Desk(plan()), [group("c1", since=0)]

    assert desk.look(9 * HOUR, cause) == [("ana", "phone")]
    assert desk.look(9 * HOUR + 29 * MINUTE, cause) == []
    assert len(desk.look(9 * HOUR + 30 * MINUTE, cause)) == 2


def test_many_causes_at_once_are_one_message() -> None:
    desk, causes = Desk(plan(digest_ms=MINUTE, dwell_ms=0)), [group(f"c{n}", since=0) for n in range(20)]
    assert desk.look(0, causes) == []

    assert desk.look(MINUTE, causes) == [("ana", "phone")]
    assert len(desk.sent) == 20


def test_a_rule_is_about_what_it_names_and_the_first_that_fits_counts() -> None:
    first = CallRule("first", ("ana",), kinds=("question",))
    rules = CallPlan(plan().recipients, (first, plan().rules[0]), HOUR)

    assert getattr(rule_for(rules, group("c1", reason=Reason.QUESTION)), "name", "") == "first"
    assert getattr(rule_for(rules, group("c1")), "name", "") == "all"
    assert rule_for(rules, group("c1", reason=Reason.FAILED)) is None
    for field, value in (("workflows", "other"), ("runs", "r2"), ("repos", "till"), ("gates", "x"), ("whose", "y")):
        assert not fits(plan(**{field: (value,)}).rules[0], group("c1"))
    assert fits(plan(workflows=("feature",), runs=("r1",), repos=("billing",), gates=("release",)).rules[0], group("c"))


def test_a_channel_is_not_called_to_tell_that_it_takes_no_calls() -> None:
    desk = Desk(plan(dwell_ms=0))
    about = [group("c1", reason=Reason.HALTED, task="channel:phone", run="")]
    desk.look(0, about)

    assert desk.look(31 * MINUTE, about) == [("ben", "mail")]


def test_quiet_hours_are_those_of_the_wall_clock_through_both_changes_and_safety_passes() -> None:
    quiet = plan(quiet=NIGHT).recipients[0]
    for day in ((2026, 3, 28), (2026, 3, 29), (2026, 10, 24), (2026, 10, 25), (2026, 7, 1)):
        for minute in range(0, 24 * 60, 7):
            moment = int(datetime(*day, minute // 60, minute % 60, tzinfo=UTC).timestamp()) * 1000
            wall = datetime.fromtimestamp(moment / 1000, UTC).astimezone(_berlin())
            asleep = wall.hour >= 22 or wall.hour < 7

            assert is_quiet(NIGHT, moment) is asleep
            assert bool(quiet_words(quiet, "decision", moment)) is asleep
            assert quiet_words(quiet, "safety", moment) == ""


def _berlin() -> tzinfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo("Europe/Berlin")


def test_what_another_machine_may_be_able_to_send_is_left_to_it_for_a_while() -> None:
    desk, cause = Desk(plan(dwell_ms=0)), [group("c1")]
    desk.look(0, cause)
    (row,) = [row for row in desk.rows.values() if row.level == 0]
    waiting = replace(row, state=CallState.WAITING.value)

    assert may_send(waiting, 0, ("phone",)) and not may_send(waiting, 299_999, ())
    assert may_send(waiting, 300_000, ())


_STORM = st.lists(
    st.tuples(st.sets(st.sampled_from([f"c{n}" for n in range(6)])), st.integers(1_000, 40 * MINUTE)), max_size=60
)


@given(_STORM)
def test_in_a_day_s_storm_nobody_is_called_twice_about_a_cause_that_was_never_over_for_long(
    storm: list[tuple[set[str], int]],
) -> None:
    desk, now, since = Desk(plan()), 0, dict[str, int]()
    gone, again = dict[str, int](), Counter[str]()
    for causes, passes in storm:
        for cause in causes - since.keys():
            since[cause] = now
            again[cause] += now - gone.get(cause, -(10**12)) >= 4 * HOUR
        for cause in since.keys() - causes:
            gone[cause] = now
            del since[cause]
        desk.look(now, [group(cause, since=since[cause]) for cause in sorted(causes)])
        now += passes

    calls = Counter((cause, recipient, channel) for _, cause, recipient, channel in desk.sent)
    assert all(count <= again[cause] for (cause, _, _), count in calls.items())
