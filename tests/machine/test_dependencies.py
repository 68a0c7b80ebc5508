"""Children that wait for siblings: until when, with what they begin, and what becomes of a wait in vain."""

from __future__ import annotations

import pytest

from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import Effect, FanOut, ParallelBranch, Step
from onloop.machine.rules.fan_out import child_definition, parts_of
from onloop.machine.state import Reason, State
from onloop.records import replace
from support.dependent import siblings, waiting_for
from support.scenario import (
    TASK,
    Scenario,
    claim,
    conflicts,
    funnelled,
    reassign,
    report,
    retry,
    spawn,
    submit,
    take,
    with_children,
    work,
    workflow,
)
from support.steps import defined, develop, gate, parts, spawning

DONE, LOST, BUSY = State.COMPLETED, State.CANCELED, State.WORKING


def listed(*lines: str) -> Scenario:
    """A fan-out over these lines."""
    at = workflow(develop(), parts(None, over="parts.txt")).knowing(handed={"parts.txt": lines})
    return at.given(claim(), submit(), report())


def test_a_child_that_waits_says_for_whom_and_nobody_may_claim_it() -> None:
    at = waiting_for(BUSY, DONE)

    assert at.stands[:2] == (State.SUBMITTED, Reason.DEPENDENCY)
    assert at.task.detail == "waits for r1.2 (part 2)"
    assert at.task.wanted is None
    assert at.refuses(claim()).exit is Exit.NOTHING


def test_it_begins_with_the_work_of_those_before_it_merged_in_when_the_last_of_them_is_done() -> None:
    at = waiting_for(BUSY, DONE).knowing(before=siblings(DONE, DONE))

    merging = at.given(c.Proceed())
    assert merging.stands[:2] == (State.WORKING, Reason.EFFECT_RUNNING)
    assert any(event.effect is Effect.FUNNEL for event, _ in merging.past if isinstance(event, e.EffectRequested))

    begun = merging.given(funnelled(work("f" * 40)))
    assert begun.stands[:2] == (State.SUBMITTED, Reason.READY)
    assert begun.task.funnel == "f" * 40
    assert begun.given(claim()).task.holder is not None


def test_a_proceed_while_one_of_them_still_works_changes_nothing_but_its_words() -> None:
    at = waiting_for(BUSY, BUSY).knowing(before=siblings(DONE, BUSY)).given(c.Proceed())

    assert at.stands[:2] == (State.SUBMITTED, Reason.DEPENDENCY)
    assert at.task.detail == "waits for r1.3 (part 3)"


def test_what_is_waited_for_and_not_made_yet_is_waited_for() -> None:
    at = waiting_for(DONE, DONE).knowing(before=siblings(DONE)).given(c.Proceed())

    # the first look found both, and asked for the merge; a look at one alone must not
    assert waiting_for(BUSY, BUSY).knowing(before=siblings(DONE)).given(c.Proceed()).stands[1] is Reason.DEPENDENCY
    assert at.stands[1] is Reason.EFFECT_RUNNING


def test_a_sibling_that_was_lost_is_a_question_and_a_retry_begins_without_it() -> None:
    at = waiting_for(BUSY, BUSY).knowing(before=siblings(DONE, LOST)).given(c.Proceed())
    assert at.stands[:2] == (State.INPUT_REQUIRED, Reason.HALTED)
    assert "r1.3 (part 3) canceled" in at.task.detail

    again = at.given(retry())

    assert again.task.after == ("r1.2",)
    assert again.stands[:2] == (State.WORKING, Reason.EFFECT_RUNNING)


def test_a_retry_without_any_that_is_left_begins_at_once() -> None:
    at = waiting_for(BUSY).knowing(before=siblings(LOST)).given(c.Proceed(), retry())

    assert at.stands[:2] == (State.SUBMITTED, Reason.READY)


def test_work_that_does_not_fit_together_is_a_question_and_a_retry_has_its_agent_merge_it() -> None:
    at = waiting_for(BUSY, BUSY).knowing(before=siblings(DONE, DONE)).given(c.Proceed(), conflicts("r1.3"))
    assert at.stands[:2] == (State.INPUT_REQUIRED, Reason.CONFLICT)

    again = at.given(retry())

    assert again.stands[:2] == (State.SUBMITTED, Reason.READY)
    assert "merge what r1.2, r1.3 handed in first" in again.task.feedback[-1].text


def test_a_child_without_a_repository_begins_with_nothing_to_merge() -> None:
    at = waiting_for(BUSY, origin=None).knowing(before=siblings(DONE)).given(c.Proceed())

    assert at.stands[:2] == (State.SUBMITTED, Reason.READY)


@pytest.mark.parametrize("command", [reassign(), take()], ids=["reassign", "take"])
def test_nobody_is_given_what_waits(command: c.Command) -> None:
    refused = waiting_for(BUSY).refuses(command)

    assert "waits for r1.2" in refused.message


def test_lines_name_what_they_wait_for_by_number_or_name() -> None:
    at = listed("[schema] The tables", "The till after: [schema]", "The report (after: [schema, 2])")

    made = at.task.children
    assert [child.title for child in made] == ["The tables", "The till", "The report"]
    assert [child.after for child in made] == [(), (f"{TASK}.1",), (f"{TASK}.1", f"{TASK}.2")]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("a after: [2]", "b after: [1]"), "lines wait for each other: 1 → 2 → 1"),
        (("a after: [1]",), "lines wait for each other: 1 → 1"),
        (("a", "b after: [9]"), "'b' waits for '9', and no line is called so or has that number"),
        (("[x] a", "[x] b"), "two lines are called [x]"),
    ],
    ids=["a circle", "itself", "nobody", "a name twice"],
)
def test_a_list_whose_lines_cannot_wait_so_is_a_question_that_names_what_is_wrong(
    lines: tuple[str, ...], words: str
) -> None:
    at = listed(*lines)

    assert at.stands[:2] == (State.INPUT_REQUIRED, Reason.HALTED)
    assert words in at.task.detail


def test_brackets_that_name_nothing_are_words_like_others() -> None:
    at = listed("a list[int] of prices", "look after: the till", "[]", "after: [1]")

    assert [child.title for child in at.task.children] == [
        "a list[int] of prices",
        "look after: the till",
        "[]",
        "after: [1]",
    ]
    assert all(child.after == () for child in at.task.children)


def test_what_replaces_a_lost_child_is_waited_for_by_what_replaces_the_next() -> None:
    at = listed("[a] one", "two after: [a]", "three after: [2]")

    again = with_children(at, LOST, LOST, DONE).given(c.Settle(), retry())

    assert [child.after for child in again.task.children[3:]] == [(), (f"{TASK}.4",)]


def test_a_spawned_child_may_wait_for_those_that_are_there() -> None:
    at = workflow(spawning()).given(claim(), spawn("the tables"))

    named = at.given(spawn("the till", after=("the tables", f"{TASK}.1")))
    assert named.task.children[1].after == (f"{TASK}.1",)

    refused = at.refuses(spawn("the till", after=("the menu",)))
    assert (refused.exit, "no child 'the menu'" in refused.message) == (Exit.USAGE, True)


BRANCHES = FanOut(
    (),
    branches=(
        ParallelBranch("code", (develop(),), "Build it."),
        ParallelBranch("docs", (Step("develop.docs", role="writer"),), after=("code",)),
    ),
    brief="Together.",
)


def test_each_branch_is_a_child_with_its_own_steps() -> None:
    step = Step("develop.both", fan_out=BRANCHES)
    at = workflow(step)

    code, docs = at.task.children
    assert (code.title, code.brief, code.part) == ("Fix it (code)", "Together.\nBuild it.", "code")
    assert (docs.after, docs.part) == ((code.id,), "docs")
    walked = child_definition(at.definition, step.id, resolves=False, part="docs")
    assert [inner.id for inner in walked.steps] == ["develop.docs"]


MATRIX = FanOut(
    (develop(replace(gate(), argv=("tox", "-e", "{matrix.python}")), brief="On {matrix.python}."),),
    matrix=((("python", "3.11"), ("os", "linux")), (("python", "3.12"), ("os", "linux"))),
    brief="Make it work.",
)


def test_each_combination_is_a_child_whose_title_brief_commands_and_variables_have_its_values() -> None:
    step = Step("test.all", fan_out=MATRIX)
    at = workflow(step)

    first, second = at.task.children
    assert first.title == "Fix it (python 3.11, os linux)"
    assert second.brief == "Make it work.\npython: 3.12\nos: linux"
    walked = child_definition(at.definition, step.id, resolves=False, part=second.part)
    assert walked.steps[0].machine_gates[0].argv == ("tox", "-e", "3.12")  # type: ignore[union-attr]
    assert walked.steps[0].brief == "On 3.12."
    assert ("ONLOOP_MATRIX_PYTHON", "3.12") in walked.environment.variables


def test_parts_that_walk_something_of_their_own_have_digests_of_their_own() -> None:
    step = Step("test.all", fan_out=MATRIX)
    definition = defined(step)

    digests = {child_definition(definition, step.id, resolves=False, part=part).digest for part in parts_of(MATRIX)} | {
        child_definition(definition, step.id, resolves=True).digest
    }

    assert len(digests) == 3
