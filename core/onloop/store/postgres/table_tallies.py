"""Tallies: how many rows a table has, and the sum of their seals, kept in parts that nobody has to wait for.

A part may be negative: it is what its writers added and took away. Only the sum over all parts says what is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from onloop.errors import StoreError
from onloop.store.chain import GENESIS
from onloop.store.rows import Head, table_of
from onloop.store.seal import added

Tallies = dict[str, tuple[int, str]]

UNTALLIED = frozenset({table_of(Head)})
"""Tables whose every row follows from the log: verification computes them, and needs no tally."""

FREE_SLOT = "SELECT slot, sums FROM tally ORDER BY slot LIMIT 1 FOR UPDATE SKIP LOCKED"
ANY_SLOT = "SELECT slot, sums FROM tally WHERE slot = %s FOR UPDATE"
SLOT_PUT = "UPDATE tally SET sums = %s WHERE slot = %s"
EVERY_PART = "SELECT sums FROM tally UNION ALL SELECT tally FROM head WHERE tally <> ''"


def tally_from(text: str) -> Tallies:
    """A part as it is stored."""
    if not text:
        return {}
    try:
        return {name: (int(count), str(total)) for name, (count, total) in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        raise StoreError("a tally cannot be read", hint="onloop store verify") from None


def tally_text(tallies: Mapping[str, tuple[int, str]]) -> str:
    """A part as it is stored; what came to nothing is left out."""
    kept = {name: tally for name, tally in tallies.items() if tally != (0, GENESIS)}
    return json.dumps(kept, sort_keys=True) if kept else ""


def counted(tallies: Tallies, name: str, gone: str | None, come: str | None) -> None:
    """Add what one change did to a table: the seal that went, and the one that came."""
    if gone == come or name in UNTALLIED:
        return
    count, total = tallies.get(name, (0, GENESIS))
    try:
        total = added(total, gone, -1) if gone is not None else total
        total = added(total, come) if come is not None else total
    except ValueError:
        raise StoreError(f"the tally of {name} is not a number", hint="onloop store verify") from None
    tallies[name] = count + (come is not None) - (gone is not None), total


def summed(parts: Iterable[str]) -> Tallies:
    """The tallies that all parts give together."""
    whole: Tallies = {}
    for part in parts:
        for name, (count, total) in tally_from(part).items():
            before, sum_before = whole.get(name, (0, GENESIS))
            whole[name] = before + count, added(sum_before, total)
    return whole
