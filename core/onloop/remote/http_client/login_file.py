"""The reading session that `onloop login` keeps on disk: of one gateway and one person, for this user alone.

It reads, and decides nothing: each decision needs a proof of its own.
"""

from __future__ import annotations

import json
import os
import stat
from hashlib import sha256
from pathlib import Path

from onloop.errors import StoreError
from onloop.home import state_home
from onloop.records import Record, SecretRecord
from onloop.store.codec import from_plain, to_plain

LARGEST = 8_192


class LoginOwner(Record):
    """Whose session it is, at which gateway, and until when (ms)."""

    url: str
    person: str
    expires: int


class LoginSession(SecretRecord):
    """A session with its secret."""

    owner: LoginOwner
    secret: str


def login_file(url: str) -> Path:
    """Where the session of the gateway at a (plain) URL is kept."""
    return state_home() / "sessions" / f"{sha256(url.encode()).hexdigest()[:16]}.json"


def login_session(url: str) -> LoginSession | None:
    """The session for exactly this gateway; None where there is none.

    StoreError for a file that others could have written or read.
    """
    path = login_file(url)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise StoreError(f"{path} cannot be read: {problem.strerror}", hint=f"rm {path}, then: onloop login") from None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        content = file.read(LARGEST + 1)
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077 or not stat.S_ISREG(found.st_mode):
        raise StoreError(
            f"{path} is not yours alone, so its session is not used", hint=f"rm {path}, then: onloop login"
        )
    return _session_in(content, url)


def _session_in(content: bytes, url: str) -> LoginSession | None:
    """The session that a file holds, if it is one of that gateway's: never is it sent to another."""
    try:
        kept = from_plain(LoginSession, json.loads(content))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return kept if kept.owner.url == url and kept.secret else None


def keep_login(kept: LoginSession) -> Path:
    """Keep a session, for this user alone; it replaces the one before in one step."""
    path = login_file(kept.owner.url)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    begun = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(to_plain(kept), file)
    begun.replace(path)
    return path


def forget_login(url: str) -> bool:
    """Remove the session of that gateway; whether there was one."""
    try:
        login_file(url).unlink()
    except FileNotFoundError:
        return False
    return True
