"""The jobs of verifiers and who works on them: rows beside the log, oldest first."""

from __future__ import annotations

from typing import ClassVar

from onloop.gateway.facts import waiting_jobs
from onloop.gateway.service import Gateway, Write
from onloop.machine.limits import Ids, LeaseMs
from onloop.machine.principal import Principal
from onloop.store.port import Transaction
from onloop.store.rows import Job


class TakeJob(Write[Job | None], frozen=True):
    """Lease the oldest gate (or effect) that nobody works on and no freeze covers; None if there is none.

    Jobs in `busy` are excluded, and so are effects on a repository that already has one running.
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
            if not free:
                return None
            first = min(free, key=lambda job: (job.created_at, job.id))
            taken = Job(first.id, first.task, first.gate, first.created_at, self.principal.id, now + self.lease_ms)
            tx.put(taken)
            return taken

        return gateway.store.transact(body)


class PutBackJob(Write[None], frozen=True):
    """Let somebody else do a job that is still asked for."""

    name: ClassVar[str] = "put_back_job"
    job: Job

    def carry_out(self, gateway: Gateway) -> None:
        """See Write."""

        def body(tx: Transaction) -> None:
            if tx.get(Job, self.job.id) is not None:
                tx.put(_free(self.job))

        gateway.store.transact(body)


class FreeJobs(Write[None], frozen=True):
    """Release every job; only for a verifier that is sure to be the only one."""

    name: ClassVar[str] = "free_jobs"

    def carry_out(self, gateway: Gateway) -> None:
        """See Write."""

        def body(tx: Transaction) -> None:
            for job in tx.select(Job):
                tx.put(_free(job))

        gateway.store.transact(body)


def _free(job: Job) -> Job:
    return Job(job.id, job.task, job.gate, job.created_at)
