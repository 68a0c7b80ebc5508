"""The conformance suite: ours passes it over every transport, a small second gateway a level, broken ones fail by name.

A sixth of the verbs' cases is played each time over the file, another over the socket; at length all of them are.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.serving import serving
from onloop.errors import Exit
from onloop.home import Home
from onloop.interop.conformance.case_index import CASES
from onloop.interop.conformance.levels import End, Level
from support.conforming import NUMBERED, OURS, Stand, ours, small, wired
from support.far_machines import certified, far_gateway
from support.world import ROOT, World

BY_COMMAND = [case for case in CASES if case.end is End.COMMAND]
BY_URL = [case for case in CASES if case.end is End.URL]
AGENTS = [case for case in BY_COMMAND if case.level is Level.AGENT]
SMALL_GATEWAY = ROOT / "tests" / "support" / "small_gateway.py"


@pytest.fixture
def far_stand(world: World) -> Iterator[Stand]:
    """Our gateway behind TLS: agents and people reach it over HTTP alone."""
    world.init()
    with far_gateway(world) as gateway:
        token = gateway.let_in(roles=("*",), at_most=64)
        far = World(world.folder / "far")
        far.folder.mkdir()
        more = {**far.environment, "ONLOOP_URL": gateway.url, "ONLOOP_CA": str(certified() / "ca.pem")}
        yield ours(world, OURS, more, launcher=token, wire=wired(gateway.url, certified() / "ca.pem"))


def test_there_are_many_cases_and_each_has_a_number_and_a_name_of_its_own() -> None:
    assert len(CASES) >= 120
    assert {case.level for case in BY_COMMAND} == set(Level)
    for told in ([case.number for case in CASES], [case.name for case in CASES]):
        assert len(set(told)) == len(told)
    assert all(case.says and case.name == case.name.strip() for case in CASES)


def test_ours_conforms_over_the_file(world: World) -> None:
    world.init()
    assert ours(world).keeps([case for case in BY_COMMAND if case.number % 6 == 1])


def test_ours_conforms_over_the_socket(world: World) -> None:
    world.init()
    with serving(world):
        stand = ours(world, more={"ONLOOP_URL": f"unix:{Home(world.store).socket}"})
        assert stand.keeps([case for case in BY_COMMAND if case.number % 6 == 4])


def test_ours_conforms_over_http(far_stand: Stand) -> None:
    assert far_stand.keeps(BY_URL)


@pytest.mark.soak
@pytest.mark.parametrize("transport", ["file", "socket"])
def test_ours_conforms_with_every_case(world: World, transport: str) -> None:
    world.init()
    if transport == "file":
        assert ours(world, OURS).keeps(BY_COMMAND)
        return
    with serving(world):
        assert ours(world, OURS, {"ONLOOP_URL": f"unix:{Home(world.store).socket}"}).keeps(BY_COMMAND)


@pytest.mark.soak
def test_our_verbs_conform_over_http(far_stand: Stand) -> None:
    assert far_stand.keeps(AGENTS)


def test_a_small_second_gateway_passes_the_level_of_agents(tmp_path: Path) -> None:
    assert SMALL_GATEWAY.read_text().count("\n") <= 300
    assert "onloop" not in "".join(line for line in SMALL_GATEWAY.read_text().splitlines() if "import" in line)
    assert small(tmp_path).keeps(AGENTS)


@pytest.mark.parametrize(("breaks", "number"), [("epoch", 67), ("evidence", 40), ("fencing", 66)])
def test_a_broken_second_gateway_fails_by_the_cases_name(tmp_path: Path, breaks: str, number: int) -> None:
    failing = small(tmp_path, breaks).failing([NUMBERED[number], NUMBERED[1]])
    assert list(failing) == [number]
    assert failing[number].startswith(f"failed: {NUMBERED[number].name}")


def test_the_verb_says_of_a_failing_case_what_was_sent_what_came_and_what_the_standard_says(world: World) -> None:
    broken = {"SMALL_GATEWAY_BREAKS": "epoch"}
    words = ("conformance", "--command", f"{sys.executable} {SMALL_GATEWAY}", "--case", "67", "--case", "12")
    ran, told = world.onloop(*words, env=broken), world.onloop(*words, "--json", env=broken)
    assert (ran.code, told.code) == (Exit.REDO, Exit.REDO), ran.err
    for part in (
        "✗ 67  agent  the next owner",
        "sent      claim t",
        "came      0",
        "an epoch above 1",
        NUMBERED[67].says,
    ):
        assert part in ran.out, ran.out
    assert "✗ agent  1 of 2 cases" in ran.out
    assert (told.json["conforms"], told.json["passed"], told.json["failed"]) == (False, 1, 1)
    assert [(case["number"], case["result"]) for case in told.json["cases"]] == [(12, "passed"), (67, "failed")]


def test_a_gateway_that_keeps_the_cases_ends_with_yes(world: World) -> None:
    ran = world.onloop("conformance", "--command", f"{sys.executable} {SMALL_GATEWAY}", "--case", "12")
    assert (ran.code, ran.out.strip()) == (Exit.OK, "✓ agent  1 of 1 cases"), ran.err


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        ((), Exit.USAGE, "neither --command nor --url"),
        (("--command", "'"), Exit.USAGE, "is no command"),
        (("--command", "/no/such/gateway"), Exit.UNAVAILABLE, "cannot be started"),
        (("--command", "false"), Exit.UNAVAILABLE, "init of a new store ended with 1"),
        (("--command", "onloop", "--case", "99999"), Exit.USAGE, "there is no case 99999"),
        (("--url", "https://127.0.0.1:1"), Exit.USAGE, "cannot begin tasks"),
        (("--url", "ftp://x", "--owner-command", "true"), Exit.USAGE, "is no URL of a gateway"),
        (("--command", "onloop", "--as", "ana"), Exit.USAGE, "needs a passphrase"),
    ],
)
def test_what_cannot_be_played_is_said(world: World, words: tuple[str, ...], code: Exit, why: str) -> None:
    ran = world.onloop("conformance", *words)
    assert (ran.code, why in ran.err) == (code, True), ran.err


def test_a_gateway_that_answers_nonsense_fails_and_breaks_nothing(tmp_path: Path) -> None:
    answers = ["", "[]", "null", '{"task": {}}', '{"task": "t", "env": 3, "epoch": "x", "place": 7}', "[" * 50_000]

    class Nonsense:
        def run(self, *_: object) -> tuple[int, str, str]:
            answers.append(answers.pop(0))
            return 0, answers[-1], ""

    stand = small(tmp_path)
    fields = {name: getattr(stand.venue.gateway, name) for name in ("env", "schemas", "person", "passphrase")}
    stand.venue.gateway = type(stand.venue.gateway)(Nonsense(), Nonsense(), **fields)
    assert set(stand.failing(BY_COMMAND)) == {case.number for case in BY_COMMAND}


def test_the_cases_are_listed_with_what_the_standard_says(world: World) -> None:
    listed = world.onloop("conformance", "--list")
    found = world.onloop("conformance", "--list", "--level", "trust", "--json").json
    assert len(listed.out.splitlines()) == len(CASES)
    assert {case["level"] for case in found["cases"]} == {"trust"}
    assert json.dumps(found["cases"][0]["says"]) != '""'
