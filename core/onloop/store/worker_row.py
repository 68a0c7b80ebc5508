"""A worker as it is kept beside the log."""

from __future__ import annotations

from onloop.store.row_kind import StoreRow


class WorkerRow(StoreRow):
    """A worker that runs: what it is called, whose it is, on which machine, for which role (empty: every), its slots.

    `told` is what they work at, as a machine.worker_slots.SlotsTold in JSON; `said_at` is when it spoke last (ms).
    """

    id: str
    name: str
    launcher: str
    host: str
    role: str
    slots: int
    told: str
    since: int
    said_at: int
