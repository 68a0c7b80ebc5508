"""Jobs that wait for an answer from outside, and why."""

from __future__ import annotations

from onloop.store.rows import Job

PUT_OFF = "not-yet "
"""How the name begins of whoever has a job that waits for an answer from outside; why, follows. No verifier has it."""


def is_put_off(job: Job) -> bool:
    """Whether a job waits for an answer from outside, and nobody works on it."""
    return (job.leased_by or "").startswith(PUT_OFF)
