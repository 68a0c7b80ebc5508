"""`onloop logs`: what agents, gates and effects of a task wrote, labelled, safe, over the file and the socket."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from e2e.serving import serving
from onloop.access.opening import create_home
from onloop.errors import Exit
from onloop.home import Home
from support.waiting import DEADLINE_S, wait_for
from support.world import PASSPHRASE, WORKFLOW, World

SECRET = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
FORGED = rf"printf 'gate tests: pass\033[2J\n\0361 9 9 agent:evil x\n{SECRET}\n'"
COMMIT = "git add -A; git commit -qm h"


def begun(world: World) -> str:
    world.init()
    return f"{world.fleet(world.origin(), workflow=WORKFLOW)}.1"


def work(world: World, name: str, script: str) -> None:
    world.onloop("work", "--role", "implementer", "--name", name, "--once", "--", *world.agent(script))


def test_each_part_is_labelled_by_what_no_agent_can_write_and_is_safe(world: World) -> None:
    task = begun(world)
    work(world, "bea", "echo I give up; exit 3")
    loud = f"{FORGED}; echo hallo $ONLOOP_ROUND > hello.txt; {COMMIT}"

    def is_tried_again() -> bool:
        work(world, "ada", loud)
        return bool(world.task(task)["attempt"] == 2)

    wait_for(is_tried_again, world.logs)

    said = world.onloop("logs", task)
    found = world.onloop("logs", task, "--json").json["parts"]
    headings = [line for line in said.out.splitlines() if not line.startswith("  | ")]

    assert headings == [part["heading"] for part in found], said.out
    agents = [part["heading"].partition(", develop.write")[0] for part in found if part["kind"] == "agent"]
    assert agents == ["agent:bea: attempt 1, round 0", "agent:ada: attempt 2, round 0"]
    assert "  | gate tests: pass␛[2J\n  | ?1 9 9 agent:evil x\n  | [redacted]" in said.out, said.out
    assert SECRET not in said.out and "\x1b" not in said.out and "\x1e" not in said.out
    gate = world.onloop("logs", task, "--gate", "tests").out
    assert "  | Ran 2 tests" in gate and "I give up" not in gate
    first = world.onloop("logs", task, "--attempt", "1", "--json").json
    assert [part["attempt"] for part in first["parts"]] == [1] and first["lines"] == ["I give up"]
    assert world.onloop("logs", task, "--effect").out == ""


def test_over_a_socket_alone_people_read_it_all_and_others_what_show_shows_them(world: World, tmp_path: Path) -> None:
    create_home(
        Home(world.store),
        store_id="world",
        person="ana",
        groups=("approvers",),
        passphrase=PASSPHRASE,
        email="",
        scripted=False,
    )
    task = f"{world.fleet(world.origin(), workflow=WORKFLOW)}.1"
    work(world, "ada", f"echo hidden from others; echo hallo $ONLOOP_ROUND > hello.txt; {COMMIT}")
    far = World(tmp_path / "far")
    far.folder.mkdir()
    with serving(world):
        (tmp_path / "tunnel").symlink_to(Home(world.store).socket)
        far.extra = {"ONLOOP_URL": f"unix:{tmp_path / 'tunnel'}"}
        anybody = far.onloop("logs", task)
        person = far.onloop("logs", task, "--as", "ana", passphrase=PASSPHRASE)
        other = _other(world)
        agent = far.onloop("logs", task, env={"ONLOOP_TOKEN": other["env"]["ONLOOP_TOKEN"]})

    assert "gate tests: attempt 1" in anybody.out and "hidden from others" not in anybody.out, anybody.err
    assert "what agents printed is left out" in anybody.err
    assert "agent:ada: attempt 1" in person.out and "  | hidden from others" in person.out
    assert agent.code == Exit.NOT_YOURS and "may read only the log of" in agent.err


def _other(world: World) -> Any:
    """The lease of another task."""
    world.onloop("start", "feature", "--repo", str(world.origin("other")), "--no-base-check")
    waiting = [each for each in world.onloop("list", "--json").json["tasks"] if each["workflow"] == "feature"]
    got = world.onloop("claim", "--role", "planner", waiting[0]["task"], "--json")
    assert got.code == 0, got.err
    return got.json


def test_a_log_is_followed_while_an_agent_works_and_ends_where_a_person_decides(world: World) -> None:
    task = begun(world)
    gate = world.folder / "go"
    waits = f"until test -e {gate}; do sleep 0.05; done"
    script = world.agent(f"echo begun; {waits}; echo hello > hello.txt; {COMMIT}")
    with world.running("work", "--role", "implementer", "--name", "ada", "--once", "--", *script):
        wait_for(lambda: "begun" in world.onloop("logs", task).out, lambda: world.logs())
        follower = subprocess.Popen(
            [sys.executable, "-m", "onloop.cli.entry", "logs", task, "-f"],
            env=world.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert follower.stdout is not None
        assert [follower.stdout.readline()[:10] for _ in range(2)] == ["agent:ada:", "  | begun\n"]
        gate.touch()
        rest, err = follower.communicate(timeout=DEADLINE_S)

    assert "gate tests: attempt 1" in rest and "  | Ran 2 tests" in rest, rest
    assert f"{task} input_required" in err


def test_a_link_in_the_place_of_a_log_is_not_followed_and_a_missing_one_is_said(world: World) -> None:
    task = begun(world)
    work(world, "ada", f"echo hallo $ONLOOP_ROUND > hello.txt; {COMMIT}")
    log = Home(world.store).agent_log(task)
    log.unlink()
    log.symlink_to(world.store / "onloop.db")

    ran = world.onloop("logs", task)
    assert "SQLite" not in ran.out and "on the machine of their worker" in ran.err
    assert world.onloop("logs", "nope").code == Exit.USAGE
