"""Values as JSON can say them, by their annotations: what a field of an operation holds, and what one answers."""

from __future__ import annotations

import base64
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Annotated, Any

from onloop.store.codec import from_plain, to_plain

_PLAIN = frozenset({str, int, bool})


def encode(value: Any, hint: Any) -> Any:
    """The value as JSON can say it. A member of a union of records is said with its name."""
    return _coders(hint)[0](value)


def decode(data: Any, hint: Any) -> Any:
    """The value that `encode` said; Python's own errors where it is none."""
    return _coders(hint)[1](data)


_Coder = Callable[[Any], Any]
_Coders = tuple[_Coder, _Coder]


@cache
def _coders(hint: Any) -> _Coders:
    if typing.get_origin(hint) is Annotated:
        return _coders(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return _union(typing.get_args(hint))
    if typing.get_origin(hint) in (tuple, Sequence):
        return _items(typing.get_args(hint))
    if hint is bytes:
        return _said_bytes, _heard_bytes
    if hint is type(None):
        return _same, _nothing
    return to_plain, lambda data: from_plain(hint, data)


def _union(members: tuple[Any, ...]) -> _Coders:
    rest = [member for member in members if member is not type(None)]
    if all(member in _PLAIN or _is_enum(member) for member in map(_bare, rest)):
        said, heard = _scalars([_bare(member) for member in rest])
    elif len(rest) == 1:
        said, heard = _coders(rest[0])
    else:
        said, heard = _records({member.__name__: member for member in rest})
    if len(rest) == len(members):
        return said, heard
    return lambda value: None if value is None else said(value), lambda data: None if data is None else heard(data)


def _scalars(kinds: Sequence[type]) -> _Coders:
    def heard(data: Any) -> Any:
        return data if type(data) in kinds else from_plain(kinds[-1], data)

    return to_plain, heard


def _records(kinds: Mapping[str, Any]) -> _Coders:
    def said(value: Any) -> Any:
        return [type(value).__name__, to_plain(value)]

    def heard(data: Any) -> Any:
        name, fields = data
        return from_plain(kinds[name], fields)

    return said, heard


def _items(kinds: tuple[Any, ...]) -> _Coders:
    if len(kinds) == 1 or kinds[1] is Ellipsis:
        said, heard = _coders(kinds[0])
        return lambda value: [said(item) for item in value], lambda data: tuple(heard(item) for item in _list(data))
    each = [_coders(kind) for kind in kinds]
    return (
        lambda value: [way(item) for (way, _), item in zip(each, value, strict=True)],
        lambda data: tuple(way(item) for (_, way), item in zip(each, _list(data), strict=True)),
    )


def _list(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise TypeError(f"{data!r:.60} is not a list")
    return data


def _bare(hint: Any) -> Any:
    return typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _said_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _heard_bytes(data: Any) -> bytes:
    return base64.b64decode(data, validate=True)


def _same(value: Any) -> Any:
    return value


def _nothing(data: Any) -> None:
    if data is not None:
        raise TypeError(f"{data!r:.60} is not nothing")
