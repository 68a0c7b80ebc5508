"""What evidence says of a run beside its outcome: programs, and where the time went."""

from __future__ import annotations

from onloop.machine.limits import Bytes, Digest, Millis, Path
from onloop.records import Record


class Program(Record):
    """A program that a command names: where it is, and the sha256 of its file; no path where it is not there."""

    name: Path
    path: Path = ""
    digest: Digest = ""


class Attachment(Record):
    """A file that a command left and that is kept as evidence: its path in the checkout, its digest, its size."""

    name: Path
    digest: Digest
    size: Bytes


class TimeSpent(Record):
    """Where the time of a gate went, in ms: what came before its command, the command, and what came after.

    `waited_ms` is for a free slot or its `exclusive` turn. `setup_cached` says that setup was there already.
    """

    checkout_ms: Millis = 0
    setup_ms: Millis = 0
    build_ms: Millis = 0
    services_ms: Millis = 0
    waited_ms: Millis = 0
    command_ms: Millis = 0
    teardown_ms: Millis = 0
    setup_cached: bool = False
