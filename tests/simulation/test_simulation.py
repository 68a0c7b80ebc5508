"""Simulations: the same seed gives the same history, and what must hold holds in every one of them."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.access.runs import builtin_workflow
from onloop.errors import WorkflowError
from onloop.machine.wave_plan import HaltRule, WavePlan
from onloop.records import replace
from onloop.simulation.conduct import AgentConduct, Conduct, GateConduct, PeopleConduct, TimeSpan
from onloop.simulation.conduct_file import load_conduct, written_conduct
from onloop.simulation.forecast import forecast_of, quantiles, simulated
from onloop.simulation.people_desk import DAY, awake_at
from onloop.simulation.simulated_run import simulation
from onloop.simulation.simulation_plan import HOUR, Plan
from onloop.simulation.virtual_time import VirtualTime
from simulation.invariants import Witness, check_end

WORKFLOWS = ("cve-remediation", "feature", "swarm-feature")
HARSH = Conduct(
    agents=AgentConduct(crashes=120, vanishes=80, asks=60, gives_up=60, fails_review=300),
    gates=GateConduct(fails=250, errors=40),
    people=PeopleConduct(rejects=200, retries=600),
)
WAVES = WavePlan((1, 2, 3), halt=HaltRule(40, 2), asks=True)
"""Conduct in which everything goes wrong often, so that few acts show much."""


def plan(seed: int = 1, workflow: str = "cve-remediation", **more: Any) -> Plan:
    """A small plan."""
    return Plan(builtin_workflow(workflow), HARSH, repositories=6, agents=4, seed=seed, **more)


def check_seed(asked: Plan, folder: Path) -> None:
    """Simulate it, with every invariant looked at after each act and at the end."""
    run = simulation(asked, folder / f"seed-{asked.seed}", Witness(asked.max_parallel))
    try:
        run.run()
        check_end(run)
    finally:
        run.world.store.close()


def test_the_same_seed_gives_the_same_history_and_another_gives_another() -> None:
    first, again, other = (simulated(plan(seed)) for seed in (7, 7, 8))

    assert first == again
    assert first.history != other.history
    assert first.ended


def test_one_repository_is_simulated_without_a_fleet_around_it() -> None:
    found = simulated(replace(plan(), repositories=1))

    assert sum(found.tasks.values()) == 1


@pytest.mark.parametrize("workflow", WORKFLOWS)
@pytest.mark.parametrize("seed", range(6))
def test_what_must_hold_holds_after_every_act(tmp_path: Path, workflow: str, seed: int) -> None:
    check_seed(plan(seed, workflow, max_parallel=(None, 3)[seed % 2], waves=(None, WAVES, None)[seed % 3]), tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("tens", range(100))
def test_what_must_hold_holds_for_a_thousand_seeds(tmp_path: Path, tens: int) -> None:
    for seed in range(1_000 + 10 * tens, 1_010 + 10 * tens):
        most = (None, 2, 5)[seed % 3]
        waves = (None, WAVES)[seed % 2]
        check_seed(plan(seed, WORKFLOWS[seed % len(WORKFLOWS)], max_parallel=most, waves=waves), tmp_path)


def test_a_simulation_stops_when_its_time_is_over_and_says_so() -> None:
    found = simulated(plan(limit_ms=HOUR // 2))

    assert not found.ended
    assert found.took_ms <= HOUR // 2
    assert forecast_of([found]).unfinished == 1


def test_a_cause_that_nobody_mends_is_forecast_as_what_blocks() -> None:
    blocked = load_conduct(
        b'causes: [{name: lost, share: 100%, words: "ImportError: no module named lost", mended_by_people: 0%}]',
        "conduct.yaml",
    )

    found = simulated(replace(plan(), conduct=blocked))

    assert any("no module named lost" in cause for cause in found.blocked)
    assert found.tasks == {"excluded": 6}


def test_a_conduct_file_that_says_what_is_usual_is_the_usual_conduct() -> None:
    assert load_conduct(written_conduct().encode(), "conduct.yaml") == Conduct()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agents:\n  crashes: 200%\n", "2:12: crashes: '200%' is not a share; write it as 2% or as 0.5%, at most 100%"),
        ("agents: {cras: 2%}\n", "1:10: unknown field 'cras' in agents"),
        ('people: {from: "25:00"}\n', "1:16: from: '25:00' is not a time of day; write it as 09:00, in UTC"),
        ("causes: [{name: x, share: 1%}]\n", "a cause lacks words; add words: …"),
        ("gates: {time: {half: 5 min, most: 9m}}\n", "'5 min' is not a duration"),
        ("- 1\n", "1:1: "),
        ("", "1:1: "),
        ("a: &b 1\n", "1:4: "),
    ],
)
def test_what_is_wrong_in_a_conduct_file_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(WorkflowError) as told:
        load_conduct(text.encode(), "conduct.yaml")

    assert any(said in problem for problem in told.value.problems), told.value.problems


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=50))
def test_quantiles_are_values_that_occurred_with_enough_at_or_below_them(values: list[int]) -> None:
    found = quantiles(values)

    assert {found.p50, found.p90} <= set(values)
    assert sum(value <= found.p50 for value in values) * 2 >= len(values)
    assert sum(value <= found.p90 for value in values) * 10 >= len(values) * 9


@given(st.integers(0, 10**13), st.integers(0, DAY), st.integers(0, DAY))
def test_people_look_only_within_their_day(when: int, begins: int, ends: int) -> None:
    ways = PeopleConduct(day=(min(begins, ends), max(begins, ends)))

    found = awake_at(when, ways)

    assert when <= found <= when + DAY
    assert begins == ends or ways.day[0] <= found % DAY < ways.day[1]


@given(st.lists(st.integers(0, 100), max_size=30))
def test_acts_happen_in_their_order_and_those_of_one_time_as_they_were_set(times: list[int]) -> None:
    time, seen = VirtualTime(0), list[tuple[int, int]]()
    for number, when in enumerate(times):
        time.at(when, lambda w=when, n=number: seen.append((w, n)))  # type: ignore[misc]

    while (act := time.next(1_000)) is not None:
        act()

    assert seen == sorted(seen)
    assert len(seen) == len(times)


@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers())
def test_a_time_is_never_below_a_millisecond_nor_absurd(p50: int, p90: int, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - chance is what is tested

    assert 1 <= TimeSpan(p50, p90).sample(chance) <= p50 * 50
