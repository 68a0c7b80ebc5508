"""Waves: a slice of a fleet begins only when the slice before it passed; a halt is lifted by a person alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine.events import FleetHalted, HaltLifted, JoinedWave, WaveCounted, WavePassed, WaveStarted
from onloop.machine.rules.wave_verdict import halting, passes
from onloop.machine.state import Reason, State
from onloop.machine.wave_fold import accepted_of, lowered
from onloop.machine.wave_plan import Accepted, FailedAlike, HaltRule, WaveReport, Waves, WaveStanding
from onloop.machine.wave_standing import standing_of
from onloop.records import replace
from support.scenario import (
    ALFA,
    ERROR,
    Scenario,
    approve,
    cancel,
    claim,
    create,
    exclude,
    finished,
    last_move,
    pause,
    reassign,
    reject,
    release,
    report,
    resume,
    retry,
    started,
    submit,
    take,
)
from support.steps import defined, develop, merge
from support.waves import HELD, begun, counted, halted, in_wave, planned

STOPPED = begun().given(claim(), submit(), report("tests", ERROR))
NEVER = Accepted()


# -- which tasks may begin


def test_a_task_of_a_later_wave_waits_and_no_command_lets_it_begin() -> None:
    waiting = in_wave(2)

    assert waiting.stands[:2] == HELD
    assert waiting.task.wanted is None
    for command in (claim(), take(), c.Admit()):
        assert waiting.refuses(command).exit is Exit.NOTHING
        assert "may not begin: waits for wave 2 of 3" in waiting.refuses(command).message
    for way_round in ((pause(), resume()), (exclude(), resume()), (reassign(ALFA),), (reassign("implementer"),)):
        assert waiting.given(*way_round).stands[:2] == HELD, way_round


def test_a_task_begins_with_its_wave() -> None:
    assert in_wave(1).given(c.Admit()).stands[:2] == (State.SUBMITTED, Reason.READY)
    assert in_wave(1).given(c.Admit(), claim()).stands[:2] == (State.WORKING, None)


def test_a_task_of_a_fleet_with_waves_is_not_begun_outside_of_them() -> None:
    at = Scenario(defined(develop())).knowing(waves=in_wave(2).facts.waves)

    for wave in (0, 1):
        no = at.refuses(replace(create(parent="r1"), wave=wave))
        assert (no.exit, "begins its tasks in waves" in no.message) == (Exit.HELD, True)


def test_in_a_halted_fleet_nothing_new_begins_and_what_has_begun_goes_on() -> None:
    waves = in_wave(1, halted="2 of 5 failed").facts.waves
    fresh, at_work, tried = (
        at.knowing(waves=waves) for at in (begun(), begun().given(claim()), begun().given(claim(), release()))
    )

    assert "its fleet is halted: 2 of 5 failed" in fresh.refuses(claim()).message
    assert "its fleet is halted" in fresh.refuses(take()).message
    assert fresh.given(pause(), resume()).stands[:2] == HELD
    assert fresh.given(c.HoldBack("its fleet is halted")).stands[:2] == HELD
    assert at_work.refuses(c.HoldBack("its fleet is halted")).exit is Exit.NOTHING
    assert tried.later(3_600_000).given(retry(), claim()).stands[:2] == (State.WORKING, None)


def test_a_failed_task_is_tried_again_in_a_halted_fleet_because_a_person_asked_for_it() -> None:
    again = STOPPED.knowing(waves=in_wave(1, halted="1 of 5 failed").facts.waves).given(retry())

    assert standing_of(again.task) is WaveStanding.BEGUN
    assert again.stands[:2] == (State.WORKING, Reason.GATES_RUNNING)


def test_a_task_that_was_taken_out_waits_for_a_wave_that_has_not_begun_when_its_own_is_over() -> None:
    out = begun().given(exclude())

    assert out.given(resume()).task.wave == 1
    assert out.given(resume()).stands[:2] == (State.SUBMITTED, Reason.READY)
    for current, total, passed, wave in ((2, 3, False, 3), (3, 3, False, 4), (1, 1, True, 2), (1, 3, True, 3)):
        later = out.knowing(waves=in_wave(1, current, total, passed=passed).facts.waves)
        assert JoinedWave(wave) in later.when(resume())
        assert (later.given(resume()).task.wave, later.given(resume()).stands[:2]) == (wave, HELD)


# -- how a task stands


@pytest.mark.parametrize(
    ("at", "standing"),
    [
        (in_wave(2), WaveStanding.HELD),
        (begun(), WaveStanding.READY),
        (begun().given(pause()), WaveStanding.READY),
        (begun().given(claim()), WaveStanding.BEGUN),
        (begun().given(claim(), pause()), WaveStanding.BEGUN),
        (begun().given(claim(), release()), WaveStanding.BEGUN),
        (STOPPED, WaveStanding.STOPPED),
        (STOPPED.given(pause()), WaveStanding.STOPPED),
        (STOPPED.given(pause(), resume()), WaveStanding.BEGUN),
        (STOPPED.given(retry()), WaveStanding.BEGUN),
        (STOPPED.given(exclude()), WaveStanding.GIVEN_UP),
        (STOPPED.given(pause(), exclude()), WaveStanding.GIVEN_UP),
        (STOPPED.given(cancel()), WaveStanding.GIVEN_UP),
        (STOPPED.given(retry(), exclude()), WaveStanding.EXCLUDED),
        (begun().given(exclude()), WaveStanding.EXCLUDED),
        (begun().given(claim(), cancel()), WaveStanding.EXCLUDED),
        (begun().given(claim(), submit(), report()), WaveStanding.COMPLETED),
    ],
)
def test_how_a_task_stands(at: Scenario, standing: WaveStanding) -> None:
    assert standing_of(at.task) is standing


def test_a_task_at_an_effect_is_at_risk_until_it_is_done() -> None:
    begin, on = replace(create(parent="r1"), wave=1), in_wave(1).facts.waves
    at = Scenario(defined(develop(), merge())).knowing(waves=Waves(3)).given(begin).knowing(waves=on)
    merging = at.given(c.Admit(), claim(), submit(), report(), started())

    assert standing_of(merging.task) is WaveStanding.BEGUN
    assert standing_of(merging.given(finished()).task) is WaveStanding.COMPLETED


# -- when a wave passes, and when it halts


def test_the_next_wave_begins_when_everything_of_the_one_before_is_completed_or_taken_out() -> None:
    at = counted(planned(3, 5), completed=2, excluded=1)

    assert [type(event) for event in at.when(c.Settle())][:2] == [WavePassed, WaveStarted]
    assert at.given(c.Settle()).task.waves.current == 2  # type: ignore[union-attr]


@pytest.mark.parametrize("waits", ["held", "ready", "begun", "stopped"])
def test_one_that_waits_or_was_retried_holds_its_wave(waits: str) -> None:
    rule = HaltRule(percent=80)

    assert counted(planned(3, 5, halt=rule), completed=2, **{waits: 1}).when(c.Settle()) == ()


def test_the_share_is_of_the_wave_and_is_looked_at_once_enough_are_judged() -> None:
    rule = HaltRule(percent=20, least=3)

    assert not halting(rule, WaveReport(1, stopped=2, begun=8), NEVER, is_proven=False)
    assert not halting(rule, WaveReport(1, stopped=1, completed=2, begun=7), NEVER, is_proven=False)
    assert "2 of 10 failed, and at 20 % the fleet halts" in halting(
        rule, WaveReport(1, stopped=2, completed=1, begun=7), NEVER, is_proven=False
    )
    assert "2 of 2 failed" in halting(rule, WaveReport(1, stopped=1, given_up=1), NEVER, is_proven=False)


def test_taking_out_what_failed_keeps_it_counted() -> None:
    rule = HaltRule(percent=50)

    assert "2 of 4 failed" in halting(rule, WaveReport(1, given_up=2, completed=2), NEVER, is_proven=False)


def test_as_many_failures_with_one_cause_halt_and_others_do_not() -> None:
    rule, alike = HaltRule(alike=3), FailedAlike("c1", 3, "gates of develop.implement keep failing")
    two = (FailedAlike("c1", 2, "red"), FailedAlike("c2", 2, "gone"))

    assert not halting(rule, WaveReport(1, stopped=4, begun=6, causes=two), NEVER, is_proven=True)
    assert "3 failed alike" in halting(rule, WaveReport(1, stopped=3, begun=7, causes=(alike,)), NEVER, is_proven=True)


def test_a_wave_in_which_nothing_was_completed_proves_nothing_and_halts() -> None:
    gone = WaveReport(1, excluded=3)

    assert "nothing of the 3 was completed" in halting(HaltRule(), gone, NEVER, is_proven=False)
    assert not halting(HaltRule(), gone, NEVER, is_proven=True)
    assert passes(HaltRule(), gone, accepted_of(gone), is_proven=False)


def test_without_a_rule_one_that_ended_and_is_not_done_halts() -> None:
    lost = WaveReport(1, completed=4, lost=1)

    assert "1 of 5 ended and are not done" in halting(HaltRule(), lost, NEVER, is_proven=True)
    assert passes(HaltRule(percent=50), lost, NEVER, is_proven=True)


def test_a_halt_asks_a_person_and_shows_what_the_wave_did() -> None:
    alike = (FailedAlike("c1", 1, "gates of develop.implement keep failing"),)
    at = counted(planned(5, 9, halt=HaltRule(percent=20)), stopped=1, completed=3, begun=1, retried=2, causes=alike)
    asks = at.given(c.Settle())

    assert asks.stands[:2] == (State.INPUT_REQUIRED, Reason.HALTED)
    assert asks.asked.gate == "halt"
    for words in ("wave 1 of 2", "1 of 5 failed", "3 completed", "2 retried", "1 × gates of develop.implement"):
        assert words in asks.asked.question


def test_a_halt_stays_whatever_its_tasks_do_until_a_person_lifts_it() -> None:
    at = halted(5, 9)
    mended = counted(at, completed=5)

    assert mended.given(c.Settle()).stands[:2] == (State.INPUT_REQUIRED, Reason.HALTED)
    assert mended.given(pause(), resume()).stands[:2] == (State.INPUT_REQUIRED, Reason.HALTED)
    assert mended.given(c.Settle(), c.Settle()).task.waves.current == 1  # type: ignore[union-attr]
    assert HaltLifted(1, "human:ana") in mended.when(approve())
    assert mended.given(approve(), c.Settle()).task.waves.current == 2  # type: ignore[union-attr]


def test_an_approval_of_a_halt_is_of_the_counts_that_were_shown() -> None:
    shown = halted(5, 9)
    changed = counted(shown, stopped=2, begun=3).given(c.Settle())

    assert isinstance(changed.past[-1][0], WaveCounted)
    assert "has changed since it was shown" in changed.refuses(approve(digest=_digest(shown))).message


def _digest(at: Scenario) -> str:
    said = approve()(at)
    assert isinstance(said, c.Approve)
    return said.digest


def test_whoever_rejects_a_halt_leaves_it_and_it_is_asked_again() -> None:
    at = halted(5, 9).given(reject(reason="not before Monday"))

    assert at.stands[:2] == (State.INPUT_REQUIRED, Reason.HALTED)
    assert "human:ana does not let it go on: not before Monday" in at.asked.question
    assert at.given(approve()).stands[:2] == (State.WORKING, Reason.CHILDREN_RUNNING)


def test_between_waves_a_person_is_asked_where_the_plan_says_so() -> None:
    over = counted(planned(2, 9, asks=True), following=9, completed=2).given(c.Settle())

    assert over.stands[:2] == (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED)
    assert (over.asked.gate, "May wave 2 begin (9 tasks)?" in over.asked.question) == ("wave", True)
    assert over.given(approve()).task.waves.current == 2  # type: ignore[union-attr]
    kept = over.given(reject(reason="look at the logs first"))
    assert kept.stands[:2] == (State.INPUT_REQUIRED, Reason.HALTED)
    assert kept.given(approve()).task.waves.current == 2  # type: ignore[union-attr]
    assert over.given(pause(), resume()).asked.gate == "wave"


def test_only_whom_the_plan_names_lets_a_wave_begin() -> None:
    over = counted(planned(2, 9, asks=True, approvers=("leads",)), completed=2).given(c.Settle())

    assert "human:ana may not decide" in over.refuses(approve()).message
    assert over.given(approve("human:cleo")).task.waves.current == 2  # type: ignore[union-attr]


def test_what_a_person_accepted_does_not_halt_again_and_what_fails_beyond_it_does() -> None:
    at = counted(halted(10, 9), stopped=1, completed=8, begun=1).given(c.Settle(), approve())

    assert at.given(c.Settle()).stands[:2] == (State.WORKING, Reason.CHILDREN_RUNNING)
    again = counted(at, stopped=2, completed=8).given(c.Settle())
    assert again.stands[:2] == (State.INPUT_REQUIRED, Reason.HALTED)


def test_what_was_accepted_and_then_tried_again_halts_when_it_fails_again() -> None:
    at = counted(halted(10, 9), stopped=1, begun=9).given(c.Settle(), approve())
    retried = counted(at, begun=10, retried=1).given(c.Settle())

    again = counted(retried, stopped=1, begun=9, retried=1).given(c.Settle())
    assert isinstance(retried.past[-1][0], WaveCounted)
    assert again.stands[:2] == (State.INPUT_REQUIRED, Reason.HALTED)


def test_a_halt_is_recorded_with_what_the_wave_did() -> None:
    halts = next(event for event, _ in halted(5, 9).past if isinstance(event, FleetHalted))

    assert (halts.report.failed, halts.report.size) == (1, 5)
    assert last_move((halted(5, 9).past[-1][0],)) == (State.INPUT_REQUIRED, Reason.HALTED)


# -- properties

counts = st.integers(0, 12)
reports = st.builds(
    WaveReport,
    st.just(1),
    held=st.just(0),
    ready=counts,
    begun=counts,
    stopped=counts,
    completed=counts,
    lost=counts,
    excluded=counts,
    given_up=counts,
    retried=counts,
)
rules = st.builds(HaltRule, percent=st.integers(0, 100), least=st.integers(1, 20), alike=st.integers(0, 5))


@given(reports, rules)
def test_what_halts_never_passes_and_what_passes_has_nothing_at_risk(seen: WaveReport, rule: HaltRule) -> None:
    why = halting(rule, seen, NEVER, is_proven=True)

    assert not (why and passes(rule, seen, NEVER, is_proven=True))
    if passes(rule, seen, NEVER, is_proven=True):
        assert seen.begun == seen.ready == seen.held == seen.stopped == 0
        assert rule.percent == 0 or seen.failed * 100 < rule.percent * seen.size or seen.failed == 0


@given(reports, rules)
def test_a_share_that_was_reached_halts_once_enough_are_judged(seen: WaveReport, rule: HaltRule) -> None:
    is_reached = rule.percent > 0 and seen.failed > 0 and seen.failed * 100 >= rule.percent * seen.size
    is_judged = seen.judged >= rule.least or seen.open == 0

    assert bool(halting(replace(rule, alike=0), seen, NEVER, is_proven=True)) >= (is_reached and is_judged)


@given(reports, rules)
def test_what_a_person_was_shown_does_not_halt_again_by_itself(seen: WaveReport, rule: HaltRule) -> None:
    assert not halting(rule, seen, accepted_of(seen), is_proven=False)


@given(reports, reports)
def test_what_is_accepted_only_ever_falls(seen: WaveReport, later: WaveReport) -> None:
    accepted = accepted_of(seen)

    assert lowered(accepted, later).failed == min(accepted.failed, later.failed)


@given(reports)
def test_every_task_of_a_wave_stands_in_one_way(seen: WaveReport) -> None:
    assert seen.size == sum(getattr(seen, standing.value) for standing in WaveStanding)
    assert seen.retried is seen.retried and seen.failed <= seen.judged <= seen.size
