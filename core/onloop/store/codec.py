"""Records ↔ JSON. The only place where old event shapes are upgraded."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

from onloop.errors import StoreError
from onloop.machine.digest import canonical
from onloop.machine.events import Event
from onloop.machine.house import HouseEvent

R = TypeVar("R")
Logged = Event | HouseEvent

EVENTS: Mapping[str, type[Logged]] = {
    kind.__name__: kind for kind in (*typing.get_args(Event), *typing.get_args(HouseEvent))
}
"""Every event by the name under which it is stored."""


def to_text(record: object) -> str:
    """The canonical JSON of a record."""
    return canonical(_plain(record)).decode()


def from_text(kind: type[R], text: str) -> R:
    """The record that `to_text` wrote; StoreError says what does not fit."""
    try:
        return cast("R", _decoder(cast("Any", kind))(json.loads(text)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise StoreError(
            f"a stored {kind.__name__} cannot be read: {problem}",
            hint="onloop store verify names the first row that differs",
        ) from problem


def event_from_text(name: str, text: str) -> Logged:
    """The event stored under `name`."""
    kind = EVENTS.get(name)
    if kind is None:
        raise StoreError(f"the log holds an event {name!r} that this version does not know", hint="upgrade onloop")
    return from_text(kind, text)


def _plain(value: object) -> Any:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(v) for f in fields(value) if not _is_default(f, v := getattr(value, f.name))} | _tag(
            value
        )
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, str | int | bool):
        return value
    raise TypeError(f"{type(value).__name__} has no stored form")


def _is_default(slot: Field[Any], value: object) -> bool:
    """Defaults are left out, so that a field with one can be added without touching old rows."""
    if slot.default is not MISSING:
        return bool(type(slot.default) is type(value) and slot.default == value)
    return slot.default_factory is not MISSING and bool(slot.default_factory() == value)


def _tag(value: object) -> dict[str, str]:
    """Members of unions inside records say which one they are."""
    return {"kind": type(value).__name__} if type(value).__name__.endswith("Gate") else {}


@cache
def _decoder(kind: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _union(typing.get_args(kind))
    if origin is tuple:
        return _tuple(typing.get_args(kind))
    if origin is not None and issubclass(origin, Mapping):
        item = _decoder(typing.get_args(kind)[1])
        return lambda data: {key: item(value) for key, value in data.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if is_dataclass(kind):
        return _record(cast("type", kind))
    return _scalar(kind)


def _scalar(kind: type) -> Any:
    def decode(data: object) -> object:
        if type(data) is not kind:
            raise TypeError(f"{data!r:.60} is not {kind.__name__}")
        return data

    return decode


def _tuple(args: tuple[Any, ...]) -> Any:
    if len(args) == 2 and args[1] is Ellipsis:
        item = _decoder(args[0])
        return lambda data: tuple(item(value) for value in data)
    items = [_decoder(arg) for arg in args]
    return lambda data: tuple(item(value) for item, value in zip(items, data, strict=True))


def _union(args: tuple[Any, ...]) -> Any:
    members = [arg for arg in args if arg is not type(None)]
    if len(members) == 1:
        only = _decoder(members[0])
        return lambda data: None if data is None else only(data)
    by_name = {member.__name__: member for member in members}
    return lambda data: _decoder(by_name[data["kind"]])(data)


def _record(kind: type) -> Any:
    hints = typing.get_type_hints(kind)
    decoders = {f.name: _decoder(hints[f.name]) for f in fields(kind)}

    def decode(data: Mapping[str, Any]) -> object:
        unknown = data.keys() - decoders.keys() - {"kind"}
        if unknown:
            raise TypeError(f"{kind.__name__} has no field {sorted(unknown)[0]!r}")
        return kind(**{name: decoders[name](value) for name, value in data.items() if name in decoders})

    return decode
