"""Schedules: work that begins by the clock, adopted by people for the store, so that no commit changes them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, assert_never

from onloop.machine.limits import Brief, Digest, Id, Items, Key, Millis, Path, Title, Words
from onloop.records import Record, replace

MOST_SCHEDULES = 100
"""How many schedules may be in force."""

LONGEST_JITTER_MS = 3_600_000
"""How long a firing may be put off at most, so that not everything begins in one second."""


class Overlap(StrEnum):
    """What happens at a firing while the run of an earlier one still goes on."""

    SKIP = "skip"
    QUEUE = "queue"
    REPLACE = "replace"


class Missed(StrEnum):
    """What happens to a firing at whose time nobody was there: it runs once, late, or not at all."""

    ONCE = "once"
    SKIP = "skip"


class ScheduledStart(Record):
    """What a schedule begins: one task (`workflow` in `origin`), or a fleet (`fleet`, a file that `control` has).

    Without `control`, the workflow is a built-in. What was adopted is kept: `definition` is the workflow,
    `fleet_file` and `targets_file` are the bytes of a fleet's files.
    """

    workflow: Path = ""
    fleet: Path = ""
    repo: Id = ""
    origin: Path = ""
    branch: Id = ""
    control: Path = ""
    control_branch: Id = ""
    title: Title = ""
    brief: Brief = ""
    labels: Annotated[tuple[Id, ...], Items(20)] = ()
    definition: Digest = ""
    fleet_file: Digest = ""
    targets_file: Digest = ""


class Schedule(Record):
    """When something begins: five fields of cron, in the wall clock of a zone, and what happens where that is not easy.

    Each firing is put off by the same part of `jitter_ms` whoever asks.
    """

    name: Id
    cron: Key
    zone: Id
    begins: ScheduledStart
    overlap: Overlap = Overlap.SKIP
    missed: Missed = Missed.ONCE
    jitter_ms: Millis = 0


class ScheduleAdopted(Record):
    """A schedule is in force from `at` (ms) on; one of that name before it is not any more."""

    schedule: Schedule
    by: Id
    reason: Words
    at: Millis = 0


class ScheduleDropped(Record):
    """A schedule is in force no longer; what it began goes on."""

    name: Id
    by: Id
    reason: Words


class SchedulePaused(Record):
    """A schedule fires no more until somebody resumes it."""

    name: Id
    by: Id
    reason: Words


class ScheduleResumed(Record):
    """A paused schedule fires again from `at` (ms) on; what it missed in between stays missed."""

    name: Id
    by: Id
    at: Millis = 0


ScheduleEvent = ScheduleAdopted | ScheduleDropped | SchedulePaused | ScheduleResumed


class KnownSchedule(Record):
    """A schedule in force: who adopted it, from when on it fires (ms), and who paused it, if it is paused."""

    schedule: Schedule
    by: str
    reason: str
    since: int
    paused_by: str = ""
    paused_for: str = ""

    @property
    def is_paused(self) -> bool:
        """Whether it fires at present."""
        return bool(self.paused_by)


Schedules = Mapping[str, KnownSchedule]
"""By name: the schedules in force."""


def schedules_after(schedules: Schedules, event: ScheduleEvent) -> Schedules:
    """The schedules in force after the event."""
    match event:
        case ScheduleAdopted(schedule, by, reason, at):
            known = KnownSchedule(schedule, by, reason, at)
            before = schedules.get(schedule.name)
            if before is not None:
                known = replace(known, paused_by=before.paused_by, paused_for=before.paused_for)
            return {**schedules, schedule.name: known}
        case ScheduleDropped(name):
            return {key: known for key, known in schedules.items() if key != name}
        case SchedulePaused(name, by, reason) if name in schedules:
            return {**schedules, name: replace(schedules[name], paused_by=by, paused_for=reason)}
        case ScheduleResumed(name, _, at) if name in schedules:
            return {**schedules, name: replace(schedules[name], paused_by="", paused_for="", since=at)}
        case SchedulePaused() | ScheduleResumed():
            return schedules
        case _:
            assert_never(event)
