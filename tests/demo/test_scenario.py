from __future__ import annotations

import re
from pathlib import Path

import pytest

from onloop.demo import programs, scenario
from onloop.demo.actor import PERSONAS
from onloop.demo.plays import PLAYS
from onloop.demo.scenario import AttemptOutcome, Pattern, Persona, ScriptedOutcome, ScriptedReply
from onloop.errors import BadInput, UnknownThing
from onloop.machine.state import Reason, State
from onloop.machine.task import DecisionKind, RequestKind
from onloop.records import replace

SMALL = """
scenario: small
human:
  approval: [{answer: approve}]
  question: [{answer: answer, text: yes}]
  choice: [{answer: retry, text: again}]
repositories:
  billing:
    persona: diligent
    expect: {state: completed, merged: true}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "s.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_program_has_a_part_and_every_persona_plays() -> None:
    built_in = scenario.load()
    others = [scenario.load(PLAYS[pattern].scenario) for pattern in (Pattern.SWARM, Pattern.FACTORY)]
    assert set(built_in.parts) == set(programs.names())
    played = [part.persona for part in built_in.parts.values()]
    elsewhere = {persona for other in others for part in other.parts.values() for persona in part.personas}
    assert {*played, *elsewhere} == set(Persona)
    assert set(played) == set(PERSONAS[Pattern.FLEET])
    assert played.count(Persona.STUCK) == 4


def test_the_scripted_person_repeats_the_last_answer_and_falls_back_on_the_common_ones() -> None:
    careless = scenario.load().part("magic-links")
    answers = [careless.reply(RequestKind.APPROVAL, earlier).answer for earlier in range(4)]
    assert answers == [DecisionKind.REJECT, DecisionKind.APPROVE, DecisionKind.APPROVE, DecisionKind.APPROVE]
    assert careless.reply(RequestKind.CHOICE, 0) == ScriptedReply(DecisionKind.RETRY, "Please try once more.")


def test_a_repository_without_a_part_is_named_with_those_that_have_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownThing, match="the scenario has no part for the repository 'payroll'") as caught:
        scenario.load(written(tmp_path, SMALL)).part("payroll")
    assert caught.value.hint == "known: billing"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("persona: diligent", "persona: lazy", "s.yaml: repositories: billing: persona: 'lazy' is not allowed here"),
        ("merged: true", "merged: maybe", "s.yaml: repositories: billing: expect: merged: 'maybe' is neither true nor"),
        ("merged: true", "merged: true, rounds: -1", "expect: rounds: -1 is not a number"),
        ("merged: true", "merged: true, reasons: question", "expect: reasons: 'question' is not a list"),
        ("merged: true", "merged: true, reasons: [bored]", "expect: reasons: 0: 'bored' is not allowed here"),
        ("merged: true", "merged: true, ends: [bored]", "expect: ends: 0: 'bored' is not allowed here"),
        (", merged: true", "", "expect: no 'merged'"),
        ("state: completed", "state: working", "expect: state: working does not end a task"),
        ("expect:", "expects:", "s.yaml: repositories: billing: unknown field 'expects'"),
        ("  choice: [{answer: retry, text: again}]\n", "", "s.yaml: human: no reply to choice"),
        ("{answer: retry, text: again}", "", "s.yaml: human: choice: an empty list"),
        ("{answer: retry, text: again}", "{answer: retry}", "s.yaml: human: choice: 0: retry without a text"),
        ("{answer: retry, text: again}", "{answer: retry, text: 7}", "human: choice: 0: text: 7 is not a text"),
        ("scenario: small", "scenario: [", "s.yaml cannot be read: while parsing"),
        ("scenario: small", "scenario: a\nscenario: b", 'found duplicate key "scenario"'),
        ("repositories:", "repositories: 3\nx:", "s.yaml: unknown field 'x'"),
        ("human:", "human: 3\nx:", "s.yaml: unknown field 'x'"),
    ],
)
def test_a_broken_scenario_is_refused_with_the_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SMALL
    with pytest.raises(BadInput) as caught:
        scenario.load(written(tmp_path, SMALL.replace(old, new)))
    assert message in caught.value.message
    assert caught.value.hint


def test_a_missing_scenario_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=re.escape("s.yaml cannot be read: [Errno 2]")):
        scenario.load(tmp_path / "s.yaml")


EXPECTED = ScriptedOutcome(
    State.COMPLETED,
    merged=True,
    rounds=2,
    attempts=2,
    reasons=frozenset({Reason.ROUNDS_EXHAUSTED}),
    ends=frozenset({AttemptOutcome.CRASHED}),
    answers=(DecisionKind.REJECT, DecisionKind.APPROVE),
)


def test_a_course_that_did_what_was_expected_and_more_does_not_differ() -> None:
    more = ScriptedOutcome(
        State.COMPLETED,
        merged=True,
        rounds=3,
        attempts=4,
        reasons=frozenset({Reason.ROUNDS_EXHAUSTED, Reason.READY}),
        ends=frozenset(AttemptOutcome),
        answers=(DecisionKind.RETRY, DecisionKind.REJECT, DecisionKind.RETRY, DecisionKind.APPROVE),
    )
    assert scenario.verdict(EXPECTED, EXPECTED) == ()
    assert scenario.verdict(EXPECTED, more) == ()


def test_every_difference_is_said_in_words() -> None:
    less = ScriptedOutcome(State.WORKING, merged=False, answers=(DecisionKind.APPROVE, DecisionKind.REJECT))
    assert scenario.verdict(EXPECTED, less) == (
        "it is working, not completed",
        "its work was not merged",
        "a gate sent it back 0 times, not 2 or more",
        "it took 1 attempts, not 2 or more",
        "it was never rounds_exhausted",
        "no attempt crashed",
        "people answered approve, then reject, not reject, then approve",
    )
    canceled = ScriptedOutcome(State.CANCELED, merged=False)
    assert scenario.verdict(canceled, ScriptedOutcome(State.CANCELED, merged=True)) == ("its work was merged",)


def test_an_attempt_that_was_killed_with_its_worker_stands_for_the_end_that_it_was_to_have() -> None:
    killed = replace(EXPECTED, ends=frozenset({AttemptOutcome.LEASE_EXPIRED}))

    assert scenario.verdict(EXPECTED, killed) == ()
    assert scenario.verdict(EXPECTED, replace(killed, ends=frozenset())) == ("no attempt crashed",)
