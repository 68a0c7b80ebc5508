"""What verifiers are asked to do, and who of them does it: rows beside the log, oldest first."""

from __future__ import annotations

from onloop.gateway.facts import waiting_jobs
from onloop.machine.principal import Principal
from onloop.store.port import Store
from onloop.store.rows import Job


def take_job(
    store: Store, now: int, verifier: Principal, lease_ms: int, *, effects: bool, busy: tuple[str, ...] = ()
) -> Job | None:
    """Lease the oldest gate (or effect) that nobody works on and no freeze covers; None if there is none.

    No job in `busy`, which are under way, is given again, nor an effect on a repository that one of them is on.
    """
    with store.reading() as at:
        if not waiting_jobs(at, now, effects=effects, busy=busy):
            return None
    with store.writing() as tx:
        free = waiting_jobs(tx, now, effects=effects, busy=busy)
        if not free:
            return None
        first = min(free, key=lambda job: (job.created_at, job.id))
        taken = Job(first.id, first.task, first.gate, first.created_at, verifier.id, now + lease_ms)
        tx.put(taken)
        return taken


def put_back(store: Store, job: Job) -> None:
    """Let somebody else do a job that is still asked for."""
    with store.writing() as tx:
        if tx.get(Job, job.id) is not None:
            tx.put(Job(job.id, job.task, job.gate, job.created_at))


def free_jobs(store: Store) -> None:
    """Forget who worked on what: for a verifier that knows itself to be the only one."""
    with store.writing() as tx:
        for job in tx.select(Job):
            tx.put(Job(job.id, job.task, job.gate, job.created_at))
