"""Gates that people bypassed: never a pass, and bound to the work that it was said of, as an approval is."""

from __future__ import annotations

from onloop.machine.definition import Assurance
from onloop.records import Record


class Bypass(Record):
    """A person let the work on past `gate` of `step`, though its answer was `stood`, which stays as it is.

    It is about the commit, base, workflow and visit of then, and stale with any of them. `evidence` is the digest of
    what the gate had found, `digest` of what the person was shown. `key` is the security key that signed it, and
    `presence` what that key says was proved.
    """

    step: str
    gate: str
    by: str
    reason: str
    assurance: Assurance
    at: int
    stood: str
    request: str = ""
    digest: str = ""
    evidence: str = ""
    visit: int = 0
    head: str = ""
    base: str = ""
    definition: str = ""
    key: str = ""
    presence: str = ""
