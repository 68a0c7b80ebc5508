"""The secret by which a client shows a resident gateway that it can open the store: a file in it, which no box sees."""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from onloop.errors import StoreError

FILE = "own.key"
LENGTH = 32


def make_own_key(store: Path) -> bytes:
    """The store's secret, made (0600) where there is none yet."""
    path = store / FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as problem:
        raise StoreError(f"{path} cannot be made: {problem.strerror}", hint="look at the store's folder") from None
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        made = os.urandom(LENGTH)
        file.write(made)
    return made


def own_key(store: Path) -> bytes | None:
    """The store's secret, None for whoever may not read it and where none was made yet."""
    try:
        return _read(store / FILE)
    except OSError:
        return None


def _read(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        found = file.read(LENGTH + 1)
    if len(found) != LENGTH:
        raise StoreError(f"{path} holds no secret", hint="remove it; onloop serve makes it anew")
    return found


def own_proof(key: bytes, challenge: str) -> str:
    """What answers a challenge: only whoever has the secret can say it, and only once."""
    return hmac.digest(key, b"onloop own\0" + challenge.encode("utf-8", "surrogateescape"), "sha256").hex()
