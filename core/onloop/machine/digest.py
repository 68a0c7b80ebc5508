"""Digests that decisions are bound to, over canonical JSON (RFC 8785): integers and strings only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from hashlib import sha256

import msgspec

from onloop.machine.task import Evidence, Request, Task
from onloop.records import Record, fields_of

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]
"""What can be written as JSON without floats."""


LARGEST = 2**53 - 1
"""The largest integer that JSON can carry everywhere (RFC 8785 §3.2.2.3, I-JSON)."""

_ASTRAL = re.compile(rb"[\xf0-\xf4]")
_LARGE = re.compile(rb"[:,\[-][0-9]{16}")

_in_order = msgspec.json.Encoder(order="sorted").encode
_as_given = msgspec.json.Encoder().encode


def canonical(value: Json | Record) -> bytes:
    """The one spelling of a JSON value by RFC 8785, for values without floats; ValueError for an integer over 2^53."""
    text = _in_order(value)
    return _as_given(_ordered(msgspec.to_builtins(value))) if _is_rare(text) else text


def canonical_row(values: Iterable[str | int]) -> bytes:
    """The same as `canonical` of the list, but faster, because these values need no ordering."""
    return _as_given([value if isinstance(value, str) else _ordered(value) for value in values])


def _is_rare(text: bytes) -> bool:
    """Whether the value needs the slow path: it may hold keys beyond the basic plane, or large numbers."""
    return (not text.isascii() and _ASTRAL.search(text) is not None) or _LARGE.search(b":" + text) is not None


def _ordered(value: Json) -> Json:
    """The value with object keys in UTF-16 order; ValueError for too large a number."""
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise ValueError(f"{value} is too large for canonical JSON, which ends at {LARGEST}")
        return value
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _ordered(value[key]) for key in keys}
    return [_ordered(item) for item in value]


@lru_cache(maxsize=1024)
def evidence_digest(evidence: Evidence) -> str:
    """The digest of everything that a piece of evidence says, sha256 hex."""
    return sha256(canonical(_plain(evidence))).hexdigest()


def shown_digest(task: Task, request: Request) -> str:
    """What a person is shown when they are asked `request`: any change of it voids a decision, sha256 hex.

    It covers task, request, question, attempt, head, tree, base, artefacts, workflow, evidence, flags, judgements and
    what policies said.
    """
    submission = task.submission
    subject: dict[str, Json] = {
        "task": task.id,
        "request": request.id,
        "question": request.question,
        "attempt": task.attempt,
        "head": submission.head if submission else None,
        "tree": submission.tree if submission else None,
        "base": submission.base if submission else None,
        "artefacts": {artefact.name: artefact.digest for artefact in submission.artefacts} if submission else None,
        "definition": task.definition,
        "evidence": {key: evidence_digest(found) for key, found in task.evidence.items()},
    }
    if task.policies:
        said: dict[str, Json] = {
            key: [found.allows, found.words, *found.values] for key, found in task.policies.items()
        }
        subject = {**subject, "policies": said}
    if task.flagged:
        subject = {**subject, "flagged": [_plain(flag) for flag in task.flagged]}
    if task.bypasses:
        subject = {**subject, "bypasses": [_plain(bypass) for bypass in task.bypasses]}
    if task.waves is not None and task.waves.report is not None:
        subject = {**subject, "wave": _plain(task.waves.report)}
    if task.judgements:
        subject = {**subject, "judgements": [_plain(judgement) for judgement in task.judgements]}
    return sha256(canonical(subject)).hexdigest()


def _plain(value: object) -> Json:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Record):
        return {name: _plain(getattr(value, name)) for name in fields_of(type(value))}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"{type(value).__name__} has no canonical form")
