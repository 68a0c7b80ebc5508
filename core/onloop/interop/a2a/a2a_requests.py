"""PURE: requests of A2A over JSON-RPC, read: what is asked, or which error of the specification it is.

Fields that are not known are passed over, as the specification wants it; what is known must be what it says.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from onloop.interop.a2a.a2a_faults import A2aFault, A2aProblem
from onloop.interop.a2a.a2a_tasks import EXTENSION, states_of
from onloop.machine.state import State
from onloop.records import Record
from onloop.times import instant_of

VERSION = "1.0"
USUAL_PAGE, MOST_PAGE = 50, 100
LONGEST_ID = 200
LONGEST_ANSWER = 4_000
_UNSPECIFIED = "TASK_STATE_UNSPECIFIED"

Params = Mapping[str, Any]


class RpcCall(Record):
    """One call: its id as it was sent, the method and its parameters."""

    id: str | int | float | None
    method: str
    params: Params


class PagePlace(Record):
    """Where a page begins: after the task of that time and id, in the order of newest first."""

    since: int
    task: str


class ListWish(Record):
    """What `ListTasks` wants."""

    run: str | None
    states: tuple[State, ...] | None
    size: int
    after: PagePlace | None
    history: int | None
    changed_from: int | None
    artifacts: bool


class TaskWish(Record):
    """What `GetTask` and `CancelTask` want; `person` and `reason` are our own words, for whoever decides."""

    task: str
    history: int | None = None
    person: str = ""
    reason: str = ""


class AnswerWish(Record):
    """A message that goes on with a task: the answer to `request`, or to the one question that is open."""

    message: str
    task: str
    context: str
    text: str
    person: str
    request: str
    history: int | None = None


def check_version(said: str) -> None:
    """A2aProblem unless the version is ours; none is 0.3, as the specification says, and a patch does not matter."""
    said = said.strip() or "0.3"
    if ".".join(said.split(".")[:2]) != VERSION:
        raise A2aProblem(A2aFault.VERSION, f"A2A-Version {said[:20]!r} is not spoken here; send {VERSION}")


def call_from(said: Any) -> RpcCall:
    """The call in a JSON value; A2aProblem where it is none."""
    if not isinstance(said, dict) or said.get("jsonrpc") != "2.0" or "id" not in said:
        raise A2aProblem(A2aFault.REQUEST, 'send one object with "jsonrpc": "2.0", an id, a method and params')
    name, method, params = said["id"], said.get("method"), said.get("params", {})
    if isinstance(name, bool) or not isinstance(name, str | int | float | None):
        raise A2aProblem(A2aFault.REQUEST, "an id is a string or a number")
    if isinstance(name, str) and len(name) > LONGEST_ID:
        raise A2aProblem(A2aFault.REQUEST, f"an id has at most {LONGEST_ID} characters")
    if not isinstance(method, str) or not isinstance(params, dict | None):
        raise A2aProblem(A2aFault.REQUEST, "a method is a string, and params are an object")
    return RpcCall(name, method, params or {})


def list_wish(params: Params) -> ListWish:
    """What `ListTasks` wants."""
    status = _text(params, "status")
    states = None if status in {"", _UNSPECIFIED} else states_of(status)
    if states == ():
        raise A2aProblem(A2aFault.PARAMS, f"there is no state {status[:60]!r}", field="status")
    size = _number(params, "pageSize")
    if size is not None and not 1 <= size <= MOST_PAGE:
        raise A2aProblem(A2aFault.PARAMS, f"a page has 1 to {MOST_PAGE} tasks", field="pageSize")
    return ListWish(
        run=_text(params, "contextId") or None,
        states=states,
        size=size or USUAL_PAGE,
        after=_place(_text(params, "pageToken")),
        history=_history(params),
        changed_from=_moment(params),
        artifacts=_flag(params, "includeArtifacts"),
    )


def task_wish(params: Params) -> TaskWish:
    """What `GetTask` or `CancelTask` wants."""
    own = _own(params)
    return TaskWish(_name(params, "id"), _history(params), _text(own, "person"), _text(own, "reason")[:LONGEST_ANSWER])


def answer_wish(params: Params) -> AnswerWish:
    """What `SendMessage` wants: text of a user, for a task that is there."""
    message = params.get("message")
    if not isinstance(message, dict):
        raise A2aProblem(A2aFault.PARAMS, "a message is an object", field="message")
    name = _name(message, "messageId", within="message.")
    if message.get("role") != "ROLE_USER":
        raise A2aProblem(A2aFault.PARAMS, "a client's message has the role ROLE_USER", field="message.role")
    text = _text_of(message.get("parts"))
    if not _text(message, "taskId"):
        raise A2aProblem(A2aFault.UNSUPPORTED, "a message begins no task here: people do, with onloop start")
    own, settings = _own(message) or _own(params), params.get("configuration")
    return AnswerWish(
        message=name,
        task=_name(message, "taskId", within="message."),
        context=_text(message, "contextId"),
        text=text,
        person=_text(own, "person"),
        request=_text(own, "request"),
        history=_history(settings) if isinstance(settings, dict) else None,
    )


def page_token(since: int, task: str) -> str:
    """The token of the page after that task."""
    return base64.urlsafe_b64encode(f"{since}:{task}".encode()).decode()


def _place(token: str) -> PagePlace | None:
    if not token:
        return None
    try:
        since, _, task = base64.b64decode(token, altchars=b"-_", validate=True).decode().partition(":")
        return PagePlace(int(since), task)
    except (binascii.Error, ValueError):
        raise A2aProblem(A2aFault.PARAMS, "it is no token of a page from here", field="pageToken") from None


def _text_of(parts: Any) -> str:
    if not isinstance(parts, list) or not parts:
        raise A2aProblem(A2aFault.PARAMS, "a message has at least one part", field="message.parts")
    texts = [each.get("text") if isinstance(each, dict) else None for each in parts]
    said = [each for each in texts if isinstance(each, str)]
    if len(said) != len(parts):
        raise A2aProblem(A2aFault.CONTENT_TYPE, "only parts with text are taken", field="message.parts")
    text = "\n".join(said).strip()
    if not text or len(text) > LONGEST_ANSWER:
        words = f"an answer has 1 to {LONGEST_ANSWER} characters"
        raise A2aProblem(A2aFault.PARAMS, words, field="message.parts")
    return text


def _own(holder: Params) -> Params:
    metadata = holder.get("metadata")
    own = metadata.get(EXTENSION) if isinstance(metadata, dict) else None
    return own if isinstance(own, dict) else {}


def _name(params: Params, field: str, within: str = "") -> str:
    found = _text(params, field)
    if not found or len(found) > LONGEST_ID:
        raise A2aProblem(A2aFault.PARAMS, f"{field} has 1 to {LONGEST_ID} characters", field=within + field)
    return found


def _text(params: Params, field: str) -> str:
    found = params.get(field)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise A2aProblem(A2aFault.PARAMS, f"{field} is a string", field=field)
    return found


def _number(params: Params, field: str) -> int | None:
    found = params.get(field)
    if found is None:
        return None
    if type(found) is not int:
        raise A2aProblem(A2aFault.PARAMS, f"{field} is a whole number", field=field)
    return found


def _flag(params: Params, field: str) -> bool:
    found = params.get(field, False)
    if type(found) is not bool:
        raise A2aProblem(A2aFault.PARAMS, f"{field} is true or false", field=field)
    return found


def _history(params: Params) -> int | None:
    found = _number(params, "historyLength")
    if found is not None and found < 0:
        raise A2aProblem(A2aFault.PARAMS, "it is 0 or more", field="historyLength")
    return found


def _moment(params: Params) -> int | None:
    said = _text(params, "statusTimestampAfter")
    found = instant_of(said) if said else None
    if said and found is None:
        raise A2aProblem(A2aFault.PARAMS, "it is no time such as 2026-01-31T13:05:09Z", field="statusTimestampAfter")
    return found
