"""How a record is declared: `class Point(Record)` with annotated fields, as for a dataclass, at a tenth of its cost.

Records are Structs of msgspec, which makes their methods in C. `replace` gives one with some fields changed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, dataclass_transform

_ABSENT = "typing_extensions"
_HIDDEN = _ABSENT not in sys.modules
if _HIDDEN:  # msgspec asks it for what older Pythons lack; it brings inspect along, which takes longer than msgspec
    sys.modules[_ABSENT] = None  # type: ignore[assignment]
try:
    from msgspec import Struct, field
    from msgspec.structs import astuple, force_setattr
finally:
    if _HIDDEN:
        del sys.modules[_ABSENT]

if TYPE_CHECKING:
    from dataclasses import replace as replace  # so that a name or a type that does not fit is an error before it runs
else:
    from msgspec.structs import replace

__all__ = [
    "MutableRecord",
    "Record",
    "SecretRecord",
    "defaults_of",
    "exchange_equal",
    "field",
    "fields_of",
    "replace",
    "values_of",
]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A value that never changes: equal to another of its kind with equal fields, and hashable where those are.

    Its stored form leaves out fields that are as their default says, so that a field with one can be added.
    """


class SecretRecord(Record):
    """A record that holds a secret: what is printed of it says only which kind it is."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


@dataclass_transform(field_specifiers=(field,))
class MutableRecord(Struct):
    """What changes while something is worked out; nobody else sees it before that is done."""


def fields_of(kind: type[Record]) -> tuple[str, ...]:
    """The names of a record's fields, in their order."""
    return kind.__struct_fields__


def values_of(record: Record) -> tuple[Any, ...]:
    """The values of a record's fields, in their order."""
    return astuple(record)


def defaults_of(kind: type[Record]) -> tuple[tuple[str, object], ...]:
    """Each field that has a default, with it, or with what makes it."""
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    return tuple(zip(names[len(names) - len(defaults) :], defaults, strict=True))


def exchange_equal(record: Record, name: str, value: object) -> None:
    """Let a field hold another object that is equal to the one it holds: nobody can tell, and memory is saved."""
    force_setattr(record, name, value)
