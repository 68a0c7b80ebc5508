"""How rows that are not as the log says are compared and told, the same for every store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onloop.store.rows import LOG

MOST = 100
"""The most problems that are named."""

WIDEST = 60


def differs(table: str, columns: tuple[str, ...], found: Any, expected: tuple[Any, ...]) -> Iterator[str]:
    """Each column of a row, with its seal at the end, that is not as the log says."""
    name = f"{table} {shown(expected[0] or LOG or 'of the log')}"
    if found is None:
        yield f"{name}: it is in the log, but has no row"
        return
    for column, has, wants in zip((*columns, "seal"), found, expected, strict=True):
        if (type(has), has) != (type(wants), wants):
            yield f"{name}: {column}: {shown(has, wants)}, expected {shown(wants, has)}"


def tally_differs(table: str, count: int, total: str, found: tuple[Any, Any]) -> Iterator[str]:
    """Whether a table has the rows that its tally counts, and no others."""
    if found[0] != count:
        yield f"{table}: {count} rows, and its tally says {shown(found[0])}: rows were added or removed"
    elif found[1] != total:
        yield f"{table}: the rows are not those that were written: tally {total:.12}, expected {shown(found[1])}"


def shown(value: object, beside: object = None) -> str:
    """A value in few characters, from the first difference on."""
    if value is None:
        return "nothing"
    text, other = str(value), str(beside or "")
    start = next((i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), 0)
    start = max(0, start - 10) if len(text) > WIDEST else 0
    return ascii(("…" if start else "") + text[start : start + WIDEST])[1:-1]
