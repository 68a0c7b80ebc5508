"""What is recorded when a person lets work on past a gate."""

from __future__ import annotations

from onloop.machine.bypasses import Bypass
from onloop.records import Record


class Overridden(Record):
    """A person bypassed a gate. What the gate found stays as it is: it has not passed."""

    bypass: Bypass
