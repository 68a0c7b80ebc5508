"""A person lets work on past a gate that does not pass: only whom the workflow names, and never as a pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import Exit, NotAllowed, Stale
from onloop.machine import commands as c
from onloop.machine.base_facts import Amendment
from onloop.machine.definition import Assurance, CommandGate, OverrideRule, ReviewGate, Step
from onloop.machine.events import Amended, Moved, Overridden
from onloop.machine.rules.bypass_standing import is_bypassed
from onloop.machine.signed_text import KeyProof
from onloop.machine.state import Reason, State
from onloop.machine.task import Verdict
from onloop.records import replace
from support.scenario import (
    ANA,
    BEN,
    CLEO,
    DAN,
    ERROR,
    FAIL,
    HEAD,
    NOON,
    OTHER_HEAD,
    PASS,
    PEOPLE,
    Scenario,
    approve,
    ask,
    claim,
    judge,
    override,
    reject,
    report,
    retry,
    submit,
    voice,
    work,
    workflow,
)
from support.steps import develop, full, gate, human, merge, reviewed, ship

LEADS = OverrideRule(("leads",))
TWO = OverrideRule(("approvers", "leads"), quorum=2)


def lenient(gate_id: str = "tests", rule: OverrideRule = LEADS) -> CommandGate:
    return replace(gate(gate_id), override=rule)


def held(*gates: CommandGate, verdict: Verdict = FAIL, following: tuple[Step, ...] = (ship(), merge())) -> Scenario:
    """A task whose agent has no round left, and whose first gate failed; the others passed."""
    known = gates or (lenient(),)
    at = workflow(develop(*known, rounds=0), *following).given(claim(), submit())
    for each in known[1:]:
        at = at.given(report(each.id, PASS))
    return at.given(report(known[0].id, verdict))


def test_a_gate_that_failed_is_bypassed_and_its_evidence_still_says_fail() -> None:
    at = held()

    events = at.when(override())
    after = at.given(*events)

    said = events[0]
    assert isinstance(said, Overridden)
    assert (said.bypass.by, said.bypass.stood, said.bypass.head) == (CLEO, "fail", HEAD)
    assert after.stands == (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "ship.release")
    assert after.task.evidence["develop.implement:tests"].verdict is FAIL
    assert not after.task.passed("develop.implement", "tests")


def test_the_approval_after_a_bypass_says_who_bypassed_what() -> None:
    after = held().given(override())

    assert after.asked.question.endswith(
        "1 gate was bypassed by human:cleo, and did not pass: develop.implement:tests."
    )


def test_the_effect_begins_on_a_bypass_and_an_approval() -> None:
    after = held().given(override(), approve(ANA))

    assert after.stands == (State.WORKING, Reason.EFFECT_RUNNING, "ship.merge")


@pytest.mark.parametrize("rule", [None, OverrideRule(())])
def test_nobody_overrides_a_gate_whose_workflow_lets_nobody(rule: OverrideRule | None) -> None:
    at = held(replace(gate(), override=rule))

    for person in PEOPLE:
        no = at.refuses(override(person))
        assert isinstance(no, NotAllowed)
        assert "its workflow lets nobody" in no.message


@pytest.mark.parametrize("person", [ANA, BEN, DAN, "human:eve"])
def test_whom_the_workflow_does_not_name_may_not_override(person: str) -> None:
    no = held().refuses(override(person))

    assert isinstance(no, NotAllowed)
    assert no.hint == "it is for leads"


def test_whoever_held_the_task_at_any_step_may_not_override() -> None:
    at = workflow(develop(lenient(), rounds=0), ship()).given(c.Take(voice(CLEO), "quicker"))
    at = at.given(submit(agent=CLEO), report("tests", FAIL))

    no = at.refuses(override(CLEO))

    assert isinstance(no, NotAllowed)
    assert no.message == "human:cleo held r1.1"


def test_whoever_amended_the_workflow_may_not_override_where_they_could_not_approve() -> None:
    at = held()
    amended = Amended(Amendment(CLEO, NOON, "c" * 64, at.definition.digest, "mended", bars=True), "feature")
    barred = at.knowing(amended=at.definition).given(amended)

    assert isinstance(barred.refuses(override(CLEO)), NotAllowed)


def test_a_passphrase_that_a_program_gave_is_too_little_to_override() -> None:
    no = held().refuses(override(assurance=Assurance.A0))

    assert "needs assurance A1, but you proved A0" in no.message


def test_an_override_proves_no_less_than_an_approval_of_the_same_gate_would() -> None:
    at = workflow(develop(), ship(human(assurance=Assurance.A2, override=LEADS), on_reject="end"))
    at = at.given(claim(), submit(), report())

    assert "needs assurance A2" in at.refuses(override(CLEO, "release")).message
    assert at.given(override(CLEO, "release", assurance=Assurance.A2)).task.state is State.COMPLETED


def test_a_gate_that_asks_for_a_key_is_not_overridden_without_one() -> None:
    at = held(lenient(rule=replace(LEADS, assurance=Assurance.A3)))
    touch = KeyProof("SHA256:k", present=True, verified=False, counter=1)

    assert "no security key signed it" in at.refuses(override(assurance=Assurance.A2)).message
    assert "the key says touch, no PIN" in at.knowing(signed=touch).refuses(override()).message
    whole = at.knowing(signed=replace(touch, verified=True)).given(override())
    assert whole.task.bypasses[0].assurance is Assurance.A3
    assert whole.task.bypasses[0].presence == "touch and PIN"


def test_an_override_is_about_what_was_shown() -> None:
    assert isinstance(held().refuses(override(digest="e" * 64)), Stale)


def test_an_override_needs_a_reason() -> None:
    assert held().refuses(override(reason=" ")).exit is Exit.USAGE


def test_quorum_counts_persons_and_one_who_said_it_is_refused_a_second_time() -> None:
    at = held(lenient(rule=TWO)).given(override(CLEO))

    assert at.stands[0] is State.INPUT_REQUIRED and at.stands[2] == "develop.implement"
    assert "already bypassed" in at.refuses(override(CLEO)).message
    assert at.given(override(ANA)).stands[2] == "ship.release"


def test_a_bypass_of_a_person_who_was_struck_off_counts_no_more() -> None:
    at = held(lenient(rule=TWO)).given(override(CLEO)).without(CLEO)

    assert at.given(override(ANA)).stands[2] == "develop.implement"


def test_a_gate_that_passes_or_has_not_answered_is_not_overridden() -> None:
    at = held(lenient("tests"), lenient("lint"))

    assert "lets the work through by itself" in at.refuses(override(gate_id="lint")).message
    silent = workflow(develop(lenient(), gate("lint"))).given(claim(), ask("Which way?"))
    assert silent.refuses(override()).exit is Exit.USAGE


def test_only_gates_of_the_step_where_it_stands_are_overridden() -> None:
    at = held().given(override())

    no = at.refuses(override(gate_id="tests"))

    assert "ship.release has no gate 'tests'" in no.message
    assert no.hint == "gates of ship.release: release"


def test_another_gate_that_failed_still_holds_the_task_and_what_was_shown_has_changed() -> None:
    at = workflow(develop(lenient("tests"), lenient("lint"), rounds=0), ship())
    at = at.given(claim(), submit(), report("tests", FAIL), report("lint", ERROR))
    seen = reject(ANA)(at)

    half = at.given(override(gate_id="tests"))

    assert half.stands[0] is State.INPUT_REQUIRED and half.stands[2] == "develop.implement"
    assert isinstance(half.refuses(seen), Stale)
    assert half.given(override(gate_id="lint")).stands[2] == "ship.release"


def test_a_gate_that_was_bypassed_is_not_owed_when_the_others_are_tried_again() -> None:
    at = workflow(develop(lenient("tests"), gate("lint"), rounds=0), ship())
    at = at.given(claim(), submit(), report("tests", FAIL), report("lint", ERROR), override())

    again = at.given(retry())
    again = again.given(claim(), submit()) if again.task.state is State.SUBMITTED else again
    again = again.given(report("tests", FAIL), report("lint", PASS))

    assert again.stands[2] == "ship.release"


def test_a_bypass_is_stale_with_another_commit() -> None:
    at = held().given(override(), reject(ANA))

    again = at.given(claim(), submit(work(OTHER_HEAD)), report("tests", FAIL))

    assert again.stands == (State.INPUT_REQUIRED, Reason.ROUNDS_EXHAUSTED, "develop.implement")
    assert len(again.task.bypasses) == 1


def test_the_same_commit_under_another_visit_is_judged_anew() -> None:
    at = held(following=(full(on_fail="develop.implement"),)).given(override())

    back = at.given(report("run", FAIL)).given(claim())

    assert not is_bypassed(back.task, back.definition.step("develop.implement"), lenient(), PEOPLE)


def test_a_review_on_which_agents_disagree_is_let_past() -> None:
    review = replace(reviewed(), gates=(ReviewGate("verdict", 1, LEADS),), on_fail=None)
    at = workflow(develop(), review, ship()).given(claim(), submit(), report(), claim("agent:bravo", "reviewer"))
    at = at.given(judge("fail"))

    after = at.given(override(gate_id="verdict"))

    assert after.stands[2] == "ship.release"
    assert "review.code:verdict" in after.asked.question


def test_a_human_gate_that_is_overridden_is_not_approved() -> None:
    at = workflow(develop(), ship(human(override=LEADS), on_reject="end")).given(claim(), submit(), report())

    events = at.when(override(CLEO, "release"))

    assert not any(isinstance(each, Moved) and each.state is State.WORKING for each in events)
    assert at.given(*events).task.decisions == ()
    assert at.given(*events).task.bypasses[0].stood == "not approved"


def test_a_task_in_a_freeze_or_of_a_paused_run_is_not_overridden() -> None:
    assert held().knowing(frozen="all").refuses(override()).exit is Exit.HELD
    assert held().knowing(run_paused=True).refuses(override()).exit is Exit.HELD


@given(
    by=st.lists(st.sampled_from([ANA, BEN, CLEO, DAN, "human:eve"]), max_size=5),
    rule=st.builds(
        OverrideRule,
        st.lists(st.sampled_from(["leads", "approvers", "ana", "dan", "nobody"]), max_size=3).map(tuple),
        st.integers(1, 3),
    ),
)
def test_a_step_is_left_past_a_failed_gate_only_when_enough_different_entitled_people_said_so(
    by: list[str], rule: OverrideRule
) -> None:
    at = held(lenient(rule=rule))
    said = set[str]()
    for person in by:
        if at.stands[2] != "develop.implement":
            break
        try:
            at = at.given(override(person))
        except Exception as no:
            assert isinstance(no, NotAllowed | Stale) or getattr(no, "exit", None) is Exit.HELD
        else:
            said.add(person)

    entitled = {who for who in said if who.removeprefix("human:") in rule.by or set(PEOPLE.get(who, ())) & set(rule.by)}
    assert said == entitled
    assert (at.stands[2] == "ship.release") == (len(entitled) >= rule.quorum)
