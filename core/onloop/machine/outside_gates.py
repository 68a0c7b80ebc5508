"""Gates that ask the world outside about the exact commit: a forge, or an address of the web.

Their answer may be *not yet*: they are then asked again every `every_ms`, and a person is told after `within_ms`.
"""

from __future__ import annotations

from onloop.machine.gate_kinds import OverrideRule
from onloop.records import Record

EVERY_MS = 30_000
WITHIN_MS = 86_400_000


class CheckDemand(Record):
    """A check run that must have succeeded, said by this app: its slug, or its number."""

    name: str
    app: str


class StatusDemand(Record):
    """A status that must be success, set by one of these accounts: logins, or `id:NUMBER`."""

    context: str
    by: tuple[str, ...]


class ReviewDemand(Record):
    """How many approving reviews of the exact head there must be, of these accounts or of whoever may write."""

    count: int = 1
    by: tuple[str, ...] = ()


class ForgeGate(Record, tag=True, tag_field="kind"):
    """Passes when the forge says all of this of the submitted commit; never a person's decision."""

    id: str
    checks: tuple[CheckDemand, ...] = ()
    statuses: tuple[StatusDemand, ...] = ()
    reviews: ReviewDemand | None = None
    every_ms: int = EVERY_MS
    within_ms: int = WITHIN_MS
    override: OverrideRule | None = None


class HttpGate(Record, tag=True, tag_field="kind"):
    """Passes when a GET of `url` answers one of `statuses`, and what `pointer` leads to equals `equals`, if given.

    `{commit}` and `{task}` in it are filled in. Values are JSON as text. What is in `waits_for_status` or `waits_for`
    is no answer yet; every other answer is a fail.
    """

    id: str
    url: str
    statuses: tuple[int, ...] = (200,)
    pointer: str | None = None
    equals: str = ""
    waits_for_status: tuple[int, ...] = ()
    waits_for: tuple[str, ...] = ()
    every_ms: int = EVERY_MS
    within_ms: int = WITHIN_MS
    override: OverrideRule | None = None
