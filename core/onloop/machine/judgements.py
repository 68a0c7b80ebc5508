"""Whose hands work is in, and what reviewing agents say of it."""

from __future__ import annotations

from enum import StrEnum

from onloop.machine.limits import Id, Uid
from onloop.records import Record


class Hand(Record):
    """Who claims, as the kernel says: the user, and the process; None and empty where that was not known.

    Over the network it is what they proved: `token` names the launcher, or the CI and its subject, and `address` is
    where they called from. `process` then names the run of the CI, if there is one.
    """

    uid: Uid | None = None
    process: Id = ""
    token: Id = ""
    address: Id = ""


NOT_KNOWN = Hand()  # whose hand it was before it was recorded


class Independence(StrEnum):
    """Whether another user judged than worked; its value is its label."""

    UNKNOWN = "not known to be independent"
    NOT = "not independent"
    YES = "independent"


class Judgement(Record):
    """A reviewing agent's pass or fail, with its reason: agent-judged, and no evidence.

    `independence` says whether another user claimed the review than claimed the work, as the kernel tells them apart.
    """

    step: str
    gate: str
    passes: bool
    reason: str
    by: str
    at: int
    head: str
    base: str
    definition: str
    visit: int = 0
    independence: Independence = Independence.UNKNOWN
