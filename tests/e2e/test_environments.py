"""Agents work in boxes and containers, seen and attested, and nothing is left of them, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from onloop.gates.strongest_box import strongest_box
from support.container_images import SHARED, containers, image, needs_podman, podman
from support.waiting import wait_for
from support.world import WORKFLOW, World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="boxes and containers for agents are Linux's")
needs_box = pytest.mark.skipif(not strongest_box().kind.moves_paths, reason="no box here has files of its own")

WORK = """
cat > /dev/null
onloop check > $ONLOOP_OUT/first.txt || test $? = 10
echo hello > hello.txt; git add -A; git commit -qm hello
onloop submit --json > $ONLOOP_OUT/handed-in.json
"""


def demanding(isolation: str) -> str:
    return WORKFLOW.replace("    timeout: 30s", f"    timeout: 10m\n    isolation: {isolation}")


def begun(world: World, isolation: str) -> str:
    world.extra.update(SHARED)
    world.init()
    return f"{world.fleet(world.origin(), workflow=demanding(isolation))}.1"


def worked(world: World, script: str, *words: str) -> Any:
    """One worker, until it has ended; it says on its standard error what it did."""
    argv = ("work", "--role", "implementer", "--once", "--lease", "10s", *words)
    return subprocess.run(
        [sys.executable, "-m", "onloop.cli.entry", *argv, "--", *world.agent(script)],
        env=world.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def events(world: World, task: str, name: str) -> list[Any]:
    """What the events of that name say."""
    found = world.onloop("log", task, "--json").json["events"]
    return [json.loads(event["data"]) for event in found if event["name"] == name]


def kept_rows(world: World) -> list[str]:
    return [path.name for path in (world.store.parent / "rooms").glob("*")]


@needs_podman
def test_an_agent_in_a_container_works_from_claim_to_merge_and_nothing_of_it_is_left(world: World) -> None:
    task = begun(world, "container")
    ran = worked(world, WORK, "--environment", f"container:{image()}")
    assert ran.returncode == 0, ran.stderr
    found = world.until(task, "input_required", "approval_required")
    made = found["environment"]
    assert (made["kind"], made["isolation"], made["image"]) == ("container", "container", image())
    assert made["by"] == "launcher:work" and "no network" in made["details"] and len(made["digest"]) == 64
    shown = world.onloop("show", task).out
    assert f"worked in container {made['id']} on {made['host']}" in shown
    assert "attested by launcher:work, a worker of the gateway's own user" in shown
    assert found["head"] is not None
    assert world.decide("approve", task).code == 0
    world.until(task, "completed")
    assert "hello" in world.git(world.folder / "origins" / "shop.git", "show", "main:hello.txt")
    assert containers(f"onloop-{made['id']}") == []
    assert kept_rows(world) == []


@needs_podman
def test_a_worker_that_is_killed_leaves_no_container_and_the_next_one_finds_what_the_agent_wrote(world: World) -> None:
    task = begun(world, "container")
    argv = ("work", "--role", "implementer", "--lease", "3s", "--environment", f"container:{image()}")
    script = "cat > /dev/null; echo half > half.txt; sleep 600"
    process = subprocess.Popen(
        [sys.executable, "-m", "onloop.cli.entry", *argv, "--", *world.agent(script)],
        env=world.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        (made,) = wait_for(lambda: events(world, task, "EnvironmentMade"), lambda: world.onloop("log", task).out)
        name = f"onloop-{made['made']['id']}"
        room = world.store.parent / "rooms" / made["made"]["id"]
        wait_for((room / "work" / "clone" / "half.txt").exists, lambda: str(list(room.rglob("*"))[:20]))
        assert containers(name) == [name]
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    wait_for(lambda: containers(name) == [], lambda: f"{name} is still there")
    again = "cat > /dev/null; cat half.txt > hello.txt; echo hello >> hello.txt; git add -A; git commit -qm hello"
    wait_for(
        lambda: (
            worked(world, again, "--environment", f"container:{image()}").returncode == 0
            and world.task(task)["state"] == "input_required"
        ),
        lambda: world.onloop("show", task).out,
    )
    assert kept_rows(world) == []
    assert containers(name) == []


@needs_podman
def test_a_container_that_dies_under_its_agent_costs_no_attempt(world: World) -> None:
    task = begun(world, "container")
    using = podman()
    assert using is not None

    def kill() -> None:
        (made,) = wait_for(lambda: events(world, task, "EnvironmentMade"), lambda: world.onloop("log", task).out)
        using.ask("kill", f"onloop-{made['made']['id']}")

    killer = threading.Thread(target=kill)
    killer.start()
    ran = worked(world, "cat > /dev/null; sleep 600", "--environment", f"container:{image()}")
    killer.join()
    assert "ended while its agent worked" in ran.stderr
    found = world.task(task)
    assert found["reason"] in {"external", "ready", "retry_backoff"}, found
    assert events(world, task, "AttemptEnded") == []
    assert events(world, task, "SetBack")
    assert kept_rows(world) == []


@needs_podman
def test_an_image_that_is_nowhere_is_a_setback_of_the_environment(world: World) -> None:
    task = begun(world, "container")
    ran = worked(world, WORK, "--environment", "container:localhost/no-such-image:1")
    assert "no-such-image" in ran.stderr
    (setback,) = events(world, task, "SetBack")
    assert setback["setback"]["trouble"] == "environment"
    assert events(world, task, "AttemptEnded") == []
    assert kept_rows(world) == []


@needs_box
def test_a_step_that_demands_a_box_is_refused_to_a_worker_of_clones_which_says_so(world: World) -> None:
    task = begun(world, "box")
    ran = worked(world, WORK)
    assert ran.returncode == 15
    assert "demands isolation box, not clone" in ran.stderr
    assert world.task(task)["state"] == "submitted"


@contextmanager
def answering(words: str) -> Iterator[int]:
    """A server on the loopback of this machine that answers every request with these words."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(words.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@needs_box
def test_an_agent_in_a_box_reaches_its_model_and_the_gateway_and_nothing_else(world: World) -> None:
    task = begun(world, "box")
    (world.folder / "secret.txt").write_text("of the person")
    other = world.store.parent / "environments" / "other"
    other.mkdir(parents=True)
    (other / "theirs.txt").write_text("of another task")
    with answering("the model") as model, answering("somebody else") as foreign:
        reads = "import sys,urllib.request as u;print(u.urlopen(sys.argv[1],timeout=20).read().decode())"
        script = f"""
cat > /dev/null
python() {{ {sys.executable} "$@"; }}
python -c '{reads}' http://127.0.0.1:{model}/ > $ONLOOP_OUT/model.txt
! python -c '{reads}' http://127.0.0.1:{foreign}/ > $ONLOOP_OUT/foreign.txt 2> /dev/null
! cat {world.folder}/secret.txt > $ONLOOP_OUT/secret.txt 2> /dev/null
! ls {world.store} > $ONLOOP_OUT/store.txt 2> /dev/null
! cat {other}/theirs.txt > $ONLOOP_OUT/theirs.txt 2> /dev/null
! onloop approve $ONLOOP_TASK --as ana 2> $ONLOOP_OUT/approve.txt < /dev/null
echo $HOME > $ONLOOP_OUT/home.txt
{WORK}
"""
        ran = worked(world, script, "--environment", "box", "--reach", f"127.0.0.1:{model}")
    assert ran.returncode == 0, ran.stderr
    found = world.until(task, "input_required", "approval_required")
    assert found["environment"]["kind"] == "box"
    assert f"no network but 127.0.0.1:{model} by proxy" in found["environment"]["details"]
    out = world.store.parent / "out" / task
    said = {path.name: path.read_text().strip() for path in out.iterdir()}
    assert said["model.txt"] == "the model"
    assert [said[name] for name in ("foreign.txt", "secret.txt", "store.txt", "theirs.txt")] == ["", "", "", ""]
    assert str(world.folder) not in said["home.txt"]
    assert "not_yet" in said["first.txt"]
