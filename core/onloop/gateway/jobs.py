"""The jobs of verifiers and who works on them: rows beside the log, oldest first, each leased to one verifier.

A lease is what fences: once it has run out, or another verifier has the job, nothing is recorded under it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import ClassVar

from onloop.errors import Exit, Refused
from onloop.gateway.authorize import verb_of
from onloop.gateway.facts import waiting_jobs
from onloop.gateway.service import Gateway, Write
from onloop.machine import commands as c
from onloop.machine.limits import Id, Ids, LeaseMs, Millis, Title
from onloop.machine.operation import DeniedAct
from onloop.machine.principal import Principal
from onloop.machine.task import Task
from onloop.records import replace
from onloop.store.port import Reading, Transaction, run_of
from onloop.store.rows import Job
from onloop.views.known_task import known_task
from onloop.views.put_off_jobs import PUT_OFF, is_put_off

LEAST_PUT_OFF_MS = 1_000
"""How long a job is put off at least: whoever says until when may have another clock; nothing is asked in a circle."""

LONGEST_PUT_OFF_MS = 3_600_000


class TakeJob(Write[Job | None], frozen=True):
    """Lease the oldest gate (or effect) that nobody works on and no freeze covers; None if there is none.

    Jobs in `busy` are excluded, and so are effects on a repository that already has one running, whoever runs it.
    """

    name: ClassVar[str] = "take_job"
    principal: Principal
    lease_ms: LeaseMs
    effects: bool
    busy: Ids = ()

    def carry_out(self, gateway: Gateway) -> Job | None:
        """See Write."""
        now = gateway.clock()
        with gateway.store.reading() as reading:
            if not waiting_jobs(reading, now, effects=self.effects, busy=self.busy):
                return None

        def body(tx: Transaction) -> Job | None:
            free = waiting_jobs(tx, now, effects=self.effects, busy=self.busy)
            for job in sorted(free, key=lambda job: (job.created_at, job.id)):
                if self._is_still_free(tx, job, now):
                    taken = replace(job, leased_by=self.principal.id, leased_until=now + self.lease_ms)
                    tx.put(taken)
                    return taken
            return None

        return gateway.store.transact(body)

    def _is_still_free(self, tx: Transaction, job: Job, now: int) -> bool:
        """Whether nobody else can take it any more, nor begin another effect on its repository."""
        if not tx.lock_run(run_of(job.task), wait=False) or tx.get(Job, job.id) != job:
            return False
        if not self.effects:
            return True
        origin = known_task(tx, job.task).origin or ""
        named = f"effects on {sha256(origin.encode('utf-8', 'surrogateescape')).hexdigest()}"
        return tx.lock_run(named, wait=False) and job in waiting_jobs(tx, now, effects=True, busy=self.busy)


class RenewJobs(Write[tuple[str, ...]], frozen=True):
    """Extend the leases of `jobs` that the verifier still holds; the answer is which they are.

    A lease that has run out is not extended: another verifier may have begun.
    """

    name: ClassVar[str] = "renew_jobs"
    principal: Principal
    lease_ms: LeaseMs
    jobs: Ids

    def carry_out(self, gateway: Gateway) -> tuple[str, ...]:
        """See Write."""
        return tuple(job for job in self.jobs if self._renewed(gateway, job))

    def _renewed(self, gateway: Gateway, job_id: str) -> bool:
        def body(tx: Transaction) -> bool:
            now, job = gateway.clock(), tx.get(Job, job_id)
            if job is None or not _is_held(job, self.principal.id, now):
                return False
            tx.put(replace(job, leased_until=now + self.lease_ms))
            return True

        return gateway.store.transact(body, about=job_id.partition("/")[0])


class PerformJob(Write[Task], frozen=True):
    """Carry out a command on the task of a job, for the verifier that has leased it; the answer is the task after it.

    Refused once the lease has run out, or the job is another verifier's.
    """

    name: ClassVar[str] = "perform_job"
    principal: Principal
    job: Job
    command: c.Command

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, verb_of(self.command), self.job.task)

    def carry_out(self, gateway: Gateway) -> Task:
        """See Write."""

        def body(tx: Transaction) -> Task | Refused:
            gateway.fire_due(tx, self.job.task, wanted=False)
            try:
                check_job_lease(tx, self.job, gateway.clock())
                return gateway.advance(tx, self.principal, self.job.task, self.command, "")
            except Refused as no:
                return no

        return gateway.transact(body, about=self.job.task)


class PutBackJob(Write[None], frozen=True):
    """Let somebody else do a job that is still asked for, and still this verifier's."""

    name: ClassVar[str] = "put_back_job"
    job: Job

    def carry_out(self, gateway: Gateway) -> None:
        """See Write."""

        def body(tx: Transaction) -> None:
            known = tx.get(Job, self.job.id)
            if known is not None and known.leased_by in {None, self.job.leased_by}:
                tx.put(_free(known))

        gateway.store.transact(body, about=self.job.task)


class PutOffJob(Write[None], frozen=True):
    """Let a gate be asked again from `until` (ms), or as soon as somebody wakes it: outside, there is no answer yet."""

    name: ClassVar[str] = "put_off_job"
    job: Job
    until: Millis
    words: Title = ""

    def carry_out(self, gateway: Gateway) -> None:
        """See Write."""
        now = gateway.clock()
        until = max(now + LEAST_PUT_OFF_MS, min(self.until, now + LONGEST_PUT_OFF_MS))

        def body(tx: Transaction) -> None:
            known = tx.get(Job, self.job.id)
            if known is not None and known.leased_by == self.job.leased_by:
                tx.put(replace(known, leased_by=f"{PUT_OFF}{self.words}", leased_until=until))

        gateway.store.transact(body, about=self.job.task)


class WakeGates(Write[int], frozen=True):
    """Have the gates that wait for an answer about a commit asked at once; the answer is how many there are.

    It is a hint of somebody outside: nothing is believed, and what is asked is asked of the source.
    """

    name: ClassVar[str] = "wake_gates"
    commit: Id

    def carry_out(self, gateway: Gateway) -> int:
        """See Write."""
        with gateway.store.reading() as reading:
            waiting = [job for job in reading.select(Job) if is_put_off(job)]
            meant = [job for job in waiting if _head_of(reading, job.task) == self.commit]
        for job in meant:
            self._wake(gateway, job)
        return len(meant)

    def _wake(self, gateway: Gateway, job: Job) -> None:
        def body(tx: Transaction) -> None:
            known = tx.get(Job, job.id)
            if known is not None and is_put_off(known):
                tx.put(_free(known))

        gateway.store.transact(body, about=job.task)


class FreeJobs(Write[None], frozen=True):
    """Release every job of a verifier whose id begins with `of`; only for one that is sure to be the only such one.

    What was put off stays so: a forge that wants to be left alone is, whoever starts anew.
    """

    name: ClassVar[str] = "free_jobs"
    of: Id = ""

    def carry_out(self, gateway: Gateway) -> None:
        """See Write."""
        with gateway.store.reading() as reading:
            leased = [job for job in reading.select(Job) if job.leased_by is not None]
        held = [
            job
            for job in leased
            if (job.leased_by or "").startswith(self.of) and not (job.leased_by or "").startswith(PUT_OFF)
        ]
        for job in held:
            self._release(gateway, job)

    def _release(self, gateway: Gateway, job: Job) -> None:
        def body(tx: Transaction) -> None:
            if tx.get(Job, job.id) == job:
                tx.put(_free(job))

        gateway.store.transact(body, about=job.task)


def check_job_lease(at: Reading, job: Job, now: int) -> None:
    """Refused unless the verifier that took the job holds it at `now` (ms)."""
    known = at.get(Job, job.id)
    if known is None:
        raise Refused(f"{job.id} is no longer asked for", exit=Exit.NOT_YOURS, hint="onloop show says what is")
    if known.leased_by != job.leased_by:
        words = f"{job.id} is not {job.leased_by}'s any more, but {known.leased_by or 'free'}"
        raise Refused(words, exit=Exit.NOT_YOURS, hint="whoever has it goes on")
    if known.leased_until <= now:
        words = f"the lease of {job.leased_by} on {job.id} has run out"
        raise Refused(words, exit=Exit.NOT_YOURS, hint="whoever takes it next goes on")


def _head_of(at: Reading, task: str) -> str:
    submission = known_task(at, task).submission
    return "" if submission is None else submission.head


def _is_held(job: Job, verifier: str, now: int) -> bool:
    return job.leased_by == verifier and job.leased_until > now


def _free(job: Job) -> Job:
    return Job(job.id, job.task, job.gate, job.created_at)
