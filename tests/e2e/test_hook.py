"""`onloop hook VENDOR` as a vendor's agent calls it: one JSON object and exit code 0, whatever is wrong."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from onloop.agents.vendors.known_vendors import HOOKED as VENDORS
from onloop.agents.vendors.known_vendors import VENDORS as EVERY
from onloop.store.sqlite.database import LOCK
from support.waiting import DEADLINE_S
from support.world import WORKFLOW, World

STOPS = b'{"hook_event_name": "Stop", "stop_hook_active": false}'


PATIENT = """\
import sys
from onloop.cli import hook
hook.NOTE_S = 3600
from onloop.cli.entry import main
sys.argv[0] = "onloop"
sys.exit(main())
"""
"""The command, but that a note of a sub-agent is not dropped because the machine is busy."""


def called(
    world: World,
    vendor: str = "claude",
    said: bytes = STOPS,
    env: Mapping[str, str] | None = None,
    *,
    how: tuple[str, str] = ("-m", "onloop.cli.entry"),
) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, *how, "hook", vendor],
        env=world.environment | dict(env or {}),
        input=said,
        capture_output=True,
        check=False,
        timeout=DEADLINE_S,
    )
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    assert done.stdout.count(b"\n") == 1
    reply = json.loads(done.stdout)
    assert isinstance(reply, dict)
    return reply


def claimed(world: World) -> dict[str, str]:
    world.init()
    world.fleet(world.origin())
    env: dict[str, str] = world.onloop("claim", "--role", "implementer", "--json").json["env"]
    return env


@pytest.mark.parametrize("vendor", [*EVERY, "somebody-else"])
def test_outside_of_a_task_every_agent_is_let_go(world: World, vendor: str) -> None:
    assert called(world, vendor) == {}
    assert called(world, vendor, b"no json") == {}


def test_inside_a_task_an_agent_is_sent_on_and_the_log_counts_it(world: World) -> None:
    env = claimed(world)

    first = called(world, "codex", env=env)

    assert first["decision"] == "block"
    assert "nothing is submitted at develop.write" in first["reason"]
    assert "onloop submit" in first["reason"]
    log = world.onloop("log", env["ONLOOP_TASK"], "--json").json["events"]
    assert [event["name"] for event in log][-1] == "TurnBlocked"


def test_whoever_no_longer_holds_the_task_is_stopped(world: World) -> None:
    env = claimed(world)
    world.onloop("ask", "Which?", env=env)

    assert called(world, env=env)["continue"] is False


def test_a_gateway_that_is_gone_stops_the_agent_and_never_says_that_it_is_done(world: World) -> None:
    env = claimed(world)

    reply = called(world, env=env | {"ONLOOP_STORE": str(world.folder / "gone")})

    assert reply["continue"] is False
    assert "nobody has said that you are done" in reply["stopReason"]


def test_garbage_on_standard_input_counts_as_the_end_of_a_turn(world: World) -> None:
    env = claimed(world)

    assert called(world, said=b"\xff\x00garbage", env=env)["decision"] == "block"


def test_a_session_that_starts_is_told_how_it_works_here(world: World) -> None:
    env = claimed(world)

    reply = called(world, said=b'{"hook_event_name": "SessionStart"}', env=env)

    assert "onloop submit" in reply["hookSpecificOutput"]["additionalContext"]


def test_hook_show_prints_a_command_that_can_be_pasted(world: World) -> None:
    shown = world.onloop("hook", "show", "claude", "--json")

    assert json.loads(shown.json["argument"])["hooks"]["Stop"][0]["hooks"][0]["command"] == "onloop hook claude"
    assert "onloop work --agent claude" in world.onloop("hook", "show", "claude").out
    assert world.onloop("hook", "show", "nobody").code == 2


def uses(command: str, vendor: str = "claude", **more: Any) -> bytes:
    event, tool = ("BeforeTool", "run_shell_command") if vendor == "gemini" else ("PreToolUse", "Bash")
    given = {"command": command}
    return json.dumps({"hook_event_name": event, "tool_name": tool, "tool_input": given, **more}).encode()


def refused(reply: dict[str, Any]) -> str:
    """Why a tool may not be used; empty where it may."""
    inner = reply.get("hookSpecificOutput", reply)
    assert inner.get("permissionDecision", inner.get("decision", "deny")) == "deny"
    return str(inner.get("permissionDecisionReason") or inner.get("reason") or "")


@pytest.mark.parametrize("vendor", EVERY)
def test_a_tool_that_does_what_the_step_forbids_is_refused_in_the_vendors_form(world: World, vendor: str) -> None:
    env = claimed(world)

    assert "your step forbids pushing" in refused(called(world, vendor, uses("git push", vendor), env))
    assert "your step forbids" in refused(called(world, vendor, uses("echo > .onloop/a.yaml", vendor), env))
    assert called(world, vendor, uses("python -m pytest; git commit -m 'git push'", vendor), env) == {}
    assert called(world, vendor, uses("git push", vendor)) == {}, "outside of a task it is nobody's business"


def test_what_hooks_refuse_is_counted_once_a_minute_shown_among_the_figures_and_calls_nobody(world: World) -> None:
    env = claimed(world)

    for _ in range(3):
        assert refused(called(world, said=uses("git push"), env=env))
    assert refused(called(world, said=uses("gh pr create"), env=env))

    loop = world.onloop("loop", "--json").json
    assert [(each["tried"], each["count"], each["tasks"]) for each in loop["hook_refusals"]] == [
        ("push", 1, 1),
        ("open a pull request", 1, 1),
    ], "two more pushes wait for their minute"
    assert world.onloop("log", "--run", "house").out.count("hook") == 2
    assert "Refused by hooks" in world.onloop("loop").out
    assert not any(each["reason"] == "denied" for each in world.onloop("attention", "--json").json["groups"])


def test_the_gateway_says_which_programs_judge_and_to_which_branch_an_agent_may_push(world: World) -> None:
    world.init()
    judged = WORKFLOW.replace("    gates:\n", "    gates:\n      - {id: ours, command: [sh, scripts/check.sh]}\n", 1)
    world.fleet(world.origin(), workflow=judged)
    env = world.onloop("claim", "--role", "implementer", "--branch", "agents/one", "--json").json["env"]
    folder = str(world.folder)

    assert "the program of a gate" in refused(called(world, said=uses("echo > scripts/check.sh", cwd=folder), env=env))
    assert called(world, said=uses("echo > scripts/check_more.sh", cwd=folder), env=env) == {}
    assert called(world, said=uses("git push origin HEAD:agents/one"), env=env) == {}
    assert "pushing" in refused(called(world, said=uses("git push origin HEAD:main"), env=env))


def test_without_a_gateway_or_in_pieces_a_tool_is_refused_where_only_its_answer_could_allow_it(world: World) -> None:
    env = claimed(world) | {"ONLOOP_STORE": str(world.folder / "gone")}

    assert "pushing" in refused(called(world, said=uses("git push"), env=env))
    assert called(world, said=uses("echo > tests/test_a.py"), env=env) == {}
    assert "could not be read" in refused(called(world, said=uses("ls")[:-3], env=env))


def sub_agent(event: str, name: str = "a1", **more: Any) -> bytes:
    return json.dumps({"hook_event_name": event, "agent_id": name, "agent_type": "Explore", **more}).encode()


def within(world: World, task: str) -> list[tuple[str, str]]:
    rows = world.onloop("show", task, "--json").json["untrusted"]["sub_agents"]
    return [(row["id"], row["kind"]) for row in rows]


@pytest.mark.parametrize("vendor", VENDORS)
def test_sub_agents_are_noted_as_they_begin_and_end_and_never_ruled_by_the_gates(world: World, vendor: str) -> None:
    env = claimed(world)
    task = env["ONLOOP_TASK"]
    before = len(world.onloop("log", task, "--json").json["events"])

    patient = ("-c", PATIENT)
    assert called(world, vendor, sub_agent("SubagentStart"), env, how=patient) == {}
    assert called(world, vendor, sub_agent("SubagentStart", "a2"), env, how=patient) == {}
    assert within(world, task) == [("a1", "Explore"), ("a2", "Explore")]
    ended = sub_agent("SubagentStop", background_tasks=[{"id": "b1"}], stop_hook_active=False)
    assert called(world, vendor, ended, env, how=patient) == {}

    assert within(world, task) == [("a2", "Explore")]
    assert len(world.onloop("log", task, "--json").json["events"]) == before


@pytest.mark.parametrize(
    "said",
    [
        sub_agent("SubagentStart", "x\x1b[2J\u202e" * 10_000),
        b'{"hook_event_name": "SubagentStart"}',
        b'{"hook_event_name": "SubagentStop", "agent_id": {"a": 1}, "agent_type": 7}',
    ],
    ids=["endless and hostile", "nameless", "no text"],
)
def test_whatever_a_vendor_says_of_a_sub_agent_it_is_let_go_with_one_object(world: World, said: bytes) -> None:
    env = claimed(world)

    assert called(world, said=said, env=env) == {}
    assert all("\x1b" not in name for name, _ in within(world, env["ONLOOP_TASK"]))


def test_a_sub_agent_is_not_held_up_by_a_gateway_that_is_gone_or_a_lease_that_is_lost(world: World) -> None:
    env = claimed(world)

    assert called(world, said=sub_agent("SubagentStart"), env=env | {"ONLOOP_STORE": str(world.folder / "gone")}) == {}
    world.onloop("ask", "Which?", env=env)
    assert called(world, said=sub_agent("SubagentStart"), env=env) == {}

    assert within(world, env["ONLOOP_TASK"]) == []
    assert called(world, said=sub_agent("SubagentStart")) == {}


def test_a_sub_agent_does_not_wait_for_a_store_that_somebody_else_writes_to_for_ever(world: World) -> None:
    env = claimed(world)
    with (world.store / LOCK).open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert called(world, said=sub_agent("SubagentStart"), env=env) == {}

    assert within(world, env["ONLOOP_TASK"]) == []
