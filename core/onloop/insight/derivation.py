"""What the rows beside the log must be, derived from the log: timers, jobs, answers, briefs, workflows, tokens, leases.

`store verify` compares them. It finds a forged row even if its seal and tally are right, because the log differs.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from onloop.errors import OnloopError
from onloop.gates.repository.soundness import ExpectedCommit, MirrorReport, checked_mirror, grouped, usual_config
from onloop.gateway.projection import PROJECTED, projected
from onloop.gateway.schedule import due_rows, job_gates
from onloop.home import Home
from onloop.insight.linked_tasks import link_faults
from onloop.machine.definition import Definition, Policy
from onloop.machine.launchers import launcher_of
from onloop.machine.policy_weaving import policy_digest, woven
from onloop.machine.rules.fan_out import child_definition, parts_of
from onloop.machine.task import Task
from onloop.records import MutableRecord, Record, field
from onloop.store.codec import from_text
from onloop.store.port import EventRow, Reading
from onloop.store.rows import (
    BriefRow,
    CachedAnswer,
    FleetMember,
    Job,
    LauncherSlot,
    Lease,
    PinnedWorkflow,
    StoreRow,
    SubAgent,
    TimerRow,
    Token,
    WorkSlot,
    columns,
    key_of,
    table_of,
)
from onloop.store.verification import Fold
from onloop.text import safe
from onloop.views.fleet_members import member_of
from onloop.views.work_scopes import WorkScope, scopes_of
from onloop.workflow.loader import load

_WIDEST = 60


class _Claimed(Record):
    agent: str
    epoch: int
    step: str
    launcher: str
    address: str


class Derivation(MutableRecord):
    """Reads the log event by event, and then reports the rows that do not agree with it.

    `problems` yields the differences; it also fills `notes` with what could not be checked. Mirrors that are not there
    are a difference where the store `needs_mirrors`: a copy has none yet, nor has each machine of a database.
    """

    home: Home
    needs_mirrors: bool = True
    notes: list[str] = field(default_factory=list)
    _steps: dict[str, str] = field(default_factory=dict)
    _claims: dict[str, _Claimed] = field(default_factory=dict)
    _blobs: dict[str, str] = field(default_factory=dict)
    _adopted: set[str] = field(default_factory=set)
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
        yield from _workflows(reading, definitions, self._adopted)
        yield from _tasks(reading, fold.tasks, definitions)
        yield from self._owners(reading, fold.tasks)

    def elsewhere(self, fold: Fold) -> Iterator[str]:
        """Each difference of the mirrors: commits that were handed in, and are not there as they were."""
        yield from self._mirrors(fold.tasks)

    # -- what the log says

    def _entered(self, row: EventRow, data: Mapping[str, Any]) -> None:
        self._steps[row[3]] = str(data["step"])

    def _claimed(self, row: EventRow, data: Mapping[str, Any]) -> None:
        hand, step = data.get("hand", {}), self._steps.get(row[3], "")
        launcher, address = launcher_of(str(hand.get("token", ""))), str(hand.get("address", ""))
        self._claims[row[3]] = _Claimed(str(data["agent"]), int(data["epoch"]), step, launcher, address)

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

    def _policy(self, _: EventRow, data: Mapping[str, Any]) -> None:
        self._adopted.add(policy_digest(from_text(Policy, json.dumps(data["policy"]))))

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
        yield from self._slots(reading, tasks)
        yield from _members(reading, tasks)
        yield from link_faults(reading, tasks)
        yield from _work_slots(reading, tasks)
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
            known = (claim.launcher, claim.address) if claim is not None else ("", "")
            if known != (token.launcher, token.address):
                told = _words((token.launcher, token.address))
                yield _differs("token", name, "launcher, address", told, _words(known))
            if token.task in token_by_task:
                yield f"token {_shown(name)}: a second token for the same claim as {token_by_task[token.task]}"
            token_by_task[token.task] = token.digest[:12]
        for task in tasks.values():
            if task.holder is not None and task.id not in token_by_task:
                yield f"token {_shown(task.id)}: {task.holder} holds it in epoch {task.epoch}, but the row is missing"

    def _slots(self, reading: Reading, tasks: Mapping[str, Task]) -> Iterator[str]:
        """Compares the slots that are taken with the tasks that are held under launchers' tokens."""
        launchers = {task: claim.launcher for task, claim in self._claims.items() if claim.launcher}
        held = {task: name for task, name in launchers.items() if task in tasks and tasks[task].holder is not None}
        for slot in reading.select(LauncherSlot):
            if slot.lease and held.pop(slot.lease, None) != slot.launcher:
                yield f"launcherslot {_shown(slot.id)}: lease: {_shown(slot.lease)}, which does not take it"
        for task, name in held.items():
            yield f"launcherslot of {_shown(name)}: it holds {_shown(task)}, and no slot is taken by it"

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
            if not self.needs_mirrors and not path.exists():
                self.notes.append(f"mirror {path.name}: not on this machine; a verifier makes it when it needs it")
                continue
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
    "PolicyAdopted": Derivation._policy,  # noqa: SLF001
    "Told": Derivation._named,  # noqa: SLF001
    "MessageReceived": Derivation._named,  # noqa: SLF001
    "CheckpointSaved": Derivation._named,  # noqa: SLF001
}


def _members(reading: Reading, tasks: Mapping[str, Task]) -> Iterator[str]:
    """Compares the rows by which waves are counted with the tasks that are in waves."""
    stored = {row.task: row for row in reading.select(FleetMember)}
    for task in tasks.values():
        if (member := member_of(task)) is not None:
            yield from _compared(member, stored.pop(task.id, None))
    for key in stored:
        yield f"fleetmember {_shown(key)}: a row that the log does not explain"


def _work_slots(reading: Reading, tasks: Mapping[str, Task]) -> Iterator[str]:
    """Compares the slots of scopes with what is worked on: each holds one, and no scope has more rows than it may."""
    held = {(task.id, scope.name) for task in tasks.values() if task.holder for scope in _scopes(task, tasks)}
    most = {scope.name: scope.most for task in tasks.values() for scope in _scopes(task, tasks)}
    rows = defaultdict[str, int](int)
    for slot in reading.select(WorkSlot):
        rows[slot.scope] += 1
        if slot.lease and (slot.lease, slot.scope) not in held:
            yield f"workslot {_shown(slot.id)}: lease: {_shown(slot.lease)}, which does not take it"
        held.discard((slot.lease, slot.scope))
    for scope, count in rows.items():
        if most.get(scope, 0) != count:
            yield f"workslot of {_shown(scope)}: it has {count} rows, and {most.get(scope, 0)} may be worked on"
    for task_id, scope in sorted(held):
        if scope in rows:  # in a run of before there were slots, they are made at its next claim
            yield f"workslot of {_shown(scope)}: {_shown(task_id)} is held, and takes none"


def _scopes(task: Task, tasks: Mapping[str, Task]) -> tuple[WorkScope, ...]:
    return scopes_of(task, tasks.get(task.run))


def _workflows(reading: Reading, definitions: dict[str, Definition], adopted: Collection[str]) -> Iterator[str]:
    """Compares each pinned workflow with its source, and each child workflow with its parent's.

    What policies were woven into follows from the file and from policies that people adopted.
    """
    rows = reading.select(PinnedWorkflow)
    derived = dict[str, Definition]()
    for row in (row for row in rows if row.source):
        problem = _compiled(row, derived)
        if problem:
            yield f"pinned {_shown(row.digest[:12])}: {problem}"
    for row in (row for row in rows if not row.source):
        derived |= _woven_with(row, derived, adopted)
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


def _woven_with(
    row: PinnedWorkflow, derived: Mapping[str, Definition], adopted: Collection[str]
) -> Mapping[str, Definition]:
    """What the policies that a row names make of the file that it names, by digest; nothing where one is unknown."""
    said = _definition(row)
    plain = derived.get(said.file) if said is not None else None
    if said is None or plain is None or not all(policy_digest(policy) in adopted for policy in said.policies):
        return {}
    made = woven(plain, said.policies)
    return {made.digest: made, **_parts(made)}


def _parts(made: Definition) -> Mapping[str, Definition]:
    """The workflows of the children of its steps, by digest."""
    parts = dict[str, Definition]()
    for step in made.steps:
        named = [(part, False) for part in parts_of(step.fan_out)] if step.fan_out is not None else []
        for part, resolves in (*named, *([("", True)] if named else ())):
            walked = child_definition(made, step.id, resolves=resolves, part=part)
            parts |= {walked.digest: walked, **_parts(walked)}
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
