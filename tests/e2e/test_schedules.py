"""Schedules over the real command line: adopted by people, begun by the verifier, once, whatever is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.waiting import wait_for
from support.world import PASSPHRASE, Ran, World

FILE = """\
schedules:
  - id: nightly-updates
    cron: "30 2 * * *"
    zone: Europe/Berlin
    do:
      workflow: small.yaml
      repo: %s
      control: %s
      title: Update what it stands on
      brief: All of it.
      labels: [night]
  - id: weekly-audit
    cron: "0 6 * * MON"
    zone: UTC
    do: {fleet: fleets/audit.yaml, control: %s}
    overlap: replace
"""
FLEET = """\
fleet: audit
workflow: small.yaml
title: Audit everything
targets: {file: targets.txt}
waves: [1, rest]
"""
WORKFLOW = """\
workflow: small
description: Make it say hello.
steps:
  - id: develop.write
    role: implementer
    gates: [{id: hello, file: {path: hello.txt}}]
"""


@pytest.fixture
def scheduled(world: World) -> Iterator[World]:
    """A store in which two schedules are in force."""
    world.init()
    shops = [world.origin(name) for name in ("shop", "till")]
    targets = "".join(f"{origin}\n" for origin in shops)
    files = {"small.yaml": WORKFLOW, "fleets/audit.yaml": FLEET, "fleets/targets.txt": targets}
    control = world.origin("control", files)
    (world.folder / "schedules.yaml").write_text(FILE % (shops[0], control, control))
    told = person(world, "adopt", str(world.folder / "schedules.yaml"), "--reason", "agreed")
    assert told.json["adopted"] == ["nightly-updates", "weekly-audit"], told.err
    yield world


def person(world: World, *words: str) -> Ran:
    return world.onloop("schedule", *words, "--as", "ana", "--json", passphrase=PASSPHRASE)


def listed(world: World) -> dict[str, Any]:
    return {each["schedule"]: each for each in world.onloop("schedule", "list", "--json").json["schedules"]}


def runs(world: World) -> set[str]:
    return {task["run"] for task in world.onloop("list", "--json").json["tasks"]}


def test_a_schedule_begins_its_run_with_what_it_says_and_tells_when_it_does_so_next(scheduled: World) -> None:
    ran = scheduled.onloop("schedule", "run", "nightly-updates", "--json")

    assert (ran.code, ran.json["state"]) == (0, "started"), ran.err
    run = ran.json["run"]
    shown = scheduled.onloop("show", run, "--json").json
    assert shown["title"] == "Update what it stands on"
    begun = scheduled.onloop("log", run, "--json").json["events"][0]
    assert begun["principal"] == "integration:schedule", begun
    nightly = listed(scheduled)["nightly-updates"]
    assert nightly["running"] == run and nightly["next"].endswith(":30:00Z")
    assert [firing["state"] for firing in nightly["firings"]] == ["started"]
    text = scheduled.onloop("schedule", "list").out
    assert "next " in text and "adopted by human:ana: agreed" in text
    again = scheduled.onloop("schedule", "run", "nightly-updates")
    assert "still goes on" in again.err


def test_a_fleet_begins_with_the_targets_that_are_committed_and_takes_the_place_of_the_one_before(
    scheduled: World,
) -> None:
    first = scheduled.onloop("schedule", "run", "weekly-audit", "--json").json["run"]
    second = scheduled.onloop("schedule", "run", "weekly-audit", "--json").json["run"]

    tasks = {task["task"]: task for task in scheduled.onloop("list", "--json").json["tasks"]}
    assert first != second
    assert {task for task in tasks if task.startswith(f"{second}.")} == {f"{second}.1", f"{second}.2"}
    assert tasks[first]["state"] == "canceled", tasks[first]
    assert all(task["state"] == "canceled" for name, task in tasks.items() if name.startswith(first))


def test_what_begins_was_committed_when_it_was_adopted_and_what_is_missing_then_is_not_adopted(
    scheduled: World,
) -> None:
    file, work = scheduled.folder / "schedules.yaml", scheduled.folder / "seed" / "control"
    scheduled.git(work, "rm", "--quiet", "small.yaml")
    scheduled.git(work, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "Remove")
    scheduled.git(work, "push", "--quiet", str(scheduled.folder / "origins" / "control.git"), "main")

    missing = person(scheduled, "adopt", str(file), "--reason", "again")
    ran = scheduled.onloop("schedule", "run", "nightly-updates", "--json")

    assert missing.code == 2 and "small.yaml" in missing.err, missing.err
    assert (ran.code, ran.json["state"]) == (0, "started"), ran.out


def test_a_verifier_that_is_killed_while_it_begins_a_run_begins_it_once(scheduled: World) -> None:
    fired = scheduled.onloop("schedule", "run", "nightly-updates", "--wait", "0s", "--json").json
    wait_for(lambda: kill(scheduled), lambda: "no verifier came up")
    scheduled.onloop("schedule", "list")

    with scheduled.running("verifier"):
        wait_for(lambda: runs(scheduled), lambda: f"nothing begins: {listed(scheduled)}, {fired}")

    assert len(runs(scheduled)) == 1


def kill(world: World) -> bool:
    """End the verifier that a verb started, at whatever it does."""
    lock = world.store / "verifier.lock"
    if not lock.exists() or not lock.read_text().strip().isdigit():
        return False
    os.kill(int(lock.read_text()), signal.SIGKILL)
    return True


def test_pausing_and_dropping_are_people_s_and_said_in_the_log(scheduled: World) -> None:
    assert person(scheduled, "pause", "nightly-updates", "--reason", "holidays").json["paused"] == ["nightly-updates"]
    assert listed(scheduled)["nightly-updates"]["paused_by"] == "human:ana"
    assert "paused by human:ana" in scheduled.onloop("schedule", "run", "nightly-updates").err
    assert person(scheduled, "resume", "nightly-updates").json["resumed"] == ["nightly-updates"]
    assert scheduled.onloop("schedule", "drop", "nightly-updates", "--reason", "x", "--json").code != 0
    assert person(scheduled, "drop", "nightly-updates", "--reason", "moved").json["dropped"] == ["nightly-updates"]
    log = scheduled.onloop("log").out
    assert all(name in log for name in ("SchedulePaused", "ScheduleResumed", "ScheduleDropped")), log


def test_validate_takes_a_file_of_schedules(scheduled: World) -> None:
    path: Path = scheduled.folder / "schedules.yaml"
    assert scheduled.onloop("validate", str(path)).code == 0
    path.write_text(path.read_text().replace("Europe/Berlin", "Europe/Berlim"))

    wrong = scheduled.onloop("validate", str(path))

    assert wrong.code == 2 and ":4:11:" in wrong.err, wrong.err
