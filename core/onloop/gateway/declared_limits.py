"""Checks each field of an operation against its declared limits, and masks secrets in foreign text.

Every transport uses this one place.
"""

from __future__ import annotations

from typing import Any

from onloop.machine.limits import check_value, with_foreign
from onloop.machine.operation import AnswerT, Operation, field_hints
from onloop.records import Record, replace


def checked(operation: Operation[AnswerT]) -> Operation[AnswerT]:
    """The operation with secrets masked in its foreign text; BadInput if a field breaks its declared limit."""
    name, changes = operation.name, dict[str, Any]()
    for word, hint in field_hints(type(operation)).items():
        value = getattr(operation, word)
        if isinstance(value, Record):
            check_value(value, hint, type(value).__name__)
        else:
            check_value(value, hint, name, word)
        clean = with_foreign(value, hint, _masked)
        if clean is not value:
            changes[word] = clean
    return replace(operation, **changes) if changes else operation


def _masked(text: str) -> str:
    from onloop.known_secrets import known_secrets  # here: who only looks needs none of its patterns
    from onloop.redaction import redacted

    return redacted(text, known_secrets())
