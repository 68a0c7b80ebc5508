"""The short path of `onloop check` and `next` where `$ONLOOP_URL` is a gateway's: one request, hardly any imports.

Anything unusual takes the long path, which says what is wrong.
"""

from __future__ import annotations

import os
import sys

from onloop.gates.repository.head import head
from onloop.gateway_url import place_of
from onloop.remote.http_client.plain_request import Misspoken, PlainConnection
from onloop.store_folder import state_folder

TYPE_CHECKING = False  # the module typing costs more than a request does
if TYPE_CHECKING:
    from typing import Any

ANSWER_S = 20.0
LONGEST_ID = 64
CODES = {0, 2, *range(10, 18)}
"""The exit codes that an answer may have: `errors.py: Exit` says what they mean."""


def far_glance(verb: str, *, as_json: bool) -> int | None:
    """Print what the gateway keeps as the answer and return its exit code; None when the long path must decide."""
    secret = os.environ.get("ONLOOP_TOKEN", "")
    if not secret.replace("_", "").replace("-", "").isalnum() or os.environ.get("ONLOOP_PROXY"):
        return None
    try:
        found = _object(_asked(verb, secret), "ok")
        store, task, commit = (str(found[name]) for name in ("store", "task", "commit"))
        told, code = str(found["json" if as_json else "text"]), int(found["exit"])
        if code not in CODES or not told.replace("\n", "").isprintable():
            return None
        if os.environ.get("ONLOOP_TASK", task) != task or (commit and head(_clone(store, task)) != commit):
            return None  # where nothing is submitted, HEAD makes no difference
    except (OSError, ValueError, LookupError, TypeError, RecursionError, Misspoken):
        return None
    try:
        sys.stdout.write(f"{told}\n" if as_json else told)
        sys.stdout.flush()
    except (UnicodeError, OSError):  # a terminal that cannot show it, a reader that has gone: the long path knows how
        return None
    return code


def _asked(verb: str, secret: str) -> str:
    """The gateway's answer; ValueError, OSError or Misspoken where it is none."""
    connection = PlainConnection(place_of(os.environ.get("ONLOOP_URL", "")), os.environ.get("ONLOOP_CA", ""))
    headers = (
        ("Authorization", f"Bearer {secret}"),
        ("Content-Type", "application/json"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    )
    got = connection.ask("POST", f"/v1/{verb}", headers, b"{}", ANSWER_S)
    if got.status != 200 or got.headers.get("content-type") != "application/json":
        raise ValueError("no answer")
    return got.body.decode()


def _object(text: str, name: str) -> dict[str, Any]:
    """The object of that name in a JSON object, read by the bare C scanner: the module json costs more than TLS."""
    import _json

    try:
        rules: Any = _JsonRules
        said, _ = _json.make_scanner(rules)(text, 0)
    except (StopIteration, SystemError):  # it would load its error from the module json
        raise ValueError("no JSON") from None
    found = said[name]
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


class _JsonRules:
    """How JSON is read: as the module json does unless told otherwise, but without NaN and the like."""

    strict = True
    object_hook = object_pairs_hook = None
    memo: dict[str, str] = {}  # noqa: RUF012 - the scanner of Python asks for it
    parse_float, parse_int, parse_constant = float, int, float


def _clone(store: str, task: str) -> str:
    """Where the agent's clone is: `home.py: clone_of`, for a store that only its gateway can open."""
    given = os.environ.get("ONLOOP_CLONE", "")
    if given.startswith("/") and os.environ.get("ONLOOP_TASK") == task:
        return given
    if not (store.isascii() and store.isalnum() and len(store) <= LONGEST_ID) or "/" in task or task.startswith("."):
        raise ValueError("no plain name")
    return f"{state_folder()}/stores/{store}/environments/{task}"
