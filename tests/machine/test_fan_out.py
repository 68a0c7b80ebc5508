"""A step that makes children: who they are, when they are enough, and what becomes of what they did."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onloop.errors import Exit, Refused
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import Isolation, Join, JoinKind
from onloop.machine.rules.join import Child, Enough, Impossible, Unfinished, joined
from onloop.machine.state import TERMINAL, Reason, State
from onloop.machine.task import Offspring
from onloop.records import replace
from support.scenario import (
    ALFA,
    HEAD,
    TASK,
    claim,
    conflicts,
    funnelled,
    funnelling,
    last_move,
    report,
    retry,
    spawn,
    submit,
    swarm,
    with_children,
    work,
    workflow,
)
from support.steps import develop, full, gate, parts, quorum, spawning

DONE, LOST, BUSY = State.COMPLETED, State.CANCELED, State.WORKING
BEST = Join(JoinKind.BEST_OF)
STATES = st.lists(st.sampled_from(State), min_size=1, max_size=6)
JOINS = st.sampled_from([Join(), Join(JoinKind.FIRST), quorum(2), quorum(4), BEST])


def child(number: int, state: State, score: int | None = None) -> Child:
    return Child(Offspring(f"{TASK}.{number}", f"part {number}"), state, score)


def test_a_step_that_counts_makes_its_children_under_ids_that_follow_from_the_task() -> None:
    at = workflow(parts(3))

    assert [made.id for made in at.task.children] == [f"{TASK}.1", f"{TASK}.2", f"{TASK}.3"]
    assert at.stands[:2] == (State.WORKING, Reason.CHILDREN_RUNNING)


def test_a_list_that_an_agent_handed_over_makes_a_child_per_line() -> None:
    at = workflow(develop(), parts(None, over="parts.txt")).knowing(handed={"parts.txt": ("the menu", "the till")})

    assert [made.title for made in at.given(claim(), submit(), report()).task.children] == ["the menu", "the till"]


def test_lines_that_are_alike_are_parts_of_their_own_and_none_stands_in_for_another_that_was_lost() -> None:
    long = "x" * 300
    at = workflow(develop(), parts(None, over="parts.txt"))
    at = at.knowing(handed={"parts.txt": ("alfa", "alfa", long, long)}).given(claim(), submit(), report())
    titles = [made.title for made in at.task.children]
    assert (titles[:2], len(set(titles)), max(map(len, titles))) == (["alfa", "alfa (2)"], 4, 200)

    after = with_children(at, LOST, DONE, DONE, DONE).given(c.Settle())

    assert after.stands[:2] == (State.INPUT_REQUIRED, Reason.HALTED)


@pytest.mark.parametrize("lines", [(), tuple(f"part {n}" for n in range(21))], ids=["empty", "too long"])
def test_a_list_that_is_empty_or_too_long_is_a_question_for_a_person(lines: tuple[str, ...]) -> None:
    at = workflow(develop(), parts(None, over="parts.txt")).knowing(handed={"parts.txt": lines})

    after = at.given(claim(), submit(), report())

    assert after.stands[:2] == (State.INPUT_REQUIRED, Reason.HALTED)
    assert after.task.children == ()


def test_a_storm_of_children_ends_at_the_cap_which_is_named() -> None:
    at = workflow(spawning(most=2)).given(claim(), spawn("one"), spawn("two"))

    no = at.refuses(spawn("three"))

    assert (no.exit, "is 2" in no.message) == (Exit.SPENT, True)


def test_only_a_step_that_says_so_lets_its_agent_spawn() -> None:
    assert workflow(develop()).given(claim()).refuses(spawn()).exit is Exit.USAGE


def test_an_agent_asks_for_an_environment_of_those_that_its_workflow_lets_it_choose_and_no_other() -> None:
    at = workflow(spawning(environments=(Isolation.CLONE, Isolation.VM))).given(claim())
    chosen = at.given(spawn("one", environment=Isolation.VM), spawn("two"))

    assert [child.isolation for child in chosen.task.children] == [Isolation.VM, Isolation.NONE]
    no = at.refuses(spawn("three", environment=Isolation.CONTAINER))
    assert (no.exit, no.hint) == (Exit.USAGE, "use one of: clone, vm")
    unasked = workflow(spawning()).given(claim()).refuses(spawn("one", environment=Isolation.CLONE))
    assert unasked.hint == "leave --environment out"


def test_what_its_parent_s_agent_asked_for_is_demanded_of_whoever_claims_the_child() -> None:
    asked = workflow(develop())
    asked = replace(asked, known=replace(asked.task, isolation=Isolation.VM))

    assert "demands isolation vm, not clone" in asked.refuses(claim()).message
    assert isinstance(asked.when(replace(claim(), gives=Isolation.VM))[0], e.Claimed)
    more = workflow(replace(develop(), isolation=Isolation.VM))
    more = replace(more, known=replace(more.task, isolation=Isolation.CLONE))
    assert "demands isolation vm" in more.refuses(replace(claim(), gives=Isolation.BOX)).message


def test_a_child_in_the_place_of_a_lost_one_has_the_environment_that_was_asked_for() -> None:
    at = swarm(State.CANCELED, State.COMPLETED)
    lost = replace(at.task.children[0], isolation=Isolation.BOX)
    at = replace(at, known=replace(at.task, children=(lost, *at.task.children[1:])))

    again = with_children(at, State.CANCELED, State.COMPLETED).given(c.Settle(), retry())

    assert again.task.children[-1].isolation is Isolation.BOX


def test_whoever_lost_the_lease_spawns_nothing() -> None:
    at = workflow(spawning()).given(claim())

    with pytest.raises(Refused):
        at.when(c.Spawn(ALFA, at.task.epoch - 1, "one"))


def test_a_spawning_agent_that_submits_waits_for_its_children() -> None:
    at = workflow(spawning(gates=(gate(),))).given(claim(), spawn(), submit())

    assert at.stands[:2] == (State.WORKING, Reason.CHILDREN_RUNNING)
    assert at.task.holder is None


def test_the_children_that_completed_are_merged_in_the_order_in_which_they_were_made() -> None:
    at = swarm(DONE, DONE).given(c.Settle())

    assert at.task.joined == (f"{TASK}.1", f"{TASK}.2")
    assert at.stands[:2] == (State.WORKING, Reason.EFFECT_RUNNING)


def test_what_was_merged_is_what_the_gates_of_the_step_judge() -> None:
    at = funnelling(gates=(gate(),)).given(funnelled(work(HEAD)))

    assert (at.task.awaited, at.task.submission and at.task.submission.head) == (("tests",), HEAD)
    assert at.given(report()).stands[0] is State.COMPLETED


def test_a_join_that_became_impossible_asks_a_person_and_a_retry_replaces_who_was_lost() -> None:
    at = swarm(DONE, LOST).given(c.Settle())
    assert at.stands[:2] == (State.INPUT_REQUIRED, Reason.HALTED)

    again = at.given(retry())

    assert [made.id for made in again.task.children] == [f"{TASK}.1", f"{TASK}.2", f"{TASK}.3"]
    assert with_children(again, DONE, LOST, DONE).given(c.Settle()).task.joined == (f"{TASK}.1", f"{TASK}.3")


def test_nobody_is_asked_while_a_child_still_works() -> None:
    assert swarm(LOST, BUSY).when(c.Settle()) == ()


def test_a_join_does_not_go_on_while_a_loser_works() -> None:
    assert swarm(DONE, BUSY, join=Join(JoinKind.FIRST)).refuses(c.Settle()).exit is Exit.NOT_YET


def test_the_best_child_is_the_one_with_the_highest_score_and_the_first_of_equals() -> None:
    found = joined(BEST, [child(1, DONE, 5), child(2, DONE, 9), child(3, DONE, 9), child(4, LOST, 99)])

    assert isinstance(found, Enough)
    assert [winner.id for winner in found.winners] == [f"{TASK}.2"]


def test_a_conflict_becomes_a_child_that_mends_it_and_then_a_question_for_a_person() -> None:
    at = funnelling().given(conflicts())
    assert at.task.children[-1].merges == (f"{TASK}.1", f"{TASK}.2")
    assert "app.py" in at.task.children[-1].brief

    again = with_children(at, DONE, DONE, DONE).given(c.Settle())

    assert again.stands[:2] == (State.WORKING, Reason.EFFECT_RUNNING)
    assert last_move(again.when(conflicts())) == (State.INPUT_REQUIRED, Reason.CONFLICT)


def test_who_did_a_part_counts_as_having_worked_on_the_step() -> None:
    at = workflow(parts(1))
    (made,) = at.task.children
    at = at.knowing(children=(DONE,), swarm=(Child(made, DONE, workers=(ALFA,)),))

    assert at.given(c.Settle()).task.workers["develop.parts"] == (ALFA,)


@given(STATES, JOINS)
@settings(max_examples=200)
def test_a_join_is_enough_only_with_work_that_completed_and_leaves_nobody_at_work(
    states: list[State], join: Join
) -> None:
    children = [child(number, state, number) for number, state in enumerate(states, 1)]

    found = joined(join, children)

    match found:
        case Enough(winners, losers):
            assert winners and all(winner.state is DONE for winner in winners)
            assert {one.id for one in children if one.live} == {loser.id for loser in losers}
        case Impossible():
            assert all(state in TERMINAL for state in states)
        case Unfinished():
            assert any(state not in TERMINAL for state in states)


@given(STATES, JOINS)
@settings(max_examples=150)
def test_a_parent_never_completes_with_a_live_child(states: list[State], join: Join) -> None:
    at = swarm(*states, join=join)
    for command in (c.Settle(), funnelled(), c.Settle()):
        try:
            at = at.given(command)
        except (Refused, AssertionError):
            continue

    assert at.task.state is not DONE or all(state in TERMINAL for state in states)


def test_a_task_whose_steps_are_done_waits_for_a_child_that_was_left_behind() -> None:
    at = workflow(develop(), full()).given(claim(), submit(), report()).knowing(children=(BUSY,))

    waits = at.given(report("run"))

    assert waits.stands[:2] == (State.WORKING, Reason.CHILDREN_RUNNING)
    assert waits.knowing(children=(DONE,)).given(c.Settle()).stands[0] is DONE


def test_the_same_history_makes_the_same_children() -> None:
    made = [event for event, _ in workflow(parts(2)).past if isinstance(event, e.FannedOut)]

    assert made == [event for event, _ in workflow(parts(2)).past if isinstance(event, e.FannedOut)]
