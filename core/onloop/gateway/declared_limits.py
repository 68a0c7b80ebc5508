"""What crosses the door: each argument is checked against its declared limits, and foreign text loses its secrets.

It is the one place for every transport. The methods of a gateway are wrapped as a class, so that no new one is left
out.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache, wraps
from types import FunctionType
from typing import Any, TypeVar

from onloop.machine.limits import Id, Items, Millis, Number, Range, Text, check_fields, check_value, with_foreign
from onloop.records import Record
from onloop.store.port import TaskFilter

T = TypeVar("T")

LONGEST_PAGE = 100_000
"""How many events of the log may be asked for at a time."""

LONGEST_WORD = 16_384
"""How many characters anything else that is asked may have, before whatever it is for has its own, smaller say."""

_Names = typing.Annotated[tuple[Id, ...], Items(100)]
_Seq = typing.Annotated[int, Range(0, 2**53 - 1)]
_READS: Mapping[str, tuple[Any, ...]] = {
    "task": (Id,),
    "child_states": (Id,),
    "claimable": (_Names, Millis, Number | None),
    "held": (Id,),
    "log": (_Seq, _Seq | None, typing.Annotated[int, Range(0, LONGEST_PAGE)], Id | None, Id | None, bool),
    "silent": (typing.Annotated[int, Range(-(2**53), 2**53)], typing.Annotated[int, Range(-(2**53), 2**53)]),
    "due": (Millis, Id | None),
    "blob": (Id,),
    "changes": (Id,),
}
"""What the reads of a store take, in order, where another user asks for it."""

_OTHER_READS = frozenset({"tasks", "get", "select"})


def declared(kind: type[T]) -> type[T]:
    """The class, whose public methods refuse with BadInput what is not as annotated, and mask foreign text."""
    for name, method in list(vars(kind).items()):
        if isinstance(method, FunctionType) and not name.startswith("_"):
            setattr(kind, name, _checked(method))
    return kind


def check_asked(name: str, values: Sequence[object]) -> None:
    """BadInput unless what a read of the store was asked with is of its declared type, length and range.

    Of what changes something, only that it is text of a bearable length: the gateway's own annotations say the rest.
    """
    for value, hint in zip(values, _READS.get(name, ()), strict=False):
        check_value(value, hint, name)
    word = Text(200) if name in _OTHER_READS or name in _READS else Text(LONGEST_WORD, odd=name == "deny")
    for value in values:
        if isinstance(value, TaskFilter):
            check_fields(value)
        for each in value.values() if isinstance(value, Mapping) and name == "select" else (value,):
            if type(each) is str:
                check_value(each, typing.Annotated[str, word], name)


def _checked(method: FunctionType) -> Callable[..., Any]:
    name, takes = method.__name__, method.__code__.co_varnames[1 : method.__code__.co_argcount]

    @wraps(method)
    def checked(gateway: object, *args: object, **named: object) -> Any:
        hints = _hints(method)
        given = [(word, value, hints[word]) for word, value in (*zip(takes, args, strict=False), *named.items())]
        for word, value, hint in given:
            if isinstance(value, Record):
                check_value(value, hint, type(value).__name__)
            else:
                check_value(value, hint, name, word)
        clean = [with_foreign(value, hint, _masked) for _, value, hint in given]
        return method(gateway, *clean[: len(args)], **dict(zip(named, clean[len(args) :], strict=True)))

    return checked


@cache
def _hints(method: Callable[..., Any]) -> Mapping[str, Any]:
    return typing.get_type_hints(method, include_extras=True)


def _masked(text: str) -> str:
    from onloop.known_secrets import known_secrets  # here: who only looks needs none of its patterns
    from onloop.redaction import redacted

    return redacted(text, known_secrets())
