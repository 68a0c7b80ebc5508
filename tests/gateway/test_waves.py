"""Waves in a real store: what a task does moves its fleet in the same transaction, whatever is killed after it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.shop import LAUNCHER, Shop
from onloop.access.live_runs import AddToFleet
from onloop.errors import BadInput, Refused
from onloop.gateway.bulk import perform_each
from onloop.gateway.claims import ClaimTask, TakeTask
from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from onloop.machine.definition import Attempts
from onloop.machine.digest import shown_digest
from onloop.machine.state import Reason, State
from onloop.machine.task import Task
from onloop.machine.wave_plan import HaltRule, WaveReport
from onloop.records import replace
from onloop.store.memory import MemoryStore
from onloop.store.rows import FleetMember
from onloop.views.fleet_members import member_of, wave_report
from onloop.views.queries.tasks_below import Deed, ReadTasksBelow
from support.steps import defined, develop

ONE_TRY = defined(develop(attempts=Attempts(max=1)))
HALF = HaltRule(percent=50)


@pytest.fixture
def small(shop: Shop) -> Shop:
    """A shop whose tasks have one step, and one try at it."""
    shop.definition = ONE_TRY
    return shop


def complete(shop: Shop, *tasks: str) -> None:
    for task in tasks:
        shop.submit(shop.claim(task, agent=f"agent:of-{task.replace('.', '-')}"))
        shop.report(task)


def lose(shop: Shop, *tasks: str, why: str = "there is no such file") -> None:
    for task in tasks:
        agent = shop.claim(task)
        shop.gateway.perform(PerformCommand(agent, task, c.Fail(agent.id, agent.epoch, why)))


def say(shop: Shop, task: str, command: c.Command) -> Task:
    return shop.gateway.perform(PerformCommand(shop.person(), task, command))


def exclude(shop: Shop, task: str) -> Task:
    return say(shop, task, c.Exclude(shop.voice(), "not this one"))


def retry(shop: Shop, task: str) -> Task:
    return say(shop, task, c.Retry(shop.voice(), "again"))


def wave_of(shop: Shop, run: str = "r1") -> int:
    waves = shop.task(run).waves
    assert waves is not None
    return waves.current


def counted(shop: Shop, wave: int, run: str = "r1") -> WaveReport:
    with shop.store.reading() as at:
        return wave_report(at, run, wave)


def claimable(shop: Shop) -> list[str]:
    with shop.store.reading() as at:
        return [task for task, _ in at.claimable(["implementer"], shop.clock())]


def rows_agree(shop: Shop) -> None:
    with shop.store.reading() as at:
        for row in at.select(FleetMember):
            task = at.task(row.task)
            assert task is not None and member_of(task) == row
    shop.check_rows()


def test_a_wave_begins_in_the_transaction_in_which_the_one_before_it_passes(small: Shop) -> None:
    small.fleet(6, sizes=(1, 2, 3))

    assert (wave_of(small), claimable(small)) == (1, ["r1.1"])
    complete(small, "r1.1")
    assert (wave_of(small), claimable(small)) == (2, ["r1.2", "r1.3"])
    complete(small, "r1.2")
    assert wave_of(small) == 2
    exclude(small, "r1.3")
    assert (wave_of(small), claimable(small)) == (3, ["r1.4", "r1.5", "r1.6"])
    complete(small, "r1.4", "r1.5", "r1.6")
    assert small.task("r1").state is State.COMPLETED
    rows_agree(small)


def test_a_task_of_a_later_wave_is_claimed_by_no_path(small: Shop) -> None:
    small.fleet(3, sizes=(1, 2))

    with pytest.raises(Refused, match="waits for wave 2 of 2"):
        small.claim("r1.2")
    with pytest.raises(Refused, match="waits for wave 2 of 2"):
        small.gateway.perform(TakeTask(small.person(), "r1.2"))
    for command in (c.Reassign("agent:bravo", small.voice(), "knows it"), c.Pause(small.voice(), "wait")):
        say(small, "r1.2", command)
    say(small, "r1.2", c.Resume(small.voice()))
    assert small.task("r1.2").reason is Reason.WAVE_HELD
    with pytest.raises(Refused, match="waits for wave 2 of 2"):
        small.claim("r1.2", agent="agent:bravo")
    assert [small.claim().task for _ in range(1)] == ["r1.1"]
    with pytest.raises(Refused, match="nothing waits for implementer"):
        small.claim()


def test_no_task_is_begun_in_a_fleet_with_waves_but_through_the_fleet(small: Shop) -> None:
    small.fleet(2, sizes=(1, 1))
    sneaked = small.creation(None, "r1", parent="r1", origin="/srv/other.git")

    for wave in (0, 1):
        with pytest.raises(Refused, match="begins its tasks in waves"):
            small.gateway.perform(PerformCommand(small.person(), "r1.9", replace(sneaked, wave=wave)))


def test_whoever_begins_a_fleet_does_not_say_which_task_is_in_which_wave(small: Shop) -> None:
    small.fleet(4, sizes=(1, 3), each=lambda _: {"wave": 1})

    assert [small.task(f"r1.{n}").wave for n in range(1, 5)] == [1, 2, 2, 2]


@pytest.mark.parametrize(
    ("sizes", "words"), [((1, 1), "the waves hold 2 tasks, and the fleet has 3"), ((0, 3), "a wave of none")]
)
def test_a_plan_that_does_not_fit_begins_nothing(small: Shop, sizes: tuple[int, ...], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        small.fleet(3, sizes=sizes)

    assert not small.log("r1")


def test_a_share_of_failures_halts_the_fleet_and_holds_back_what_nobody_has_begun(small: Shop) -> None:
    small.fleet(6, sizes=(4, 2), halt=HALF)
    at_work = small.claim("r1.4", agent="agent:slow")
    lose(small, "r1.1")
    assert small.task("r1").state is State.WORKING
    lose(small, "r1.2")

    root = small.task("r1")
    assert (root.state, root.reason) == (State.INPUT_REQUIRED, Reason.HALTED)
    assert "2 of 4 failed, and at 50 % the fleet halts" in root.detail
    assert claimable(small) == []
    with pytest.raises(Refused, match="its fleet is halted"):
        small.claim("r1.3")
    small.submit(at_work)
    small.report("r1.4")
    assert small.task("r1.4").state is State.COMPLETED
    rows_agree(small)


def test_a_failed_task_is_tried_again_while_the_fleet_is_halted_and_counts_once(small: Shop) -> None:
    small.fleet(5, sizes=(2, 3), halt=HALF)
    lose(small, "r1.1")
    for _ in range(3):
        retry(small, "r1.1")
        assert counted(small, 1).failed == 0
        lose(small, "r1.1")

    assert (counted(small, 1).failed, counted(small, 1).retried, counted(small, 1).size) == (1, 1, 2)
    retry(small, "r1.1")
    complete(small, "r1.1")
    assert small.task("r1").reason is Reason.HALTED
    small.approve()
    assert (wave_of(small), claimable(small)) == (1, ["r1.2"])
    complete(small, "r1.2")
    assert wave_of(small) == 2


def test_a_person_lifts_a_halt_that_they_were_shown_as_it_is(small: Shop) -> None:
    small.fleet(5, sizes=(4, 1), halt=HALF)
    small.claim("r1.3", agent="agent:slow")
    lose(small, "r1.1", "r1.2")
    shown = small.approval()
    agent = small.agent(small.secrets["r1.3"])
    small.gateway.perform(PerformCommand(agent, "r1.3", c.Fail(agent.id, agent.epoch, "nor here")))

    with pytest.raises(Refused, match="has changed since it was shown"):
        say(small, "r1", shown)
    small.approve()
    assert small.task("r1").reason is Reason.CHILDREN_RUNNING


def test_the_same_cause_so_many_times_halts_and_other_causes_do_not(small: Shop) -> None:
    small.fleet(6, sizes=(6,), halt=HaltRule(alike=3))
    lose(small, "r1.1", "r1.2")
    lose(small, "r1.3", "r1.4", why="the licence has run out")
    assert small.task("r1").state is State.WORKING
    lose(small, "r1.5")

    assert "3 failed alike, and at 3 the fleet halts" in small.task("r1").detail
    assert [alike.count for alike in counted(small, 1).causes] == [3, 2]


def test_a_person_says_between_waves_whether_the_next_may_begin(small: Shop) -> None:
    small.fleet(3, sizes=(1, 2), asks=True)
    complete(small, "r1.1")

    assert (small.asked().gate, claimable(small)) == ("wave", [])
    assert "of 1 tasks 1 completed" in small.asked().question and "wave 2 begin (2 tasks)" in small.asked().question
    small.reject("look at it first")
    assert (small.task("r1").reason, claimable(small)) == (Reason.HALTED, [])
    small.approve()
    assert (wave_of(small), claimable(small)) == (2, ["r1.2", "r1.3"])


def test_what_is_added_waits_for_the_last_wave_that_has_not_begun_or_for_one_more(small: Shop) -> None:
    small.fleet(3, sizes=(1, 2))

    def more(number: int) -> None:
        made = small.creation(None, "r1", parent="r1", origin=f"/srv/more{number}.git", wave=1)
        small.gateway.perform(AddToFleet(small.person(), "r1", (made,)))

    more(4)
    assert (small.task("r1.4").wave, small.task("r1.4").reason) == (2, Reason.WAVE_HELD)
    complete(small, "r1.1")
    more(5)
    assert (small.task("r1.5").wave, small.task("r1.5").reason) == (3, Reason.WAVE_HELD)
    complete(small, "r1.2", "r1.3", "r1.4")
    assert (wave_of(small), claimable(small)) == (3, ["r1.5"])
    rows_agree(small)


def test_a_task_that_was_taken_out_of_a_wave_that_is_over_comes_back_in_a_later_one(small: Shop) -> None:
    small.fleet(4, sizes=(2, 2))
    exclude(small, "r1.2")
    complete(small, "r1.1")
    say(small, "r1.2", c.Resume(small.voice()))

    assert (small.task("r1.2").wave, small.task("r1.2").reason) == (3, Reason.WAVE_HELD)
    complete(small, "r1.3", "r1.4")
    assert (wave_of(small), claimable(small)) == (3, ["r1.2"])
    complete(small, "r1.2")
    assert small.task("r1").state is State.COMPLETED
    rows_agree(small)


def test_cancelling_a_fleet_begins_none_of_its_waves(small: Shop) -> None:
    small.fleet(6, sizes=(2, 2, 2))
    complete(small, "r1.1")
    below = small.gateway.perform(ReadTasksBelow("r1", Deed.CANCEL, small.clock())).ids
    for task in below:
        if not small.task(task).ended:
            say(small, task, c.Cancel(small.voice(), "not needed"))
        assert [t for t in claimable(small) if small.task(t).wave > 1] == []

    assert small.task("r1").state is State.COMPLETED
    assert wave_of(small) == 1


def test_a_freeze_of_one_repository_keeps_its_task_and_no_other_from_beginning(small: Shop) -> None:
    small.fleet(3, sizes=(1, 2), each=lambda n: {"repo": f"repo{n}"})
    small.freeze("repo:repo3")
    complete(small, "r1.1")

    assert (wave_of(small), claimable(small)) == (2, ["r1.2"])
    small.unfreeze("repo:repo3")
    assert claimable(small) == ["r1.2", "r1.3"]


def test_what_happens_in_a_freeze_of_the_whole_fleet_counts_when_it_is_lifted(small: Shop) -> None:
    small.fleet(3, sizes=(1, 2))
    small.freeze("task:r1")
    complete(small, "r1.1")
    assert wave_of(small) == 1
    small.unfreeze("task:r1")

    assert (wave_of(small), claimable(small)) == (2, ["r1.2", "r1.3"])


def test_a_paused_fleet_begins_no_wave_and_a_pause_lifts_no_halt(small: Shop) -> None:
    small.fleet(3, sizes=(1, 2))
    say(small, "r1", c.Pause(small.voice(), "wait"))
    exclude(small, "r1.1")
    assert (wave_of(small), claimable(small)) == (1, [])
    say(small, "r1", c.Resume(small.voice()))

    assert small.task("r1").reason is Reason.HALTED
    assert "nothing of the 1 was completed" in small.task("r1").detail


def test_of_tasks_that_wait_the_one_with_the_highest_priority_is_claimed_first(small: Shop) -> None:
    small.fleet(4, sizes=(4,), each=lambda n: {"priority": {2: 5, 4: -3}.get(n, 0)})
    small.begin(run="r2")

    assert claimable(small) == ["r1.2", "r1.1", "r1.3", "r2", "r1.4"]
    assert small.claim().task == "r1.2"


def test_a_digest_of_a_wave_is_of_what_it_did(small: Shop) -> None:
    small.fleet(3, sizes=(1, 2), asks=True)
    complete(small, "r1.1")
    root, request = small.task("r1"), small.asked()
    assert root.waves is not None
    other = replace(root, waves=replace(root.waves, report=WaveReport(1, excluded=1)))

    assert shown_digest(root, request) != shown_digest(other, request)


# -- what must hold always

MOVES = st.lists(
    st.tuples(
        st.sampled_from(["complete", "lose", "retry", "exclude", "resume", "pause", "lift", "keep", "add", "claim"]),
        st.integers(0, 11),
    ),
    max_size=40,
)


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=4),
    st.builds(HaltRule, percent=st.sampled_from([0, 20, 50, 100]), least=st.integers(1, 3), alike=st.integers(0, 2)),
    st.booleans(),
    MOVES,
)
def test_never_more_is_at_risk_than_a_wave_has_and_a_halt_waits_for_a_person(
    sizes: list[int], rule: HaltRule, asks: bool, moves: list[tuple[str, int]]
) -> None:
    shop = Shop(MemoryStore())
    shop.definition = ONE_TRY
    count = sum(sizes)
    shop.fleet(count, sizes=tuple(sizes), halt=rule, asks=asks and len(sizes) > 1)
    for number, (move, pick) in enumerate(moves):
        before = shop.task("r1")
        tasks = [task for task in _tasks(shop) if task.parent == "r1"]
        named = tasks[pick % len(tasks)]
        _try(shop, move, named.id, number)
        root = shop.task("r1")
        assert before.waves is not None and root.waves is not None
        begun = [task for task in _tasks(shop) if (row := member_of(task)) is not None and row.standing == "begun"]
        assert {task.wave for task in begun} <= {root.waves.current}
        assert len(begun) <= counted(shop, root.waves.current).size
        if before.reason in {Reason.HALTED, Reason.APPROVAL_REQUIRED} and move not in {"lift"} and not root.ended:
            assert root.waves.current == before.waves.current
            assert root.state in {State.INPUT_REQUIRED, State.PAUSED}
        if root.waves.halted and not root.ended:
            assert not [task for task in claimable(shop) if shop.task(task).epoch == 0]
    rows_agree(shop)


def _tasks(shop: Shop) -> list[Task]:
    with shop.store.reading() as at:
        return [task for task in (at.task(row.task) for row in at.select(FleetMember)) if task is not None]


def _try(shop: Shop, move: str, task: str, number: int) -> None:
    try:
        _do(shop, move, task, number)
    except Refused:
        return


def _do(shop: Shop, move: str, task: str, number: int) -> None:
    voice = shop.voice()
    said: dict[str, c.Command] = {
        "resume": c.Resume(voice),
        "pause": c.Pause(voice, "wait"),
        "retry": c.Retry(voice, "again"),
    }
    if move in said:
        say(shop, task, said[move])
    elif move == "complete":
        complete(shop, task)
    elif move == "lose":
        lose(shop, task, why="there is no such file" if number % 2 else "the licence has run out")
    elif move == "claim":
        shop.gateway.perform(ClaimTask(LAUNCHER, f"agent:n{number}", "implementer"))
    elif move == "exclude":
        exclude(shop, task)
    elif move == "add":
        made = shop.creation(None, "r1", parent="r1", origin=f"/srv/more{number}.git")
        shop.gateway.perform(AddToFleet(shop.person(), "r1", (made,)))
    elif shop.task("r1").requests:
        shop.approve() if move == "lift" else shop.reject()


def test_a_cause_is_tried_again_across_fleets(small: Shop) -> None:
    small.fleet(2, sizes=(2,))
    small.fleet(2, run="r2", sizes=(2,))
    lose(small, "r1.1", "r2.1")

    with small.store.reading() as at:
        causes = {row.cause for row in at.select(FleetMember, standing="stopped")}
    assert len(causes) == 1
    wanted = [(task, c.Retry(small.voice(), "again")) for task in ("r1.1", "r2.1")]
    assert all(outcome.after for outcome in perform_each(small.gateway, small.person(), wanted))


def test_what_was_decided_about_a_wave_is_not_taken_back_and_its_opposite_is_named(small: Shop) -> None:
    small.fleet(2, sizes=(1, 1), asks=True)
    complete(small, "r1.1")
    small.later(1_000)
    small.reject("look first", task_id="r1")
    with pytest.raises(Refused, match="not taken back") as no:
        say(small, "r1", c.TakeBack(small.voice()))
    assert "onloop approve r1 lets it go on" in no.value.hint
    small.later(1_000)
    small.approve(task_id="r1")
    with pytest.raises(Refused, match="not taken back") as yes:
        say(small, "r1", c.TakeBack(small.voice()))
    assert "onloop pause r1 stops it" in yes.value.hint
    rows_agree(small)
