"""What agents tell of tokens and cost: who may, what counts of it, and that no order and no repetition changes it."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import BadInput, Exit, NotAllowed, Refused
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.evolve import replay
from onloop.machine.limits import check_fields
from onloop.machine.state import State
from onloop.machine.usage import MOST_SOURCES, MOST_TOKENS, Usage, grown, total
from onloop.store.codec import event_from_text, to_text
from support.passing import used
from support.scenario import ALFA, BRAVO, FAIL, Scenario, claim, give_up, report, submit, take, workflow
from support.steps import HOUR, MINUTE, develop, full

working = workflow(develop(), full()).given(claim())


def tokens(at: Scenario) -> int | None:
    return at.task.spending.whole.usage.tokens


def read(name: str, data: str) -> e.Event:
    """An event as a log has it."""
    return cast("e.Event", event_from_text(name, data))


def test_what_is_told_of_a_lease_is_a_sum_that_only_grows_and_telling_it_again_changes_nothing() -> None:
    at = working.given(used(100), used(70), used(250, 4_000))

    assert (tokens(at), at.task.spending.whole.usage.micro_usd) == (250, 4_000)
    assert at.when(used(250, 4_000)) == at.when(used(100)) == at.when(used(None, 3_999)) == ()


def test_a_figure_that_nobody_told_stays_untold_and_is_no_zero() -> None:
    assert working.task.spending.whole.usage == Usage()
    assert working.given(used(100)).task.spending.whole.usage.micro_usd is None
    assert working.given(used(None, 0)).task.spending.whole.usage.tokens is None


def test_sources_of_one_lease_and_leases_of_one_step_add_up() -> None:
    at = working.given(used(100), used(30, source="opencode"), give_up())
    at = at.later(MINUTE).given(claim(BRAVO), used(5, agent=BRAVO))

    step = at.task.spending.of("develop.implement")
    assert (step.usage.tokens, step.claims, step.telling, step.priced) == (135, 2, 2, 0)


def test_who_held_the_task_last_tells_after_its_lease_too_and_it_is_of_the_step_that_it_held() -> None:
    at = working.given(used(100), submit(), report())

    after = at.given(used(400, agent=ALFA))

    assert (after.task.step, after.task.holder) == ("test.full", None)
    assert after.task.spending.of("develop.implement").usage.tokens == 400
    assert after.stands == at.stands


def test_who_held_it_before_the_last_and_who_never_did_tell_nothing() -> None:
    at = working.given(give_up()).later(MINUTE).given(claim(BRAVO))

    for play in (used(1, agent=ALFA, epoch=1), used(1, agent=ALFA, epoch=2), used(1, agent=BRAVO, epoch=1)):
        with pytest.raises(NotAllowed):
            at.when(play)


def test_a_task_that_has_ended_still_learns_what_its_last_agent_used() -> None:
    at = workflow(develop()).given(claim(), submit(), report())
    assert at.task.state is State.COMPLETED

    assert tokens(at.given(used(90, agent=ALFA))) == 90
    assert at.refuses(used(90, agent=BRAVO)).exit is Exit.ENDED


def test_the_sources_of_one_lease_are_bounded() -> None:
    at = working.given(*(used(1, source=f"s{number}") for number in range(MOST_SOURCES)))

    assert at.refuses(used(1, source="one more")).exit is Exit.SPENT
    assert tokens(at.given(used(8, source="s3"))) == MOST_SOURCES + 7


def test_what_no_agent_could_have_used_is_refused_in_words() -> None:
    told = [Usage(), Usage(input=5, cached=6), Usage(cached=1)]
    for usage in told:
        assert working.refuses(c.ReportUsage(ALFA, 1, "claude", usage)).exit is Exit.USAGE
    assert working.refuses(c.ReportUsage(ALFA, 1, " ", Usage(input=1))).exit is Exit.USAGE
    for far in (Usage(input=-1), Usage(output=MOST_TOKENS + 1), Usage(micro_usd=True)):
        with pytest.raises(BadInput):
            check_fields(c.ReportUsage(ALFA, 1, "claude", far))


def test_the_gateway_itself_counts_claims_and_how_long_agents_held_the_task() -> None:
    at = working.later(HOUR).given(give_up()).later(MINUTE).given(claim())
    at = at.later(2 * HOUR - MINUTE).given(submit(), report())

    step = at.task.spending.of("develop.implement")
    assert (step.claims, step.held_ms) == (2, 3 * HOUR - MINUTE)


def test_what_a_person_holds_is_no_agent_s_time_and_no_claim() -> None:
    at = workflow(develop()).given(take()).later(HOUR).given(submit(), report("tests", FAIL))

    assert at.task.spending.whole.claims == at.task.spending.whole.held_ms == 0
    with pytest.raises(Refused):
        working.given(take()).when(used(5, agent=ALFA, epoch=1))


def test_a_log_that_does_not_say_of_which_step_a_lease_was_folds_as_it_did_and_is_told_on() -> None:
    old = ("Claimed", '{"agent":"agent:alfa","role":"implementer","epoch":2,"attempt":1}')
    ended = ("LeaseEnded", '{"epoch":2,"why":"stopped"}')
    at = workflow(develop()).given(read(*old))

    assert at.task.spending == workflow(develop()).task.spending
    assert tokens(at.given(used(9))) == 9
    assert at.given(read(*ended)).task.spending.whole.held_ms == 0


FIGURE = st.one_of(st.none(), st.integers(0, MOST_TOKENS))
USAGES = st.builds(Usage, FIGURE, st.none(), FIGURE, FIGURE).filter(lambda usage: usage.is_told)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), USAGES), max_size=12), st.randoms(use_true_random=False))
def test_totals_are_the_sum_of_what_was_told_in_whatever_order_however_often(
    reports: list[tuple[str, Usage]], chance: object
) -> None:
    again = [*reports, *reports]
    chance.shuffle(again)  # type: ignore[attr-defined]
    at = working
    for source, usage in again:
        at = at.given(c.ReportUsage(ALFA, 1, source, usage))

    most = dict[str, Usage]()
    for source, usage in reports:
        most[source] = grown(most.get(source, Usage()), usage)
    assert at.task.spending.whole.usage == total(most.values())
    past = [(read(type(event).__name__, to_text(event)), when) for event, when in at.past]
    assert replay(at.task.id, past) == at.task, "a restart folds the same"
    assert isinstance(past[0][0], e.Created)
