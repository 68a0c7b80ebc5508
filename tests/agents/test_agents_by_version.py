"""How many agents work, for which roles, how the version that is there is started, and what its output says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.agents.agent_command import AgentFolders, VendorProgram, command_of
from onloop.agents.agent_output import AgentOutput, last_words
from onloop.agents.demand import CrewSize, agents_wanted, claims_for
from onloop.agents.vendors.known_vendors import VENDORS, launch_for, version_in
from onloop.workflow.agent_file import AgentSpec
from support.world import ROOT

FOLDERS = AgentFolders(ROOT / "state", ROOT / "out", ROOT / "in", ROOT / "hook.json", ROOT / "tmp")
COUNTS = st.integers(0, 50)


@given(st.integers(1, 20), st.integers(0, 20), COUNTS, COUNTS)
def test_never_more_agents_than_allowed_and_none_for_what_does_not_wait(
    least: int, more: int, at_work: int, waiting: int
) -> None:
    size = CrewSize(least, least + more)
    wanted = agents_wanted(size, min(at_work, size.most), waiting)

    assert wanted <= size.most
    assert wanted <= min(at_work, size.most) + waiting
    if waiting >= size.least:
        assert wanted >= size.least


def test_beyond_the_least_the_crew_grows_only_with_what_waits() -> None:
    size = CrewSize(2, 4)

    assert [agents_wanted(size, 2, waiting) for waiting in (0, 1, 2)] == [2, 2, 3]


def test_without_a_role_each_role_is_claimed_under_a_name_of_its_own() -> None:
    waiting = [("reviewer", 1), ("implementer", 3), ("agent:c-1.reviewer", 1), ("agent:ada", 9)]

    assert claims_for("", "c-1", waiting) == (
        ("c-1.reviewer", "reviewer"),
        ("c-1.implementer", "implementer"),
        ("c-1.reviewer", "reviewer"),
    )
    assert claims_for("planner", "c-1", waiting) == (("c-1", "planner"),)


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("2.1.332 (Claude Code)", ""),
        ("2.2.0 (Claude Code)", "newer than 2.1.332, the last that was tried"),
        ("1.0.9", "older than any that we know; started like Claude Code 2.1"),
        ("no number", "does not say its version"),
    ],
)
def test_an_unknown_version_is_started_like_the_nearest_and_that_is_said(printed: str, said: str) -> None:
    launch, remark = launch_for(VENDORS["claude"], version_in(printed))

    assert launch in VENDORS["claude"].launches
    assert said in remark and bool(remark) == bool(said)


@pytest.mark.parametrize("name", VENDORS)
def test_what_is_filled_in_stays_one_word_and_is_never_looked_into(name: str) -> None:
    spec = AgentSpec("careful", name, model="m", flags=("{out}", "a b"))

    command = command_of(spec, VendorProgram("/bin/x", ""), FOLDERS, session="s; {hook}")

    assert command.argv[0] == "/bin/x"
    words = command.argv[command.argv.index("--model") :]
    assert words[:4] == ("--model", "m", "{out}", "a b")
    assert command.resumes == bool(VENDORS[name].launches[0].resumed)
    assert not any(word in {"{settings}", "{state}", "{given}", "{flags}", "{session}"} for word in command.argv)


@given(st.binary(max_size=400), st.integers(1, 50))
def test_no_output_of_a_vendor_breaks_its_reader_and_plain_lines_are_kept(content: bytes, size: int) -> None:
    for vendor in VENDORS.values():
        output = AgentOutput(vendor.hear)
        kept = b"".join(output.feed(content[at : at + size]) for at in range(0, len(content), size)) + output.end()
        if b"{" not in content:
            assert kept.rstrip(b"\n") == content.rstrip(b"\n")


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, [1], {"content": [1, {"type": 3}]}])
def test_fields_of_any_type_are_read_as_absent(value: object) -> None:
    names = ("type", "message", "item", "part", "usage", "session_id", "thread_id", "sessionID", "errors", "error")
    for vendor in VENDORS.values():
        for kind in ("assistant", "user", "result", "item.completed", "turn.failed", "tool_use", "text", "step_finish"):
            line = json.dumps({**dict.fromkeys(names, value), "type": kind}).encode()
            output = AgentOutput(vendor.hear)
            output.feed(line + b"\n")
            assert output.percent is None


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        (b"Traceback\nModuleNotFoundError: No module named 'x'\n\n---\n", "ModuleNotFoundError: No module named 'x'"),
        (
            b"Error: Cannot find module './a'\n    at f (a.js:1:2)\n\nNode.js v20.20.2\n",
            "Error: Cannot find module './a'",
        ),
        (
            b'\x1b[31mAPI Error: 401 {"error":{"message":"invalid x-api-key"}}\x1b[0m\n',
            "API Error: 401 invalid x-api-key",
        ),
        (b"ValueError: handled\nI looked.\nThe disk is full, I give up.\n" + b"and so on\n" * 8, "and so on"),
        (b"one thing\nanother thing\n", "another thing"),
        (b"\xff\n", ""),
        (b"e" * 5_000, "e" * 400),
    ],
)
def test_why_an_agent_ended_is_said_in_its_own_last_words(printed: bytes, words: str) -> None:
    assert last_words(printed) == words
