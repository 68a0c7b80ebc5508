"""What a person declares of Linear: `tickets.toml` in the store's folder.

[linear]
token = { file = "/home/me/.onloop-linear" }
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from onloop.errors import BadInput
from onloop.forges.forge_settings import TokenSource
from onloop.gates.credentials.declared import private_text
from onloop.records import Record

FILE = "tickets.toml"
API = "https://api.linear.app/graphql"
_FORM = '[linear] token = { env = "NAME" }, { file = "PATH" } or { command = ["PROGRAM"] }'
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class LinearSettings(Record, forbid_unknown_fields=True):
    """How Linear is asked. A workspace is whose the token is."""

    token: TokenSource
    api: str = API


class _TicketsFile(Record, forbid_unknown_fields=True):
    linear: LinearSettings | None = None


def linear_settings(folder: Path) -> LinearSettings | None:
    """What the file in a store's folder declares of Linear; None if it does not. BadInput names what is wrong."""
    file = folder / FILE
    text = private_text(file)
    if text is None:
        return None
    try:
        declared = msgspec.convert(tomllib.loads(text), _TicketsFile).linear
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        raise BadInput(f"{file}: {problem}", hint=f"write {_FORM}") from None
    if declared is None:
        return None
    given = [declared.token.env, declared.token.file, *declared.token.command[:1]]
    if sum(map(bool, given)) != 1:
        raise BadInput(f"{file}: the token of [linear] is in no one place", hint=f"write {_FORM}")
    url = urlsplit(declared.api)
    if url.scheme != "https" and url.hostname not in _LOOPBACK:
        raise BadInput(f"{file}: {declared.api[:100]!r} is not https", hint=f"leave it out: it is {API}")
    return declared
