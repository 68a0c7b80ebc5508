"""The one door: read → authorize → decide → append, in one transaction. Only this module appends events."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256

from onloop.errors import BadInput, Exit, Refused, UnknownThing
from onloop.gates.names import check_agent
from onloop.gateway.admission import check_house, check_may_begin
from onloop.gateway.authorize import authorize
from onloop.gateway.definitions import definition_of, pinned_definition
from onloop.gateway.identity import EFFECTS, TIMERS, Principal, new_secret
from onloop.gateway.projection import project_answer
from onloop.gateway.schedule import sync_rows
from onloop.machine import commands as c
from onloop.machine.course import Facts
from onloop.machine.decide import decide
from onloop.machine.definition import Definition
from onloop.machine.evolve import evolve
from onloop.machine.house import (
    HOUSE,
    HouseEvent,
    Unfrozen,
    covering,
    evolve_house,
)
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind, Task
from onloop.machine.timers import armed_timers
from onloop.store.codec import to_text
from onloop.store.port import Entry, Reading, Store, TaskFilter, Transaction
from onloop.store.rows import Job, Lease, Pinned, Remembered, Token

DEFAULT_LEASE_MS = 60_000
KEY_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim gave: the task as it is now, the agent's secret, and when the lease ends (ms)."""

    task: Task
    secret: str = field(repr=False)
    expires: int


@dataclass(frozen=True, slots=True)
class Gateway:
    """Every change of a store goes through one of these methods."""

    store: Store
    clock: Callable[[], int]

    def perform(self, principal: Principal, task_id: str, command: c.Command, *, key: str = "") -> Task:
        """Carry out one command on one task; the same `key` never does it twice. Refused says why nothing happened."""
        request = _asked(principal, task_id, command)
        refusal: Refused | None = None
        with self.store.writing() as tx:
            if key and _is_replay(tx, key, request):
                return _known(tx, task_id)
            self._fire_due(tx, task_id)
            try:
                after = self._advance(tx, principal, task_id, command, key)
            except Refused as no:  # what came due has happened all the same: commit it, then refuse
                refusal = no
            else:
                if key:
                    tx.put(Remembered(key, request, json.dumps({"version": after.version}), self.clock()))
                return after
        raise refusal

    def create(self, principal: Principal, creations: Sequence[tuple[str, c.Create]], pinned: Pinned) -> Task:
        """Begin a run: the root first, then its children, all or none. `pinned` is the workflow they walk."""
        with self.store.writing() as tx:
            if tx.get(Pinned, pinned.digest) is None:
                tx.put(pinned)
            for task_id, command in creations:
                self._advance(tx, principal, task_id, command, "")
            return _known(tx, creations[0][0])

    def claim(
        self, principal: Principal, agent: str, role: str, *, task: str | None = None, lease_ms: int = DEFAULT_LEASE_MS
    ) -> Claim:
        """Take the lease of `task`, or of the oldest one that waits for the role; Refused if there is none."""
        check_agent(agent.removeprefix("agent:"))
        if not agent.startswith("agent:"):
            raise BadInput(f"{agent!r} is no agent", hint=f"agent:{agent.rpartition(':')[2] or 'NAME'}")
        refusal: Refused
        with self.store.writing() as tx:
            for due in tx.due(self.clock()) if task is None else (task,):
                self._fire_due(tx, due)
            try:
                return self._lease(tx, self._claimed(tx, principal, c.Claim(agent, role), task), lease_ms)
            except Refused as no:  # what came due has happened all the same: commit it, then refuse
                refusal = no
        raise refusal

    def _claimed(self, tx: Transaction, principal: Principal, wanted: c.Claim, task: str | None) -> Task:
        """The task that the claim gets: the one named, or the first that it may have."""
        if task is not None:
            return self._advance(tx, principal, task, wanted, "")
        full: set[str] = set()
        for candidate in tx.claimable((wanted.role, wanted.agent), self.clock()):
            found = _known(tx, candidate)
            if found.run in full:
                continue
            try:
                return self._advance(tx, principal, candidate, wanted, "")
            except Refused:
                if not _slot_free(tx, found):
                    full.add(found.run)
        raise Refused(
            f"nothing waits for {wanted.role}" + (", or its fleet has no free slot" if full else ""),
            exit=Exit.NOTHING,
            hint="onloop list shows what there is; try again later",
        )

    def heartbeat(self, principal: Principal, *, lease_ms: int = DEFAULT_LEASE_MS, progress: bool = False) -> int:
        """Keep a lease alive; the answer is when it ends now (ms). Time can expire a lease, never revive one."""
        now = self.clock()
        with self.store.writing() as tx:
            lease = tx.get(Lease, principal.task or "")
            if lease is None or (lease.agent, lease.epoch) != (principal.id, principal.epoch) or lease.expires <= now:
                raise Refused(
                    f"{principal.id} no longer holds {principal.task}",
                    exit=Exit.NOT_YOURS,
                    hint="stop work on it; onloop claim --role ROLE takes another task",
                )
            moved = now if progress else lease.progress_at
            tx.put(Lease(lease.task, lease.epoch, lease.agent, max(lease.expires, now + lease_ms), now, moved))
            return max(lease.expires, now + lease_ms)

    def tick(self) -> int:
        """Fire whatever is due anywhere; the answer is for how many tasks something was. Correctness needs no tick."""
        now = self.clock()
        with self.store.reading() as at:
            due = at.due(now)
        for task_id in due:
            with self.store.writing() as tx:
                self._fire_due(tx, task_id)
        return len(due)

    def record_house(self, principal: Principal, event: HouseEvent) -> None:
        """Record a fact about the whole store: an enrolment, a freeze or its end."""
        with self.store.writing() as tx:
            authorize(principal, event, None)
            check_house(tx, principal, event)
            append_house(tx, event, self.clock(), principal.id)
            if isinstance(event, Unfrozen):
                for task in tx.tasks(TaskFilter(states=(State.WORKING,))):
                    if task.reason is Reason.CHILDREN_RUNNING:
                        self._settle(tx, task)

    def take_job(self, verifier: Principal, lease_ms: int, *, effects: bool) -> Job | None:
        """Lease the oldest gate (or effect) that nobody works on and no freeze covers; None if there is none."""
        now = self.clock()
        with self.store.reading() as at:
            if not _free_jobs(at, now, effects=effects):
                return None
        with self.store.writing() as tx:
            free = _free_jobs(tx, now, effects=effects)
            if not free:
                return None
            first = min(free, key=lambda job: (job.created_at, job.id))
            taken = Job(first.id, first.task, first.gate, first.created_at, verifier.id, now + lease_ms)
            tx.put(taken)
            return taken

    def put_back(self, job: Job) -> None:
        """Let somebody else do a job that is still asked for."""
        with self.store.writing() as tx:
            if tx.get(Job, job.id) is not None:
                tx.put(Job(job.id, job.task, job.gate, job.created_at))

    def free_jobs(self) -> None:
        """Forget who worked on what: for a verifier that knows itself to be the only one."""
        with self.store.writing() as tx:
            for job in tx.select(Job):
                tx.put(Job(job.id, job.task, job.gate, job.created_at))

    def keep(self, content: bytes) -> str:
        """Store bytes beside the log; the answer is their digest."""
        with self.store.writing() as tx:
            return tx.put_blob(content)

    def _lease(self, tx: Transaction, task: Task, lease_ms: int) -> Claim:
        secret, digest = new_secret()
        now, agent = self.clock(), task.holder or ""
        for old in tx.select(Token, task=task.id):
            tx.delete(Token, old.digest)
        tx.put(Lease(task.id, task.epoch, agent, now + lease_ms, now, now))
        tx.put(Token(digest, agent, task.id, task.epoch, task.step or ""))
        project_answer(tx, definition_of(tx, task), task)
        return Claim(task, secret, now + lease_ms)

    def _fire_due(self, tx: Transaction, task_id: str) -> None:
        now = self.clock()
        while tx.due(now, task_id):
            task = _known(tx, task_id)
            lease = tx.get(Lease, task_id)
            due = [t for t in armed_timers(definition_of(tx, task), task) if t.at <= now]
            fire = c.FireTimer(due[0].kind, due[0].token) if due else None
            if lease is not None and lease.expires <= now:
                fire = c.FireTimer(c.TimerKind.LEASE, str(lease.epoch))
            if fire is None:
                return
            try:
                self._advance(tx, TIMERS, task_id, fire, "")
            except Refused:  # frozen: it stays due until a person unfreezes
                return

    def _advance(self, tx: Transaction, principal: Principal, task_id: str, command: c.Command, key: str) -> Task:
        authorize(principal, command, task_id)
        before, now = tx.task(task_id), self.clock()
        definition = _definition_for(tx, before, command, task_id)
        actor = command.agent if isinstance(command, c.Claim) else principal.id
        events = decide(definition, before, _facts(tx, before, actor), command, now, id=task_id)
        after = before
        for event in events:
            after = evolve(after, event, id=task_id, at=now)
        if after is None:
            raise ValueError(f"{task_id}: nothing was decided")
        if before is None:
            check_may_begin(tx.house(), after)
        if events:
            tx.append([Entry(after.run, task_id, event, now, principal.id, key) for event in events])
            tx.put_task(after)
            sync_rows(tx, definition, before, after, now)
            project_answer(tx, definition, after)
            self._settle_parent(tx, before, after)
        return after

    def _settle_parent(self, tx: Transaction, before: Task | None, after: Task) -> None:
        """A parent is computed from its children, in the same transaction."""
        if after.parent is not None and after.ended and before is not None:
            parent = tx.task(after.parent)
            if parent is not None and not parent.ended and parent.kind is Kind.FLEET:
                self._settle(tx, parent)

    def _settle(self, tx: Transaction, parent: Task) -> None:
        with suppress(Refused):  # frozen: it is settled when a person unfreezes, and the child's end stands meanwhile
            self._advance(tx, EFFECTS, parent.id, c.Settle(), "")


def append_house(tx: Transaction, event: HouseEvent, now: int, principal: str) -> None:
    """Record an event of the house in a transaction that is open already."""
    tx.append([Entry(HOUSE, HOUSE, event, now, principal)])
    tx.put_house(evolve_house(tx.house(), event))


def _asked(principal: Principal, task_id: str, command: c.Command) -> str:
    """The digest of a request. When a submission was put together is no part of it: who asks again asks later."""
    if isinstance(command, c.Submit):
        command = replace(command, submission=replace(command.submission, at=0))
    return sha256(f"{principal.id}|{task_id}|{type(command).__name__}|{to_text(command)}".encode()).hexdigest()


def _definition_for(tx: Reading, before: Task | None, command: c.Command, task_id: str) -> Definition:
    if before is not None:
        return definition_of(tx, before)
    if isinstance(command, c.Create):
        return pinned_definition(tx, command.definition)
    raise UnknownThing(f"there is no task {task_id!r}", hint="onloop list shows every task")


def _facts(tx: Reading, task: Task | None, actor: str) -> Facts:
    house = tx.house()
    if task is None:
        return Facts(people=house.groups)
    lease = tx.get(Lease, task.id)
    children = tuple(tx.child_states(task.id)) if task.kind is Kind.FLEET else ()
    return Facts(
        frozen=covering(house, task, actor),
        lease_expires=lease.expires if lease else None,
        slot_free=_slot_free(tx, task),
        children=children,
        people=house.groups,
    )


def _slot_free(tx: Reading, task: Task) -> bool:
    root = task if task.id == task.run else tx.task(task.run)
    return root is None or root.max_parallel is None or tx.held(task.run) < root.max_parallel


def _known(tx: Reading, task_id: str) -> Task:
    task = tx.task(task_id)
    if task is None:
        raise UnknownThing(f"there is no task {task_id!r}", hint="onloop list shows every task")
    return task


def _free_jobs(tx: Reading, now: int, *, effects: bool) -> list[Job]:
    """The jobs that nobody works on, but for those of frozen tasks: nothing is run or moved for them."""
    free = [job for job in tx.select(Job) if job.leased_until <= now and (job.gate is None) == effects]
    house = tx.house()
    return [job for job in free if covering(house, _known(tx, job.task)) is None] if house.freezes else free


def _is_replay(tx: Reading, key: str, request: str) -> bool:
    if len(key) > KEY_LIMIT:
        raise BadInput(f"an idempotency key of {len(key)} characters", hint=f"use at most {KEY_LIMIT}")
    known = tx.get(Remembered, key)
    if known is not None and known.request != request:
        raise Refused(
            f"key {key!r} was used for another request", exit=Exit.USAGE, hint="use a fresh key for every new request"
        )
    return known is not None
