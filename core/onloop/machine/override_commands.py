"""What people ask who let work on past a gate that does not pass."""

from __future__ import annotations

from onloop.machine.limits import Digest, Id, Number, SshSignature, Words
from onloop.machine.voice import Voice
from onloop.records import Record


class Override(Record):
    """Bypass `gate` of the step where the task stands: of what was shown for the open `request`, under its `digest`.

    `signature` is a security key's, over the text that `signed_text` gives; empty without one.
    """

    request: Id
    gate: Id
    digest: Digest
    voice: Voice
    reason: Words
    version: Number | None = None
    signature: SshSignature = ""
