"""What agents pass on: messages, checkpoints, how full their context is, and the step itself."""

from __future__ import annotations

import pytest

from onloop.errors import Exit, NotAllowed
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import ContextLimits
from onloop.machine.rules.message_rules import (
    LARGEST_CHECKPOINT,
    LARGEST_MESSAGE,
    MOST_HANDOVERS,
    MOST_UNREAD,
    context_advice,
)
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind
from support.passing import TEXT, checkpoint, context, delivered, handoff, shown, tell
from support.scenario import (
    ALFA,
    BRAVO,
    FAIL,
    Play,
    Scenario,
    ask,
    claim,
    create,
    expire_lease,
    give_up,
    judge,
    reassign,
    release,
    reply,
    report,
    spawn,
    submit,
    swarm,
    under_review,
    work,
    workflow,
)
from support.steps import defined, develop, ship, spawning

LIMITS = ContextLimits(60, 85)
working = workflow(develop()).given(claim())
limited = workflow(develop(context=LIMITS)).given(claim())
told = working.given(delivered(), delivered(), delivered())


def numbers(at: Scenario) -> list[int]:
    return [message.number for message in at.task.messages]


def test_what_is_told_reaches_the_parent_a_child_that_works_or_the_task_that_is_named() -> None:
    at = swarm(State.WORKING, State.COMPLETED, State.WORKING)
    busy = workflow(spawning()).given(claim(), spawn("one"), spawn("two")).knowing(swarm=at.facts.swarm)

    (event,) = busy.when(tell("children"))
    assert isinstance(event, e.Told)
    assert event.to == ("r1.1.1", "r1.1.3")
    (named,) = busy.when(tell("r1.7"))
    assert isinstance(named, e.Told) and named.to == ("r1.7",)


@pytest.mark.parametrize("to", ["parent", "children", "r1.1"], ids=["no parent", "no child", "oneself"])
def test_nobody_is_told_where_there_is_nobody(to: str) -> None:
    assert working.refuses(tell(to)).exit is Exit.USAGE


@pytest.mark.parametrize("size", [0, LARGEST_MESSAGE + 1, 10_000_000])
def test_a_message_that_is_empty_or_too_large_is_refused_and_the_size_that_would_work_is_named(size: int) -> None:
    assert str(LARGEST_MESSAGE) in working.refuses(tell("r1.2", size)).hint


def test_a_message_of_another_run_is_not_taken() -> None:
    assert isinstance(working.refuses(delivered(run="r2")), NotAllowed)


def test_a_fleet_reads_nothing() -> None:
    assert Scenario(defined(develop())).given(create(Kind.FLEET)).refuses(delivered()).exit is Exit.USAGE


def test_an_inbox_that_is_full_takes_no_more_and_names_the_cap() -> None:
    full = working.given(*[delivered()] * MOST_UNREAD)

    no = full.refuses(delivered())

    assert (no.exit, str(MOST_UNREAD) in no.message) == (Exit.SPENT, True)
    assert len(full.given(shown(5), checkpoint(), delivered()).task.messages) == MOST_UNREAD - 4


@pytest.mark.parametrize(
    "act",
    [submit(), ask(), give_up(), tell("r1.2"), checkpoint(), handoff(), release(c.ReleaseCause.RETURNED)],
    ids=["submit", "ask", "fail", "tell", "checkpoint", "handoff", "release"],
)
def test_what_was_shown_is_read_with_the_next_act_and_what_came_after_stays_unread(act: Play) -> None:
    at = told.given(shown(2), delivered(), act)

    assert numbers(at) == [3, 4]


def test_an_act_without_having_looked_reads_nothing() -> None:
    assert numbers(told.given(checkpoint())) == [1, 2, 3]


@pytest.mark.parametrize("loss", [release(), release(c.ReleaseCause.STOPPED), expire_lease()])
def test_who_loses_the_lease_after_looking_has_read_nothing_and_neither_has_its_successor(loss: Play) -> None:
    at = told.given(shown(3)).knowing(lease_expires=0).given(loss).later(60_000_000)
    again = at.given(c.FireTimer(c.TimerKind.RETRY, "1")) if at.task.reason is Reason.RETRY_BACKOFF else at

    assert numbers(again.given(claim(BRAVO), checkpoint())) == [1, 2, 3]


def test_only_the_holder_is_shown_anything_and_never_more_than_there_is() -> None:
    assert told.refuses(c.MarkShown(BRAVO, 1, 1)).exit is Exit.NOT_YOURS
    assert told.when(shown(4)) == ()
    assert told.given(shown(2)).when(shown(1)) == ()


def test_a_checkpoint_outlives_the_lease_and_the_newest_of_a_step_is_kept() -> None:
    at = working.given(checkpoint("1" * 64), checkpoint("2" * 64), release())

    assert [kept.digest for kept in at.task.checkpoints.values()] == ["2" * 64]


def test_a_checkpoint_that_is_too_large_is_refused() -> None:
    assert str(LARGEST_CHECKPOINT) in working.refuses(checkpoint(TEXT, LARGEST_CHECKPOINT + 1)).hint


def test_a_handoff_counts_no_attempt_fences_the_old_holder_and_is_for_whom_it_names() -> None:
    at = working.given(handoff(BRAVO, "it knows this", "which one?"))

    assert (at.stands[:2], at.task.tries, at.task.holder) == ((State.SUBMITTED, Reason.READY), 0, None)
    assert at.task.wanted == BRAVO
    assert at.refuses(claim(ALFA)).exit is Exit.NOT_YOURS
    assert at.refuses(c.Submit(ALFA, 1, work())).exit is Exit.NOT_YOURS
    (handed,) = at.given(claim(BRAVO)).task.handovers
    assert (handed.by, handed.why, handed.open) == (ALFA, "it knows this", ("which one?",))


def test_a_handoff_to_nobody_in_particular_is_for_the_role_of_the_step() -> None:
    assert working.given(handoff()).task.wanted == "implementer"
    assert working.given(handoff(BRAVO), claim(BRAVO), handoff()).task.wanted == "implementer"


@pytest.mark.parametrize("command", [handoff("nobody"), handoff(why=" "), handoff("", "full", *["which?"] * 11)])
def test_a_handoff_to_a_stranger_without_a_reason_or_with_too_much_open_is_refused(command: Play) -> None:
    assert working.refuses(command).exit is Exit.USAGE


@pytest.mark.parametrize("to", [ALFA, "agent:alfa-2"])
def test_a_handoff_to_an_agent_that_not_by_excludes_is_refused_before_it_waits_for_ever(to: str) -> None:
    at = under_review()

    no = at.refuses(handoff(to))

    assert no.exit is Exit.USAGE
    assert f"{to} may not take this step" in no.message and "not_by develop.implement" in no.message
    assert no.hint == "use --to reviewer, or --to agent:NAME of another agent"
    assert at.given(handoff("agent:charlie")).task.wanted == "agent:charlie"
    assert at.given(handoff("reviewer")).task.wanted == "reviewer"


def test_nor_can_a_person_give_the_step_to_whoever_could_never_take_it() -> None:
    at = under_review()

    assert f"{ALFA} may not take this step" in at.refuses(reassign(ALFA)).message
    assert at.given(reassign("agent:charlie")).task.wanted == "agent:charlie"


def test_a_review_is_not_handed_to_an_agent_that_has_judged_already() -> None:
    at = under_review(quorum=2).given(judge(), claim("agent:charlie", "reviewer"))

    assert "already reviewed r1.1" in at.refuses(handoff(BRAVO)).message


def test_a_step_is_not_handed_on_for_ever() -> None:
    at = working
    for _ in range(MOST_HANDOVERS):
        at = at.given(handoff(), claim())

    no = at.refuses(handoff())

    assert (no.exit, str(MOST_HANDOVERS) in no.message) == (Exit.SPENT, True)
    assert at.given(ask(), reply(), claim(), handoff()).task.wanted == "implementer"


def test_who_hands_off_while_gates_run_leaves_them_running_and_their_failure_goes_to_the_successor() -> None:
    at = working.given(submit(), handoff(BRAVO))
    assert at.stands[:2] == (State.WORKING, Reason.GATES_RUNNING)

    failed = at.given(report("tests", FAIL))

    assert (failed.stands[:2], failed.task.wanted) == ((State.SUBMITTED, Reason.READY), BRAVO)


def test_a_handoff_belongs_to_its_step() -> None:
    at = workflow(develop(), ship(on_reject="develop.implement")).given(claim(), handoff(), claim(), submit(), report())

    assert at.task.handovers == ()


def test_a_context_is_recorded_when_it_moved_enough_or_crossed_a_limit() -> None:
    at = limited.given(context(51))

    assert at.when(context(54)) == ()
    assert at.given(context(56)).task.context == 56
    assert workflow(develop(context=ContextLimits(52, 53))).given(claim(), context(51)).when(context(52)) != ()


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_context_is_a_share(percent: int) -> None:
    assert working.refuses(context(percent)).exit is Exit.USAGE


def test_past_the_soft_limit_the_holder_is_advised_to_hand_off_and_its_successor_is_not() -> None:
    step = limited.definition.steps[0]
    at = limited.given(context(88))

    assert context_advice(step, at.task) == "context 88 %, past the hard limit of 85 %: onloop handoff --why … now"
    assert context_advice(step, limited.given(context(59)).task) == ""
    assert context_advice(step, at.given(handoff(), claim()).task) == ""


def test_past_the_hard_limit_failed_gates_go_to_a_fresh_agent_and_count_a_round_but_no_attempt() -> None:
    at = limited.given(context(88), submit(), report("tests", FAIL))

    assert (at.stands[:2], at.task.holder, at.task.tries, at.task.round) == (
        (State.SUBMITTED, Reason.READY),
        None,
        0,
        1,
    )
    assert at.task.handovers[-1].by == "gateway"
    assert "tests" in at.task.feedback[-1].text


def test_below_the_hard_limit_failed_gates_go_back_to_the_same_agent() -> None:
    assert limited.given(context(84), submit(), report("tests", FAIL)).task.holder == ALFA


def test_past_the_hard_limit_rounds_are_bounded_all_the_same() -> None:
    at = limited
    for sign in "abc":
        at = at.given(context(90), submit(work(sign * 40)), report("tests", FAIL))
        at = at.given(claim()) if at.task.state is State.SUBMITTED else at

    assert at.stands[:2] == (State.INPUT_REQUIRED, Reason.ROUNDS_EXHAUSTED)
