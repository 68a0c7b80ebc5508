"""Where a step leads: rules in the order in which they are tried, of which the last always holds."""

from __future__ import annotations

from onloop.records import Record


class NextRule(Record):
    """Go on to step `to` (or `end`) where the rule `when` gives exactly true; without one, in any case."""

    to: str
    when: str = ""
