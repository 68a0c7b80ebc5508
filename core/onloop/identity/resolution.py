"""Who acts. Without a credential nobody does, and never a person."""

from __future__ import annotations

import base64
import hmac
import os
from hashlib import sha256

from onloop.errors import Ground, NotAllowed
from onloop.identity.accounts import NETWORK_UID
from onloop.machine.principal import Principal, PrincipalKind, launcher
from onloop.machine.task import Hand
from onloop.store.port import Reading
from onloop.store.rows import Token


def this_process(name: str) -> Principal:
    """The launcher principal of this process. It names the process, so that one process cannot review its own claim."""
    return launcher(name, Hand(os.getuid(), process_of(os.getpid())))


def process_of(pid: int) -> str:
    """A process by its id and, if it can be read, its start time, because ids are reused."""
    state = state_and_start(pid)
    return str(pid) if state is None else f"{pid}@{state[1]}"


def state_and_start(pid: int) -> tuple[str, str] | None:
    """A process's state, as one letter, and its start in clock ticks since boot; None if /proc does not have it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - needs no pathlib
            fields = file.read(4096).rpartition(")")[2].split()
            return fields[0], fields[19]
    except (OSError, IndexError):
        return None


def new_salt() -> str:
    """A random salt that makes a secret unique."""
    import secrets  # here: it brings random, and most verbs draw nothing by lot

    return secrets.token_urlsafe(32)


def secret_from(key: str, salt: str) -> str:
    """The agent token of a claim: random by its salt; with a key, the holder of the key can compute it again.

    With a key, the salt is stored and the key is not. Without a key, the salt is the secret, and is not stored.
    """
    if not key:
        return f"onl_agt_{salt}"
    sealed = hmac.digest(key.encode("utf-8", "surrogateescape"), salt.encode(), "sha256")
    return f"onl_agt_{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"


def token_digest(secret: str) -> str:
    """The stored form of a token: sha256 hex. A token is random, so it needs no salt."""
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def agent_from_token(reading: Reading, secret: str, uid: int | None = None) -> Principal:
    """The agent that a token belongs to; NotAllowed if the token was never issued or has been revoked.

    A token works only for the user who claimed, and over the network only if it was claimed there. `uid` is the user
    who presents it; None skips that check.
    """
    row = reading.get(Token, token_digest(secret))
    if row is None:
        raise NotAllowed(
            "this ONLOOP_TOKEN is no longer valid: its lease ended",
            hint="stop work on this task; onloop claim --role ROLE takes another one",
            ground=Ground.TOKEN,
        )
    if NETWORK_UID in {uid, row.uid} and uid not in {None, row.uid}:
        raise NotAllowed(
            "this ONLOOP_TOKEN was given out on the other side of the network",
            hint="a token works only where its task was claimed; onloop claim --role ROLE takes a task of your own",
            ground=Ground.TOKEN,
        )
    if None not in {uid, row.uid} and uid != row.uid:
        raise NotAllowed(
            f"this ONLOOP_TOKEN belongs to user {row.uid}, but user {uid} presented it",
            hint="only the user who claimed can use a token; onloop claim --role ROLE takes a task of your own",
            ground=Ground.TOKEN,
        )
    return Principal(PrincipalKind.AGENT, row.agent.removeprefix("agent:"), row.task, row.epoch, row.step)
