"""The one door: read → authorize → decide → append, in one transaction. Only this module appends events."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Annotated

from onloop.errors import Exit, Ground, NotAllowed, Refused
from onloop.gateway import jobs
from onloop.gateway.authorize import authorize
from onloop.gateway.claims import ClaimGranted, asked_claim, check_no_persons_name
from onloop.gateway.declared_limits import declared
from onloop.gateway.denial_counts import Denials, counting, denied_of
from onloop.gateway.facts import definition_for, facts_of, has_slot, known_task, waiting_tasks
from onloop.gateway.idempotency import (
    asked_command,
    asked_creations,
    asked_event,
    logged,
    lookup,
    owner_of_key,
    remember,
    request_digest,
)
from onloop.gateway.program_pins import Look, no_programs, programs_for
from onloop.gateway.projection import project_answer
from onloop.gateway.quota import spend
from onloop.gateway.schedule import mark_spent, sync_rows
from onloop.gateway.store_rules import attested, check_lease, check_may_begin, check_store_command
from onloop.identity.passphrase import person_from_passphrase, rekeyed
from onloop.identity.resolution import agent_from_token, new_salt, secret_from, token_digest
from onloop.machine import commands as c
from onloop.machine.definition import Definition
from onloop.machine.events import Event
from onloop.machine.limits import MOST_CREATED, Content, Id, Ids, Items, Key, LeaseMs, Odd, Passed, Passphrase, Uid
from onloop.machine.marks import Mark, stamped
from onloop.machine.principal import EFFECTS, TIMERS, Principal
from onloop.machine.rules.decide import course_of, decide
from onloop.machine.rules.decision_builder import check_holder
from onloop.machine.rules.message_rules import LARGEST_CHECKPOINT, check_size
from onloop.machine.rules.timers import armed_timers
from onloop.machine.state import LIVE, Reason
from onloop.machine.store_state import HOUSE, StoreEvent, Unfrozen, evolve_store
from onloop.machine.task import Task
from onloop.records import Record, field, replace
from onloop.store.port import EventEntry, Reading, Store, TaskFilter, Transaction
from onloop.store.rows import Job, Lease, PinnedWorkflow, Token
from onloop.views.changes_since import changes_since
from onloop.views.children import child_creations, child_workflow, deliveries, unneeded
from onloop.views.pinned_workflow import definition_of
from onloop.views.sub_agents import News, take_news

DEFAULT_LEASE_MS = 60_000
Creations = Annotated[Sequence[tuple[Id, c.Create]], Items(MOST_CREATED)]


@counting
@declared
class Gateway(Record, eq=False):
    """Every change of a store goes through one of these methods.

    `look` says which programs a workflow names now; `peer` is the user who asks, where one is known.
    """

    store: Store
    clock: Callable[[], int]
    look: Look = no_programs
    denials: Denials = field(default_factory=lambda: Denials(append_store_event))
    peer: str = ""

    def perform(self, principal: Principal, task_id: Id, command: c.Command, *, key: Key = "") -> Task:
        """Carry out one command on one task; the same `key` never does it twice. Refused says why nothing happened."""
        owner = owner_of_key(principal, command)
        request = asked_command(owner, task_id, command) if key else ""
        refusal: Refused | None = None
        with self.store.writing() as tx:
            if lookup(tx, owner, key, request) is not None:
                return known_task(tx, task_id)
            self._fire_due(tx, task_id)
            try:
                after = self._advance(tx, principal, task_id, command, logged(key))
            except Refused as no:  # what came due has happened all the same: commit it, then refuse
                refusal = no
            else:
                remember(tx, owner, key, request, self.clock())
                return after
        raise refusal

    def create(self, principal: Principal, creations: Creations, pinned: PinnedWorkflow, *, key: Key = "") -> Task:
        """Begin a run: the root first, then its children, all or none. `pinned` is the workflow they walk.

        The same `key` begins it once; asked again, the answer is the root that it began.
        """
        request = asked_creations(principal, creations) if key else ""
        with self.store.writing() as tx:
            if (known := lookup(tx, principal, key, request)) is not None:
                return known_task(tx, known["task"])
            if tx.get(PinnedWorkflow, pinned.digest) is None:
                tx.put(pinned)
            for task_id, command in creations:
                self._advance(tx, principal, task_id, command, logged(key))
            remember(tx, principal, key, request, self.clock(), {"task": creations[0][0]})
            return known_task(tx, creations[0][0])

    def claim(
        self,
        principal: Principal,
        agent: Id,
        role: Id,
        *,
        task: Id | None = None,
        lease_ms: LeaseMs = DEFAULT_LEASE_MS,
        key: Key = "",
    ) -> ClaimGranted:
        """Take the lease of `task`, or of the oldest one that waits for the role; Refused if there is none.

        The same `key` gives the same lease and secret again while the lease lasts. Only a digest of it is kept.
        """
        wanted = asked_claim(principal, agent, role, key)
        request = request_digest(principal, "ClaimGranted", agent, role, task or "", str(lease_ms))
        refusal: Refused
        with self.store.writing() as tx:
            known = lookup(tx, principal, key, request)
            for due in tx.due(self.clock()) if known is None else (known["task"],):  # others' ends make slots free
                self._fire_due(tx, due)
            try:
                if known is not None:
                    return self._claimed_before(tx, key, known)
                found, salt = self._claimed(tx, principal, wanted, task), new_salt()
                remember(tx, principal, key, request, self.clock(), {"task": found.id, "salt": salt})
                return self._lease(tx, found, lease_ms, secret_from(key, salt), wanted.hand.uid)
            except Refused as no:  # what came due has happened all the same: commit it, then refuse
                refusal = no
        raise refusal

    def _claimed(self, tx: Transaction, principal: Principal, wanted: c.Claim, task: str | None) -> Task:
        """The task that the claim gets: the one named, or the first that it may have."""
        authorize(principal, wanted, task)
        check_no_persons_name(tx.house(), wanted.agent)
        if task is not None:
            return self._advance(tx, principal, task, wanted, "")
        full: set[str] = set()
        for candidate, among in waiting_tasks(tx, (wanted.role, wanted.agent), self.clock()):
            if among in full:
                continue
            try:
                return self._advance(tx, principal, candidate, wanted, "")
            except Refused:
                found = known_task(tx, candidate)
                if not has_slot(tx, found, tx.task(found.run)):
                    full.add(among)
        raise Refused(
            f"nothing waits for {wanted.role}" + (", or its fleet has no free slot" if full else ""),
            exit=Exit.NOTHING,
            hint="onloop list shows what there is; try again later",
        )

    def heartbeat(
        self,
        principal: Principal,
        *,
        lease_ms: LeaseMs = DEFAULT_LEASE_MS,
        progress: bool = False,
        news: News = (),
    ) -> int:
        """Keep a lease alive; the answer is when it ends now (ms). Time can expire a lease, never revive one.

        `news` are of the sub-agents in the holder's own process; they are kept as long as the lease.
        """
        with self.store.writing() as tx:
            lease, now = tx.get(Lease, principal.task or ""), self.clock()
            if lease is not None and (lease.agent, lease.epoch) == (principal.id, principal.epoch):
                if lease.expires > now:
                    ends, moved = max(lease.expires, now + lease_ms), now if progress else lease.progress_at
                    tx.put(Lease(lease.task, lease.epoch, lease.agent, ends, now, moved))
                    take_news(tx, lease, news, now)
                    return ends
                self._fire_due(tx, lease.task)  # what has been refused once stays so, though the clock be set back
        raise Refused(
            f"{principal.id} no longer holds {principal.task}",
            exit=Exit.NOT_YOURS,
            hint="stop work on it; onloop claim --role ROLE takes another task",
        )

    def tick(self) -> int:
        """Fire whatever is due anywhere; the answer is for how many tasks something was. Correctness needs no tick."""
        with self.store.reading() as at:
            due = at.due(self.clock())
        for task_id in due:
            with self.store.writing() as tx:
                self._fire_due(tx, task_id)
        self.denials.settle(self.store, self.clock())
        return len(due)

    def deny(self, who: Principal, verb: Odd, subject: Odd = "", ground: Ground = Ground.KIND) -> None:
        """Count that `who` was refused something; what cannot be counted is no error."""
        self.denials.count(self.store, denied_of(who, verb, subject, ground, self.peer, self.clock()))

    def record_house(self, principal: Principal, event: StoreEvent, *, key: Key = "") -> None:
        """Record a fact about the whole store, and a mark as made now; the same `key` records it once."""
        request = asked_event(principal, event) if key else ""
        with self.store.writing() as tx:
            if lookup(tx, principal, key, request) is not None:
                return
            authorize(principal, event, None)
            event = stamped(event, self.clock()) if isinstance(event, Mark) else event
            self._fire_due(tx, principal.task or "")
            try:
                check_store_command(tx, principal, event)
            except Refused as no:  # what came due has happened all the same: commit it, then refuse
                refusal = no
            else:
                append_store_event(tx, event, self.clock(), principal.id, logged(key))
                remember(tx, principal, key, request, self.clock())
                if isinstance(event, Unfrozen):
                    self._catch_up(tx)
                return
        raise refusal

    def _catch_up(self, tx: Transaction) -> None:
        """Do what a freeze held up: send away whom nothing waits for, and look at the children of whoever waits."""
        live = tx.tasks(TaskFilter(states=tuple(LIVE)))
        for parent in dict.fromkeys(task.parent for task in live if task.parent is not None):
            found = known_task(tx, parent)
            self._dismiss(tx, definition_of(tx, found), found)
        for task in live:
            if task.reason is Reason.CHILDREN_RUNNING:
                now = known_task(tx, task.id)
                if now.reason is Reason.CHILDREN_RUNNING:
                    self._settle(tx, now)

    def take_job(self, verifier: Principal, lease_ms: LeaseMs, *, effects: bool, busy: Ids = ()) -> Job | None:
        """See jobs.take_job."""
        return jobs.take_job(self.store, self.clock(), verifier, lease_ms, effects=effects, busy=busy)

    def put_back(self, job: Job) -> None:
        """See jobs.put_back."""
        jobs.put_back(self.store, job)

    def free_jobs(self) -> None:
        """See jobs.free_jobs."""
        jobs.free_jobs(self.store)

    def keep(self, content: Content) -> str:
        """Store bytes beside the log; the answer is their digest."""
        with self.store.writing() as tx:
            return tx.put_blob(content)

    def keep_for(self, agent: Principal, content: Passed) -> str:
        """Store what the holder of a task passes on, beside the log; the answer is its digest. Refused to others."""
        check_size(len(content), LARGEST_CHECKPOINT, "what is passed on")
        with self.store.writing() as tx:
            self._fire_due(tx, agent.task or "")
            check_holder(known_task(tx, agent.task or ""), agent.id, agent.epoch)
            check_lease(tx, agent)
            spend(tx, agent, content, self.clock())
            return tx.put_blob(content)

    def agent(self, secret: Id, uid: Uid | None = None) -> Principal:
        """The agent that a token belongs to; NotAllowed for one that was never given out, was revoked, or is another's.

        `uid` is the user who asks; who opens the file asks as this process's.
        """
        with self.store.reading() as at:
            return agent_from_token(at, secret, os.getuid() if uid is None else uid)

    def person(self, name: Id, passphrase: Passphrase, *, typed: bool) -> Principal:
        """The person whose passphrase it is; NotAllowed if it is not theirs. Slow by design.

        Whoever an earlier onloop enrolled is given keys that are dearer to guess at.
        """
        with self.store.reading() as at:
            house = at.house()
        person = person_from_passphrase(house, name, passphrase, typed=typed, at=self.clock())
        if not house.people[name].stored_key:
            self.record_house(person, rekeyed(replace(house.people[name], by=person.id), passphrase))
        return person

    def _claimed_before(self, tx: Reading, key: str, known: Mapping[str, str]) -> ClaimGranted:
        """The same lease again, while it lasts: what it is by now."""
        secret = secret_from(key, known["salt"])
        token, lease = tx.get(Token, token_digest(secret)), tx.get(Lease, known["task"])
        if token is None or lease is None or lease.epoch != token.epoch or lease.expires <= self.clock():
            words = f"the lease on {known['task']} that this key took has ended"
            raise NotAllowed(words, hint="claim with a fresh key", ground=Ground.SUPERSEDED)
        return ClaimGranted(known_task(tx, token.task), secret, lease.expires)

    def _lease(self, tx: Transaction, task: Task, lease_ms: int, secret: str, uid: int | None) -> ClaimGranted:
        now, agent = self.clock(), task.holder or ""
        for old in tx.select(Token, task=task.id):
            tx.delete(Token, old.digest)
        tx.put(Lease(task.id, task.epoch, agent, now + lease_ms, now, now))
        tx.put(Token(token_digest(secret), agent, task.id, task.epoch, task.step or "", uid))
        project_answer(tx, definition_of(tx, task), task)
        return ClaimGranted(task, secret, now + lease_ms)

    def _fire_due(self, tx: Transaction, task_id: str) -> None:
        now = self.clock()
        while tx.due(now, task_id):
            task = known_task(tx, task_id)
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
                mark_spent(tx, lease, now)
                return

    def _advance(self, tx: Transaction, principal: Principal, task_id: str, command: c.Command, key: str) -> Task:
        authorize(principal, command, task_id)
        command = attested(tx, command)
        before, now = tx.task(task_id), self.clock()
        definition = definition_for(tx, before, command, task_id)
        actor = command.agent if isinstance(command, c.Claim | c.Submit) else principal.id
        known = facts_of(tx, before, actor, definition, command)
        pins = programs_for(self.look, definition, command)
        facts = replace(known, changes=changes_since(tx, before, command), programs=pins)
        course = course_of(definition, before, facts, command, now, id=task_id)
        events, after = course.events, course.task
        if before is None:
            check_may_begin(tx.house(), after)
        if events:
            self._check_delivery(tx, after, events)
            tx.append([EventEntry(after.run, task_id, event, now, principal.id, key) for event in events])
            tx.put_task(after)
            sync_rows(tx, definition, before, after, now)
            if not isinstance(command, c.Claim):  # a claim's is for the agent whose token comes next
                project_answer(tx, definition, after)
            self._begin_children(tx, definition, after, events)
            self._deliver(tx, after, events)
            self._dismiss(tx, definition, after)
            if not isinstance(command, c.Dismiss):
                self._settle_parent(tx, before, after)
            if after.reason is Reason.CHILDREN_RUNNING and before is not None and before.reason is not after.reason:
                self._settle(tx, after)
                return known_task(tx, task_id)
        return after

    def _begin_children(self, tx: Transaction, definition: Definition, parent: Task, events: Sequence[Event]) -> None:
        """Children begin in the transaction in which they were decided: there is never a part of a swarm."""
        for child, command, walked in child_creations(definition, parent, events):
            if tx.get(PinnedWorkflow, walked.digest) is None:
                tx.put(child_workflow(walked))
            self._advance(tx, EFFECTS, child, command, "")

    def _deliver(self, tx: Transaction, teller: Task, events: Sequence[Event]) -> None:
        for receiver, message in deliveries(events):
            self._advance(tx, EFFECTS, receiver, c.Deliver(message, teller.run), "")

    def _check_delivery(self, tx: Transaction, teller: Task, events: Sequence[Event]) -> None:
        """Refuse, before anything is written, what one of those who are told would not take: all hear it, or none."""
        for receiver, message in deliveries(events):
            task, deliver = known_task(tx, receiver), c.Deliver(message, teller.run)
            definition = definition_of(tx, task)
            facts = facts_of(tx, task, EFFECTS.id, definition, deliver)
            decide(definition, task, facts, deliver, self.clock(), id=receiver)

    def _dismiss(self, tx: Transaction, definition: Definition, parent: Task) -> None:
        for child in unneeded(tx, definition, parent):
            with suppress(Refused):  # frozen: it stays, and whatever waits for its end waits until a person unfreezes
                self._advance(tx, EFFECTS, child, c.Dismiss(f"{parent.id} needs it no more"), "")

    def _settle_parent(self, tx: Transaction, before: Task | None, after: Task) -> None:
        """A parent is computed from its children, in the same transaction. One that is excluded does not hold it up."""
        is_out = after.ended or after.reason is Reason.EXCLUDED
        if after.parent is not None and is_out and before is not None:
            parent = tx.task(after.parent)
            if parent is not None and not parent.ended and parent.reason is Reason.CHILDREN_RUNNING:
                self._settle(tx, parent)

    def _settle(self, tx: Transaction, parent: Task) -> None:
        self._dismiss(tx, definition_of(tx, parent), parent)
        with suppress(Refused):  # frozen: it is settled when a person unfreezes, and the child's end stands meanwhile
            self._advance(tx, EFFECTS, parent.id, c.Settle(), "")


def append_store_event(tx: Transaction, event: StoreEvent, now: int, principal: str, key: str = "") -> None:
    """Record an event of the house in a transaction that is open already."""
    tx.append([EventEntry(HOUSE, HOUSE, event, now, principal, key)])
    tx.put_house(evolve_store(tx.house(), event))
