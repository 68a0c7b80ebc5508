"""What a webhook says happened, whoever sent it: a name, the payload, and what can be told of them. PURE."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from onloop.errors import BadInput
from onloop.machine.limits import LATEST
from onloop.machine.links import Source
from onloop.records import Record
from onloop.text import safe
from onloop.times import instant_of
from onloop.triggers.hook_proofs import Headers, HookKind

LONGEST_NAME = 200
DEEPEST = 64
LONGEST_TITLE, LONGEST_URL = 300, 2_000

_STRUCTURED = "application/cloudevents+json"
_OBJECTS = (
    *("review", "comment", "pull_request", "issue", "check_run", "check_suite", "workflow_run", "workflow_job"),
    *("deployment_status", "deployment", "release", "discussion", "milestone", "data"),
)
"""Parts of payloads that say when something happened, the most special first."""
_ABOUT = ("pull_request", "issue", "discussion", "release", "check_run", "check_suite", "workflow_run", "deployment")
_TIMES = (
    *("updated_at", "submitted_at", "completed_at", "updatedAt", "created_at", "createdAt", "started_at"),
    *("timestamp", "pushed_at"),
)
"""What they call it; what whoever made a commit says of its time is not among them."""
_NEEDED = {
    **dict.fromkeys(("pull_request", "pull_request_review", "pull_request_review_comment"), "pull_request"),
    **dict.fromkeys(("issues", "issue_comment"), "issue"),
    **{name: name for name in ("check_run", "check_suite", "workflow_run", "merge_group", "release", "deployment")},
    "push": "ref",
}
"""What a payload of GitHub must hold to be of an event: its name comes in a header, which nobody signs."""


class HookEvent(Record):
    """An event as triggers see it. `at` is when it happened (ms), as the payload says; 0 where it does not."""

    source: str
    kind: HookKind
    name: str
    payload: Mapping[str, Any]
    at: int = 0

    @property
    def origin(self) -> tuple[str, str]:
        """A title and a URL of what it is about; both were written outside."""
        about = next((found for name in _ABOUT if isinstance(found := self.payload.get(name), Mapping)), None)
        data = self.payload.get("data")
        where = about or (data if isinstance(data, Mapping) else self.payload)
        title = _text(where.get("title")) or _text(where.get("name"))
        url = _text(where.get("html_url")) or _text(self.payload.get("url")) or _text(where.get("url"))
        return safe(title, LONGEST_TITLE), safe(url, LONGEST_URL) if url.startswith(("https://", "http://")) else ""

    def made_source(self, trigger: str) -> Source:
        """The same, as a task keeps it."""
        title, url = self.origin
        return Source(self.kind.value, trigger, url, title)


def event_of(source: str, kind: HookKind, headers: Headers, body: bytes, sent_at: int = 0) -> HookEvent:
    """The event in a webhook; BadInput where its body is none."""
    payload = _parsed(body)
    match kind:
        case HookKind.GITHUB:
            return _github_event(source, headers, payload)
        case HookKind.LINEAR:
            said = (_text(payload.get("type")), _text(payload.get("action")))
            return _event(source, kind, ".".join(filter(None, said)), payload, sent_at)
        case HookKind.STANDARD:
            return _event(source, kind, _text(payload.get("type")), payload, sent_at)
        case HookKind.CLOUDEVENTS:
            return _cloud_event(source, headers, payload, sent_at)
        case _:
            assert_never(kind)


def time_of(words: object) -> int:
    """A time as ISO 8601 or a number of seconds or ms says it, in ms; 0 for anything else, and what is before 1970."""
    if isinstance(words, int | float) and not isinstance(words, bool) and 0 < words < 1e14:
        return int(words if words > 1e11 else words * 1_000)
    if not isinstance(words, str) or len(words) > 40:
        return 0
    return min(max(0, instant_of(words) or 0), LATEST)


def _github_event(source: str, headers: Headers, payload: dict[str, Any]) -> HookEvent:
    name = headers.get("x-github-event", "")
    needed = _NEEDED.get(name)
    if needed is not None and needed not in payload:
        words = f"the header says {safe(name, 60)!r}, and the payload has no {needed}"
        raise BadInput(words, hint="only the body is signed: the event's name must fit it")
    action = _text(payload.get("action"))
    return _event(source, HookKind.GITHUB, f"{name}.{action}" if action else name, payload, 0)


def _cloud_event(source: str, headers: Headers, payload: dict[str, Any], sent_at: int) -> HookEvent:
    """Binary mode says in headers what structured mode says in the body; both give the same envelope."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() == _STRUCTURED:
        envelope = payload
    else:
        said = {name[3:]: value for name, value in headers.items() if name.startswith("ce-")}
        envelope = {**said, "data": payload}
    missing = [name for name in ("specversion", "id", "source", "type") if not _text(envelope.get(name))]
    if missing or not _text(envelope.get("specversion")).startswith("1."):
        words = f"it is no CloudEvent of version 1: {', '.join(missing) or 'another specversion'}"
        raise BadInput(words, hint="send it in binary mode (ce-… headers), or as application/cloudevents+json")
    at = time_of(envelope.get("time")) or sent_at
    return _event(source, HookKind.CLOUDEVENTS, _text(envelope["type"]), envelope, at)


def _event(source: str, kind: HookKind, name: str, payload: dict[str, Any], at: int) -> HookEvent:
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"{safe(name, 60)!r} is no name of an event", hint="the sender says what happened")
    return HookEvent(source, kind, name, payload, next(_moments(payload), at))


def _moments(payload: Mapping[str, Any]) -> Iterator[int]:
    pushed = payload.get("repository") if "pusher" in payload else None
    for part in (*(payload.get(name) for name in _OBJECTS), payload, pushed):
        if isinstance(part, Mapping):
            yield from (found for name in _TIMES if (found := time_of(part.get(name))))


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        words = f"the body is not JSON in UTF-8: {safe(str(problem), 120)}"
        raise BadInput(words, hint="have the sender use the content type application/json") from None
    if not isinstance(found, dict):
        raise BadInput(f"the body is a {type(found).__name__}, not an object", hint="send one event at a time")
    if not _is_shallow(found, DEEPEST):
        raise BadInput("the body is nested too deeply", hint=f"at most {DEEPEST} levels are taken")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _is_shallow(value: Any, left: int) -> bool:
    if isinstance(value, dict):
        return left > 0 and all(_is_shallow(each, left - 1) for each in value.values())
    if isinstance(value, list):
        return left > 0 and all(_is_shallow(each, left - 1) for each in value)
    return True


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
