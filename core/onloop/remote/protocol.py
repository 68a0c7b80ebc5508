"""The messages of a connection to a gateway: operations, answers, and what a person's code is made over.

A request is `{"protocol": 2, "operation": NAME, "fields": {...}}`, with a `code` where a person asks. What an
operation is called, takes and answers is in the list of operations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from onloop.errors import BadInput
from onloop.gateway.operations import operation_named
from onloop.machine.operation import AnswerT, Operation, answer_type, field_hints
from onloop.records import defaults_of
from onloop.remote.encoding import decode, encode
from onloop.store.codec import from_plain, to_plain
from onloop.store.rows import Head

VERSION = 2
_MISFITS = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)


def request_fields(operation: Operation[Any]) -> dict[str, Any]:
    """The fields of an operation as JSON can say them; those at their defaults are left out."""
    hints, defaults = field_hints(type(operation)), _defaults(type(operation))
    said = {name: getattr(operation, name) for name in hints}
    return {name: encode(value, hints[name]) for name, value in said.items() if value != defaults.get(name, _NONE)}


_NONE = object()


def _defaults(kind: type[Operation[Any]]) -> dict[str, Any]:
    return dict(defaults_of(kind))


def request_text(name: str, fields: Mapping[str, Any], code: Mapping[str, object] | None = None) -> str:
    """A request as it is sent; `code` says that a person asks it."""
    coded = {"code": code} if code else {}
    return json.dumps({"protocol": VERSION, "operation": name, "fields": fields, **coded})


def sealed_content(store: str, number: int, name: str, fields: object) -> bytes:
    """What the code of a person's request is made over: all that is asked, of which store, as which of their requests.

    BadInput for what nobody could have made a code of.
    """
    try:
        return json.dumps(["onloop", store, number, name, fields], sort_keys=True, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        raise BadInput(f"{name}: invalid fields", hint="use the same version of onloop at both ends") from None


def request_from(told: Mapping[str, Any]) -> Operation[Any]:
    """The operation that a request asks for; BadInput says what is wrong with it."""
    if told.get("protocol") != VERSION:
        words = f"the request uses protocol {str(told.get('protocol', 1))[:40]}, but this gateway uses {VERSION}"
        raise BadInput(words, hint="use the onloop that serves the store")
    name = told.get("operation")
    kind = operation_named(name) if isinstance(name, str) else None
    if kind is None:
        raise BadInput(f"unknown operation {str(name)[:40]!r}", hint="use the onloop that serves the store")
    try:
        hints, given = field_hints(kind), dict(told["fields"])
        if unknown := given.keys() - hints.keys():
            raise KeyError(f"no field {min(unknown)!r}")
        return kind(**{word: decode(data, hints[word]) for word, data in given.items()})
    except _MISFITS as problem:
        raise BadInput(
            f"{kind.name}: invalid fields: {str(problem)[:200]}", hint="use the same version of onloop at both ends"
        ) from None


def answer_text(operation: Operation[AnswerT], answer: AnswerT, receipt: Head | None) -> str:
    """What an operation answered, as it is sent; `receipt` is the log's head after what it wrote."""
    head = {} if receipt is None else {"head": to_plain(receipt)}
    return json.dumps({"ok": encode(answer, answer_type(type(operation))), **head})


def answer_from(operation: Operation[AnswerT], told: Mapping[str, Any]) -> tuple[AnswerT, Head | None]:
    """The answer in a message, and the log's head where something was written; BadInput where it is no answer to it."""
    try:
        head: Head | None = from_plain(Head, told["head"]) if "head" in told else None
        answer: AnswerT = decode(told["ok"], answer_type(type(operation)))
    except _MISFITS as problem:
        words = f"the answer to {operation.name} is not valid: {str(problem)[:200]}"
        raise BadInput(words, hint="use the same version of onloop at both ends") from None
    return answer, head
