"""Policies over the real command line: adopted by people, pinned by runs, judged by the gateway, shown everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.world import PASSPHRASE, WORKFLOW, Ran, World

GATED = WORKFLOW.replace(
    "      - id: tests\n",
    "      - id: small\n"
    "        policy:\n"
    "          rule: change.count <= 2\n"
    "          explain: At most two files at once.\n"
    "      - id: tests\n",
)
SENSITIVE = """\
policy: sensitive-paths
at: [effect:merge]
rule: change.sensitive == 0
explain: CI is changed by two people.
on_deny: {approvals: {from: [approvers], quorum: 2}}
cases:
  - {name: quiet, facts: {change: {sensitive: 0}}, expect: allow}
  - {name: loud, facts: {change: {sensitive: 1}}, expect: deny}
"""
TRIED = """\
policy: never
at: [every]
rule: change.count == 77
explain: Nothing is ever right.
mode: audit
cases:
  - {name: no, facts: {change: {count: 1}}, expect: deny}
"""
STRICT = TRIED.replace("audit", "enforce\non_deny: ask").replace("[every]", "[effect:merge]")


@pytest.fixture
def verified(world: World) -> Iterator[World]:
    """A store with one approver, and a verifier beside it."""
    world.init()
    with world.running("verifier"):
        yield world


def adopt(world: World, *texts: str) -> Ran:
    folder = world.folder / "control-files"
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"p{number}.yaml").write_text(text)
    files = [str(folder / f"p{number}.yaml") for number in range(len(texts))]
    words = ("policy", "adopt", *files, "--reason", "agreed", "--as", "ana", "--json")
    return world.onloop(*words, passphrase=PASSPHRASE)


def handed(world: World, task: str) -> tuple[Path, Any]:
    claimed = world.onloop("claim", task, "--role", "implementer", "--json").json
    return Path(claimed["place"]), claimed["env"]


def commit(world: World, clone: Path, *paths: str) -> None:
    for path in paths:
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_text("hello\n")
    world.git(clone, "add", "--all")
    world.git(clone, "commit", "-qm", "work")


def test_a_denial_goes_back_as_a_round_and_what_mends_it_passes(verified: World) -> None:
    world = verified
    task = f"{world.fleet(world.origin(), workflow=GATED)}.1"
    clone, env = handed(world, task)
    commit(world, clone, "hello.txt", "a.txt", "b.txt")

    world.onloop("submit", env=env)
    world.until(task, "working", None)
    first = world.onloop("check", env=env)
    asked = world.onloop("next", env=env)
    world.git(clone, "rm", "-q", "a.txt", "b.txt")
    world.git(clone, "commit", "-qm", "less")
    second = world.onloop("submit", env=env)
    world.until(task, "input_required", "approval_required")

    assert first.code == 12, first.out + first.err
    assert "At most two files at once" in asked.out and "change.count = 3" in asked.out
    assert second.code in {0, 10}, second.out + second.err
    sheet = world.onloop("show", task).out
    assert "At most two files at once: allowed" in sheet and "change.count = 1" in sheet
    log = world.onloop("log", task).out
    assert log.count("PolicyJudged") == 2
    assert world.onloop("store", "verify").code == 0


def test_an_organization_s_policy_holds_every_workflow_and_demands_people(verified: World) -> None:
    world = verified
    world.onloop(
        *("enrol", "ben", "--group", "approvers", "--as", "ana", "--new-passphrase-fd", "0"), passphrase=PASSPHRASE
    )
    assert adopt(world, SENSITIVE).json["adopted"] == ["sensitive-paths"]
    task = f"{world.fleet(world.origin())}.1"
    clone, env = handed(world, task)
    commit(world, clone, "hello.txt", ".github/workflows/ci.yml")
    world.onloop("submit", env=env)
    world.until(task, "input_required", "approval_required")

    world.decide("approve", task)
    asked = world.task(task)
    checked = world.onloop("policy", "check", task)

    assert (asked["state"], asked["reason"], asked["step"]) == ("input_required", "approval_required", "ship.merge")
    (request,) = asked["asked"]
    assert "CI is changed by two people" in request["question"]
    assert (request["gate"], request["quorum"]) == ("policy/sensitive-paths", 2)
    assert "dry run" in checked.out and "denies: the rule is false; change.sensitive = 1" in checked.out
    one = world.decide("approve", task)
    again = world.decide("approve", task)
    assert one.code in {0, 11} and again.code != 0, again.out
    assert world.task(task)["reason"] == "approval_required"
    assert world.onloop("store", "verify").code == 0


def test_a_denial_that_no_agent_can_mend_asks_a_person_and_is_one_cause(verified: World) -> None:
    world = verified
    adopt(world, STRICT)
    task = f"{world.fleet(world.origin())}.1"
    clone, env = handed(world, task)
    commit(world, clone, "hello.txt")
    world.onloop("submit", env=env)
    world.until(task, "input_required", "approval_required")
    world.decide("approve", task)

    held = world.task(task)
    retried = world.onloop("retry", task, "--as", "ana", passphrase=PASSPHRASE)
    attention = world.onloop("attention")

    assert (held["state"], held["reason"], held["step"]) == ("input_required", "policy_violation", "ship.merge")
    assert "policy/never: Nothing is ever right (the rule is false); change.count = 1" in held["detail"]
    assert world.task(task)["reason"] == "policy_violation", retried.err
    assert "policy/never" in attention.out
    why = world.onloop("why", task).out
    assert "policy_violation" in why and "policy/never" in why


def test_a_policy_that_is_tried_is_counted_and_stops_nothing(verified: World) -> None:
    world = verified
    adopt(world, TRIED)
    task = f"{world.fleet(world.origin())}.1"
    clone, env = handed(world, task)
    commit(world, clone, "hello.txt")
    world.onloop("submit", env=env)
    world.until(task, "input_required", "approval_required")
    world.decide("approve", task)

    assert world.until(task, "completed")["state"] == "completed"
    assert "policy/never" in world.onloop("show", task).out
    assert "tried only" in world.onloop("show", task).out


def test_a_live_run_keeps_what_it_began_with_and_the_next_is_held_to_what_is_in_force(world: World) -> None:
    world.init()
    before = f"{world.fleet(world.origin())}.1"
    adopt(world, STRICT)
    after = world.onloop("start", "feature", "--repo", str(world.origin("bank")), "--no-base-check", "--json").json[
        "task"
    ]
    world.onloop("policy", "drop", "never", "--reason", "too early", "--as", "ana", passphrase=PASSPHRASE)

    listed = world.onloop("policy", "list", "--json").json
    found = {task: world.onloop("policy", "check", task, "--json").json["answers"] for task in (before, after)}

    assert listed["policies"] == []
    assert found[before] == []
    assert [(each["gate"], each["step"], each["pinned"]) for each in found[after]] == [
        ("policy/never", "ship.merge", True)
    ]


def test_no_agent_and_nobody_without_a_passphrase_adopts_or_drops(world: World) -> None:
    world.init()
    adopt(world, STRICT)
    task = f"{world.fleet(world.origin())}.1"
    _, env = handed(world, task)

    dropped = world.onloop("policy", "drop", "never", "--reason", "x", "--as", "ana", env=env, passphrase=PASSPHRASE)
    wrong = world.onloop("policy", "drop", "never", "--reason", "x", "--as", "ana", passphrase="wrong")

    assert dropped.code != 0 and "agent" in dropped.err
    assert wrong.code == 13, wrong.err
    assert [each["name"] for each in world.onloop("policy", "list", "--json").json["policies"]] == ["never"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (STRICT.replace("change.count == 77", "change.cuont == 77"), "p0.yaml:3:7: there is no fact change.cuont"),
        (STRICT.replace("change.count == 77", "change.count == 'x'"), "p0.yaml:3:20: == does not take (int, string)"),
        (STRICT.replace("effect:merge", "merge"), "p0.yaml:2:6: item 1 of at cannot be 'merge'"),
        (STRICT.partition("cases:")[0], "it has no cases"),
        (STRICT.replace("expect: deny", "expect: allow"), "case 'no' fails"),
        (STRICT + "  - {name: no, facts: {change: {count: 1}}, expect: deny}\n", "case 'no' is here twice"),
        (STRICT.replace("{count: 1}", "{cuont: 1}"), "there is no fact change.cuont"),
        ("policy: [\n", "p0.yaml:2:1"),
    ],
    ids=["a fact", "a type", "a place", "no cases", "a failing case", "a case twice", "a fact of a case", "no YAML"],
)
def test_a_bad_policy_is_refused_with_its_place_and_adopts_nothing(world: World, text: str, said: str) -> None:
    world.init()
    ran = adopt(world, text)

    assert ran.code == 2, ran.out + ran.err
    assert said in ran.err + ran.out
    assert world.onloop("policy", "list", "--json").json["policies"] == []
