"""What a resident gateway can be asked, as data: what each verb takes and answers, and who may ask it."""

from __future__ import annotations

import base64
import json
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from onloop.errors import BadInput, Ground
from onloop.gateway.claims import ClaimGranted
from onloop.identity.passphrase import Proved
from onloop.machine.commands import Command, Create
from onloop.machine.principal import Principal
from onloop.machine.state import State
from onloop.machine.store_state import StoreEvent, StoreState
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.codec import from_plain, to_plain
from onloop.store.port import Recorded, TaskFilter
from onloop.store.rows import ROWS, Head, Job, PinnedWorkflow, StoreRow
from onloop.views.dossier import Changes
from onloop.views.sub_agents import SubAgentNews


class Lane(Enum):
    """Where a verb is carried out: with the others that wait, in one commit; or aside, for it may take its time."""

    GROUP = "group"
    ASIDE = "aside"


class Trust(Enum):
    """Who may ask: the gateway's own user; whoever proved to be the principal they name; anybody who gets in."""

    OWN = "own"
    PROVEN = "proven"
    ANYBODY = "anybody"


class Verb(Record):
    """A verb: the types of what it takes in order, the type of what it answers, where it is done, and for whom."""

    takes: tuple[Any, ...]
    answers: Any
    lane: Lane
    trust: Trust


_ROW = type[StoreRow]
_BYTES = bytes
_READ = (Lane.ASIDE, Trust.ANYBODY)

VERBS: Mapping[str, Verb] = {
    "perform": Verb((Principal, str, Command, str), Task, Lane.GROUP, Trust.PROVEN),
    "create": Verb((Principal, tuple[str, ...], tuple[Create, ...], PinnedWorkflow, str), Task, Lane.GROUP, Trust.OWN),
    "claim": Verb((Principal, str, str, str | None, int, str), ClaimGranted, Lane.GROUP, Trust.ANYBODY),
    "heartbeat": Verb((Principal, int, bool, tuple[SubAgentNews, ...]), int, Lane.GROUP, Trust.PROVEN),
    "record_house": Verb((Principal, StoreEvent, str), None, Lane.GROUP, Trust.PROVEN),
    "tick": Verb((), int, Lane.GROUP, Trust.ANYBODY),
    "take_job": Verb((Principal, int, bool, tuple[str, ...]), Job | None, Lane.GROUP, Trust.OWN),
    "put_back": Verb((Job,), None, Lane.GROUP, Trust.OWN),
    "free_jobs": Verb((), None, Lane.GROUP, Trust.OWN),
    "keep": Verb((_BYTES,), str, Lane.GROUP, Trust.OWN),
    "keep_for": Verb((Principal, _BYTES), str, Lane.GROUP, Trust.PROVEN),
    "agent": Verb((str,), Principal, Lane.GROUP, Trust.ANYBODY),
    "deny": Verb((Principal, str, str, Ground), None, Lane.GROUP, Trust.ANYBODY),
    "hand_in": Verb((Principal, dict), None, Lane.ASIDE, Trust.PROVEN),
    "challenge": Verb((), str, Lane.ASIDE, Trust.ANYBODY),
    "own": Verb((str,), None, Lane.ASIDE, Trust.ANYBODY),
    "scram_first": Verb((str,), str, Lane.ASIDE, Trust.ANYBODY),
    "scram_final": Verb((str, bool), Proved, Lane.ASIDE, Trust.ANYBODY),
    "submit": Verb((Principal, str, str), Task, Lane.ASIDE, Trust.PROVEN),
    "changes": Verb((str,), Changes, Lane.ASIDE, Trust.ANYBODY),
    "stamp": Verb((), int, Lane.ASIDE, Trust.ANYBODY),
    "task": Verb((str,), Task | None, *_READ),
    "tasks": Verb((TaskFilter,), tuple[Task, ...], *_READ),
    "child_states": Verb((str,), tuple[State, ...], *_READ),
    "claimable": Verb((tuple[str, ...], int, int | None), tuple[tuple[str, str], ...], *_READ),
    "held": Verb((str,), int, *_READ),
    "house": Verb((), StoreState, *_READ),
    "log": Verb((int, int | None, int, str | None, str | None, bool), tuple[Recorded, ...], *_READ),
    "last_seq": Verb((), int, *_READ),
    "get": Verb((_ROW, str), StoreRow | None, *_READ),
    "select": Verb((_ROW, Mapping[str, str]), tuple[StoreRow, ...], *_READ),
    "silent": Verb((int, int), tuple[StoreRow, ...], *_READ),
    "due": Verb((int, str | None), tuple[str, ...], *_READ),
    "blob": Verb((str,), _BYTES | None, *_READ),
    "done": Verb((), None, *_READ),
}
"""Every verb. The reads of one connection see one moment of the store, from the first of them until `done`.

`hand_in` announces a manifest; what it announces follows in frames of bytes, and `submit` asks for the gates on it.
"""

_TAGGED: Mapping[Any, Mapping[str, type]] = {
    union: {member.__name__: member for member in typing.get_args(union)} for union in (Command, StoreEvent)
}
_KINDS: Mapping[str, type[StoreRow]] = {kind.__name__: kind for kind in ROWS}


def said(value: object, kind: Any) -> Any:
    """A value of that type as JSON can say it."""
    if value is None:
        return None
    if kind in _TAGGED:
        return [type(value).__name__, to_plain(value)]
    if kind is dict:
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, StoreRow):
        return [type(value).__name__, to_plain(value)]
    if isinstance(value, Sequence) and kind == tuple[StoreRow, ...]:
        return [said(item, StoreRow) for item in value]
    return to_plain(value)


def heard(data: Any, kind: Any) -> Any:
    """The value of that type that `said` said; Python's own errors where it is none."""
    if data is None and (kind is None or type(None) in typing.get_args(kind)):
        return None
    if kind in _TAGGED:
        return from_plain(_TAGGED[kind][data[0]], data[1])
    if kind in {_BYTES, _BYTES | None}:
        return base64.b64decode(data, validate=True)
    if kind is dict:
        return dict(data)
    if kind == _ROW:
        return _KINDS[data]
    if kind == tuple[StoreRow, ...]:
        return tuple(heard(item, StoreRow) for item in data)
    if kind in {StoreRow, StoreRow | None, Job, Job | None, PinnedWorkflow}:
        return from_plain(_KINDS[data[0]], data[1])
    return dict(data) if kind == Mapping[str, str] else from_plain(kind, data)


def request_args(name: str, values: Sequence[object]) -> list[Any]:
    """The values of a request as JSON can say them."""
    return [said(value, kind) for value, kind in zip(values, VERBS[name].takes, strict=True)]


def request_text(name: str, args: Sequence[Any], code: Mapping[str, object] | None = None) -> str:
    """A request as it is sent; `code` says that a person asks it."""
    return json.dumps({"verb": name, "args": args, **({"code": code} if code else {})})


def sealed_content(store: str, number: int, name: str, args: object) -> bytes:
    """What the code of a person's request is made over: all that is asked, of which store, as which of their requests.

    BadInput for what nobody could have made a code of.
    """
    try:
        return json.dumps(["onloop", store, number, name, args], sort_keys=True, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        raise BadInput(f"{name} was asked wrongly", hint="use the same onloop") from None


def request_from(told: Mapping[str, Any]) -> tuple[str, Verb, list[Any]]:
    """The name, the verb and the values of a request; BadInput says what is wrong with it."""
    name = told.get("verb")
    verb = VERBS.get(name) if isinstance(name, str) else None
    if name is None or verb is None:
        raise BadInput(f"a gateway knows no {str(name)[:40]!r}", hint="use the onloop that serves the store")
    try:
        return name, verb, [heard(data, kind) for data, kind in zip(told["args"], verb.takes, strict=True)]
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as problem:
        raise BadInput(f"{name} was asked wrongly: {str(problem)[:200]}", hint="use the same onloop") from None


def answer_text(value: object, verb: Verb, receipt: Head | None) -> str:
    """What a verb answered, as it is sent; `receipt` is the log's head after what it wrote."""
    head = {} if receipt is None else {"head": to_plain(receipt)}
    return json.dumps({"ok": said(value, verb.answers), **head})
