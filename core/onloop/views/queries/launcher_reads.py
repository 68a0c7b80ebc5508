"""The launchers that people let in: what each may, when it was used last, and how many tasks it holds."""

from __future__ import annotations

from typing import ClassVar

from onloop.machine.launchers import OF_CI, Grant
from onloop.records import Record
from onloop.store.port import Reading
from onloop.store.rows import LauncherSlot, LauncherUse
from onloop.views.query import Query

OF_THE_FILE = "ci.toml"
"""Who lets the jobs of a CI in."""


class LauncherStanding(Record):
    """A launcher: what it may, who let it in and when (ms), when it was used last (None: never), what it holds.

    What jobs of a CI may is not known here: a file says it, and they have no `grant`.
    """

    name: str
    grant: Grant | None
    by: str
    at: int
    used: int | None
    holds: int


class ReadLaunchers(Query[tuple[LauncherStanding, ...]], frozen=True):
    """Every launcher that nobody has revoked, by name, and the CIs whose jobs were let in; time may have ended some."""

    name: ClassVar[str] = "launchers"

    def carry_out(self, reading: Reading) -> tuple[LauncherStanding, ...]:
        """See Query."""
        minted = reading.house().launchers
        used = {row.launcher: row.at for row in reading.select(LauncherUse)}
        slots = reading.select(LauncherSlot)
        held = [slot.launcher for slot in slots if slot.lease]
        of_ci = {slot.launcher for slot in slots if slot.launcher.startswith(OF_CI)}
        return (
            *(
                LauncherStanding(name, each.grant, each.by, each.at, used.get(name), held.count(name))
                for name, each in sorted(minted.items())
            ),
            *(LauncherStanding(name, None, OF_THE_FILE, 0, used.get(name), held.count(name)) for name in sorted(of_ci)),
        )
