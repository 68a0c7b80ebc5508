"""Agents that speak ACP, through the real command line: the loop, leave that people give, cancelling, resuming."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from onloop.agents.acp.permission_call import HEADER
from support.waiting import wait_for
from support.world import WORKFLOW, World

UNHURRIED = WORKFLOW.replace("timeout: 30s", "timeout: 20m")
AGENT = Path(__file__).parents[1] / "support" / "scripted_acp.py"


def commit(text: str) -> dict[str, str]:
    return {"run": f"echo {text} > {text}.txt; git add -A; git commit -qm {text}"}


def scripted(world: World, *turns: list[dict[str, Any]], **more: Any) -> str:
    """The command of an agent that does so, turn after turn."""
    script = world.folder / "script.json"
    script.write_text(json.dumps({"turns": turns, **more}), encoding="utf-8")
    return shlex.join((sys.executable, str(AGENT), str(script)))


def told(world: World, kind: str = "seen") -> list[str]:
    path = world.folder / f"script.{kind}"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def methods(world: World) -> list[str]:
    return [json.loads(line)["method"] for line in told(world) if "method" in json.loads(line)]


def prompts(world: World) -> list[str]:
    seen = (json.loads(line) for line in told(world))
    return [each["params"]["prompt"][0]["text"] for each in seen if each.get("method") == "session/prompt"]


def begun(world: World) -> str:
    world.init()
    return f"{world.fleet(world.origin(), workflow=UNHURRIED)}.1"


def work(world: World, agent: str, *words: str) -> Any:
    ran = world.onloop("work", "--acp", agent, "--once", *words)
    assert ran.code == 0, ran.err
    return ran


def log_of(world: World, task: str) -> str:
    return "\n".join(world.onloop("logs", task, "--json").json["lines"])


def test_gates_that_fail_are_the_next_prompt_of_the_same_session(world: World) -> None:
    task = begun(world)
    agent = scripted(
        world,
        [
            {"plan": {"look": "completed", "write it": "in_progress", "test it": "pending"}},
            {"usage": [60_000, 200_000]},
            {"tool": "git status"},
            {"say": "I be"},
            {"say": "gin.\n"},
            commit("bye"),
        ],
        [{"say": "Now it says \u001b[2Jhello."}, commit("hello")],
    )

    work(world, agent)

    found = world.until(task, "input_required", "approval_required")
    assert methods(world) == ["initialize", "session/new", "session/prompt", "session/prompt"]
    offered = json.loads(told(world)[0])["params"]["clientCapabilities"]
    assert offered == {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False}
    first, second = prompts(world)
    assert "Make it say hello." in first and "hello.txt is not a file" in second
    assert found["untrusted"]["statement"] == "Now it says \u001b[2Jhello.", "of its last turn alone"
    printed = log_of(world, task)
    assert "I begin." in printed and "[>] write it" in printed and "$ git status" in printed
    names = [event["name"] for event in world.onloop("log", task, "--json").json["events"]]
    assert "ContextReported" in names and "RoundStarted" in names


def test_its_plan_and_its_call_stand_below_its_task_as_it_says_and_are_no_sub_agents(world: World) -> None:
    task, go = begun(world), world.folder / "go"
    plan = {"look": "completed", "write \u001b[2Jit": "in_progress"}
    agent = scripted(world, [{"plan": plan}, {"tool": "make all"}, {"sleep_until": str(go)}, commit("hello")])

    with world.running("work", "--acp", agent, "--once"):
        rows = wait_for(
            lambda: len(found := world.task(task)["untrusted"]["sub_agents"]) == 2 and found,
            lambda: world.logs(),
        )
        shown, listed = world.onloop("tree").out, world.onloop("list").out
        go.touch()
        world.until(task, "input_required", "approval_required")

    assert [(row["kind"], row["doing"]) for row in rows] == [
        ("plan", "1 of 2: write ␛[2Jit"),
        ("tool call", "make all"),
    ]
    assert "└ plan, process of" in shown and "; its agent says: 1 of 2: write ␛[2Jit" in shown
    assert "sub-agent" not in listed


def test_what_an_agent_asks_leave_for_is_a_question_and_its_session_goes_on_with_the_answer(world: World) -> None:
    task, call = begun(world), {"rawInput": {"command": "git push --force", "description": "words of the day"}}
    reworded = {"rawInput": {"command": "git push --force", "description": "other words"}, **commit("hello")}
    agent = scripted(world, [{"say": "May I?"}, {"leave": call}], [{"leave": reworded}, {"say": "Done."}])

    work(world, agent)

    asked = world.task(task)
    (request,) = asked["asked"]
    assert (asked["state"], asked["reason"], request["kind"]) == ("input_required", "question", "question")
    assert HEADER in asked["detail"] and '"command": "git push --force"' in asked["detail"]
    assert told(world, "got") == ["cancelled"] and methods(world)[-1] == "session/cancel"

    assert world.decide("answer", task, "Allow.").code == 0
    work(world, agent)

    world.until(task, "input_required", "approval_required")
    assert told(world, "got") == ["cancelled", "allow-once"]
    assert methods(world)[-3:] == ["initialize", "session/load", "session/prompt"]
    assert "Allow." in prompts(world)[-1] and "said before" not in log_of(world, task)


def test_anything_but_allow_is_no_and_is_not_asked_again(world: World) -> None:
    task, call = begun(world), {"rawInput": {"command": "rm -rf /"}, **commit("hello")}
    agent = scripted(world, [{"leave": dict(call)}], [{"leave": dict(call)}, commit("hello")], loads=False)
    work(world, agent)
    assert world.decide("answer", task, "allow nothing of the kind").code == 0

    work(world, agent)

    world.until(task, "input_required", "approval_required")
    assert told(world, "got") == ["cancelled", "reject-once"]
    assert methods(world).count("session/new") == 2, "it cannot load a session: a fresh one has the brief"


def test_five_hundred_requests_are_one_question_with_each_call_once(world: World) -> None:
    task = begun(world)
    agent = scripted(world, [{"many": 500}], [{"many": 500}, commit("hello")])

    work(world, agent)

    detail = world.task(task)["detail"]
    assert len(world.task(task)["asked"]) == 1
    assert [detail.count(f'"step {number}"') for number in range(3)] == [1, 1, 1]
    assert told(world, "got") == ["cancelled"] * 500
    assert len(world.onloop("attention", "--json").json["groups"]) == 1

    assert world.decide("answer", task, "allow").code == 0
    work(world, agent)
    assert told(world, "got")[500:] == ["allow-once"] * 500


def test_what_a_person_permits_when_they_start_the_worker_is_not_asked_about(world: World) -> None:
    task = begun(world)
    forever = [{"optionId": f"{what}-always", "name": what, "kind": f"{what}_always"} for what in ("allow", "reject")]
    agent = scripted(
        world,
        [
            {"leave": {"kind": "execute", "rawInput": {"command": "make"}, **commit("hello")}},
            {"leave": {"kind": "edit", "rawInput": {"path": "a"}}},
            {"leave": {"kind": "execute", "rawInput": {"command": "make"}, "options": forever}},
        ],
    )

    work(world, agent, "--permit", "execute")

    world.until(task, "input_required", "approval_required")
    assert told(world, "got") == ["allow-once", "allow-once", "reject-always"], "leave is never given for ever"


def test_an_agent_that_is_paused_is_cancelled_and_goes_on_with_its_session(world: World) -> None:
    task = begun(world)
    agent = scripted(world, [{"say": "I begin.\n"}, {"until_cancelled": True}], [commit("hello")])
    with world.running("work", "--acp", agent, "--once"):
        wait_for(lambda: told(world, "waits"), lambda: world.logs())
        assert world.decide("pause", task, "--reason", "wait").code == 0
        wait_for(lambda: "session/cancel" in methods(world), lambda: world.logs())
    assert world.decide("resume", task).code == 0

    work(world, agent)

    world.until(task, "input_required", "approval_required")
    assert "session/load" in methods(world)


@pytest.mark.parametrize(
    ("turn", "more", "words"),
    [
        ([{"raw": '{"jsonrpc": "2.0", "met'}, {"die": 0}], {}, "the agent ended in the middle of a message"),
        ([{"die": 3}], {}, "the agent ended without an answer"),
        ([{"stop": "refusal"}], {}, "'refusal', which says nothing of its work"),
        ([], {"version": 9}, "speaks version 9 of acp"),
        ([], {"fails": {"session/new": "log in first"}}, "the agent says: log in first"),
    ],
    ids=["mid-message", "gone", "refusal", "version", "login"],
)
def test_an_agent_that_breaks_off_is_named_and_its_work_is_not_handed_in(
    turn: list[dict[str, Any]], more: dict[str, Any], words: str, world: World
) -> None:
    task = begun(world)

    work(world, scripted(world, turn, **more))

    found = world.task(task)
    assert words in found["detail"].lower(), found["detail"]
    assert found["untrusted"].get("statement", "") == ""


def test_lines_that_are_no_message_and_messages_of_others_change_nothing(world: World) -> None:
    task = begun(world)
    deep = "[" * 5_000 + "]" * 5_000
    bad = (
        *("hello\u001b[2J", "null", "[]", '{"id": {}, "method": "session/request_permission"}', f'{{"x": {deep}}}'),
        *('{"id": 99, "result": {}}', '{"method": "session/update", "params": [1]}', '{"id": 2, "method": 5}'),
        '{"id": "f", "method": "fs/read_text_file", "params": {"sessionId": "s-1", "path": "/etc/passwd"}}',
        '{"id": "o", "method": "session/request_permission", "params": {"sessionId": "other"}}',
    )
    noise = "".join(f"{line}\n" for line in bad)
    agent = scripted(world, [{"raw": noise}, commit("hello")], noise=noise)

    work(world, agent)

    world.until(task, "input_required", "approval_required")
    refused = [line for line in told(world) if '"id": "f"' in line or '"id": "o"' in line]
    assert len(refused) == 4 and all('"error"' in line for line in refused)
    assert "hello␛[2J" in log_of(world, task)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--acp", "no-such-agent acp"), "install the agent"),
        (("--acp", "'"), "close its quotes"),
        (("--acp", "sh", "--agent", "claude"), "give one of them"),
        (("--acp", "sh", "--permit", "approve"), "switch_mode"),
        (("--permit", "execute", "--agent", "claude"), "--acp CMD"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_is_claimed(words: tuple[str, ...], hint: str, world: World) -> None:
    world.init()

    no = world.onloop("work", *words)

    assert no.code == 2 and hint in no.err, no.err
