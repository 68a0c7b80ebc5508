"""Facts of the way that a task takes through its workflow."""

from __future__ import annotations

from onloop.records import Record


class BranchTaken(Record):
    """`step` led on to `to` (a step, or `end`) because `rule` gave true; without a rule, because no other did.

    `words` say what the rules gave that were tried before, or what they lacked, and `engine` what evaluated them.
    It is never evaluated again.
    """

    step: str
    to: str
    rule: str = ""
    words: str = ""
    engine: str = ""


class Unblocked(Record):
    """What the task waited for is there, and it begins."""


class Waived(Record):
    """A person lets the task begin without these siblings, which were lost."""

    children: tuple[str, ...]
    by: str
