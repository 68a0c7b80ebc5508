"""Limits of the fields that callers send: declared on each field with `Annotated`, and checked from there.

The annotation gives the type and the limit: `Annotated[str, Text(4000)]`, `Annotated[int, Range(0, 10)]`, a tuple with
an `Items`. A `foreign` text comes from an untrusted author, and may hold a secret.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Annotated, Any, TypeVar, cast

from onloop.errors import BadInput
from onloop.records import Record, fields_of, replace, values_of
from onloop.text import safe

R = TypeVar("R")


class Text(Record):
    """A text of at most that many characters. An `odd` one may hold any characters; its user cleans it."""

    most: int
    foreign: bool = False
    odd: bool = False


class Range(Record):
    """A whole number from `least` to `most`."""

    least: int
    most: int


class Items(Record):
    """A list of at most that many items."""

    most: int


class Size(Record):
    """At most that many bytes."""

    most: int
    foreign: bool = False


LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999."""

LONGEST_LEASE_MS = 86_400_000
MOST_ARTEFACTS = 50
MOST_CREATED = 20_000
"""How many tasks a run may begin with."""


Id = Annotated[str, Text(200)]
"""An id of onloop: a task, a request, a principal, a gate, a role."""
Digest = Annotated[str, Text(128)]
"""A digest or a commit, in hex."""
Key = Annotated[str, Text(200)]
Path = Annotated[str, Text(4_096)]
Address = Annotated[str, Text(320)]
Title = Annotated[str, Text(500, foreign=True)]
Statement = Annotated[str, Text(4_000, foreign=True)]
Words = Annotated[str, Text(10_000, foreign=True)]
Odd = Annotated[str, Text(16_384, odd=True)]
"""A text that its user cleans."""
Doing = Annotated[str, Text(4_000, foreign=True, odd=True)]
Brief = Annotated[str, Text(65_536, foreign=True)]
Millis = Annotated[int, Range(0, LATEST)]
"""A moment, in ms since the epoch, or a duration in ms."""
LeaseMs = Annotated[int, Range(1, LONGEST_LEASE_MS)]
Number = Annotated[int, Range(0, 2**31 - 1)]
"""An epoch, a version, a count."""
NETWORK_UID = -1
"""The number of a caller over the network: no kernel vouches for them, and no user has it."""

Uid = Annotated[int, Range(NETWORK_UID, 2**32 - 1)]
"""A user's number, or NETWORK_UID."""
Bytes = Annotated[int, Range(0, 2**40)]
"""How large something is."""
Ids = Annotated[tuple[Id, ...], Items(1_000)]
Content = Annotated[bytes, Size(16 * 1_048_576)]
Passed = Annotated[bytes, Size(65_536, foreign=True)]
"""What agents pass on by digest."""
SshSignature = Annotated[str, Text(4_096)]
"""A signature as `ssh-keygen -Y sign` writes it; empty where there is none."""

Passphrase = Annotated[str, Text(1_024)]
Percent = Annotated[int, Range(-(2**31), 2**31 - 1)]
"""A percentage; the rule that uses it refuses other numbers with its own message."""
ExitCode = Annotated[int, Range(-(2**31), 2**32 - 1)]
Score = Annotated[int, Range(-(10**16) + 1, 10**16 - 1)]


class _Misfit(Record):
    """What is wrong with a value and what would work; `path` leads from the record to the value."""

    path: str
    words: str
    hint: str


_Check = Callable[[Any], "_Misfit | None"]
_Change = Callable[[Any, Callable[[str], str]], Any]


def check_fields(record: object) -> None:
    """BadInput unless every field of the record, and of those in it, has its declared type, length and range."""
    kind = type(record)
    check_value(record, kind, kind.__name__)


def check_value(value: object, hint: Any, name: str, word: str = "") -> None:
    """BadInput unless the value fits the annotation `hint`: the message calls it `name`, or `word` of `name`."""
    misfit = _check(hint)(value)
    if misfit is not None:
        path = f"{word}{misfit.path}".lstrip(".")
        raise BadInput(f"{name}: {path}{' of ' if path else ''}{misfit.words}", hint=misfit.hint)


def with_foreign(value: R, hint: Any, change: Callable[[str], str]) -> R:
    """The value with `change` applied to each text that the annotation `hint` marks as foreign."""
    changed = _change(hint)
    return value if changed is None else cast("R", changed(value, change))


def undeclared(kind: Any, name: str = "") -> tuple[str, ...]:
    """The fields, reached from a type or a union of them, whose annotation sets no limit."""
    return tuple(dict.fromkeys(_undeclared(kind, name, ())))


@cache
def _check(hint: Any) -> _Check:
    base, mark, members = _parts(hint)
    if members:
        return _check_union(members)
    if base in _SIMPLE:
        return _SIMPLE[base](mark)
    if typing.get_origin(base) is tuple or typing.get_origin(base) is Sequence:
        return _check_items(typing.get_args(base), mark)
    if _is_record(base):
        return _check_record(base)
    return _check_type(base if isinstance(base, type) else object)


def _parts(hint: Any) -> tuple[Any, Any, tuple[Any, ...]]:
    """The content of an annotation: the type, its limit or None, and the members of a union."""
    mark = None
    if typing.get_origin(hint) is Annotated:
        hint, mark = typing.get_args(hint)[:2]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return hint, mark, typing.get_args(hint)
    return hint, mark, ()


def _check_union(members: tuple[Any, ...]) -> _Check:
    by_type: Mapping[Any, _Check] = {_plain(member): _check(member) for member in members}
    said = " or ".join("nothing" if member is type(None) else _name(member) for member in members[:4])

    def check(value: Any) -> _Misfit | None:
        found = by_type.get(type(value))
        return _Misfit("", _told(value), f"give {said}") if found is None else found(value)

    return check


def _is_record(base: Any) -> bool:
    return isinstance(base, type) and issubclass(base, Record)


def _plain(member: Any) -> Any:
    base, _, _ = _parts(member)
    return typing.get_origin(base) or base


def _name(member: Any) -> str:
    return str(getattr(_plain(member), "__name__", member))


def _check_text(mark: Any) -> _Check:
    most, odd = (mark.most, mark.odd) if isinstance(mark, Text) else (None, False)

    def check(value: Any) -> _Misfit | None:
        if type(value) is not str:
            return _Misfit("", _told(value), "give text")
        if most is not None and len(value) > most:
            return _Misfit("", f"{len(value)} characters", f"give at most {most} characters")
        return None if odd or value.isascii() else _check_unicode(value)

    return check


def _check_unicode(value: str) -> _Misfit | None:
    try:
        value.encode()
    except UnicodeEncodeError as problem:
        odd = ord(value[problem.start])
        return _Misfit("", f"text with U+{odd:04X} in it, which is not a character", "give text in UTF-8")
    return None


def _check_whole(mark: Any) -> _Check:
    least, most = (mark.least, mark.most) if isinstance(mark, Range) else (-(2**53) + 1, 2**53 - 1)

    def check(value: Any) -> _Misfit | None:
        if type(value) is not int:
            return _Misfit("", _told(value), "give a whole number")
        return None if least <= value <= most else _Misfit("", _told(value), f"give {least} to {most}")

    return check


def _check_bytes(mark: Any) -> _Check:
    most = mark.most if isinstance(mark, Size) else None

    def check(value: Any) -> _Misfit | None:
        if type(value) is not bytes:
            return _Misfit("", _told(value), "give bytes")
        fits = most is None or len(value) <= most
        return None if fits else _Misfit("", f"{len(value)} bytes", f"give at most {most} bytes")

    return check


_SIMPLE: Mapping[Any, Callable[[Any], _Check]] = {str: _check_text, int: _check_whole, bytes: _check_bytes}


def _check_items(args: tuple[Any, ...], mark: Any) -> _Check:
    most = mark.most if isinstance(mark, Items) else None
    many = len(args) == 1 or args[1] is Ellipsis
    each = [_check(arg) for arg in args if arg is not Ellipsis]

    def check(value: Any) -> _Misfit | None:
        if type(value) not in (tuple, list) or not (many or len(value) == len(each)):
            return _Misfit("", _told(value), "give a list" if many else f"give {len(each)}")
        if most is not None and len(value) > most:
            return _Misfit("", f"{len(value)} items", f"give at most {most} items")
        for place, item in enumerate(value):
            misfit = each[0 if many else place](item)
            if misfit is not None:
                return _Misfit(f"[{place}]{misfit.path}", misfit.words, misfit.hint)
        return None

    return check


def _check_record(kind: Any) -> _Check:
    names = fields_of(kind)

    def check(value: Any) -> _Misfit | None:
        if type(value) is not kind:
            return _Misfit("", _told(value), f"give a {kind.__name__}")
        for name, each, found in zip(names, _field_checks(cast("Any", kind)), values_of(value), strict=True):
            misfit = each(found)
            if misfit is not None:
                return _Misfit(f".{name}{misfit.path}", misfit.words, misfit.hint)
        return None

    return check


@cache
def _field_checks(kind: Any) -> tuple[_Check, ...]:
    """The check is made at the first use, because a record may hold another of its own type."""
    hints = _hints(kind)
    return tuple(_check(hints[name]) for name in fields_of(kind))


def _check_type(kind: type) -> _Check:
    """The exact type for an enum, a bool or None; an isinstance check for a mapping and every other type."""

    def check(value: Any) -> _Misfit | None:
        return None if isinstance(value, kind) else _Misfit("", _told(value), f"give a {kind.__name__}")

    return check


def _told(value: object) -> str:
    """A short description of a value that does not fit."""
    if type(value) is int:
        return str(value) if value.bit_length() < 100 else f"a number of {value.bit_length()} bits"
    if isinstance(value, str | bytes | tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if value is None:
        return "nothing"
    shown = f" {value}" if isinstance(value, bool | float) else ""
    return safe(f"a {type(value).__name__}{shown}", 60)


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


@cache
def _change(hint: Any) -> _Change | None:
    """The function that changes the foreign texts in a value; None if there can be none."""
    base, mark, members = _parts(hint)
    if members:
        by_type = {_plain(member): found for member in members if (found := _change(member)) is not None}
        return _changed_by_type(by_type) if by_type else None
    if base is str and isinstance(mark, Text) and mark.foreign:
        return lambda value, change: change(value)
    if base is bytes and isinstance(mark, Size) and mark.foreign:
        return _changed_bytes
    if typing.get_origin(base) in (tuple, Sequence):
        return _changed_items(typing.get_args(base))
    return _changed_record(base) if _is_record(base) else None


def _changed_by_type(by_type: Mapping[Any, _Change]) -> _Change:
    def changed(value: Any, change: Callable[[str], str]) -> Any:
        found = by_type.get(type(value))
        return value if found is None else found(value, change)

    return changed


def _changed_bytes(value: bytes, change: Callable[[str], str]) -> bytes:
    text = value.decode("utf-8", "surrogateescape")
    made = change(text)
    return value if made == text else made.encode("utf-8", "surrogateescape")


def _changed_items(args: tuple[Any, ...]) -> _Change | None:
    each = [_change(arg) for arg in args if arg is not Ellipsis]
    if not any(each):
        return None

    def changed(value: Any, change: Callable[[str], str]) -> Any:
        ways = each * len(value) if len(each) == 1 else each
        return tuple(item if way is None else way(item, change) for way, item in zip(ways, value, strict=True))

    return changed


def _changed_record(kind: type) -> _Change | None:
    ways = {name: way for name, hint in _hints(kind).items() if (way := _change(hint)) is not None}
    if not ways:
        return None

    def changed(value: Any, change: Callable[[str], str]) -> Any:
        made = {name: way(getattr(value, name), change) for name, way in ways.items()}
        news = {name: found for name, found in made.items() if found != getattr(value, name)}
        return replace(value, **news) if news else value

    return changed


def _undeclared(hint: Any, name: str, above: tuple[Any, ...]) -> Iterator[str]:
    base, mark, members = _parts(hint)
    if members:
        inner = [(member, name) for member in members]
    elif _is_record(base):
        found = {} if base in above else _hints(base)
        inner = [(each, f"{_name(base)}.{slot}") for slot, each in found.items()]
    elif typing.get_origin(base) in (tuple, Sequence):
        args = [arg for arg in typing.get_args(base) if arg is not Ellipsis]
        inner = [(arg, name) for arg in args]
        if len(args) == 1 and not isinstance(mark, Items):
            yield f"{name}[]"
    else:
        inner = []
        if not _is_declared(base, mark):
            yield name
    for each, called in inner:
        yield from _undeclared(each, called, (*above, base))


def _is_declared(base: Any, mark: Any) -> bool:
    wanted = {str: Text, int: Range, bytes: Size}.get(base)
    if wanted is not None:
        return isinstance(mark, wanted)
    return isinstance(base, type) and (base in {bool, type(None)} or issubclass(base, Enum))
