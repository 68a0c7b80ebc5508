"""Agents in machines of their own: from claim to merge, seen, entered, and nothing left of them, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.test_enter import events
from e2e.test_environments import demanding, kept_rows, worked
from onloop.environments.vm.machine_start import found_machines
from support.container_images import SHARED
from support.entering import enters
from support.machine_images import machines_in, needs_vm
from support.waiting import wait_for
from support.world import PASSPHRASE, World

pytestmark = [pytest.mark.vm, needs_vm]
LONG_S = 900.0
"""What runs in a machine that is translated is some fifteen times slower."""

WORK = """
cat > /dev/null
uname -r > $ONLOOP_OUT/kernel.txt; ls /sys/class/net > $ONLOOP_OUT/network.txt
onloop check > $ONLOOP_OUT/first.txt || test $? = 10
echo hello > hello.txt; git add -A; git commit -qm hello
onloop submit --json > $ONLOOP_OUT/handed-in.json
"""


def begun(world: World) -> str:
    """A task that demands a machine, with time for one that is translated on a busy host."""
    machines_in(world.folder / "state")
    world.extra.update(SHARED)
    world.init()
    workflow = demanding("vm").replace("timeout: 10m", "timeout: 3h")
    return f"{world.fleet(world.origin(), workflow=workflow)}.1"


def machines() -> list[str]:
    return [found.id for found in found_machines("world")]


def test_an_agent_in_a_machine_works_from_claim_to_merge_and_nothing_of_it_is_left(world: World) -> None:
    task = begun(world)
    refused = worked(world, WORK)
    assert "demands isolation vm, not clone" in refused.stderr

    ran = worked(world, WORK, "--environment", "vm", "--memory", "1024")
    assert ran.returncode == 0, ran.stderr
    found = world.until(task, "input_required", "approval_required")
    made = found["environment"]
    assert (made["kind"], made["isolation"], made["by"]) == ("vm", "vm", "launcher:work")
    assert len(made["digest"]) == 64 and any("no network device" in each for each in made["details"])
    out = world.store.parent / "out" / task
    assert "cloud" in (out / "kernel.txt").read_text() and (out / "kernel.txt").read_text() != os.uname().release
    assert (out / "network.txt").read_text().split() == ["lo"]
    assert '"exit"' in (out / "handed-in.json").read_text()
    assert f"worked in vm {made['id']} on {made['host']}" in world.onloop("show", task).out
    approved = world.onloop("approve", task, "--as", "ana", "--passphrase-fd", "0", passphrase=PASSPHRASE)
    assert approved.code in {0, 2}, approved.out
    assert machines() == []
    assert kept_rows(world) == []


def test_a_person_steps_into_the_machine_while_its_agent_works_and_a_killed_worker_leaves_nothing(world: World) -> None:
    task = begun(world)
    script = "cat > /dev/null; echo working > state.txt; sleep 3600"
    argv = ("work", "--role", "implementer", "--lease", "10s", "--environment", "vm", "--memory", "1024")
    process = subprocess.Popen(
        [sys.executable, "-m", "onloop.cli.entry", *argv, "--", *world.agent(script)],
        env=world.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        made = wait_for(
            lambda: events(world, task, "EnvironmentMade"), lambda: world.onloop("log", task).out, deadline_s=LONG_S
        )[0]["made"]
        with enters(world, task) as shell:
            shell.says(lambda shown: "agent@" in shown or "$" in shown, LONG_S)
            shell.types("until test -s state.txt; do sleep 1; done; cat state.txt; id -un; exit 3\n")
            shell.says(lambda shown: "working" in shown and "agent" in shown, LONG_S)
            assert shell.ends(LONG_S) == 0
        (left,) = events(world, task, "PersonLeft")
        assert (left["person"], left["how"]) == ("human:ana", "exit code 3")
        assert machines() == [made["id"]]
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    wait_for(lambda: machines() == [], lambda: f"{machines()} are still there")

    def of_the_machine() -> list[Path]:
        return [path for path in Path("/proc").glob("[0-9]*/cmdline") if made["id"].encode() in _words(path)]

    wait_for(lambda: not of_the_machine(), lambda: f"{of_the_machine()} still run")


def _words(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
