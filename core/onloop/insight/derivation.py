"""What the rows beside the log must be, derived from the log: timers, jobs, answers, briefs, workflows, tokens, leases.

`store verify` compares them. It finds a forged row even if its seal and tally are right, because the log differs.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from onloop.errors import OnloopError
from onloop.gates.repository.soundness import ExpectedCommit, MirrorReport, checked_mirror, grouped, usual_config
from onloop.gateway.projection import PROJECTED, projected
from onloop.gateway.schedule import due_rows, job_gates
from onloop.home import Home
from onloop.machine.definition import Definition
from onloop.machine.rules.fan_out import child_definition
from onloop.machine.task import Task
from onloop.records import MutableRecord, Record, field
from onloop.store.codec import from_text
from onloop.store.port import EventRow, Reading
from onloop.store.rows import (
    BriefRow,
    CachedAnswer,
    Job,
    Lease,
    PinnedWorkflow,
    StoreRow,
    SubAgent,
    TimerRow,
    Token,
    columns,
    key_of,
    table_of,
)
from onloop.store.sqlite.verification import Fold
from onloop.text import safe
from onloop.workflow.loader import load

_WIDEST = 60


class _Claimed(Record):
    agent: str
    epoch: int
    step: str


class Derivation(MutableRecord):
    """Reads the log event by event, and then reports the rows that do not agree with it.

    `problems` yields the differences; it also fills `notes` with what could not be checked.
    """

    home: Home
    notes: list[str] = field(default_factory=list)
    _steps: dict[str, str] = field(default_factory=dict)
    _claims: dict[str, _Claimed] = field(default_factory=dict)
    _blobs: dict[str, str] = field(default_factory=dict)
    _submitted: defaultdict[str, list[ExpectedCommit]] = field(default_factory=lambda: defaultdict(list))

    def absorb(self, row: EventRow) -> None:
        """Remember what other rows must agree with. An unreadable event is skipped: another check reports it."""
        read = _READ.get(row[5])
        if read is None:
            return
        try:
            read(self, row, json.loads(row[6]))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return

    def problems(self, reading: Reading, fold: Fold, blobs: frozenset[str]) -> Iterator[str]:
        """Each difference in words; `blobs` are the digests of all blobs in the store."""
        for digest, where in self._blobs.items():
            if digest not in blobs:
                yield f"blob {_shown(digest)}: {where} names it, but it is missing"
        definitions: dict[str, Definition] = {}
        yield from _workflows(reading, definitions)
        yield from _tasks(reading, fold.tasks, definitions)
        yield from self._owners(reading, fold.tasks)
        yield from self._mirrors(fold.tasks)

    # -- what the log says

    def _entered(self, row: EventRow, data: Mapping[str, Any]) -> None:
        self._steps[row[3]] = str(data["step"])

    def _claimed(self, row: EventRow, data: Mapping[str, Any]) -> None:
        self._claims[row[3]] = _Claimed(str(data["agent"]), int(data["epoch"]), self._steps.get(row[3], ""))

    def _handed_in(self, row: EventRow, data: Mapping[str, Any]) -> None:
        submission = data["submission"]
        where = f"event {row[0]} ({row[3]}, {row[5]})"
        self._submitted[row[3]].append(ExpectedCommit(str(submission["head"]), str(submission["tree"]), where))
        for artefact in submission.get("artefacts", ()):
            self._blobs.setdefault(str(artefact["digest"]), where)

    def _created(self, row: EventRow, data: Mapping[str, Any]) -> None:
        for attachment in data.get("attachments", ()):
            self._blobs.setdefault(str(attachment["digest"]), f"event {row[0]} ({row[3]}, {row[5]})")

    def _named(self, row: EventRow, data: Mapping[str, Any]) -> None:
        for part, name in (("evidence", "output"), ("message", "digest"), ("checkpoint", "digest")):
            digest = data.get(part, {}).get(name)
            if digest:
                self._blobs.setdefault(str(digest), f"event {row[0]} ({row[3]}, {row[5]})")

    # -- who holds what

    def _owners(self, reading: Reading, tasks: Mapping[str, Task]) -> Iterator[str]:
        leases = {lease.task: lease for lease in reading.select(Lease)}
        for lease in leases.values():
            task = tasks.get(lease.task)
            expected = (task.holder, task.epoch) if task is not None else (None, 0)
            if expected != (lease.agent, lease.epoch):
                yield _differs("lease", lease.task, "agent, epoch", f"{lease.agent}, {lease.epoch}", _words(expected))
        for task in tasks.values():
            if task.holder is not None and task.id not in leases:
                yield f"lease {_shown(task.id)}: {task.holder} holds it in epoch {task.epoch}, but the row is missing"
        yield from self._tokens(reading, tasks)
        for sub in reading.select(SubAgent):
            lease_of = leases.get(sub.task)
            if lease_of is None or lease_of.epoch != sub.epoch:
                yield f"subagent {_shown(sub.id)}: epoch: {sub.epoch}, but nobody holds {_shown(sub.task)} under it"

    def _tokens(self, reading: Reading, tasks: Mapping[str, Task]) -> Iterator[str]:
        token_by_task = dict[str, str]()
        for token in reading.select(Token):
            name, claim = f"{token.digest[:12]} of {token.task}", self._claims.get(token.task)
            expected = (claim.agent, claim.epoch, claim.step) if claim is not None else ("nobody", 0, "")
            actual = (token.agent, token.epoch, token.step)
            if expected != actual:
                yield _differs("token", name, "agent, epoch, step", _words(actual), _words(expected))
            if token.task in token_by_task:
                yield f"token {_shown(name)}: a second token for the same claim as {token_by_task[token.task]}"
            token_by_task[token.task] = token.digest[:12]
        for task in tasks.values():
            if task.holder is not None and task.id not in token_by_task:
                yield f"token {_shown(task.id)}: {task.holder} holds it in epoch {task.epoch}, but the row is missing"

    # -- mirrors

    def _mirrors(self, tasks: Mapping[str, Task]) -> Iterator[str]:
        expected = defaultdict[Path, list[ExpectedCommit]](list)
        for task_id, submissions in self._submitted.items():
            task = tasks.get(task_id)
            if task is not None and task.origin is not None:
                expected[self.home.mirror(task.origin).path] += submissions
        by_repository = grouped(expected, self.home.mirrors)
        usual = usual_config() if by_repository else frozenset[str]()
        for path, commits in by_repository.items():
            checked: MirrorReport = checked_mirror(path, commits, usual)
            self.notes += checked.notes
            yield from checked.problems


_READ = {
    "Created": Derivation._created,  # noqa: SLF001 - a table of its own methods
    "StepEntered": Derivation._entered,  # noqa: SLF001 - a table of its own methods
    "Claimed": Derivation._claimed,  # noqa: SLF001
    "Submitted": Derivation._handed_in,  # noqa: SLF001
    "Funnelled": Derivation._handed_in,  # noqa: SLF001
    "GateReported": Derivation._named,  # noqa: SLF001
    "BaseReported": Derivation._named,  # noqa: SLF001
    "Told": Derivation._named,  # noqa: SLF001
    "MessageReceived": Derivation._named,  # noqa: SLF001
    "CheckpointSaved": Derivation._named,  # noqa: SLF001
}


def _workflows(reading: Reading, definitions: dict[str, Definition]) -> Iterator[str]:
    """Compares each pinned workflow with its source, and each child workflow with its parent's."""
    rows = reading.select(PinnedWorkflow)
    derived = dict[str, Definition]()
    for row in (row for row in rows if row.source):
        problem = _compiled(row, derived)
        if problem:
            yield f"pinned {_shown(row.digest[:12])}: {problem}"
    for row in (row for row in rows if not row.source):
        expected = derived.get(row.digest)
        if expected is None:
            yield f"pinned {_shown(row.digest[:12])}: no pinned workflow file leads to it"
        elif _definition(row) != expected:
            yield f"pinned {_shown(row.digest[:12])}: compiled: it differs from its part of the parent's workflow"
    definitions.update({row.digest: definition for row in rows if (definition := _definition(row)) is not None})
    definitions.update(derived)


def _compiled(row: PinnedWorkflow, derived: dict[str, Definition]) -> str:
    source = row.source.encode("utf-8", "surrogateescape")
    if sha256(source).hexdigest() != row.digest:
        return f"source: its bytes have the digest {sha256(source).hexdigest():.12}"
    try:
        definition = load(source, row.name)
    except OnloopError as problem:
        return f"source: this onloop cannot compile it: {_shown(problem.message)}"
    derived.update({definition.digest: definition, **_parts(definition)})
    if (row.name, _definition(row)) != (definition.name, definition):
        return "compiled: it differs from its source"
    return ""


def _parts(made: Definition) -> Mapping[str, Definition]:
    """The workflows of the children of its steps, by digest."""
    parts = dict[str, Definition]()
    for step in made.steps:
        for resolves in (False, True) if step.fan_out is not None else ():
            part = child_definition(made, step.id, resolves=resolves)
            parts |= {part.digest: part, **_parts(part)}
    return parts


def _definition(row: PinnedWorkflow) -> Definition | None:
    try:
        return from_text(Definition, row.compiled)
    except OnloopError:
        return None


Stored = Mapping[type[StoreRow], dict[str, StoreRow]]


def _tasks(reading: Reading, tasks: Mapping[str, Task], definitions: Mapping[str, Definition]) -> Iterator[str]:
    """Compares timers, jobs, cached answers and briefs with what the tasks require; any other row is a difference."""
    stored: Stored = {
        kind: {key_of(row): row for row in reading.select(kind)} for kind in (TimerRow, Job, CachedAnswer, BriefRow)
    }
    for task in tasks.values():
        definition = definitions.get(task.definition)
        if definition is None:
            yield f"pinned {_shown(task.definition[:12])}: {task.id} walks it, but the row is missing"
            continue
        try:
            yield from list(_task(reading, task, definition, stored))
        except Exception as problem:  # tampered data may break any rule of the derivation
            yield f"task {_shown(task.id)}: its rows cannot be derived: {_shown(repr(problem))}"
    for kind, rows in stored.items():
        for key in rows:
            yield f"{table_of(kind)} {_shown(key)}: a row that the log does not explain"


def _task(reading: Reading, task: Task, definition: Definition, stored: Stored) -> Iterator[str]:
    for due in due_rows(definition, task):
        yield from _compared(due, stored[TimerRow].pop(due.id, None))
    yield from _jobs(task, stored[Job])
    for kind, row in zip(PROJECTED, projected(reading, definition, task), strict=True):
        stored_row = stored[kind].pop(task.id, None)
        if row is not None:
            yield from _compared(row, stored_row)
        elif stored_row is not None:
            yield f"{table_of(kind)} {_shown(task.id)}: a row that the log does not explain"


def _jobs(task: Task, stored: dict[str, StoreRow]) -> Iterator[str]:
    for job_id, gate in job_gates(task).items():
        job = stored.pop(job_id, None)
        if not isinstance(job, Job):
            yield f"job {_shown(job_id)}: {task.id} waits for it, but the row is missing"
        elif (job.task, job.gate) != (task.id, gate):
            yield _differs("job", job_id, "task, gate", _words((job.task, job.gate)), _words((task.id, gate)))


def _compared(derived: StoreRow, stored_row: StoreRow | None) -> Iterator[str]:
    kind, key = table_of(type(derived)), key_of(derived)
    if stored_row is None:
        yield f"{kind} {_shown(key)}: the log requires it, but the row is missing"
        return
    for column in columns(type(derived)):
        actual, expected = getattr(stored_row, column), getattr(derived, column)
        if actual != expected:
            yield _differs(kind, key, column, actual, expected)


def _differs(kind: str, key: str, column: str, actual: object, expected: object) -> str:
    texts = str(actual), str(expected)
    start = next((i for i, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), min(map(len, texts)))
    start = max(0, start - 10) if max(map(len, texts)) > _WIDEST else 0
    actual_text, expected_text = (_shown(text[start:]) for text in texts)
    return f"{kind} {_shown(key)}: {column}: {actual_text}, expected {expected_text}"


def _words(values: tuple[object, ...]) -> str:
    return ", ".join(str(value) for value in values)


def _shown(text: str) -> str:
    return safe(text, _WIDEST) or "nothing"
