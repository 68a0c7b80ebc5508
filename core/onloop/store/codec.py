"""Records ↔ JSON. The only place where old event shapes are upgraded."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

from onloop.errors import StoreError
from onloop.machine.digest import canonical
from onloop.machine.events import Event
from onloop.machine.record import setters_of, values_of
from onloop.machine.store_state import StoreEvent

R = TypeVar("R")
Logged = Event | StoreEvent

EVENTS: Mapping[str, type[Logged]] = {
    kind.__name__: kind for kind in (*typing.get_args(Event), *typing.get_args(StoreEvent))
}
"""Every event by the name under which it is stored."""

OF_THE_HOUSE = frozenset[type](typing.get_args(StoreEvent))
"""The events that belong to the house rather than to a task."""


SHORT = 100
"""Up to how many characters an event's text is kept in mind with what it says: longer ones do not come again."""

_JSON = json.JSONDecoder()
_PLAIN = frozenset({str, int, bool})


def to_text(record: object) -> str:
    """The canonical JSON of a record."""
    return canonical(to_plain(record)).decode()


def from_plain(kind: Any, data: object) -> Any:
    """What `to_plain` said, as the type (or union, or tuple of types) that it was; its errors are Python's own."""
    return _decoder(kind)(data)


def from_text(kind: type[R], text: str) -> R:
    """The record that `to_text` wrote; StoreError says what does not fit."""
    try:
        return cast("R", from_plain(kind, _parsed(text)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise StoreError(
            f"a stored {kind.__name__} cannot be read: {problem}",
            hint="onloop store verify names the first row that differs",
        ) from problem


def _parsed(text: str) -> object:
    """What canonical JSON says; ValueError for anything after its end."""
    value, end = _JSON.raw_decode(text)
    if end != len(text):
        raise ValueError(f"something follows its end, at {end}")
    return value


def event_from_text(name: str, text: str) -> Logged:
    """The event stored under `name`; one that says little may be the very record that said it before."""
    return _short_event(name, text) if len(text) <= SHORT else _event(name, text)


@lru_cache(maxsize=2048)
def _short_event(name: str, text: str) -> Logged:
    """What says that a task waits, or that its tests were asked for, is said of every task: read once, it is known."""
    return _event(name, text)


def _event(name: str, text: str) -> Logged:
    kind = EVENTS.get(name)
    if kind is None:
        raise StoreError(f"the log holds an event {name!r} that this version does not know", hint="upgrade onloop")
    return from_text(kind, text)


def to_plain(value: object) -> Any:
    """A record as what JSON can say."""
    return _encoder(type(value))(value)


def _as_it_is(value: Any) -> Any:
    return value


_ENCODERS: dict[type, Callable[[Any], Any]] = {}


def _encoder(kind: type) -> Callable[[Any], Any]:
    """How values of a type are said, found out once: a transition says the same few types again and again."""
    known = _ENCODERS.get(kind)
    if known is None:
        known = _ENCODERS[kind] = _encoder_of(kind)
    return known


def _encoder_of(kind: type) -> Callable[[Any], Any]:
    if issubclass(kind, Enum):
        return lambda value: value.value
    if is_dataclass(kind):
        return _record_encoder(kind)
    if issubclass(kind, tuple | list):
        return lambda value: [_encoder(type(item))(item) for item in value]
    if issubclass(kind, Mapping):
        return lambda value: {str(key): _encoder(type(item))(item) for key, item in value.items()}
    if issubclass(kind, str | int | bool | type(None)):
        return _as_it_is
    raise TypeError(f"{kind.__name__} has no stored form")


def _record_encoder(kind: type) -> Callable[[Any], Any]:
    """Defaults are left out, so that a field with one can be added without touching old rows."""
    slots = fields(cast("Any", kind))
    names, defaults, tag = [slot.name for slot in slots], [_default(slot) for slot in slots], _tag(kind)
    read = values_of(names)

    def encode(record: object) -> dict[str, Any]:
        said = {}
        for name, default, value in zip(names, defaults, read(record), strict=True):
            if value is not default and not (type(value) is type(default) and value == default):
                said[name] = value if type(value) in _PLAIN else _encoder(type(value))(value)
        return said | tag if tag else said

    return encode


def _default(slot: Field[Any]) -> object:
    if slot.default is not MISSING:
        return slot.default
    return slot.default_factory() if slot.default_factory is not MISSING else MISSING


def _tag(kind: type) -> dict[str, str]:
    """Members of unions inside records say which one they are."""
    return {"kind": kind.__name__} if kind.__name__.endswith("Gate") else {}


@cache
def _decoder(kind: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _union(typing.get_args(kind))
    if origin is tuple:
        return _tuple(typing.get_args(kind))
    if origin is not None and issubclass(origin, Mapping):
        named, item = typing.get_args(kind)[0], _decoder(typing.get_args(kind)[1])
        if isinstance(named, type) and issubclass(named, Enum):
            member = _member(named)
            return lambda data: {member(key): item(value) for key, value in data.items()}
        return lambda data: {key: item(value) for key, value in data.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind)
    if is_dataclass(kind):
        return _record(cast("type", kind))
    return _scalar(kind)


def _member(kind: type[Enum]) -> Any:
    members = {member.value: member for member in kind}

    def decode(data: Any) -> Enum:
        found = members.get(data)
        return kind(data) if found is None else found

    return decode


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


_Setter = Callable[[Any, Any], None]
_Optional = tuple[str, _Setter, object, Callable[[], object] | None]


@dataclass(frozen=True, slots=True)
class _Form:
    """How a kind of record is read: by name the type that JSON says as it is, what decodes it, and what sets it.

    `optional` are the fields with a default: name, setter, the default itself, or what makes one.
    """

    slots: Mapping[str, tuple[type | None, Callable[[Any], Any], _Setter]]
    optional: Sequence[_Optional]
    required: frozenset[str]


@cache
def _form(kind: type) -> _Form:
    """Found when the first record is read, not before: a step holds a fan-out, which holds steps."""
    hints, setters = typing.get_type_hints(kind), setters_of(kind)
    slots, optional = {}, list[_Optional]()
    for slot in fields(cast("Any", kind)):
        name, hint = slot.name, hints[slot.name]
        slots[name] = (_plain_type(hint), _decoder(hint), setters[name])
        if slot.default_factory is not MISSING:
            optional.append((name, setters[name], None, slot.default_factory))
        elif slot.default is not MISSING:
            optional.append((name, setters[name], slot.default, None))
    return _Form(slots, optional, frozenset(slots) - {name for name, *_ in optional})


def _plain_type(hint: Any) -> type | None:
    members = [arg for arg in typing.get_args(hint) if arg is not type(None)] or [hint]
    return members[0] if len(members) == 1 and members[0] in _PLAIN else None


def _record(kind: type) -> Any:
    """What makes a record as its class would, field by field: that takes half as long."""

    def decode(data: Mapping[str, Any]) -> object:
        form = _form(kind)
        made: object = object.__new__(kind)
        for name, value in data.items():
            slot = form.slots.get(name)
            if slot is not None:
                plain, decoder, put = slot
                put(made, value if type(value) is plain else decoder(value))
            elif name != "kind":
                raise TypeError(f"{kind.__name__} has no field {name!r}")
        if not form.required <= data.keys():
            return kind(
                **{name: value for name, value in data.items() if name in form.slots}
            )  # it says what is missing
        for name, put, default, make in form.optional:
            if name not in data:
                put(made, default if make is None else make())
        return made

    return decode
