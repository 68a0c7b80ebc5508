"""Records ↔ JSON. The only place where old event shapes are upgraded."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from operator import is_
from typing import Any, TypeVar, cast

import msgspec

from onloop.errors import StoreError
from onloop.machine.digest import canonical
from onloop.machine.events import Event
from onloop.machine.store_state import StoreEvent
from onloop.records import Record, defaults_of, fields_of, replace, values_of

R = TypeVar("R")
Logged = Event | StoreEvent

EVENTS: Mapping[str, type[Logged]] = {
    kind.__name__: kind for kind in (*typing.get_args(Event), *typing.get_args(StoreEvent))
}
"""Every event by the name under which it is stored."""

OF_THE_HOUSE = frozenset[type](typing.get_args(StoreEvent))
"""The events that belong to the whole store rather than to a task."""

_decoders: dict[str, Callable[[str], Any]] = {}
"""The decoder of each event by name, made once, because a fold reads millions."""

_ATOMS = {str, int, bool, type(None)}
"""The types that hold no other values; enum types are added when they are first seen."""


def to_text(record: object) -> str:
    """The canonical JSON of a record."""
    return canonical(_sparing(record)).decode()


def to_plain(value: object) -> Any:
    """A record as plain JSON values."""
    return msgspec.to_builtins(_sparing(value))


def from_plain(kind: Any, data: object) -> Any:
    """The value that `to_plain` was given, as that type, union or tuple; ValueError says what does not fit."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.MsgspecError as problem:
        raise ValueError(str(problem)) from problem


def from_text(kind: type[R], text: str) -> R:
    """The record that `to_text` wrote; StoreError says what does not fit."""
    try:
        return cast("R", _decode(cast("Any", kind))(text))
    except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
        raise _unreadable(kind.__name__, problem, text) from problem


def event_from_text(name: str, text: str) -> Logged:
    """The event stored under `name`."""
    decode = _decoders.get(name)
    if decode is None:
        kind = EVENTS.get(name)
        if kind is None:
            raise StoreError(f"the log holds an event {name!r} that this version does not know", hint="upgrade onloop")
        decode = _decoders[name] = _decode(cast("Any", kind))
    try:
        event: Logged = decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
        raise _unreadable(name, problem, text) from problem
    return event


def _unreadable(name: str, problem: Exception, text: str) -> StoreError:
    words = f"a stored {name} cannot be read: {_in_words(problem, text)}"
    return StoreError(words, hint="onloop store verify names the first row that differs")


@cache
def _decode(kind: Any) -> Callable[[str], Any]:
    return msgspec.json.Decoder(kind).decode


_SAID = re.compile(r"(?P<words>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_WORDS: Mapping[re.Pattern[str], str] = {
    re.compile("Expected `(.*)`, got `(.*)`"): r"expected \1, got \2",
    re.compile("Object missing required field `(.*)`"): r"the field '\1' is missing",
    re.compile("Object contains unknown field `(.*)`"): r"it has an unknown field '\1'",
    re.compile("Invalid enum value (.*)"): r"\1 is not one of the allowed values",
}
"""Messages of msgspec, and our wording of each."""


def _in_words(problem: Exception, text: str) -> str:
    """What is wrong with a text: the path in the record, the value there, and the problem."""
    said = _SAID.fullmatch(str(problem))
    if not isinstance(problem, msgspec.ValidationError) or said is None:
        return str(problem)
    matches = ((words, pattern.fullmatch(said["words"])) for pattern, words in _WORDS.items())
    told = next((match.expand(words) for words, match in matches if match is not None), said["words"])
    path = said["path"] or ""
    return f"{path.lstrip('.')}{_value_at(text, path)}: {told}" if path else told


def _value_at(text: str, path: str) -> str:
    """The value at a path in a text, as `is VALUE`; empty if it holds other values or the path names several."""
    value, steps = msgspec.json.decode(text), list(_STEP.finditer(path))
    if "".join(step.group() for step in steps) != path:
        return ""
    for step in steps:
        value = value[int(step[2]) if step[1] is None else step[1]]
    if isinstance(value, list | dict):
        return ""
    return f" is {'null' if value is None else format(repr(value), '.60')}"


def _sparing(value: Any) -> Any:
    """The value, with each field that equals its default set to the default object, so that JSON omits it.

    TypeError for a type without a stored form.
    """
    kind = type(value)
    if kind in _ATOMS:
        return value
    if isinstance(value, Record):
        return _sparing_record(value)
    if isinstance(value, tuple | list):
        return value if _are_atoms(value) else _sparing_items(value)
    if isinstance(value, Mapping):
        return value if type(value) is dict and _are_atoms(value.values()) else _sparing_mapping(value)
    if isinstance(value, Enum):
        _ATOMS.add(kind)
        return value
    if hasattr(kind, "__dataclass_fields__"):  # known to interpreters without msgspec, too
        return value
    raise TypeError(f"{kind.__name__} has no stored form")


def _sparing_items(values: Sequence[Any]) -> Sequence[Any]:
    spared = [_sparing(value) for value in values]
    return values if all(map(is_, spared, values)) else spared


def _sparing_mapping(values: Mapping[Any, Any]) -> Mapping[str, Any]:
    spared = {str(key): _sparing(value) for key, value in values.items()}
    same = type(values) is dict and all(spared.get(key) is value for key, value in values.items())
    return values if same else spared


def _are_atoms(values: Iterable[object]) -> bool:
    return _ATOMS.issuperset(map(type, values))


def _sparing_record(record: Record) -> Record:
    changed = dict[str, Any]()
    values = values_of(record)
    if not _are_atoms(values):
        for name, value in zip(fields_of(type(record)), values, strict=True):
            if value and type(value) not in _ATOMS and (found := _sparing(value)) is not value:
                changed[name] = found
    for name, default in _defaults_to_compare(type(record)):
        value = getattr(record, name)
        if type(value) is type(default) and value == default:
            changed[name] = default
    return replace(record, **changed) if changed else record


@cache
def _defaults_to_compare(kind: type[Record]) -> tuple[tuple[str, object], ...]:
    """The defaults for which an equal but different object can exist."""
    return tuple((name, default) for name, default in defaults_of(kind) if not _is_one_object(default))


def _is_one_object(default: object) -> bool:
    """Whether Python has one object of that value: None, truth values, enums, small numbers, empty texts and tuples."""
    small = isinstance(default, int) and -5 <= default <= 256
    return small or default is None or default in ("", ()) or isinstance(default, Enum)
