"""The claim operation: who asks, for which agent, under which user and process, and what the claim returns."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from onloop.errors import BadInput, Exit, Ground, NotAllowed, Refused
from onloop.gates.repository.ref_names import check_ref_name
from onloop.gateway.authorize import authorize
from onloop.gateway.facts import waiting_tasks
from onloop.gateway.grants.launcher_scope import check_role, check_task, grant_now, is_free_for
from onloop.gateway.grants.launcher_slots import pick_slot
from onloop.gateway.grants.work_slots import is_full
from onloop.gateway.idempotency import check_claim_key, lookup, remember, request_digest
from onloop.gateway.leases import DEFAULT_LEASE_MS
from onloop.gateway.projection import project_answer
from onloop.gateway.service import Gateway, Write
from onloop.identity.resolution import new_salt, secret_from, token_digest
from onloop.machine import commands as c
from onloop.machine.agent_environment import weaker
from onloop.machine.agent_names import check_agent
from onloop.machine.definition import Isolation
from onloop.machine.launchers import Grant, launcher_of
from onloop.machine.limits import LONGEST_LEASE_MS, Id, Key, LeaseMs, Number, Path, Words
from onloop.machine.operation import Asker, DeniedAct
from onloop.machine.people import name_of
from onloop.machine.principal import Principal
from onloop.machine.rules.environment_rules import DemandsMore
from onloop.machine.store_state import StoreState
from onloop.machine.task import Hand, Task
from onloop.records import Record, SecretRecord, replace
from onloop.store.port import Reading, Transaction, run_of
from onloop.store.rows import LauncherSlot, Lease, Token
from onloop.views.children import slot_free
from onloop.views.known_task import known_task
from onloop.views.pinned_workflow import definition_of
from onloop.views.work_scopes import fleet_scope, scopes_of

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

    The same `key` gives the same lease and secret again while the lease lasts. Only a digest of it is kept. Work may be
    handed in from a `branch` of the origin, which the gateway fetches. `gives` is how far the agent will be separated;
    where it is not said, a launcher's token says it. No launcher gives more than its token attests.
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
    branch: Path = ""
    gives: Isolation | None = None

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "claim", self.task or "")

    def carry_out(self, gateway: Gateway) -> ClaimGranted:
        """See Write."""
        wanted = asked_claim(self.principal, self.agent, self.role, self.key, self.branch)
        said = (self.agent, self.role, self.task or "", str(self.lease_ms), *filter(None, (self.branch,)))
        request = request_digest(self.principal, "Claim", *said)

        def body(tx: Transaction) -> ClaimGranted | Refused:
            known, now = lookup(tx, self.principal, self.key, request), gateway.clock()
            try:
                if known is not None:
                    tx.lock_run(run_of(known["task"]))
                    gateway.fire_due(tx, known["task"])
                    return _claimed_before(tx, self.key, known, now)
                grant, slot = self._let_in(tx, now)
                asked = replace(wanted, gives=isolation_of(self.gives, grant, apart=wanted.apart))
                task, salt = self._claimed(gateway, tx, asked, grant), new_salt()
                remember(tx, self.principal, self.key, request, now, {"task": task.id, "salt": salt})
                if slot is not None:
                    tx.put(replace(slot, lease=task.id))
                expires, hand = now + self.lease_ms, wanted.hand
                return _leased(tx, task, secret_from(self.key, salt), expires, now, hand, grant)
            except Refused as no:
                return no

        self._end_what_is_over(gateway, request)
        return gateway.transact(body, about=self.task or "")

    def _end_what_is_over(self, gateway: Gateway, request: str) -> None:
        """Fire what is due of any task, because others' ends make slots free: a run at a time."""
        with gateway.store.reading() as reading:
            known = lookup(reading, self.principal, self.key, request)
            due = reading.due(gateway.clock()) if known is None else ()
        for task_id in due:

            def body(tx: Transaction, task_id: str = task_id) -> None:
                gateway.fire_due(tx, task_id)

            gateway.store.transact(body, about=task_id)

    def _let_in(self, tx: Transaction, now: int) -> tuple[Grant | None, LauncherSlot | None]:
        """What a launcher's token allows now, and one of its slots; nothing of both where it needs no token."""
        grant = grant_now(tx, self.principal, now)
        if grant is None:
            return None, None
        check_role(self.principal, grant, self.role)
        return grant, pick_slot(tx, self.principal.name, grant.at_most)

    def _claimed(self, gateway: Gateway, tx: Transaction, wanted: c.Claim, grant: Grant | None) -> Task:
        """The task that the claim gets: the one named, or the first that it may have."""
        authorize(self.principal, wanted, self.task)
        check_no_persons_name(tx.house(), wanted.agent)
        if self.task is not None:
            if grant is not None:
                check_task(tx, self.principal, grant, tx.task(self.task), self.task)
            return _held(gateway.advance(tx, self.principal, self.task, wanted, ""))
        hold = tx.house().roles.get(self.role)
        is_shut = hold is not None and hold.is_held and hold.next_at > gateway.clock()
        names = (wanted.agent,) if is_shut else (wanted.role, wanted.agent)
        full, refused = set[str](), list[DemandsMore]()
        taken = self._first(gateway, tx, wanted, names, full, grant, refused)
        if taken is not None:
            return taken
        if refused:
            raise refused[0]
        why = f", or its agents end alike and it is held: {hold.words}" if is_shut and hold is not None else ""
        raise Refused(
            f"nothing waits for {wanted.role}" + (", or its fleet has no free slot" if full else why),
            exit=Exit.NOTHING,
            hint="onloop list shows what there is; try again later",
        )

    def _first(
        self,
        gateway: Gateway,
        tx: Transaction,
        wanted: c.Claim,
        names: Sequence[str],
        full: set[str],
        grant: Grant | None,
        refused: list[DemandsMore],
    ) -> Task | None:
        """The first task that waits for one of `names` and is free; what has no slot is added to `full`.

        A run that another writer has now is passed over, and waited for only where nothing else is free.
        """
        busy = list[str]()
        for candidate, among in waiting_tasks(tx, names, gateway.clock()):
            if among in full or not self._takes(tx, candidate, grant):
                continue
            scope = _full_scope(tx, candidate, among, full)
            if scope:
                full.add(scope)
            elif not tx.lock_run(run_of(candidate), wait=False):
                busy.append(candidate)
            elif (taken := self._tried(gateway, tx, candidate, wanted, refused)) is not None:
                return taken
        for candidate in busy:
            tx.lock_run(run_of(candidate))
            if (taken := self._tried(gateway, tx, candidate, wanted, refused)) is not None:
                return taken
        return None

    def _tried(
        self, gateway: Gateway, tx: Transaction, candidate: str, wanted: c.Claim, refused: list[DemandsMore]
    ) -> Task | None:
        """The task if the claim got it: somebody else may have been first since it was seen."""
        try:
            return _held(gateway.advance(tx, self.principal, candidate, wanted, ""))
        except DemandsMore as no:
            refused.append(no)
            return None
        except Refused:
            return None

    def _takes(self, tx: Transaction, candidate: str, grant: Grant | None) -> bool:
        """Whether the claim may take the task; that of another run is not even read, for its id begins with its run.

        A launcher with a token passes over what its hand worked on before, or what its token is not for.
        """
        if self.among == ClaimFilter() and grant is None:
            return True
        if self.among.run and run_of(candidate) != self.among.run:
            return False
        task = known_task(tx, candidate)
        return self.among.takes(task) and (grant is None or is_free_for(tx, self.principal, grant, task))


def _held(task: Task) -> Task:
    """The task that was claimed; Refused where a budget was spent, and a person is asked instead."""
    if task.holder is None:
        raise Refused(f"{task.id} waits for a person: {task.detail}", exit=Exit.HELD, hint=f"onloop show {task.id}")
    return task


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
        hand = replace(self.principal.hand, uid=uid)
        wanted = c.Take(voice, self.reason, hand, uid != os.getuid(), self.version)

        def body(tx: Transaction) -> ClaimGranted | Refused:
            gateway.fire_due(tx, self.task)
            try:
                task, now = gateway.advance(tx, self.principal, self.task, wanted, ""), gateway.clock()
                secret, expires = secret_from("", new_salt()), now + self.lease_ms
                return _leased(tx, task, secret, expires, now, wanted.hand, None)
            except Refused as no:
                return no

        return gateway.transact(body, about=self.task)


def check_no_persons_name(house: StoreState, agent: str) -> None:
    """Refuse an agent the name of somebody who is or was enrolled, ignoring case: a list would confuse the two."""
    name = agent.removeprefix("agent:")
    names = (*house.people, *(name_of(who) for who in (*house.groups, *house.former)))
    person = next((known for known in names if known.casefold() == name.casefold()), None)
    if person is not None:
        hint = f"give the agent a name of its own: --name {name}-agent"
        raise BadInput(f"{agent} would be taken for human:{person}, who is enrolled here", hint=hint)


def asked_claim(principal: Principal, agent: str, role: str, key: str, branch: str = "") -> c.Claim:
    """The claim with the user and process that the kernel named, else this process's user; BadInput for no agent.

    It is `apart` if that user is not the gateway's own.
    """
    check_agent(agent.removeprefix("agent:"))
    check_claim_key(key)
    if not agent.startswith("agent:"):
        raise BadInput(f"{agent!r} is not an agent", hint=f"use agent:{agent.rpartition(':')[2] or 'NAME'}")
    hand = principal.hand if principal.hand.uid is not None else replace(principal.hand, uid=os.getuid())
    return c.Claim(agent, role, principal.id, hand, hand.uid != os.getuid(), branch and check_ref_name(branch))


def isolation_of(gives: Isolation | None, grant: Grant | None, *, apart: bool) -> Isolation:
    """What counts of the isolation that a launcher says it gives: no more than its token attests.

    One of another user than ours without a token attests no more than a clone: agents of that user could say the same.
    """
    attested = Isolation.CLONE if grant is None else grant.isolation
    if gives is None:
        return attested
    return gives if grant is None and not apart else weaker(gives, attested)


def is_apart(principal: Principal) -> bool:
    """Whether a launcher is another user than ours, as the kernel says, and no token says more of it."""
    return principal.hand.uid is not None and principal.hand.uid != os.getuid()


def _full_scope(tx: Transaction, candidate: str, among: str, full: Collection[str]) -> str:
    """What keeps the candidate from being held by one more, so that nothing is locked in vain; empty for nothing.

    `among` where that is true of everything that shares it; else the scope. Those in `full` are known already.
    """
    found = known_task(tx, candidate)
    root = tx.task(found.run)
    parent = tx.task(found.parent) if found.parent is not None else None
    if parent is not None and not slot_free(tx, found, parent, definition_of(tx, parent)):
        return among
    for scope in scopes_of(found, root):
        if scope.name in full or is_full(tx, scope):
            return among if scope.name == fleet_scope(found.run) else scope.name
    return ""


def _claimed_before(reading: Reading, key: str, known: Mapping[str, str], now: int) -> ClaimGranted:
    """The lease that this key took, as it is now; NotAllowed if it has ended."""
    secret = secret_from(key, known["salt"])
    token, lease = reading.get(Token, token_digest(secret)), reading.get(Lease, known["task"])
    if token is None or lease is None or lease.epoch != token.epoch or lease.expires <= now:
        words = f"the lease on {known['task']} that this key took has ended"
        raise NotAllowed(words, hint="claim with a fresh key", ground=Ground.SUPERSEDED)
    return ClaimGranted(known_task(reading, token.task), secret, lease.expires)


def _leased(
    tx: Transaction, task: Task, secret: str, expires: int, now: int, hand: Hand, grant: Grant | None
) -> ClaimGranted:
    """Store the lease and its token in place of the previous ones."""
    agent = task.holder or ""
    for old in tx.select(Token, task=task.id):
        tx.delete(Token, old.digest)
    tx.put(Lease(task.id, task.epoch, agent, expires, now, now))
    token = Token(token_digest(secret), agent, task.id, task.epoch, task.step or "", hand.uid)
    until = (grant.work_until or grant.until) if grant is not None else 0
    tx.put(replace(token, launcher=launcher_of(hand.token), address=hand.address, until=until))
    project_answer(tx, definition_of(tx, task), task)
    return ClaimGranted(task, secret, expires)
