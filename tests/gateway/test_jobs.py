"""What follows from a task and lies beside the log: timers, jobs for verifier and executor, leases."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.shop import Shop
from onloop.errors import Refused
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.jobs import FreeJobs, PerformJob, PutBackJob, PutOffJob, RenewJobs, TakeJob, WakeGates
from onloop.gateway.upkeep import FireTimers
from onloop.machine import commands as c
from onloop.machine.definition import Escalation, ExpireOutcome, Expiry
from onloop.machine.principal import EFFECTS, Principal, verifier
from onloop.machine.state import Reason
from onloop.machine.task import Evidence
from onloop.records import replace
from onloop.store.rows import Job, TimerRow
from support.scenario import ERROR, FAIL, OTHER_HEAD, PASS, work
from support.steps import HOUR, MINUTE, SECOND, defined, develop, gate, human, merge, ship

ONE, TWO = verifier("one"), verifier("two")


def due(shop: Shop) -> list[tuple[str, str, int]]:
    with shop.store.reading() as at:
        return sorted((row.kind, row.token, row.at - shop.clock()) for row in at.select(TimerRow))


def gates(jobs: Sequence[Job]) -> list[str | None]:
    return [job.gate for job in jobs]


def passed(shop: Shop, by: Principal) -> c.ReportGate:
    """What a verifier reports that found nothing wrong."""
    task, now = shop.task(), work()
    return c.ReportGate(
        Evidence("tests", PASS, "well", now.head, now.tree, now.base, task.definition, by.id, shop.clock())
    )


def test_timers_follow_the_task_from_claim_to_retry(shop: Shop) -> None:
    shop.begin()
    assert due(shop) == []

    agent = shop.claim()
    assert due(shop) == [("timeout", "1", 45 * MINUTE)]
    shop.submit(agent)
    assert due(shop) == []
    shop.report(verdict=FAIL)
    assert due(shop) == [("timeout", "1", 45 * MINUTE)]
    shop.gateway.perform(PerformCommand(agent, "r1", c.Fail(agent.id, agent.epoch, "hard")))
    assert due(shop) == [("retry", "1", 10 * SECOND)]
    shop.later(10 * SECOND)
    shop.gateway.perform(FireTimers())
    assert due(shop) == []


def test_an_open_approval_reminds_escalates_and_expires_until_it_is_decided(shop: Shop) -> None:
    patient = human(
        remind_ms=HOUR, escalate=Escalation(2 * HOUR, ("leads",)), expire=Expiry(5 * HOUR, ExpireOutcome.HOLD)
    )
    shop.begin(defined(develop(), ship(patient), merge()))
    request = shop.waiting().id
    armed = [("escalate", request, 2 * HOUR), ("expire", request, 5 * HOUR), ("remind", f"{request}#0", HOUR)]
    assert due(shop) == armed

    shop.later(2 * HOUR)
    shop.gateway.perform(FireTimers())
    assert due(shop) == [("expire", request, 3 * HOUR), ("remind", f"{request}#2", HOUR)]
    shop.approve("cleo")
    assert due(shop) == []


def test_one_job_appears_per_gate_and_goes_with_its_answer(shop: Shop) -> None:
    shop.begin(defined(develop(gate("tests"), gate("lint")), ship()))
    agent = shop.claim()
    assert shop.jobs() == []

    shop.submit(agent)
    assert sorted(str(g) for g in gates(shop.jobs())) == ["lint", "tests"]
    shop.report(gate="lint")
    assert gates(shop.jobs()) == ["tests"]
    shop.report(gate="tests")
    assert shop.jobs() == []


def test_a_new_submission_takes_the_jobs_of_the_old_one_away(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    shop.submit(agent)
    (old,) = shop.jobs()
    shop.gateway.perform(TakeJob(ONE, MINUTE, effects=False))
    shop.later(1)
    shop.submit(agent, work(OTHER_HEAD))

    (new,) = shop.jobs()
    assert new.id != old.id
    assert (new.leased_by, new.leased_until) == (None, 0)


def test_a_gate_that_could_not_be_answered_is_asked_again_when_a_person_says_so(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim())
    shop.report(verdict=ERROR)
    assert (shop.jobs(), shop.task().reason) == ([], Reason.GATE_FAILED)

    shop.gateway.perform(PerformCommand(shop.person(), "r1", c.Retry(shop.voice(), "the network is back")))
    assert gates(shop.jobs()) == ["tests"]


def test_jobs_go_when_the_task_ends(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim())
    shop.cancel()

    assert shop.jobs() == []


def test_an_effect_is_a_job_of_its_own_until_it_is_done(shop: Shop) -> None:
    shop.begin()
    shop.waiting()
    shop.approve()
    (job,) = shop.jobs()
    assert (job.gate, job.id) == (None, "r1/ship.merge/1")

    shop.gateway.perform(PerformCommand(EFFECTS, "r1", c.StartEffect(job.id, "0" * 40, "f" * 40)))
    assert shop.jobs() == [job]
    shop.gateway.perform(PerformCommand(EFFECTS, "r1", c.FinishEffect(job.id, "f" * 40)))
    assert shop.jobs() == []


def test_the_oldest_free_job_is_taken_and_nobody_else_gets_it(shop: Shop) -> None:
    shop.fleet(2)
    agents = [shop.claim("r1.2"), shop.claim("r1.1")]
    for agent in agents:
        shop.submit(agent)
        shop.later(1)

    first = shop.gateway.perform(TakeJob(ONE, MINUTE, effects=False))
    second = shop.gateway.perform(TakeJob(TWO, MINUTE, effects=False))

    assert first is not None and second is not None
    assert (first.task, first.leased_by, first.leased_until) == ("r1.2", "verifier:one", shop.clock() + MINUTE)
    assert (second.task, second.leased_by) == ("r1.1", "verifier:two")
    assert shop.gateway.perform(TakeJob(ONE, MINUTE, effects=False)) is None


def test_a_job_whose_verifier_is_silent_too_long_is_taken_by_another(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim())
    shop.gateway.perform(TakeJob(ONE, MINUTE, effects=False))
    shop.later(MINUTE - 1)
    assert shop.gateway.perform(TakeJob(TWO, MINUTE, effects=False)) is None

    shop.later(1)
    again = shop.gateway.perform(TakeJob(TWO, MINUTE, effects=False))
    assert again is not None and again.leased_by == "verifier:two"


def test_nothing_is_run_or_moved_for_a_frozen_task(shop: Shop) -> None:
    shop.fleet(3)
    shop.submit(shop.claim("r1.1"))
    shop.waiting("r1.2")
    effect = shop.approve(task_id="r1.2").effect
    assert effect is not None
    shop.gateway.perform(PerformCommand(EFFECTS, "r1.2", c.StartEffect(effect.id, "0" * 40, "f" * 40)))
    shop.freeze("task:r1.1")
    shop.freeze("task:r1.2")

    assert shop.gateway.perform(TakeJob(ONE, MINUTE, effects=False)) is None
    assert shop.gateway.perform(TakeJob(EFFECTS, MINUTE, effects=True)) is None
    shop.submit(shop.claim("r1.3"))
    other = shop.gateway.perform(TakeJob(ONE, MINUTE, effects=False))
    assert other is not None and other.task == "r1.3"
    shop.unfreeze("task:r1.2")
    assert shop.gateway.perform(TakeJob(EFFECTS, MINUTE, effects=True)) is not None


def test_gates_and_effects_are_taken_apart(shop: Shop) -> None:
    shop.fleet(2)
    shop.submit(shop.claim("r1.1"))
    shop.waiting("r1.2")
    shop.approve(task_id="r1.2")

    effect = shop.gateway.perform(TakeJob(EFFECTS, MINUTE, effects=True))
    found = shop.gateway.perform(TakeJob(ONE, MINUTE, effects=False))

    assert effect is not None and (effect.task, effect.gate) == ("r1.2", None)
    assert found is not None and (found.task, found.gate) == ("r1.1", "tests")


def test_what_is_under_way_is_not_given_again_however_long_it_takes(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim())
    first = shop.gateway.perform(TakeJob(ONE, MINUTE, effects=False))
    assert first is not None
    shop.later(HOUR)

    assert shop.gateway.perform(TakeJob(ONE, MINUTE, effects=False, busy=(first.id,))) is None
    assert shop.gateway.perform(TakeJob(ONE, MINUTE, effects=False)) is not None


def test_effects_on_one_repository_are_carried_out_one_after_the_other(shop: Shop) -> None:
    shop.fleet(2)
    shop.begin(run="r2", origin="/srv/web.git")
    for task in ("r1.1", "r1.2", "r2"):
        shop.waiting(task)
        shop.approve(task_id=task)
        shop.later(1)
    first = shop.gateway.perform(TakeJob(EFFECTS, MINUTE, effects=True))
    assert first is not None and first.task == "r1.1"

    other = shop.gateway.perform(TakeJob(EFFECTS, MINUTE, effects=True, busy=(first.id,)))

    assert other is not None and other.task == "r2"
    assert shop.gateway.perform(TakeJob(EFFECTS, MINUTE, effects=True, busy=(first.id, other.id))) is None
    assert shop.gateway.perform(TakeJob(TWO, MINUTE, effects=True)) is None, "whoever runs the one that is running"
    shop.gateway.perform(PutBackJob(first))
    last = shop.gateway.perform(TakeJob(TWO, MINUTE, effects=True, busy=(first.id,)))
    assert last is None, "its own other thread is at it"
    again = shop.gateway.perform(TakeJob(TWO, MINUTE, effects=True))
    assert again is not None and again.task == "r1.1"


def test_a_job_without_an_answer_yet_comes_back_at_its_time_or_when_its_commit_is_named(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim())
    taken = shop.gateway.perform(TakeJob(ONE, HOUR, effects=False))
    assert taken is not None
    shop.gateway.perform(PutOffJob(replace(taken, leased_by="verifier:other"), shop.clock() + MINUTE))
    assert shop.jobs() == [taken], "not by somebody whose it is not"
    shop.gateway.perform(PutOffJob(taken, shop.clock() + MINUTE))

    assert shop.gateway.perform(TakeJob(TWO, HOUR, effects=False)) is None
    assert shop.gateway.perform(WakeGates("f" * 40)) == 0
    shop.later(MINUTE)
    again = shop.gateway.perform(TakeJob(TWO, HOUR, effects=False))
    assert again is not None and again.id == taken.id
    shop.gateway.perform(PutOffJob(again, shop.clock() + 100 * HOUR))
    assert shop.jobs()[0].leased_until == shop.clock() + HOUR, "no longer than an hour"
    head = shop.task().submission
    assert head is not None
    assert shop.gateway.perform(WakeGates(head.head)) == 1
    assert shop.gateway.perform(TakeJob(ONE, HOUR, effects=False)) is not None


def test_a_verifier_that_knows_itself_alone_frees_every_job(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim())
    taken = shop.gateway.perform(TakeJob(ONE, HOUR, effects=False))
    assert taken is not None
    shop.gateway.perform(FreeJobs())

    assert shop.jobs() == [replace(taken, leased_by=None, leased_until=0)]
    assert shop.gateway.perform(TakeJob(TWO, HOUR, effects=False)) is not None


def test_a_verifier_frees_its_own_predecessors_jobs_and_no_others(shop: Shop) -> None:
    shop.fleet(2)
    for task in ("r1.1", "r1.2"):
        shop.submit(shop.claim(task))
        shop.later(1)
    before = shop.gateway.perform(TakeJob(verifier("here-1"), HOUR, effects=False))
    others = shop.gateway.perform(TakeJob(verifier("there-1"), HOUR, effects=False))
    assert before is not None
    shop.gateway.perform(FreeJobs("verifier:here-"))

    assert shop.jobs() == [replace(before, leased_by=None, leased_until=0), others]


def test_a_lease_is_renewed_while_it_lasts_and_only_by_whoever_holds_it(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim())
    taken = shop.gateway.perform(TakeJob(ONE, MINUTE, effects=False))
    assert taken is not None
    shop.later(MINUTE - 1)
    assert shop.gateway.perform(RenewJobs(ONE, MINUTE, (taken.id, "r1/gone"))) == (taken.id,)
    shop.later(MINUTE - 1)
    assert shop.gateway.perform(TakeJob(TWO, MINUTE, effects=False)) is None
    assert shop.gateway.perform(RenewJobs(TWO, MINUTE, (taken.id,))) == ()
    shop.later(1)
    assert shop.gateway.perform(RenewJobs(ONE, MINUTE, (taken.id,))) == (), "it has run out"
    assert shop.gateway.perform(TakeJob(TWO, MINUTE, effects=False)) is not None


def test_what_a_verifier_found_counts_only_while_its_lease_lasts(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim())
    old = shop.gateway.perform(TakeJob(ONE, MINUTE, effects=False))
    assert old is not None
    shop.later(MINUTE)
    with pytest.raises(Refused, match="the lease of verifier:one"):
        shop.gateway.perform(PerformJob(ONE, old, passed(shop, ONE)))
    new = shop.gateway.perform(TakeJob(TWO, MINUTE, effects=False))
    assert new is not None
    with pytest.raises(Refused, match="is not verifier:one's any more, but verifier:two"):
        shop.gateway.perform(PerformJob(ONE, old, passed(shop, ONE)))
    shop.gateway.perform(PutBackJob(old))
    assert shop.jobs() == [new], "nobody puts back what another has"

    assert shop.gateway.perform(PerformJob(TWO, new, passed(shop, TWO))).reason is Reason.APPROVAL_REQUIRED
    with pytest.raises(Refused, match="no longer asked for"):
        shop.gateway.perform(PerformJob(TWO, new, passed(shop, TWO)))


def test_a_lease_ends_with_its_holder_and_stays_while_gates_run(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    shop.submit(agent)
    assert shop.lease() is not None
    shop.report()
    assert (shop.task().holder, shop.lease()) == (None, None)
