"""The one door: a command happens once and whole, in one transaction with all that follows from it, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from gateway.shop import Shop
from onloop.errors import BadInput, Exit, NotAllowed, Refused, Stale, UnknownThing
from onloop.gateway.command_operations import CreateRun, PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.gateway.service import Gateway
from onloop.gateway.upkeep import FireTimers, KeepContent
from onloop.machine import commands as c
from onloop.machine.principal import INTAKE, launcher
from onloop.machine.state import Reason, State
from onloop.records import replace
from onloop.store.codec import to_text
from onloop.store.port import Recorded
from onloop.store.rows import IdempotencyRecord, PinnedWorkflow
from support.scenario import FAIL, OTHER_HEAD, work
from support.steps import HOUR, MINUTE, SECOND, defined, develop, human, ship


def refusal(call: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as refused:
        call()
    assert refused.value.hint
    return refused.value


def names(log: list[Recorded]) -> list[str]:
    return [event.name for event in log]


def test_every_event_says_who_caused_it_when_and_under_which_key(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    shop.later(5)
    shop.submit(agent, key="k1")

    submitted = next(event for event in shop.log("r1") if event.name == "Submitted")
    claimed = next(event for event in shop.log("r1") if event.name == "Claimed")
    assert (submitted.principal, submitted.key, submitted.at - claimed.at) == ("gateway:intake", "k1", 5)
    assert json.loads(submitted.data)["by"] == "agent:alfa"
    assert (claimed.principal, claimed.key) == ("launcher:tests", "")


def test_the_same_key_does_it_once_and_answers_again(shop: Shop) -> None:
    shop.begin()
    once = shop.cancel(key="k1")
    length = len(shop.log())

    assert shop.cancel(key="k1") == once
    assert len(shop.log()) == length


def test_a_submission_whose_reply_was_lost_can_be_sent_again_later(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    once = shop.submit(agent, key="k1")
    shop.later(3 * SECOND)

    assert shop.submit(agent, key="k1") == once
    assert names(shop.log("r1")).count("Submitted") == 1


def test_a_key_that_was_used_for_something_else_is_refused(shop: Shop) -> None:
    shop.begin()
    shop.begin(run="r2")
    agent = shop.claim("r1")
    shop.submit(agent, key="k1")
    length = len(shop.log())

    for call in (
        lambda: shop.submit(agent, work(OTHER_HEAD), key="k1"),
        lambda: shop.gateway.perform(PerformCommand(agent, "r1", c.Ask(agent.id, agent.epoch, "Which?"), key="k1")),
        lambda: shop.gateway.perform(PerformCommand(agent, "r2", c.Ask(agent.id, agent.epoch, "Which?"), key="k1")),
    ):
        no = refusal(call)
        assert (no.exit, no.message) == (Exit.USAGE, "key 'k1' was used for another request")
    assert len(shop.log()) == length


def test_a_key_is_spent_only_by_what_happened(shop: Shop) -> None:
    shop.begin()
    shop.freeze()
    refusal(lambda: shop.cancel(key="k1"))
    shop.unfreeze()

    assert shop.cancel(key="k1").state is State.CANCELED


def test_a_key_that_is_too_long_is_refused(shop: Shop) -> None:
    shop.begin()

    with pytest.raises(BadInput, match="key of 201 characters"):
        shop.cancel(key="k" * 201)
    assert shop.cancel(key="k" * 200).ended


def test_a_task_that_is_not_there_is_named(shop: Shop) -> None:
    with pytest.raises(UnknownThing, match="there is no task 'r9'"):
        shop.cancel("r9")
    with pytest.raises(UnknownThing, match="there is no task 'r9'"):
        shop.claim("r9")


def test_a_run_begins_whole_or_not_at_all(shop: Shop) -> None:
    shop.begin()
    length = len(shop.log())
    creation = shop.creation(run="r2")
    other = replace(defined(develop()), digest="e" * 64)
    pinned = PinnedWorkflow(other.digest, other.name, "", to_text(other))

    with pytest.raises(Refused, match="r1 already exists"):
        shop.gateway.perform(CreateRun(launcher("tests"), (("r2", creation), ("r1", creation)), pinned))

    with shop.store.reading() as at:
        assert (at.task("r2"), at.get(PinnedWorkflow, pinned.digest)) == (None, None)
    assert len(shop.log()) == length


@dataclass
class DyingClock:
    """A clock at whose last reading the process is ended."""

    now: int
    readings: int

    def __call__(self) -> int:
        self.readings -= 1
        if self.readings == 0:
            raise KeyboardInterrupt
        return self.now


def test_a_crash_inside_a_transaction_leaves_nothing(direct: Shop) -> None:
    direct.begin()
    agent = direct.claim()
    before, jobs = direct.log(), direct.jobs()
    dying = Gateway(direct.store, DyingClock(direct.clock(), 3))  # the third reading comes after events, rows and jobs

    with pytest.raises(KeyboardInterrupt):
        dying.perform(PerformCommand(INTAKE, "r1", c.Submit(agent.id, agent.epoch, work()), key="k1"))

    with direct.store.reading() as at:
        assert at.select(IdempotencyRecord) == []
    assert (direct.log(), direct.jobs()) == (before, jobs)
    assert direct.submit(agent, key="k1").reason is Reason.GATES_RUNNING


def test_an_agent_whose_lease_has_expired_writes_nothing_once_somebody_wanted_its_task(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    shop.later(MINUTE)
    shop.want()

    assert refusal(lambda: shop.submit(agent)).exit is Exit.NOT_YOURS
    assert (shop.task().submission, shop.task().holder) == (None, None)
    assert refusal(lambda: shop.gateway.perform(Heartbeat(agent))).exit is Exit.NOT_YOURS


def test_a_refused_command_still_commits_what_came_due(shop: Shop) -> None:
    shop.begin()
    shop.claim()
    shop.later(MINUTE)
    shop.want()

    assert names(shop.log("r1"))[-4:] == ["LeaseEnded", "AttemptEnded", "BackoffStarted", "Moved"]
    assert shop.log("r1")[-1].principal == "gateway:timers"
    assert (shop.task().reason, shop.lease()) == (Reason.RETRY_BACKOFF, None)


def test_a_heartbeat_extends_a_lease_and_never_shortens_it_nor_revives_one_that_is_over(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    begun = shop.clock()
    shop.later(MINUTE - 1)

    assert shop.gateway.perform(Heartbeat(agent)) == begun + 2 * MINUTE - 1
    assert shop.gateway.perform(Heartbeat(agent, lease_ms=1)) == begun + 2 * MINUTE - 1
    lease = shop.lease()
    assert lease is not None and lease.expires == begun + 2 * MINUTE - 1
    shop.later(MINUTE)
    shop.want()
    assert refusal(lambda: shop.gateway.perform(Heartbeat(agent))).exit is Exit.NOT_YOURS


def test_a_heartbeat_is_no_event_and_tells_life_from_progress(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    before = shop.log()
    moments = []
    for progress in (False, True, False):
        shop.later(SECOND)
        shop.gateway.perform(Heartbeat(agent, progress=progress))
        lease = shop.lease()
        assert lease is not None
        moments.append((shop.clock() - lease.beat_at, shop.clock() - lease.progress_at))

    assert moments == [(0, SECOND), (0, 0), (0, SECOND)]
    assert shop.log() == before


def test_a_tick_fires_what_is_due_and_says_for_how_many(direct: Shop) -> None:
    direct.begin()
    direct.begin(run="r2")
    agent = direct.claim("r1")
    direct.gateway.perform(PerformCommand(agent, "r1", c.Fail(agent.id, agent.epoch, "hard")))
    assert (direct.gateway.perform(FireTimers()), direct.task().reason) == (0, Reason.RETRY_BACKOFF)

    direct.later(10 * SECOND)
    assert (direct.gateway.perform(FireTimers()), direct.task().reason) == (1, Reason.READY)
    assert direct.gateway.perform(FireTimers()) == 0


def test_a_step_that_takes_too_long_loses_its_attempt_however_lively_its_agent(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    shop.gateway.perform(Heartbeat(agent, lease_ms=2 * HOUR))
    shop.later(45 * MINUTE)

    assert shop.gateway.perform(FireTimers()) == 1
    assert "took longer than 2700 s" in shop.task().detail
    assert (shop.task().tries, shop.task().holder) == (1, None)


def test_reminders_that_were_missed_are_one_reminder(shop: Shop) -> None:
    shop.begin(defined(develop(), ship(human(remind_ms=HOUR))))
    shop.waiting()
    shop.later(3 * HOUR)
    shop.gateway.perform(FireTimers())

    assert names(shop.log("r1")).count("Reminded") == 1
    assert shop.asked().reminders == 3


def test_a_freeze_holds_every_command_and_timers_wait_for_its_end(shop: Shop) -> None:
    shop.begin()
    shop.begin(run="r2")
    agent = shop.claim("r1")
    shop.freeze("run:r1")
    shop.later(HOUR)
    length = len(shop.log("r1"))

    assert refusal(lambda: shop.submit(agent)).exit is Exit.HELD
    assert "onloop unfreeze run:r1" in refusal(shop.cancel).hint
    shop.gateway.perform(FireTimers())
    assert len(shop.log("r1")) == length
    assert shop.cancel("r2").ended

    shop.unfreeze("run:r1")
    shop.gateway.perform(FireTimers())
    assert shop.task().reason is Reason.RETRY_BACKOFF


@pytest.mark.parametrize("scope", ["all", "run:r1", "task:r1", "workflow:feature", "repo:billing", "agent:alfa"])
def test_every_scope_of_a_freeze_holds_what_it_covers(shop: Shop, scope: str) -> None:
    shop.begin()
    agent = shop.claim()
    shop.freeze(scope)

    assert refusal(lambda: shop.ask(agent)).exit is Exit.HELD


def test_a_frozen_agent_cannot_take_work(shop: Shop) -> None:
    shop.begin()
    shop.freeze("agent:alfa")

    refusal(shop.claim)
    assert shop.claim(agent="agent:bravo").epoch == 1


def test_a_fleet_ends_in_the_transaction_in_which_its_last_repository_does(shop: Shop) -> None:
    shop.fleet(2)
    shop.cancel("r1.1")
    assert shop.task("r1").state is State.WORKING

    shop.cancel("r1.2")
    assert (shop.task("r1").state, shop.task("r1").detail) == (State.CANCELED, "2 canceled")
    assert [event.task for event in shop.log()[-2:]] == ["r1.2", "r1"]
    assert shop.log()[-1].principal == "gateway:effects"


def test_a_fleet_that_is_frozen_itself_is_settled_when_it_is_unfrozen(shop: Shop) -> None:
    shop.fleet(1)
    shop.freeze("task:r1")

    assert shop.cancel("r1.1", key="k1").state is State.CANCELED
    assert shop.cancel("r1.1", key="k1").state is State.CANCELED
    assert shop.task("r1").state is State.WORKING
    shop.unfreeze("task:r1")
    assert shop.task("r1").state is State.CANCELED


def test_the_slower_of_two_approvers_learns_who_decided(shop: Shop) -> None:
    shop.begin()
    shop.waiting()
    ana, ben = shop.approval("ana"), shop.approval("ben")
    shop.gateway.perform(PerformCommand(shop.person("ana"), "r1", ana))
    length = len(shop.log("r1"))

    with pytest.raises(Stale, match="decided already: human:ana approved"):
        shop.gateway.perform(PerformCommand(shop.person("ben"), "r1", ben))
    assert len(shop.log("r1")) == length


def test_an_approval_of_what_has_changed_since_is_refused(shop: Shop) -> None:
    shop.begin()
    shop.waiting()
    shown = replace(shop.approval(), digest="f" * 64)

    with pytest.raises(Stale, match="changed since it was shown"):
        shop.gateway.perform(PerformCommand(shop.person(), "r1", shown))


def test_a_person_is_judged_by_who_is_enrolled_not_by_what_their_voice_says(direct: Shop) -> None:
    direct.begin()
    request = direct.waiting()
    eve = c.Voice("human:eve", ("approvers",), direct.voice().assurance)
    principal = replace(direct.person(), name="eve", voice=eve)

    with pytest.raises(NotAllowed, match="human:eve may not decide"):
        direct.gateway.perform(PerformCommand(principal, "r1", c.Approve(request.id, direct.approval().digest, eve)))


def test_what_is_kept_is_found_by_its_digest(shop: Shop) -> None:
    digest = shop.gateway.perform(KeepContent(b"12 passed"))

    with shop.store.reading() as at:
        assert at.blob(digest) == b"12 passed"


def test_a_failing_gate_walks_the_whole_way_to_a_person_and_back(shop: Shop) -> None:
    shop.begin(defined(develop(rounds=1)))
    agent = shop.claim()
    for head in ("a", "b"):
        shop.submit(agent, work(head * 40))
        shop.report(verdict=FAIL)
    assert shop.task().reason is Reason.ROUNDS_EXHAUSTED

    shop.gateway.perform(PerformCommand(shop.person(), "r1", c.Retry(shop.voice(), "read the log first")))
    shop.submit(shop.claim(), work("c" * 40))
    assert shop.report().state is State.COMPLETED
