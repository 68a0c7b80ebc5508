"""The figures of the loop: what is planted is found and nothing else, and every figure is as a plain recount says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.planted_log import HOUR, MONDAY, Plant, PlantedLog
from measures.recount import Recount
from onloop.access.runs import builtin_workflow
from onloop.errors import Ground
from onloop.insight.measures.loop_figures import LoopFigures
from onloop.insight.measures.loop_fold import LoopFold, LoopScope
from onloop.insight.measures.loop_pages import read_on
from onloop.insight.measures.loop_tables import DASH, facts_of, tables_of
from onloop.insight.measures.samples import LARGEST, SizeClass, Spread, size_of, upper_share
from onloop.machine.denials import Denied
from onloop.machine.store_state import HOUSE
from onloop.simulation.conduct import AgentConduct, Conduct, GateConduct, PeopleConduct
from onloop.simulation.simulated_run import simulation
from onloop.simulation.simulation_plan import Plan
from onloop.store.codec import to_text
from onloop.store.port import Recorded

LATER = MONDAY + 10**10
HARSH = Conduct(
    agents=AgentConduct(crashes=120, vanishes=80, asks=60, gives_up=60, fails_review=300),
    gates=GateConduct(fails=250, errors=40),
    people=PeopleConduct(rejects=200, retries=600),
)
PLANTS = st.frozensets(st.sampled_from(Plant))


def folded(log: list[Recorded], scope: LoopScope = LoopScope()) -> LoopFigures:  # noqa: B008 - it never changes
    fold = LoopFold(scope)
    fold.take(log)
    return fold.figures(LATER)


@given(seed=st.integers(0, 10**6), plants=PLANTS)
@settings(max_examples=12)
def test_what_is_planted_is_found_at_its_gate_and_nothing_else_is(seed: int, plants: frozenset[Plant]) -> None:
    figures = folded(PlantedLog(seed, plants).events)

    found = {(each.kind.name, each.gate.step, each.gate.gate) for each in figures.findings}
    assert found == {(plant.name, *plant.value) for plant in plants}


def test_what_hooks_refused_is_told_by_what_was_tried_and_nothing_else_that_was_denied() -> None:
    def denied(seq: int, verb: str, task: str, count: int, ground: Ground = Ground.HOOK) -> Recorded:
        told = Denied("agent:coder", verb, ground, task, count=count, at=MONDAY + seq)
        return Recorded(seq, HOUSE, seq, HOUSE, seq, "Denied", to_text(told), MONDAY + seq, "gateway:denials", "", "")

    log = [
        denied(1, "push", "r1.1", 1),
        denied(2, "push", "r1.2", 40),
        denied(3, "change hooks", "r1.1", 2),
        denied(4, "approve", "r1.1", 9, Ground.KIND),
    ]

    refusals = [(each.tried, each.count, each.tasks) for each in folded(log).hook_refusals]

    assert refusals == [("push", 41, 2), ("change hooks", 2, 1)]
    assert folded(log, LoopScope(since=MONDAY + 3)).hook_refusals[0].tried == "change hooks"
    assert folded(log, LoopScope(run="r1")).hook_refusals == (), "nothing of the run was seen"


def check(figures: LoopFigures, log: list[Recorded]) -> None:
    """Every figure is what looking through the whole log for it gives."""
    plain = Recount(log)
    touches = plain.touches()
    told = figures.touches
    assert (told.ended, told.touches) == (len(touches), sum(touches.values()))
    assert told.untouched == sum(count == 0 for count in touches.values())
    assert (figures.autonomy.merged, figures.autonomy.seen, figures.autonomy.alone) == plain.merged()
    assert figures.whole == plain.whole()
    assert {each.name: each.spent for each in figures.phases} == plain.phases()
    humans = plain.human_gates()
    assert {gate.gate.words for gate in figures.human_gates} == set(humans)
    for gate in figures.human_gates:
        counted = humans[gate.gate.words]
        for name in ("asked", "approved", "rejected", "withdrawn", "open", "unchanged"):
            assert getattr(gate, name) == counted.get(name, 0), (gate.gate, name)
        assert gate.waited == plain.waits().get(gate.gate.words, Spread())
        assert gate.asked == gate.decided + gate.withdrawn + gate.open
    machines = {
        g.gate.words: (g.runs, g.passed, g.failed, g.timed_out, g.errors, g.works, g.twice, g.disagreed)
        for g in figures.machine_gates
    }
    assert machines == plain.machine_gates()
    assert sum(each.count for each in figures.idle_calls) == plain.idle_calls()
    for call in figures.calls:
        parts = (call.decided, call.ended_alone, call.ended_by_people, call.expired, call.open)
        assert call.asked == sum(parts)
    assert sum(week.ended for week in figures.weeks) == told.ended
    assert sum(week.touches for week in figures.weeks) == told.touches
    assert sum(week.merged for week in figures.weeks) == figures.autonomy.merged
    costs = {each.size.value if each.size else "all": each for each in figures.costs if each.merged}
    assert {
        size: (each.merged, each.partly, each.micro_usd, each.tokens) for size, each in costs.items()
    } == plain.costs()


@given(seed=st.integers(0, 10**6), plants=PLANTS)
@settings(max_examples=6)
def test_every_figure_of_a_planted_log_is_as_a_plain_recount_says(seed: int, plants: frozenset[Plant]) -> None:
    log = PlantedLog(seed, plants, tasks=40).events

    check(folded(log), log)


@pytest.mark.parametrize(("seed", "workflow"), [(3, "cve-remediation"), (4, "feature"), (5, "swarm-feature")])
def test_every_figure_of_a_simulated_fleet_is_as_a_plain_recount_says(tmp_path: Path, seed: int, workflow: str) -> None:
    run = simulation(Plan(builtin_workflow(workflow), HARSH, repositories=8, agents=4, seed=seed), tmp_path / "s")
    try:
        run.run()
        fold = LoopFold()
        read_on(run.world.gateway, fold)
        with run.world.store.reading() as at:
            log = list(at.log(limit=10**6))
    finally:
        run.world.store.close()

    assert fold.last == log[-1].seq
    check(fold.figures(LATER), log)


@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(0, 2000), max_size=6))
@settings(max_examples=8)
def test_a_log_read_in_parts_with_some_events_twice_says_the_same(seed: int, cuts: list[int]) -> None:
    log = PlantedLog(seed, frozenset(Plant), tasks=20).events
    fold = LoopFold()
    for cut in sorted(cuts):
        fold.take(log[max(0, fold.last - 7) : cut])
        fold.figures(LATER)
    fold.take(log)

    assert fold.figures(LATER) == folded(log)


def test_a_scope_leaves_out_other_runs_other_workflows_and_what_ended_before() -> None:
    log = PlantedLog(1, frozenset(), tasks=40).events
    middle = log[len(log) // 2].at

    assert folded(log, LoopScope(workflow="nope")).touches.ended == 0
    assert folded(log, LoopScope(workflow="nope")).human_gates == ()
    of_one = folded(log, LoopScope(run="r3"))
    assert of_one.touches.ended == sum(task.startswith("r3.") for task in Recount(log).ended()) > 0
    later = folded(log, LoopScope(since=middle))
    assert later.touches.ended == sum(at >= middle for at, _ in Recount(log).ended().values())
    assert all(week.begins >= middle - 7 * 24 * HOUR for week in later.weeks)


def test_what_ended_is_forgotten_but_for_numbers() -> None:
    fold = LoopFold()
    fold.take(PlantedLog(2, frozenset(Plant)).events)

    assert fold.figures(LATER).live == 0
    assert fold.remembered == 0


def test_nothing_seen_is_a_dash_and_never_a_zero() -> None:
    figures = folded([])

    assert dict(facts_of(figures))["autonomy"] == dict(facts_of(figures))["touches"] == DASH
    assert figures.whole == Spread(None, 0)
    assert all(not table.rows or table.key == "calls" for table in tables_of(figures))


@given(st.integers(0, 10**7))
def test_a_size_is_the_least_class_that_holds_it(lines: int) -> None:
    size = size_of(lines)

    assert all(
        lines > most for other, most in LARGEST.items() if list(SizeClass).index(other) < list(SizeClass).index(size)
    )
    assert size is SizeClass.XL or lines <= LARGEST[size]


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_share_is_never_surer_than_what_was_seen(hits: int, more: int) -> None:
    of = hits + more

    assert (hits / of if of else 1.0) <= upper_share(hits, of) + 1e-9 <= 1.0 + 1e-9
    assert upper_share(0, 24) > 0.1 > upper_share(0, 25)
