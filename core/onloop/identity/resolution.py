"""Who acts. No credential is nobody, never a person."""

from __future__ import annotations

import base64
import hmac
import os
from hashlib import sha256

from onloop.errors import Ground, NotAllowed
from onloop.machine.principal import Principal, PrincipalKind, launcher
from onloop.machine.task import Hand
from onloop.store.port import Reading
from onloop.store.rows import Token


def this_process(name: str) -> Principal:
    """The launcher that this process is: what it claims as one role, it cannot review as another."""
    return launcher(name, Hand(os.getuid(), process_of(os.getpid())))


def process_of(pid: int) -> str:
    """A process by its number and, where that can be read, by when it began: numbers come again."""
    found = state_and_start(pid)
    return str(pid) if found is None else f"{pid}@{found[1]}"


def state_and_start(pid: int) -> tuple[str, str] | None:
    """A process's state, as one letter, and the clock tick since boot at which it began; None where /proc has none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - needs no pathlib
            fields = file.read(4096).rpartition(")")[2].split()
            return fields[0], fields[19]
    except (OSError, IndexError):
        return None


def new_salt() -> str:
    """What makes a secret one of a kind."""
    import secrets  # here: it brings random, and most verbs draw nothing by lot

    return secrets.token_urlsafe(32)


def secret_from(key: str, salt: str) -> str:
    """The agent token of a claim: random by its salt, and under a key the same again for whoever has the key.

    The salt of a claim with a key is stored, the key nowhere; the salt of one without is the secret, and is not.
    """
    if not key:
        return f"onl_agt_{salt}"
    sealed = hmac.digest(key.encode("utf-8", "surrogateescape"), salt.encode(), "sha256")
    return f"onl_agt_{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"


def token_digest(secret: str) -> str:
    """How a token is stored: sha256 hex. It is random, so it needs no salt."""
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def agent_from_token(reading: Reading, secret: str, uid: int | None = None) -> Principal:
    """The agent that a token belongs to; NotAllowed for one that was never given out, or was revoked.

    It is bound to the user who claimed: `uid` is who asks, None where that makes no difference.
    """
    row = reading.get(Token, token_digest(secret))
    if row is None:
        raise NotAllowed(
            "this ONLOOP_TOKEN is not valid any more: its lease ended",
            hint="stop work on this task; onloop claim --role ROLE takes another one",
            ground=Ground.TOKEN,
        )
    if None not in {uid, row.uid} and uid != row.uid:
        raise NotAllowed(
            f"this ONLOOP_TOKEN belongs to user {row.uid}, and user {uid} uses it",
            hint="a token is for the user who claimed; onloop claim --role ROLE takes a task of your own",
            ground=Ground.TOKEN,
        )
    return Principal(PrincipalKind.AGENT, row.agent.removeprefix("agent:"), row.task, row.epoch, row.step)
