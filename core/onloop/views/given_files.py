"""What an agent is given to read: attachments of the run, and what agents of earlier steps handed over."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.machine.artefacts import Artefact
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import Reading

BRIEF = "brief.md"
"""The attachment that is the brief of a run; the text of it is in every brief."""

LARGEST_TOTAL = 64 * 1_048_576
"""How many bytes all files of a task may have; past that, the rest are named and left out."""

DEEPEST = 6


class Given(Record):
    """A file that a task's agents are given: its name below `$ONLOOP_IN`, and where it came from."""

    name: str
    artefact: Artefact
    origin: str


def given(reading: Reading, task: Task) -> tuple[Given, ...]:
    """The files that the agents of a task are given, each name once: what is nearer to the task goes first."""
    found = {each.name: each for each in reversed(tuple(_all(reading, task)))}
    return tuple(found[name] for name in sorted(found))


def given_files(reading: Reading, task: Task) -> tuple[tuple[str, bytes | None], ...]:
    """Their names and bytes; None for bytes that are not there, or would be too many."""
    files: list[tuple[str, bytes | None]] = []
    size = 0
    for each in given(reading, task):
        size += each.artefact.size
        files.append((each.name, reading.blob(each.artefact.digest) if size <= LARGEST_TOTAL else None))
    return tuple(files)


def _all(reading: Reading, task: Task) -> Iterator[Given]:
    at: Task | None = task
    for _ in range(DEEPEST):
        if at is None:
            break
        for step, left in at.inherited.items():
            if at is not task or step != task.step:
                yield from _of(left, f"{step}/", f"step {step}" if at is task else f"step {step} of {at.id}")
        if at is not task and at.submission is not None:
            yield from _of(_own(at, at.submission.artefacts), f"{at.step}/", f"step {at.step} of {at.id}")
        yield from _of(at.attachments, "", "attached")
        at = reading.task(at.parent) if at.parent is not None else None


def _own(task: Task, artefacts: tuple[Artefact, ...]) -> tuple[Artefact, ...]:
    """Those of its current step: what an earlier one left has that step's name, wherever the task stands since."""
    known = {artefact for left in task.inherited.values() for artefact in left}
    return tuple(artefact for artefact in artefacts if artefact not in known)


def _of(artefacts: tuple[Artefact, ...], folder: str, origin: str) -> Iterator[Given]:
    return (Given(f"{folder}{artefact.name}", artefact, origin) for artefact in artefacts)
