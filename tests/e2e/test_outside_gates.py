"""Gates that ask a forge or an address of the web, over the real command line and a real verifier."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onloop.access.opening import open_home
from onloop.gateway.jobs import WakeGates
from onloop.home import Home
from onloop.views.put_off_jobs import is_put_off
from onloop.views.queries.reads import ReadJobs
from support.forge import APP, APP_ID, TestForge
from support.hooked import SECRET, declare, github_headers, taking
from support.waiting import wait_for
from support.world import WORKFLOW, World

TESTS = WORKFLOW[WORKFLOW.index("      - id: tests\n") : WORKFLOW.index("  - id: ship.approve")]
CI = WORKFLOW.replace(
    TESTS,
    "      - id: ci\n        github:\n          checks: [{name: test, app: github-actions}]\n          every: 1h\n",
)


@pytest.fixture
def verified(world: World, forge: TestForge) -> Iterator[World]:
    """A store in which the forge is declared, and a verifier beside it."""
    world.init()
    forge.declare(world.store)
    with world.running("verifier"):
        yield world


def handed_in(world: World, forge: TestForge, workflow: str) -> tuple[str, str, Path, Any]:
    """A task whose work is handed in, and is a branch of the forge; with the commit."""
    origin = Path(forge.origin(APP))
    task = f"{world.fleet(origin, workflow=workflow)}.1"
    claimed = world.onloop("claim", task, "--role", "implementer", "--json").json
    clone, env = Path(claimed["place"]), claimed["env"]
    return task, push(world, forge, clone, env, "hello\n"), clone, env


def push(world: World, forge: TestForge, clone: Path, env: Any, text: str) -> str:
    (clone / "hello.txt").write_text(text)
    world.git(clone, "add", "--all")
    world.git(clone, "commit", "-qm", "work")
    world.git(clone, "push", "-q", "--force", forge.origin(APP), "HEAD:refs/heads/work")
    submitted = world.onloop("submit", "--wait", "0s", env=env)
    assert submitted.code in {0, 10}, submitted.out + submitted.err
    return world.git(clone, "rev-parse", "HEAD")


def wake(world: World, commit: str) -> int:
    opened = open_home(Home(world.store))
    try:
        return opened.gateway.perform(WakeGates(commit))
    finally:
        opened.close()


def put_off(world: World) -> list[str]:
    """The gates that wait outside of every runner."""
    opened = open_home(Home(world.store))
    try:
        return [job.id for job in opened.gateway.perform(ReadJobs()) if is_put_off(job)]
    finally:
        opened.close()


def is_waiting(world: World, commit: str) -> None:
    """The gate was asked, and waits outside of every runner."""
    wait_for(lambda: wake(world, commit), lambda: f"nothing waits for {commit}")


def test_a_gate_waits_for_ci_without_holding_a_runner_and_passes_when_it_is_told(
    verified: World, forge: TestForge
) -> None:
    task, head, _, _ = handed_in(verified, forge, CI)
    is_waiting(verified, head)
    forge.ci(APP, head, "test")
    is_waiting(verified, head)
    assert verified.task(task)["reason"] == "gates_running"
    wait_for(lambda: put_off(verified), lambda: "it is not put off again")
    assert "not yet: test is in progress" in verified.onloop("show", task).out
    forge.ci(APP, head, "test", "success")
    is_waiting(verified, head)
    verified.until(task, "input_required", "approval_required")
    shown = verified.onloop("show", task, "--json").json
    found = next(gate for gate in shown["gates"] if gate["gate"] == "ci")
    assert found["summary"] == "test succeeded (github-actions)"


def test_a_webhook_wakes_what_waits_and_is_not_believed(verified: World, forge: TestForge) -> None:
    declare(verified)
    task, head, _, _ = handed_in(verified, forge, CI)
    is_waiting(verified, head)
    with taking(verified) as (_, client):
        forged = json.dumps({"action": "completed", "check_run": {"head_sha": head, "conclusion": "success"}})
        before = forge.asked("check-runs")
        hook = f"{client.base_url}/v1/hooks/github"
        assert (
            client.post(hook, content=forged, headers=github_headers(forged.encode(), "check_run")).status_code == 202
        )
        wait_for(lambda: forge.asked("check-runs") > before, lambda: "nobody asked again")
        wait_for(lambda: put_off(verified), lambda: "it is not put off again")
        assert verified.task(task)["reason"] == "gates_running"
        forge.hook(hook, SECRET)
        forge.ci(APP, head, "test", "success")
        verified.until(task, "input_required", "approval_required")


def test_a_failed_check_is_a_round_and_an_outage_is_no_verdict(verified: World, forge: TestForge) -> None:
    forge.fail("error", "check-runs", times=2)
    task, head, clone, env = handed_in(verified, forge, CI)
    is_waiting(verified, head)
    assert verified.task(task)["reason"] == "gates_running"
    forge.ci(APP, head, "test", "failure")
    is_waiting(verified, head)
    verified.until(task, "working", None)
    assert "test ended as failure" in verified.onloop("next", env=env).out
    newer = push(verified, forge, clone, env, "hello again\n")
    forge.ci(APP, newer, "test", "success")
    wait_for(lambda: wake(verified, newer) or verified.task(task)["state"] == "input_required", lambda: "it stays")
    verified.until(task, "input_required", "approval_required")


@pytest.mark.parametrize("is_allowed", [True, False])
def test_an_address_of_this_machine_is_asked_only_if_it_is_allowed(
    verified: World, forge: TestForge, is_allowed: bool
) -> None:
    gate = f"      - id: web\n        http: {{url: '{forge.url}/api/v3/repos/acme/app', status: 401}}\n"
    if is_allowed:
        with (verified.store / "forges.toml").open("a") as file:
            file.write(f'[http]\nallow = ["{forge.host}"]\n')
    task = handed_in(verified, forge, WORKFLOW.replace(TESTS, gate))[0]
    if is_allowed:
        verified.until(task, "input_required", "approval_required")
    else:
        verified.until(task, "input_required", "gate_failed")
        assert "without TLS" in verified.onloop("show", task).out


def test_doctor_shows_whether_the_gateway_is_the_only_way_to_merge(world: World, forge: TestForge) -> None:
    world.init()
    origin = forge.origin(APP)
    assert "no forge is declared" in world.onloop("doctor", "--forge", origin).err
    forge.declare(world.store, app=True)
    forge.protect(APP, checks=[("onloop", None)])
    before = world.onloop("doctor", "--forge", origin)
    assert before.code == 17
    assert "BAD required check: main takes onloop from any source" in before.out
    forge.protect(APP, checks=[("onloop", APP_ID)])
    after = world.onloop("doctor", "--forge", origin, "--json")
    assert after.code == 0, after.out
    assert after.json["only_way"] is True
    assert {row["name"] for row in after.json["checks"]} >= {"token", "rights", "required check", "bypass"}
    assert "ghs_" not in after.out
