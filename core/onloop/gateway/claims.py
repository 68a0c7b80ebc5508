"""The claim operation: who asks, for which agent, under which user and process, and what the claim returns."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import ClassVar

from onloop.errors import BadInput, Exit, Ground, NotAllowed, Refused
from onloop.gateway.authorize import authorize
from onloop.gateway.facts import has_slot, waiting_tasks
from onloop.gateway.idempotency import check_claim_key, lookup, remember, request_digest
from onloop.gateway.leases import DEFAULT_LEASE_MS
from onloop.gateway.projection import project_answer
from onloop.gateway.service import Gateway, Write
from onloop.identity.resolution import new_salt, secret_from, token_digest
from onloop.machine import commands as c
from onloop.machine.agent_names import check_agent
from onloop.machine.limits import LONGEST_LEASE_MS, Id, Key, LeaseMs, Number, Words
from onloop.machine.operation import Asker, DeniedAct
from onloop.machine.people import name_of
from onloop.machine.principal import Principal
from onloop.machine.store_state import StoreState
from onloop.machine.task import Hand, Task
from onloop.records import Record, SecretRecord, replace
from onloop.store.port import Reading, Transaction
from onloop.store.rows import Lease, Token
from onloop.views.known_task import known_task
from onloop.views.pinned_workflow import definition_of

PERSONS_LEASE_MS = LONGEST_LEASE_MS
"""How long a person's lease is: each verb in their clone renews it, and nothing else has to."""


class ClaimGranted(SecretRecord):
    """What a claim returns: the task as it is now, the agent's secret, and when the lease ends (ms)."""

    task: Task
    secret: str
    expires: int


class ClaimFilter(Record):
    """Which of the tasks that wait a claim may take; an empty field takes any."""

    run: Id = ""
    repo: Id = ""
    workflow: Id = ""
    label: Id = ""

    def takes(self, task: Task) -> bool:
        """Whether it may take this task."""
        pairs = ((self.run, task.run), (self.repo, task.repo), (self.workflow, task.workflow))
        return all(not wanted or wanted == had for wanted, had in pairs) and (
            not self.label or self.label in task.labels
        )


class ClaimTask(Write[ClaimGranted], frozen=True):
    """Take the lease of `task`, or of the oldest one that waits for the role and fits `among`; Refused if none does.

    The same `key` gives the same lease and secret again while the lease lasts. Only a digest of it is kept.
    """

    name: ClassVar[str] = "claim"
    asker: ClassVar[Asker] = Asker.ANYBODY
    is_paced: ClassVar[bool] = True
    principal: Principal
    agent: Id
    role: Id
    task: Id | None = None
    lease_ms: LeaseMs = DEFAULT_LEASE_MS
    key: Key = ""
    among: ClaimFilter = ClaimFilter()

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "claim", self.task or "")

    def carry_out(self, gateway: Gateway) -> ClaimGranted:
        """See Write."""
        wanted = asked_claim(self.principal, self.agent, self.role, self.key)
        request = request_digest(self.principal, "Claim", self.agent, self.role, self.task or "", str(self.lease_ms))

        def body(tx: Transaction) -> ClaimGranted | Refused:
            known, now = lookup(tx, self.principal, self.key, request), gateway.clock()
            for due in tx.due(now) if known is None else (known["task"],):  # others' ends make slots free
                gateway.fire_due(tx, due)
            try:
                if known is not None:
                    return _claimed_before(tx, self.key, known, now)
                task, salt = self._claimed(gateway, tx, wanted), new_salt()
                remember(tx, self.principal, self.key, request, now, {"task": task.id, "salt": salt})
                return _leased(tx, task, secret_from(self.key, salt), now + self.lease_ms, now, wanted.hand.uid)
            except Refused as no:
                return no

        return gateway.transact(body)

    def _claimed(self, gateway: Gateway, tx: Transaction, wanted: c.Claim) -> Task:
        """The task that the claim gets: the one named, or the first that it may have."""
        authorize(self.principal, wanted, self.task)
        check_no_persons_name(tx.house(), wanted.agent)
        if self.task is not None:
            return gateway.advance(tx, self.principal, self.task, wanted, "")
        full, hold = set[str](), tx.house().roles.get(self.role)
        is_shut = hold is not None and hold.is_held and hold.next_at > gateway.clock()
        names = (wanted.agent,) if is_shut else (wanted.role, wanted.agent)
        for candidate, among in waiting_tasks(tx, names, gateway.clock()):
            if among in full or not self._takes(tx, candidate):
                continue
            try:
                return gateway.advance(tx, self.principal, candidate, wanted, "")
            except Refused:
                found = known_task(tx, candidate)
                if not has_slot(tx, found, tx.task(found.run)):
                    full.add(among)
        why = f", or its agents end alike and it is held: {hold.words}" if is_shut and hold is not None else ""
        raise Refused(
            f"nothing waits for {wanted.role}" + (", or its fleet has no free slot" if full else why),
            exit=Exit.NOTHING,
            hint="onloop list shows what there is; try again later",
        )

    def _takes(self, tx: Transaction, candidate: str) -> bool:
        """Whether the claim may take the task; that of another run is not even read, for its id begins with its run."""
        if self.among == ClaimFilter():
            return True
        own = not self.among.run or candidate.partition(".")[0] == self.among.run
        return own and self.among.takes(known_task(tx, candidate))


class TakeTask(Write[ClaimGranted], frozen=True):
    """A person takes the lease of `task` themselves, from whoever holds it; the answer is as a claim's.

    The secret hands in work for this task, and decides nothing.
    """

    name: ClassVar[str] = "take"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal
    task: Id
    reason: Words = ""
    lease_ms: LeaseMs = PERSONS_LEASE_MS
    version: Number | None = None

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "take the work", self.task)

    def carry_out(self, gateway: Gateway) -> ClaimGranted:
        """See Write."""
        voice = self.principal.voice
        if voice is None:
            hint = "a person must do it, with their passphrase: onloop take TASK --as NAME"
            raise NotAllowed(f"{self.principal.id} may not take the work", hint=hint)
        uid = os.getuid() if voice.uid is None else voice.uid
        wanted = c.Take(voice, self.reason, Hand(uid), uid != os.getuid(), self.version)

        def body(tx: Transaction) -> ClaimGranted | Refused:
            gateway.fire_due(tx, self.task)
            try:
                task, now = gateway.advance(tx, self.principal, self.task, wanted, ""), gateway.clock()
                return _leased(tx, task, secret_from("", new_salt()), now + self.lease_ms, now, uid)
            except Refused as no:
                return no

        return gateway.transact(body)


def check_no_persons_name(house: StoreState, agent: str) -> None:
    """Refuse an agent the name of somebody who is or was enrolled, ignoring case: a list would confuse the two."""
    name = agent.removeprefix("agent:")
    names = (*house.people, *(name_of(who) for who in (*house.groups, *house.former)))
    person = next((known for known in names if known.casefold() == name.casefold()), None)
    if person is not None:
        hint = f"give the agent a name of its own: --name {name}-agent"
        raise BadInput(f"{agent} would be taken for human:{person}, who is enrolled here", hint=hint)


def asked_claim(principal: Principal, agent: str, role: str, key: str) -> c.Claim:
    """The claim with the user and process that the kernel named, else this process's user; BadInput for no agent.

    It is `apart` if that user is not the gateway's own.
    """
    check_agent(agent.removeprefix("agent:"))
    check_claim_key(key)
    if not agent.startswith("agent:"):
        raise BadInput(f"{agent!r} is not an agent", hint=f"use agent:{agent.rpartition(':')[2] or 'NAME'}")
    hand = principal.hand if principal.hand.uid is not None else replace(principal.hand, uid=os.getuid())
    return c.Claim(agent, role, principal.id, hand, hand.uid != os.getuid())


def _claimed_before(reading: Reading, key: str, known: Mapping[str, str], now: int) -> ClaimGranted:
    """The lease that this key took, as it is now; NotAllowed if it has ended."""
    secret = secret_from(key, known["salt"])
    token, lease = reading.get(Token, token_digest(secret)), reading.get(Lease, known["task"])
    if token is None or lease is None or lease.epoch != token.epoch or lease.expires <= now:
        words = f"the lease on {known['task']} that this key took has ended"
        raise NotAllowed(words, hint="claim with a fresh key", ground=Ground.SUPERSEDED)
    return ClaimGranted(known_task(reading, token.task), secret, lease.expires)


def _leased(tx: Transaction, task: Task, secret: str, expires: int, now: int, uid: int | None) -> ClaimGranted:
    """Store the lease and its token in place of the previous ones."""
    agent = task.holder or ""
    for old in tx.select(Token, task=task.id):
        tx.delete(Token, old.digest)
    tx.put(Lease(task.id, task.epoch, agent, expires, now, now))
    tx.put(Token(token_digest(secret), agent, task.id, task.epoch, task.step or "", uid))
    project_answer(tx, definition_of(tx, task), task)
    return ClaimGranted(task, secret, expires)
