"""What a schedule begins is what was adopted: a commit changes none of it, and what was not kept does not begin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onloop.errors import BadInput
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.schedules import Schedule, ScheduleAdopted, ScheduledStart
from onloop.machine.task import Task
from onloop.records import replace
from onloop.schedules.beginnings import begin
from onloop.schedules.firing_operations import AskFiring, ReadSchedules
from onloop.schedules.firings import DueFiring
from onloop.schedules.pinned_beginnings import as_committed
from onloop.schedules.schedule_keeper import ScheduleKeeper
from support.forge import APP
from support.forge_stage import ForgeStage

FILE, FLEET, TARGETS = ".onloop/nightly.yaml", ".onloop/audit.yaml", ".onloop/targets.txt"
RELEASE = """\
  - id: work.release
    on_reject: work.fix
    gates:
      - {id: ok, human: {from: [approvers]}}
"""
WORKFLOW = f"""\
workflow: nightly
steps:
  - id: work.fix
    role: implementer
    gates:
      - {{id: tests, command: ["true"]}}
{RELEASE}  - id: work.merge
    effect: merge
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ForgeStage]:
    stage = ForgeStage(tmp_path)
    fleet = f"fleet: audit\nworkflow: {FILE}\ntitle: Audit everything\ntargets: {{file: targets.txt}}\n"
    stage.forge.push(APP, "main", {FILE: WORKFLOW, FLEET: fleet, TARGETS: f"{stage.origin}\n"})
    yield stage
    stage.close()


def run_of(stage: ForgeStage) -> ScheduledStart:
    return ScheduledStart(workflow=FILE, repo="app", origin=stage.origin, branch="main")


def fleet_of(stage: ForgeStage) -> ScheduledStart:
    return ScheduledStart(fleet=FLEET, control=stage.origin)


def named(begins: ScheduledStart) -> Schedule:
    return Schedule("nightly", "0 0 * * *", "UTC", begins)


def adopted(stage: ForgeStage, begins: ScheduledStart) -> Schedule:
    by, made = stage.shop.person(), as_committed(stage.opened, begins)
    made.keep(stage.opened, by)
    stage.shop.gateway.perform(RecordStoreEvent(by, ScheduleAdopted(named(made.begins), by.id, "agreed")))
    return named(made.begins)


def fire(stage: ForgeStage, schedule: Schedule, run: str) -> Task:
    return begin(stage.opened, DueFiring(run, schedule, 0, run, 1))


def push(stage: ForgeStage) -> None:
    """What an agent merges: no person is asked any more, and the fleet has other targets under another title."""
    fleet = f"fleet: audit\nworkflow: {FILE}\ntitle: Something else\ntargets: {{file: targets.txt}}\n"
    changed = {FILE: WORKFLOW.replace(RELEASE, ""), FLEET: fleet, TARGETS: f"{stage.origin} side\n"}
    stage.forge.push(APP, "main", changed)


def test_a_commit_does_not_change_what_a_schedule_begins(stage: ForgeStage) -> None:
    schedule = adopted(stage, run_of(stage))
    first = fire(stage, schedule, "aaaaa")

    push(stage)
    second = fire(stage, schedule, "bbbbb")

    assert first.definition == second.definition, "the approver adopted it with a person's approval in it"
    assert as_committed(stage.opened, run_of(stage)).begins != schedule.begins, "adopted anew, it would count"


def test_a_commit_changes_neither_the_file_nor_the_workflow_nor_the_targets_of_a_scheduled_fleet(
    stage: ForgeStage,
) -> None:
    schedule = adopted(stage, fleet_of(stage))

    push(stage)
    root = fire(stage, schedule, "aaaaa")

    member = stage.shop.task("aaaaa.1")
    assert (root.title, member.target) == ("Audit everything", "main")
    assert root.definition == member.definition == schedule.begins.definition


@pytest.mark.parametrize("lost", ["definition", "fleet_file", "targets_file"])
def test_a_schedule_is_adopted_only_with_all_that_it_begins(stage: ForgeStage, lost: str) -> None:
    by, made = stage.shop.person(), as_committed(stage.opened, fleet_of(stage))
    made.keep(stage.opened, by)
    without: dict[str, Any] = {lost: ""}
    begins = replace(made.begins, **without)

    with pytest.raises(BadInput, match="not kept"):
        stage.shop.gateway.perform(RecordStoreEvent(by, ScheduleAdopted(named(begins), by.id, "agreed")))
    with pytest.raises(BadInput, match="not kept"):
        fire(stage, named(begins), "aaaaa")


def test_a_file_that_is_not_committed_is_missed_at_adoption(stage: ForgeStage) -> None:
    with pytest.raises(BadInput, match=r"other\.yaml"):
        as_committed(stage.opened, replace(run_of(stage), workflow="other.yaml"))


def test_what_cannot_begin_is_a_trouble_with_what_would_work(stage: ForgeStage) -> None:
    by, schedule = stage.shop.person(), named(replace(run_of(stage), workflow="unknown"))
    stage.shop.gateway.perform(RecordStoreEvent(by, ScheduleAdopted(schedule, by.id, "agreed")))
    stage.shop.gateway.perform(AskFiring(by, "nightly"))
    said = list[str]()

    assert ScheduleKeeper(stage.opened, "v1", said.append).keep() == 0

    (standing,) = stage.shop.gateway.perform(ReadSchedules(stage.clock()))
    with stage.shop.store.reading() as reading:
        trouble = reading.house().troubles["schedule:nightly"]
    assert standing.firings[0].state == "failed" and "unknown" in trouble.words and "adopt" in trouble.way_out
    assert said == [f"schedule nightly begins nothing: {trouble.words}"]
