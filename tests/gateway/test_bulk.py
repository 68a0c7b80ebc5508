"""Runs that are paused, resumed and ended as a whole, fleets that end without some, and a verdict for each task."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from gateway.shop import VERIFIER, Shop
from onloop.errors import Exit, NotAllowed, Refused, Stale
from onloop.gateway.bulk import BulkOutcome, perform_each
from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from onloop.machine.state import Reason, State
from onloop.machine.task import Task
from onloop.store.port import Reading
from onloop.views.queries.tasks_below import to_cancel, to_pause, to_resume
from support.scenario import FAIL
from support.steps import SECOND, defined, develop, ship


def each(shop: Shop, targets: Sequence[str], command: c.Command, key: str = "") -> tuple[BulkOutcome, ...]:
    return perform_each(shop.gateway, shop.person(), [(task, command) for task in targets], key=key)


def targets(shop: Shop, pick: Callable[[Reading, Task], tuple[str, ...]], root: str = "r1") -> tuple[str, ...]:
    task = shop.task(root)
    with shop.store.reading() as at:
        return pick(at, task)


def pause(shop: Shop, *tasks: str) -> None:
    each(shop, tasks, c.Pause(shop.voice(), "incident"))


def exclude(shop: Shop, *tasks: str) -> None:
    each(shop, tasks, c.Exclude(shop.voice(), "too odd"))


def states(shop: Shop, *tasks: str) -> list[State]:
    return [shop.task(task).state for task in tasks]


def test_a_paused_run_gives_out_nothing_and_its_agents_write_nothing(shop: Shop) -> None:
    shop.fleet(3)
    agent = shop.claim("r1.1")
    shop.ask(shop.claim("r1.2"))

    assert targets(shop, to_pause) == ("r1", "r1.1", "r1.3")
    pause(shop, *targets(shop, to_pause))

    assert states(shop, "r1", "r1.1", "r1.2", "r1.3") == [State.PAUSED] * 2 + [State.INPUT_REQUIRED, State.PAUSED]
    assert shop.lease("r1.1") is None
    with pytest.raises(NotAllowed):
        shop.submit(agent)
    with pytest.raises(Refused, match="nothing waits"):
        shop.claim()
    with pytest.raises(Refused, match="which is paused"):
        shop.gateway.perform(
            PerformCommand(shop.person(), "r1.2", c.Reply(shop.asked("r1.2").id, shop.voice(), "That."))
        )


def test_a_resumed_run_goes_on_and_what_was_paused_before_it_stays(shop: Shop) -> None:
    shop.fleet(3)
    pause(shop, "r1.2")
    exclude(shop, "r1.3")
    shop.later(SECOND)
    pause(shop, *targets(shop, to_pause))

    assert targets(shop, to_resume) == ("r1", "r1.1")
    each(shop, targets(shop, to_resume), c.Resume(shop.voice()))

    assert states(shop, "r1", "r1.1", "r1.2") == [State.WORKING, State.SUBMITTED, State.PAUSED]
    assert shop.task("r1.3").reason is Reason.EXCLUDED
    assert shop.claim("r1.1").epoch == 1


def test_a_fleet_ends_without_what_is_excluded(shop: Shop) -> None:
    shop.definition = defined(develop())
    shop.fleet(3)
    exclude(shop, "r1.1")
    for task in ("r1.2", "r1.3"):
        assert shop.task("r1").state is State.WORKING
        shop.submit(shop.claim(task))
        shop.report(task)

    assert (shop.task("r1").state, shop.task("r1").detail) == (State.COMPLETED, "2 completed")
    (late,) = each(shop, ["r1.1"], c.Resume(shop.voice()))
    assert late.refusal is not None and late.refusal.exit is Exit.ENDED


def test_excluding_the_last_that_is_live_ends_the_fleet(shop: Shop) -> None:
    shop.fleet(2)
    shop.cancel("r1.1")

    exclude(shop, "r1.2")

    assert shop.task("r1").state is State.CANCELED
    assert [event.task for event in shop.log()[-2:]] == ["r1.2", "r1"]


def test_a_fleet_whose_last_task_ended_while_it_was_paused_ends_when_it_goes_on(shop: Shop) -> None:
    shop.fleet(1)
    pause(shop, "r1")
    shop.cancel("r1.1")
    assert shop.task("r1").state is State.PAUSED

    (after,) = each(shop, ["r1"], c.Resume(shop.voice()))

    assert after.after is not None and after.after.state is State.CANCELED


def test_what_is_excluded_can_come_back_and_the_fleet_waits_for_it_again(shop: Shop) -> None:
    shop.fleet(2)
    exclude(shop, "r1.1")
    each(shop, ["r1.1"], c.Resume(shop.voice()))
    shop.cancel("r1.2")

    assert shop.task("r1").state is State.WORKING


def test_a_run_is_canceled_with_all_below_it_the_excluded_too(shop: Shop) -> None:
    shop.fleet(3)
    exclude(shop, "r1.2")

    assert targets(shop, to_cancel) == ("r1.3", "r1.2", "r1.1")
    each(shop, targets(shop, to_cancel), c.Cancel(shop.voice(), "enough"))

    assert states(shop, "r1", "r1.1", "r1.2", "r1.3") == [State.CANCELED] * 4
    shop.fleet(1, run="r2")
    exclude(shop, "r2.1")
    assert targets(shop, to_cancel, "r2") == ("r2.1",)


def test_each_task_has_its_verdict_and_one_refusal_keeps_no_other_waiting(shop: Shop) -> None:
    shop.fleet(3)
    version = shop.task("r1.1").version
    shop.claim("r1.2")
    commands = [(f"r1.{n}", c.Cancel(shop.voice(), "enough", version)) for n in (1, 2, 3)]

    first, second, third = perform_each(shop.gateway, shop.person(), commands, key="k1")
    again = perform_each(shop.gateway, shop.person(), commands, key="k1")

    assert first.words == "r1.1 canceled: canceled by human:ana: enough"
    assert isinstance(second.refusal, Stale) and "agent:alfa claimed it" in second.words
    assert third.after is not None and third.after.state is State.CANCELED
    assert [outcome.after for outcome in again] == [first.after, None, third.after]


def test_what_happened_since_somebody_looked_is_read_from_the_log(shop: Shop) -> None:
    shop.begin()
    shop.waiting()
    shown = shop.task().version
    approval = shop.approval("ben")
    shop.approve("ana")
    shop.later(4 * SECOND)

    for late in (
        c.Approve(approval.request, approval.digest, shop.voice("ben"), "", shown),
        c.Reassign("implementer", shop.voice("ben"), "knows this", shown),
        c.Pause(shop.voice("ben"), "look", shown),
    ):
        with pytest.raises(Stale, match="human:ana approved release 4 s ago"):
            shop.gateway.perform(PerformCommand(shop.person("ben"), "r1", late))


def test_a_verdict_that_comes_after_the_pause_finds_no_question(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim())
    pause(shop, "r1")

    assert shop.jobs() == []
    with pytest.raises(Refused, match="is not waiting"):
        shop.report()
    assert VERIFIER.id not in {event.principal for event in shop.log("r1")}


def test_a_child_that_waits_for_a_person_can_be_excluded_and_is_asked_about_no_more(shop: Shop) -> None:
    shop.definition = defined(develop(rounds=0), ship())
    shop.fleet(2)
    shop.submit(shop.claim("r1.1"))
    shop.report("r1.1", verdict=FAIL)

    exclude(shop, "r1.1")

    assert shop.task("r1.1").requests == ()
    assert shop.task("r1.1").reason is Reason.EXCLUDED
