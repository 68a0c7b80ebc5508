"""What is found on the base before an agent starts, and how the workflow of a live run was mended."""

from __future__ import annotations

from onloop.records import Record


class BaseCheck(Record):
    """Gates of a step that a verifier was asked for, for the `number`-th time, before an agent starts at `visit`.

    `awaited` have not answered. `accepted_by` is who said that work need only be no worse than what was found.
    """

    gates: tuple[str, ...]
    visit: int
    number: int = 1
    awaited: tuple[str, ...] = ()
    accepted_by: str = ""


class Amendment(Record):
    """A person gave a live run another workflow, `after` in the place of `before` (digests of their files).

    `bars` says that the workflow before let nobody who mends it approve (`not_by_amender`): that stays so.
    """

    by: str
    at: int
    before: str
    after: str
    reason: str
    bars: bool = False
