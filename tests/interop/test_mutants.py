"""A gateway that breaks a promise fails a numbered case: each mutation stands before the real gateway and breaks one.

Some are played each time, all of them at length.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import pytest

from support.conforming import NUMBERED, Came, Change, Mutant, ZygoteSpeaker, ours
from support.world import World

Real = Callable[..., Came]


def verb(words: Sequence[str]) -> str:
    """The verb of a call."""
    return words[0]


def edited(came: Came, code: int | None = None, /, **fields: object) -> Came:
    """What came, with another exit code and other fields."""
    code = came[0] if code is None else code
    found = json.loads(came[1]) if came[1].startswith("{") else {}
    return code, json.dumps({**found, "exit": code, **fields}), came[2]


def where(of: str, change: Callable[[Came], Came]) -> Change:
    """Changes what comes of one verb."""
    return lambda words, _env, real: change(real()) if verb(words) == of else real()


def exits(of: str, before: int, after: int, **fields: object) -> Change:
    """One exit code of a verb is another."""
    return where(of, lambda came: edited(came, after, **fields) if came[0] == before else came)


def without(of: str, option: str) -> Change:
    """A verb does not look at one of its options and its value."""

    def change(words: Sequence[str], _env: Mapping[str, str], real: Real) -> Came:
        if verb(words) != of or option not in words:
            return real()
        at = list(words).index(option)
        return real([*words[:at], *words[at + 2 :]])

    return change


def as_person(of: str) -> Change:
    """What an agent asks for is said to have been done."""
    return lambda words, env, real: edited((0, "{}", "")) if verb(words) == of and "ONLOOP_TOKEN" in env else real()


def gates(of: str, mark: str, code: int, word: str) -> Change:
    """The gates of a verdict have another mark, and the verdict another word."""

    def change(came: Came) -> Came:
        found = json.loads(came[1])
        marked = [{**gate, "mark": mark} for gate in found.get("gates", ())]
        return edited(came, code, gates=marked, verdict=word)

    return where(of, change)


def shown(field: str, value: object) -> Change:
    """`show` has another value in a field."""
    return where("show", lambda came: edited(came, **{field: value}) if came[0] == 0 else came)


def logged(change: Callable[[list[dict[str, object]]], list[dict[str, object]]]) -> Change:
    """The log is shown otherwise."""
    return where(
        "log", lambda came: edited(came, events=change(json.loads(came[1])["events"])) if came[0] == 0 else came
    )


def evidence(**fields: object) -> Change:
    """The evidence in the log says something else."""

    def change(events: list[dict[str, object]]) -> list[dict[str, object]]:
        for event in events:
            if event["name"] == "GateReported":
                data = json.loads(str(event["data"]))
                event["data"] = json.dumps({"evidence": {**data["evidence"], **fields}})
        return events

    return logged(change)


def leaking(words: Sequence[str], env: Mapping[str, str], real: Real) -> Came:
    """Lists tell the tokens of leases."""
    came = real()
    if verb(words) == "claim" and came[0] == 0:
        TOKENS.append(json.loads(came[1])["env"]["ONLOOP_TOKEN"])
    return edited(came, tokens=list(TOKENS)) if verb(words) in {"list", "show"} else came


TOKENS: list[str] = []

MUTANTS: Mapping[str, tuple[int, Change]] = {
    "a lease ends in the past": (4, where("claim", lambda came: edited(came, expires=1) if came[0] == 0 else came)),
    "a claim tells no token": (5, where("claim", lambda came: edited(came, env={}) if came[0] == 0 else came)),
    "a held task is given out": (10, where("claim", lambda came: edited(came, 0) if came[0] in {13, 15} else came)),
    "an unknown task is a wrong moment": (13, exits("claim", 2, 15)),
    "a claim is not the same again": (15, without("claim", "--key")),
    "leases last for ever": (16, without("claim", "--lease")),
    "nothing submitted is a yes": (20, exits("check", 10, 0, verdict="yes")),
    "a verdict has no state": (21, where("check", lambda came: (came[0], came[1].replace('"state"', '"estate"'), ""))),
    "the word is not the exit code's": (24, where("check", lambda came: edited(came, verdict="redo"))),
    "gates pass before they ran": (25, gates("check", "passed", 10, "not_yet")),
    "a log line goes to stdout": (28, where("check", lambda came: (came[0], "debug\n" + came[1], came[2]))),
    "the brief is empty": (30, where("next", lambda came: edited(came, brief=""))),
    "errors have no hint": (
        34,
        lambda _w, _e, real: (lambda c: edited(c, hint=None) if '"error"' in c[1] else c)(real()),
    ),
    "a mistake in usage is a fault": (36, lambda _w, _e, real: (lambda c: (1, *c[1:]) if c[0] == 2 else c)(real())),
    "a failed gate is a yes": (40, exits("submit", 12, 0, verdict="yes")),
    "statements are believed": (41, gates("submit", "passed", 12, "redo")),
    "another commit is named": (44, where("submit", lambda came: edited(came, commit="0" * 40))),
    "evidence does not go stale": (50, exits("check", 10, 0, verdict="yes")),
    "rounds never run out": (55, exits("submit", 14, 12, verdict="redo")),
    "a key is not looked at": (56, without("submit", "--key")),
    "another branch is not looked at": (57, without("submit", "--ref")),
    "a given back lease goes on": (65, exits("check", 13, 10, verdict="not_yet")),
    "a superseded epoch hands in": (268, exits("submit", 13, 0)),
    "a superseded epoch keeps its lease": (269, exits("heartbeat", 13, 0)),
    "an agent approves": (251, as_person("approve")),
    "an agent freezes everything": (260, as_person("freeze")),
    "an agent enrols a person": (262, as_person("enrol")),
    "a decision needs no digest": (106, exits("approve", 2, 0)),
    "a stale digest is taken": (107, exits("approve", 12, 0)),
    "a wrong passphrase decides": (108, exits("approve", 13, 0)),
    "a rejection needs no reason": (114, exits("reject", 2, 0)),
    "a freeze does not hold": (135, exits("check", 11, 10, verdict="not_yet")),
    "a canceled task goes on": (133, exits("check", 16, 10, verdict="not_yet")),
    "the digest is the same for all": (103, shown("asked", [{"digest": "same"}])),
    "a request names no approvers": (
        102,
        shown("asked", [{"kind": "approval", "gate": "release", "from": [], "quorum": 1}]),
    ),
    "a quorum counts approvals": (121, shown("state", "completed")),
    "parents end before their children": (202, shown("state", "completed")),
    "waves all begin at once": (206, where("list", lambda came: (came[0], came[1].replace("wave_held", "ready"), ""))),
    "agents write evidence": (281, logged(lambda events: [{**e, "principal": "agent:ada"} for e in events])),
    "evidence is of another commit": (280, evidence(head="0" * 40)),
    "evidence says pass": (282, evidence(verdict="pass")),
    "an event is left out": (287, logged(lambda events: events[:3] + events[4:])),
    "an event is altered": (289, logged(lambda events: [{**e, "principal": "human:eve"} for e in events])),
    "statements are not marked": (
        285,
        where("show", lambda came: edited(came, untrusted={}, statement="nothing-to-see-here")),
    ),
    "tokens are listed": (286, leaking),
    "bad files are good": (293, exits("validate", 2, 0)),
}
"""Each with the case that it fails."""
USUAL = ("a superseded epoch hands in", "an agent approves", "evidence does not go stale", "an event is altered")


def unseen(world: World, name: str) -> str:
    """Why a mutant does not count: its case passes, or was not played to its end; empty where it fails."""
    number, change = MUTANTS[name]
    failing = ours(world, Mutant(ZygoteSpeaker(), change)).failing([NUMBERED[number]])
    return "" if failing.get(number, "").startswith("failed: ") else f"{name}: {failing.get(number, 'passes')}"


def test_there_are_many_mutants_and_each_fails_a_case_that_there_is() -> None:
    assert len(MUTANTS) >= 30
    assert {number for number, _ in MUTANTS.values()} <= set(NUMBERED)


@pytest.mark.parametrize("name", USUAL)
def test_a_gateway_that_breaks_a_promise_fails_the_case(world: World, name: str) -> None:
    world.init()
    assert unseen(world, name) == ""


@pytest.mark.soak
def test_every_mutant_fails_its_case(world: World) -> None:
    world.init()
    found = [words for name in MUTANTS if (words := unseen(world, name))]
    assert not found, "\n".join(found)
