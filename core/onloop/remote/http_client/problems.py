"""What an answer over HTTP says: what the gateway said, or that something else has answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from onloop.errors import Exit, Unavailable
from onloop.remote.http_client.carriers import HttpAnswer, no_gateway

PROBLEM = "application/problem+json"
_EXITS = frozenset(Exit)


def told_from(answer: HttpAnswer, url: str) -> Mapping[str, Any]:
    """`{"ok": …}`, or `{"error": …}` with the status; Unavailable where no gateway of onloop has answered."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if 300 <= answer.status < 400:
        to = "".join(sign for sign in answer.headers.get("location", "nowhere")[:200] if sign.isprintable())
        raise no_gateway(url, f"it sends on to {to}, which is not followed")
    if answer.status == 200 and kind == "application/json":
        return _object(answer.body, url)
    if kind == PROBLEM:
        return {"error": _problem(_object(answer.body, url), answer.status)}
    if answer.status in {429, 502, 503, 504}:
        words = f"what stands before the gateway at {url} says {answer.status}"
        raise Unavailable(words, hint="the gateway may be starting: try again")
    shown = "".join(sign for sign in kind[:60] if sign.isprintable()) or "nothing"
    raise no_gateway(url, f"it says {answer.status} with {shown}")


def _object(body: bytes, url: str) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise no_gateway(url, "its answer is no JSON") from None
    if not isinstance(said, dict):
        raise no_gateway(url, "its answer is no object")
    return said


def _problem(said: Mapping[str, Any], status: int) -> dict[str, Any]:
    """The gateway's error, as over its socket; what it left out is made up for."""
    exit_code = said.get("exit")
    return {
        "code": str(said.get("code", "refused")),
        "exit": exit_code if exit_code in _EXITS else int(Exit.UNAVAILABLE if status >= 500 else Exit.NOT_YOURS),
        "message": str(said.get("detail") or said.get("title") or f"the gateway says {status}")[:4000],
        "hint": str(said.get("hint", ""))[:4000],
        "status": status,
    }
