"""What rows beside the log must be, derived from the log: timers, jobs, answers, briefs, workflows, tokens and leases.

`store verify` compares: a row whose seal and tally were made to fit is still found, because the log says otherwise.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from onloop.errors import OnloopError
from onloop.gates.repository.soundness import ExpectedCommit, Looked, grouped, looked_at, usual_config
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
    """Follows the log event by event, and says afterwards what does not fit it.

    `problems` are differences; `notes`, filled by then, say what could not be looked at.
    """

    home: Home
    notes: list[str] = field(default_factory=list)
    _steps: dict[str, str] = field(default_factory=dict)
    _claims: dict[str, _Claimed] = field(default_factory=dict)
    _blobs: dict[str, str] = field(default_factory=dict)
    _submitted: defaultdict[str, list[ExpectedCommit]] = field(default_factory=lambda: defaultdict(list))

    def absorb(self, row: EventRow) -> None:
        """Take note of what other rows must agree with; an event that cannot be read is named elsewhere."""
        read = _READ.get(row[5])
        if read is None:
            return
        try:
            read(self, row, json.loads(row[6]))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return

    def problems(self, at: Reading, fold: Fold, blobs: frozenset[str]) -> Iterator[str]:
        """Each difference in words; `blobs` are the digests of all that is kept beside the log."""
        for digest, where in self._blobs.items():
            if digest not in blobs:
                yield f"blob {_shown(digest)}: {where} names it, and it is gone"
        definitions: dict[str, Definition] = {}
        yield from _workflows(at, definitions)
        yield from _tasks(at, fold.tasks, definitions)
        yield from self._owners(at, fold.tasks)
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

    def _named(self, row: EventRow, data: Mapping[str, Any]) -> None:
        for part, name in (("evidence", "output"), ("message", "digest"), ("checkpoint", "digest")):
            digest = data.get(part, {}).get(name)
            if digest:
                self._blobs.setdefault(str(digest), f"event {row[0]} ({row[3]}, {row[5]})")

    # -- who holds what

    def _owners(self, at: Reading, tasks: Mapping[str, Task]) -> Iterator[str]:
        leases = {lease.task: lease for lease in at.select(Lease)}
        for lease in leases.values():
            task = tasks.get(lease.task)
            said = (task.holder, task.epoch) if task is not None else (None, 0)
            if said != (lease.agent, lease.epoch):
                yield _differs("lease", lease.task, "agent, epoch", f"{lease.agent}, {lease.epoch}", _words(said))
        for task in tasks.values():
            if task.holder is not None and task.id not in leases:
                yield f"lease {_shown(task.id)}: {task.holder} holds it under epoch {task.epoch}, and no row says so"
        yield from self._tokens(at, tasks)
        for sub in at.select(SubAgent):
            lease_of = leases.get(sub.task)
            if lease_of is None or lease_of.epoch != sub.epoch:
                yield f"subagent {_shown(sub.id)}: epoch: {sub.epoch}, which nobody holds {_shown(sub.task)} under"

    def _tokens(self, at: Reading, tasks: Mapping[str, Task]) -> Iterator[str]:
        known = dict[str, str]()
        for token in at.select(Token):
            name, claim = f"{token.digest[:12]} of {token.task}", self._claims.get(token.task)
            said = (claim.agent, claim.epoch, claim.step) if claim is not None else ("nobody", 0, "")
            has = (token.agent, token.epoch, token.step)
            if said != has:
                yield _differs("token", name, "agent, epoch, step", _words(has), _words(said))
            if token.task in known:
                yield f"token {_shown(name)}: a second one for the same claim, beside {known[token.task]}"
            known[token.task] = token.digest[:12]
        for task in tasks.values():
            if task.holder is not None and task.id not in known:
                yield f"token {_shown(task.id)}: {task.holder} holds it under epoch {task.epoch}, and has no token"

    # -- mirrors

    def _mirrors(self, tasks: Mapping[str, Task]) -> Iterator[str]:
        wanted = defaultdict[Path, list[ExpectedCommit]](list)
        for task_id, submissions in self._submitted.items():
            task = tasks.get(task_id)
            if task is not None and task.origin is not None:
                wanted[self.home.mirror(task.origin).path] += submissions
        all_of_them = grouped(wanted, self.home.mirrors)
        usual = usual_config() if all_of_them else frozenset[str]()
        for path, each in all_of_them.items():
            looked: Looked = looked_at(path, each, usual)
            self.notes += looked.notes
            yield from looked.problems


_READ = {
    "StepEntered": Derivation._entered,  # noqa: SLF001 - a table of its own methods
    "Claimed": Derivation._claimed,  # noqa: SLF001
    "Submitted": Derivation._handed_in,  # noqa: SLF001
    "Funnelled": Derivation._handed_in,  # noqa: SLF001
    "GateReported": Derivation._named,  # noqa: SLF001
    "Told": Derivation._named,  # noqa: SLF001
    "MessageReceived": Derivation._named,  # noqa: SLF001
    "CheckpointSaved": Derivation._named,  # noqa: SLF001
}


def _workflows(at: Reading, definitions: dict[str, Definition]) -> Iterator[str]:
    """Each pinned workflow against the bytes it was compiled from; children's, against their parents'."""
    rows = at.select(PinnedWorkflow)
    derived = dict[str, Definition]()
    for row in (row for row in rows if row.source):
        problem = _compiled(row, derived)
        if problem:
            yield f"pinned {_shown(row.digest[:12])}: {problem}"
    for row in (row for row in rows if not row.source):
        wanted = derived.get(row.digest)
        if wanted is None:
            yield f"pinned {_shown(row.digest[:12])}: no workflow file that is pinned explains it"
        elif _definition(row) != wanted:
            yield f"pinned {_shown(row.digest[:12])}: compiled: it is not the part of its parent's workflow"
    definitions.update({row.digest: found for row in rows if (found := _definition(row)) is not None})
    definitions.update(derived)


def _compiled(row: PinnedWorkflow, derived: dict[str, Definition]) -> str:
    source = row.source.encode("utf-8", "surrogateescape")
    if sha256(source).hexdigest() != row.digest:
        return f"source: its bytes have the digest {sha256(source).hexdigest():.12}"
    try:
        made = load(source, row.name)
    except OnloopError as problem:
        return f"source: this onloop cannot compile it: {_shown(problem.message)}"
    derived.update({made.digest: made, **_parts(made)})
    if (row.name, _definition(row)) != (made.name, made):
        return "compiled: it is not what its source says"
    return ""


def _parts(made: Definition) -> Mapping[str, Definition]:
    """What children of the workflow's steps walk, by digest."""
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


def _tasks(at: Reading, tasks: Mapping[str, Task], definitions: Mapping[str, Definition]) -> Iterator[str]:
    """Timers, jobs and kept answers: all of what the tasks give, and nothing else."""
    stored: Stored = {
        kind: {key_of(row): row for row in at.select(kind)} for kind in (TimerRow, Job, CachedAnswer, BriefRow)
    }
    for task in tasks.values():
        definition = definitions.get(task.definition)
        if definition is None:
            yield f"pinned {_shown(task.definition[:12])}: {task.id} walks it, and no row holds it"
            continue
        try:
            yield from list(_task(at, task, definition, stored))
        except Exception as problem:  # what was tampered with may break any rule of what follows from it
            yield f"task {_shown(task.id)}: what follows from it cannot be derived: {_shown(repr(problem))}"
    for kind, rows in stored.items():
        for key in rows:
            yield f"{table_of(kind)} {_shown(key)}: a row that the log does not explain"


def _task(at: Reading, task: Task, definition: Definition, stored: Stored) -> Iterator[str]:
    for due in due_rows(definition, task):
        yield from _compared(due, stored[TimerRow].pop(due.id, None))
    yield from _jobs(task, stored[Job])
    for kind, row in zip(PROJECTED, projected(at, definition, task), strict=True):
        found = stored[kind].pop(task.id, None)
        if row is not None:
            yield from _compared(row, found)
        elif found is not None:
            yield f"{table_of(kind)} {_shown(task.id)}: a row that the log does not explain"


def _jobs(task: Task, stored: dict[str, StoreRow]) -> Iterator[str]:
    for job_id, gate in job_gates(task).items():
        found = stored.pop(job_id, None)
        if not isinstance(found, Job):
            yield f"job {_shown(job_id)}: {task.id} waits for it, and no row asks for it"
        elif (found.task, found.gate) != (task.id, gate):
            yield _differs("job", job_id, "task, gate", _words((found.task, found.gate)), _words((task.id, gate)))


def _compared(wanted: StoreRow, found: StoreRow | None) -> Iterator[str]:
    kind, key = table_of(type(wanted)), key_of(wanted)
    if found is None:
        yield f"{kind} {_shown(key)}: the log asks for it, and no row does"
        return
    for column in columns(type(wanted)):
        has, wants = getattr(found, column), getattr(wanted, column)
        if has != wants:
            yield _differs(kind, key, column, has, wants)


def _differs(kind: str, key: str, column: str, has: object, wants: object) -> str:
    texts = str(has), str(wants)
    start = next((i for i, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), min(map(len, texts)))
    start = max(0, start - 10) if max(map(len, texts)) > _WIDEST else 0
    found, expected = (_shown(text[start:]) for text in texts)
    return f"{kind} {_shown(key)}: {column}: {found}, expected {expected}"


def _words(values: tuple[object, ...]) -> str:
    return ", ".join(str(value) for value in values)


def _shown(text: str) -> str:
    return safe(text, _WIDEST) or "nothing"
