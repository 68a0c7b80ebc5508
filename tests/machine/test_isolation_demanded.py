"""A step gets no less isolation than it demands, and what its launcher attests is a fact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.agent_environment import EnvironmentKind, reaches, weaker
from onloop.machine.definition import Isolation
from onloop.records import replace
from support.passing import attested
from support.scenario import ALFA, BRAVO, Scenario, claim, workflow
from support.steps import develop


def demanding(isolation: Isolation) -> Scenario:
    return workflow(replace(develop(), isolation=isolation))


def offering(isolation: Isolation) -> c.Claim:
    return replace(claim(), gives=isolation)


@pytest.mark.parametrize("demanded", Isolation)
@pytest.mark.parametrize("given_one", Isolation)
def test_a_claim_that_gives_less_than_its_step_demands_is_refused_and_says_what_would_work(
    demanded: Isolation, given_one: Isolation
) -> None:
    at = demanding(demanded)
    if reaches(given_one, demanded):
        assert isinstance(at.when(offering(given_one))[0], e.Claimed)
        return
    no = at.refuses(offering(given_one))
    assert no.exit is Exit.NOTHING
    assert f"demands isolation {demanded.value}, not {given_one.value}" in no.message
    assert f"--environment {demanded.value}" in no.hint


def test_who_says_nothing_gives_a_clone() -> None:
    assert isinstance(demanding(Isolation.CLONE).when(claim())[0], e.Claimed)
    assert "not clone" in demanding(Isolation.BOX).refuses(claim()).message


def test_what_was_made_is_recorded_with_the_epoch_and_the_time_of_the_machine_that_decides() -> None:
    at = demanding(Isolation.CLONE).given(claim())
    (made,) = at.when(attested(Isolation.CONTAINER, EnvironmentKind.CONTAINER))
    assert isinstance(made, e.EnvironmentMade)
    assert (made.made.epoch, made.made.at, made.made.isolation) == (1, at.now, Isolation.CONTAINER)
    after = at.given(made)
    assert after.task.environment == made.made


def test_what_a_probe_found_weaker_than_the_step_demands_is_refused() -> None:
    at = demanding(Isolation.VM).given(offering(Isolation.VM))
    assert "demands isolation vm, not container" in at.refuses(attested(Isolation.CONTAINER)).message


def test_only_of_its_own_holder_and_epoch_does_a_launcher_attest_anything() -> None:
    at = demanding(Isolation.CLONE).given(claim())
    made = attested()(at)
    assert isinstance(made, c.ReportEnvironment)
    assert at.refuses(replace(made, epoch=7)).exit is Exit.NOT_YOURS
    assert at.refuses(replace(made, agent=BRAVO)).exit is Exit.NOT_YOURS
    assert at.task.holder == ALFA


@given(st.sampled_from(Isolation), st.sampled_from(Isolation))
def test_the_weaker_of_two_never_reaches_more_than_either(one: Isolation, other: Isolation) -> None:
    least = weaker(one, other)
    assert reaches(one, least)
    assert reaches(other, least)
    assert least in {one, other}
