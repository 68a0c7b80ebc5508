"""The store's secret, in a file that no box can see. It proves to a gateway that a client can open the store."""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from onloop.errors import StoreError

FILE = "own.key"
LENGTH = 32


def make_own_key(store: Path) -> bytes:
    """The store's secret; creates it with mode 0600 if it does not exist."""
    path = store / FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as problem:
        raise StoreError(
            f"{path} cannot be created: {problem.strerror}", hint="check the permissions of the store's folder"
        ) from None
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        secret = os.urandom(LENGTH)
        file.write(secret)
    return secret


def own_key(store: Path) -> bytes | None:
    """The store's secret; None if it does not exist or this process may not read it."""
    try:
        return _read(store / FILE)
    except OSError:
        return None


def _read(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        secret = file.read(LENGTH + 1)
    if len(secret) != LENGTH:
        raise StoreError(f"{path} does not hold a secret", hint="remove it; onloop serve creates a new one")
    return secret


def own_proof(key: bytes, challenge: str) -> str:
    """The answer to a challenge. Only a holder of the secret can compute it, and each challenge has its own."""
    return hmac.digest(key, b"onloop own\0" + challenge.encode("utf-8", "surrogateescape"), "sha256").hex()
