"""A vendor's own hook over HTTP, on a machine that has git and nothing of ours: its work comes from a branch."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import Any

import httpx

from onloop.access.opening import open_file
from onloop.home import Home
from onloop.machine.digest import Json
from onloop.views.queries.agent_reads import ReadSubAgents
from support.far_machines import Far, certified

BRANCH = "agents/one"
STOP = {"hook_event_name": "Stop", "session_id": "s", "last_assistant_message": "I did it all."}


def hook(far: Far, token: str | None, payload: Mapping[str, Json]) -> httpx.Response:
    """What the vendor's program gets when it calls the hook."""
    trusted = ssl.create_default_context(cafile=str(certified() / "ca.pem"))
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    with httpx.Client(verify=trusted, trust_env=False, timeout=120) as client:
        return client.post(f"{far.gateway.url}/v1/hooks/claude", json=dict(payload), headers=headers)


def stopped(far: Far, token: str, **more: Json) -> Any:
    answer = hook(far, token, {**STOP, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def claimed(far: Far, *words: str) -> str:
    """The token of an agent for which somebody claimed elsewhere."""
    reader, writer = os.pipe()
    os.write(writer, far.gateway.let_in().encode())
    os.close(writer)
    asked = ("claim", "--role", "implementer", "--branch", BRANCH, "--json", *words)
    ran = far.machine.launched(reader, *asked)
    assert ran.code == 0, ran.err
    return str(ran.json["env"]["ONLOOP_TOKEN"])


def pushed(far: Far, script: str) -> str:
    """A commit that the agent made with git alone, and pushed to its branch; the answer is its id."""
    world, clone = far.world, far.world.folder / "plain"
    if not clone.exists():
        world.git(world.folder, "clone", "--quiet", str(far.origin.folder / "shop.git"), str(clone))
        world.git(clone, "checkout", "--quiet", "-b", BRANCH)
    (clone / "run.sh").write_text(script)
    identity = ("-c", "user.name=One", "-c", "user.email=one@example.org")
    world.git(clone, "-c", f"alias.work=!sh {clone}/run.sh", "work")
    (clone / "run.sh").unlink()
    world.git(clone, "add", "--all")
    world.git(clone, *identity, "commit", "--quiet", "--message", "work")
    world.git(clone, "push", "--quiet", "origin", f"HEAD:{BRANCH}")
    return world.git(clone, "rev-parse", "HEAD")


def test_the_turn_ends_when_the_branch_that_the_claim_named_passes_its_gates(far: Far) -> None:
    task = far.begin()
    token = claimed(far)

    nothing = stopped(far, token)
    pushed(far, "echo x > x")
    wrong = stopped(far, token)
    again = stopped(far, token)
    good = pushed(far, "echo hello > hello.txt")
    right = stopped(far, token)

    assert nothing["decision"] == "block" and f"has no branch '{BRANCH}'" in nothing["reason"], nothing
    assert wrong["decision"] == "block" and "hello.txt" in wrong["reason"], wrong
    assert again["decision"] == "block" or again["continue"] is False, again
    assert right == {}
    shown = far.world.task(task)
    assert (shown["state"], shown["reason"]) == ("input_required", "approval_required")
    assert far.events("Submitted") == 2
    assert far.world.decide("approve", task).code == 0
    far.world.until(task, "completed")
    assert far.world.git(far.origin.folder / "shop.git", "merge-base", "--is-ancestor", good, "main") == ""


def test_who_has_no_token_or_one_that_is_over_ends_no_turn_as_done(far: Far) -> None:
    far.begin()
    token = claimed(far)

    assert hook(far, None, STOP).status_code == 401
    for wrong in ("onl_agt_made-up", far.gateway.let_in("other")):
        told = stopped(far, wrong)
        assert told["continue"] is False and "Stop here" in told["stopReason"], told
    assert far.machine.launched(0, "release", env={"ONLOOP_TOKEN": token}).code == 0
    over = stopped(far, token)
    assert over["continue"] is False and "has ended" in over["stopReason"], over
    assert far.events("Submitted") == 0


def test_other_events_and_what_cannot_be_read_are_answered_as_at_a_terminal(far: Far) -> None:
    task = far.begin()
    token = claimed(far)

    begun = hook(far, token, {"hook_event_name": "SessionStart"}).json()
    busy = stopped(far, token, background_tasks=[{"id": "1"}])
    other = hook(far, token, {"hook_event_name": "PreToolUse"}).json()
    part = hook(far, token, {"hook_event_name": "SubagentStart", "agent_id": "a1", "agent_type": "Explore"}).json()

    assert "push it to the branch" in begun["hookSpecificOutput"]["additionalContext"]
    assert (busy, other, part) == ({}, {}, {})
    elsewhere, mine = (_uses(far, token, f"git push origin HEAD:{name}") for name in ("main", BRANCH))
    assert "your step forbids pushing" in elsewhere["hookSpecificOutput"]["permissionDecisionReason"]
    assert mine == {}
    assert "deny" in str(_uses(far, token, "echo > .onloop/a.yaml"))
    assert _sub_agents(far, task) == ["a1"]


def _uses(far: Far, token: str, command: str) -> Any:
    called: dict[str, Json] = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "cwd": "/work/shop"}
    return hook(far, token, {**called, "tool_input": {"command": command}}).json()


def _sub_agents(far: Far, task: str) -> list[str]:
    opened = open_file(Home(far.world.store))
    try:
        return [each.name for each in opened.gateway.perform(ReadSubAgents(task))]
    finally:
        opened.close()
