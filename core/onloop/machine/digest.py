"""Digests that decisions are bound to. Canonical JSON: sorted keys, no spaces, integers and strings only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256

from onloop.machine.task import Evidence, Request, Task

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]
"""What can be written as JSON without floats."""


def canonical(value: Json) -> bytes:
    """The one spelling of a JSON value (RFC 8785 for what we store: no floats, ASCII keys)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def evidence_digest(evidence: Evidence) -> str:
    """The digest of everything that a piece of evidence says, sha256 hex."""
    return sha256(canonical(_plain(evidence))).hexdigest()


def shown_digest(task: Task, request: Request) -> str:
    """What a person is shown when they are asked `request`: any change of it voids a decision, sha256 hex.

    It covers task, request, question, attempt, head, tree, base, artefacts, workflow and every piece of evidence.
    """
    now = task.submission
    subject: Json = {
        "task": task.id,
        "request": request.id,
        "question": request.question,
        "attempt": task.attempt,
        "head": now.head if now else None,
        "tree": now.tree if now else None,
        "base": now.base if now else None,
        "artefacts": {artefact.name: artefact.digest for artefact in now.artefacts} if now else None,
        "definition": task.definition,
        "evidence": {key: evidence_digest(found) for key, found in task.evidence.items()},
    }
    return sha256(canonical(subject)).hexdigest()


def _plain(value: object) -> Json:
    if isinstance(value, Enum):
        return str(value.value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"{type(value).__name__} has no canonical form")
