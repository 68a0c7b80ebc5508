"""The token of a launcher: read from a descriptor, so that it is in no argument, no variable and no agent's hands."""

from __future__ import annotations

import os

from onloop.errors import BadInput

LONGEST = 8_192
"""How long a credential may be, in bytes; the signed tokens of some CI are a few thousand."""

_HINT = "onloop work … --token-fd 3 3<FILE; a person mints one: onloop token mint NAME --role ROLE --as PERSON"


def launcher_secret(descriptor: int | None) -> str:
    """What the open descriptor gives, which is closed after; BadInput if it gives no credential."""
    if descriptor is None:
        raise BadInput("a gateway elsewhere takes work from launchers alone, by their token", hint=_HINT)
    try:
        with os.fdopen(descriptor, "rb") as source:
            content = source.read(LONGEST + 1)
    except (OSError, OverflowError, ValueError):
        raise BadInput(f"file descriptor {descriptor} cannot be read", hint=_HINT) from None
    secret = content.decode("ascii", "replace").strip()
    if not secret or len(content) > LONGEST or not secret.isascii() or " " in secret or not secret.isprintable():
        raise BadInput(f"file descriptor {descriptor} holds no token", hint=_HINT)
    return secret
