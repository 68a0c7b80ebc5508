"""Work that begins outside: a webhook of GitHub to `onloop serve --listen`, and what the verb trigger says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onloop.errors import Exit
from support.forge import TestForge
from support.hooked import SECRET, TRIGGERS, adopt, declare, github_headers, issue, project, send, settled, taking
from support.waiting import wait_for
from support.world import PASSPHRASE, WORKFLOW, World

TWO_HOOKS = """\
[github]
kind = "github"
secret = {env = "HOOK_SECRET"}
[linear]
kind = "linear"
secret = {command = ["/bin/echo", "a long secret"]}
"""


@pytest.fixture
def world(world: World) -> World:
    world.init()
    declare(world)
    return world


@pytest.fixture
def file(world: World) -> Path:
    return project(world, world.origin("shop"), WORKFLOW)


def test_an_issue_begins_one_task_however_often_it_is_told_and_its_end_ends_it(world: World, file: Path) -> None:
    adopt(world, file)
    with taking(world) as (_, client):
        first = send(client, issue("labeled"))
        begun = settled(world, first.json()["delivery"])
        again = send(client, issue("labeled"), delivery="forged-id")
        newer = send(client, issue("labeled", at="2023-11-14T11:00:00Z"), delivery="d-2")
        folded = settled(world, newer.json()["delivery"])
        (task,) = [each["task"] for each in world.onloop("list", "--json").json["tasks"]]
        shown = world.task(task)
        closed = send(client, issue("closed", at="2023-11-14T12:00:00Z"), delivery="d-3")
        ended = settled(world, closed.json()["delivery"])
        late = send(client, issue("labeled", at="2023-11-14T11:30:00Z"), delivery="d-4")
        ignored = settled(world, late.json()["delivery"])

    assert (first.status_code, first.json()["became"], again.json()["became"]) == (202, "stored", "known")
    assert begun["results"][0]["did"] == "started" and begun["results"][0]["task"] == task
    assert begun["results"][1]["why"] == "it takes issues.closed, and this is issues.labeled"
    assert folded["results"][0]["did"] == "folded"
    assert shown["title"] == "Fix #5: It says hello to nobody"
    assert shown["source"] == {
        "kind": "github",
        "name": "fix-labelled",
        "url": "https://github.com/acme/shop/issues/5",
        "title": "It says hello to nobody",
    }
    assert ended["results"][1]["did"] == "canceled"
    assert world.task(task)["state"] == "canceled"
    assert "something newer" in ignored["results"][0]["why"]
    assert len(world.onloop("list", "--json").json["tasks"]) == 1
    assert world.onloop("store", "verify").code == 0


def test_a_webhook_that_nobody_vouches_for_or_that_is_too_large_is_not_taken(world: World, file: Path) -> None:
    adopt(world, file)
    body = issue("labeled")
    with taking(world) as (_, client):
        forged = client.post("/v1/hooks/github", content=body, headers=github_headers(body, "issues", secret="wrong"))
        bare = client.post("/v1/hooks/github", content=body, headers={"Content-Type": "application/json"})
        unknown = client.post("/v1/hooks/gitlab", content=body)
        large = client.post("/v1/hooks/github", content=b"x" * 25_000_000, headers=github_headers(b"", "issues"))
        no_json = send(client, b"[1, 2]")
        misnamed = send(client, body, event="pull_request")
        log = world.onloop("trigger", "log", "--json").json["deliveries"]

    assert [each.status_code for each in (forged, bare, unknown, large)] == [403, 403, 404, 413]
    assert [each.status_code for each in (no_json, misnamed)] == [400, 400]
    assert log == []
    assert SECRET not in forged.text + bare.text


def test_what_waits_when_the_gateway_is_killed_is_carried_out_by_the_next_one(world: World, file: Path) -> None:
    adopt(world, file)
    with taking(world, expect=None) as (process, client):
        ids = [send(client, issue("labeled", number), delivery=f"d-{number}").json()["delivery"] for number in range(9)]
        process.kill()
    with taking(world):
        did = [settled(world, each)["results"][0]["did"] for each in ids]

    assert did == ["started"] * 9
    assert len(world.onloop("list", "--json").json["tasks"]) == 9


def test_test_says_what_would_happen_and_why_not_and_log_what_did(world: World, file: Path, tmp_path: Path) -> None:
    payload = tmp_path / "payload.json"
    payload.write_bytes(issue("labeled"))
    would = world.onloop("trigger", "test", str(file), "--payload", str(payload), "--event", "issues", "--json")
    payload.write_bytes(issue("labeled", label="docs"))
    would_not = world.onloop("trigger", "test", str(file), "--payload", str(payload), "--event", "issues")

    (fix, stop) = would.json["triggers"]
    assert (fix["acts"], fix["subject"], fix["branch"]) == (True, "acme/shop#5", "main")
    assert (stop["acts"], stop["why"]) == (False, "it takes issues.closed, and this is issues.labeled")
    assert would_not.code == Exit.NOTHING
    assert "not: the condition is false (event.label.name = docs)" in would_not.out

    with taking(world) as (_, client):
        nobody = settled(world, send(client, issue("labeled")).json()["delivery"])
        adopt(world, file)
        again = send(client, issue("labeled"))
        begun = settled(world, again.json()["delivery"])
        tried = world.onloop("trigger", "again", begun["id"], "--json").json
        twice = settled(world, begun["id"])
        told = world.onloop("trigger", "log").out
        of_one = world.onloop("trigger", "log", "--delivery", "d-1").out

    assert (nobody["state"], nobody["results"]) == ("nothing", [])
    assert again.json()["became"] == "again"
    assert begun["results"][0]["did"] == "started"
    assert tried["state"] == "waiting"
    assert twice["results"] == begun["results"]
    assert "fix-labelled: started" in told
    assert "it came 2 times" in of_one
    assert len(world.onloop("list", "--json").json["tasks"]) == 1


def test_triggers_count_as_an_approver_adopted_them_and_no_commit_or_agent_changes_them(
    world: World, file: Path
) -> None:
    adopt(world, file)
    digest = world.onloop("trigger", "list", "--json").json["digest"]
    file.write_text(file.read_text().replace("Fix #", "Never mind #"))
    agent = world.onloop("trigger", "adopt", str(file), "--reason", "x", env={"ONLOOP_TOKEN": "x"})
    nobody = world.onloop("trigger", "adopt", str(file), "--reason", "x", "--as", "ana", passphrase="wrong")
    unwanted = world.onloop("trigger", "drop", "--reason", "", "--as", "ana", passphrase=PASSPHRASE)

    assert agent.code == nobody.code == Exit.NOT_YOURS, (agent.err, nobody.err)
    assert unwanted.code == Exit.USAGE
    listed = world.onloop("trigger", "list", "--json").json
    assert (listed["digest"], listed["by"]) == (digest, "human:ana")
    dropped = world.onloop("trigger", "drop", "--reason", "a storm", "--as", "ana", passphrase=PASSPHRASE)
    assert dropped.code == 0
    assert world.onloop("trigger", "list", "--json").json["triggers"] == []
    assert world.onloop("store", "verify").code == 0


def test_validate_takes_a_file_of_triggers_and_says_where_it_is_wrong(world: World, file: Path) -> None:
    fine = world.onloop("validate", str(file))
    twice = file.read_text().replace("issues.closed", "issues.labeled").replace("        reason", "        raeson")
    file.write_text(twice)
    wrong = world.onloop("validate", str(file), "--json")

    assert (fine.code, fine.out.strip()) == (0, f"{file}: 2 triggers")
    assert wrong.code == Exit.USAGE
    assert "unknown field 'raeson'" in json.dumps(wrong.json), wrong.json


def test_hooks_says_where_webhooks_are_taken_and_what_a_secret_lacks(world: World) -> None:
    declare(world, TWO_HOOKS)
    listed = world.onloop("trigger", "hooks", "--json").json["hooks"]
    (world.store / "hooks.toml").chmod(0o644)
    opened = world.onloop("trigger", "hooks")

    assert [(each["path"], bool(each["problem"])) for each in listed] == [
        ("/v1/hooks/github", True),
        ("/v1/hooks/linear", False),
    ]
    assert opened.code == Exit.USAGE and "open to others" in opened.err


def test_what_a_forge_tells_begins_work_as_the_forge_says_it_now(world: World, forge: TestForge) -> None:
    """A forge with hooks and an API of its own: signed events come in, and what they are about is read again there."""
    forge.declare(world.store)
    text = TRIGGERS.replace("on: [issues.labeled]", "on: [issues]").replace(
        'event.label.name == "agent"', 'event.issue.state == "open" && event.issue.labels.exists(l, l.name == "agent")'
    )
    adopt(world, project(world, world.origin("shop"), WORKFLOW, text.partition("  - id: stop-closed")[0]))
    with taking(world) as (_, client):
        forge.hook(f"{client.base_url}/v1/hooks/github", SECRET, ("issues",))
        number = forge.issue("acme/app", "ana", "No greeting", "Greet.", ("agent",))
        forge.issue("acme/app", "ana", "A question", "Why?")
        forge.settle()
        log = wait_for(lambda: _all_settled(world), lambda: world.onloop("trigger", "log").out)

    assert {each.status for each in forge.hooks.deliveries} == {202}
    (task,) = world.onloop("list", "--json").json["tasks"]
    assert task["title"] == f"Fix #{number}: No greeting"
    assert {each["read"] for each in log if each["state"] == "done"} == {"source"}


def _all_settled(world: World) -> list[dict[str, str]]:
    log: list[dict[str, str]] = world.onloop("trigger", "log", "--json").json["deliveries"]
    return log if len(log) > 1 and all(each["state"] != "waiting" for each in log) else []
