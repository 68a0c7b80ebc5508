"""Who sent a webhook, proved over its raw bytes: GitHub, Linear, Standard Webhooks, and CloudEvents. PURE.

Comparisons take the same time whatever differs. What a scheme does not sign counts as a hint alone.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import assert_never

from onloop.errors import BadInput, Ground, NotAllowed
from onloop.records import Record
from onloop.text import safe

STANDARD_WINDOW_MS = 300_000
LINEAR_WINDOW_MS = 60_000
"""How far the time in a signed message may be from ours."""

LONGEST_ID = 200
_STANDARD_SECRET = "whsec_"  # noqa: S105 - what secrets begin with
_HINT = "check the secret at the sender, and in hooks.toml of the store"

Headers = Mapping[str, str]
"""By name in small letters."""


class HookKind(StrEnum):
    """How a hook's sender proves itself, and writes what it sends."""

    GITHUB = "github"
    LINEAR = "linear"
    STANDARD = "standard"
    CLOUDEVENTS = "cloudevents"


_PROOFS = {
    HookKind.GITHUB: "x-hub-signature-256",
    HookKind.LINEAR: "linear-signature",
    HookKind.STANDARD: "webhook-signature",
    HookKind.CLOUDEVENTS: "webhook-signature",
}


class ProvedDelivery(Record):
    """A webhook whose sender has proved itself: the `id` that they gave it, and what tells it from others.

    Where the id is signed, `identity` is of it; else of the body, so that the same body under another id is the same.
    `sent_at` is ms, 0 where nothing signed says it.
    """

    id: str
    identity: str
    sent_at: int = 0


def proved(
    kind: HookKind, headers: Headers, body: bytes, secrets: Sequence[bytes], now: int, *, bearer: bool = False
) -> ProvedDelivery:
    """The webhook as its sender proved it under one of the secrets; NotAllowed for any other."""
    if not secrets:
        raise _forged("the hook has no secret")
    match kind:
        case HookKind.GITHUB:
            return _github(headers, body, secrets)
        case HookKind.LINEAR:
            return _linear(headers, body, secrets, now)
        case HookKind.STANDARD:
            return _standard(headers, body, secrets, now)
        case HookKind.CLOUDEVENTS:
            return _by_bearer(headers, body, secrets) if bearer else _standard(headers, body, secrets, now)
        case _:
            assert_never(kind)


def check_shows_proof(kind: HookKind, headers: Headers, *, bearer: bool = False) -> None:
    """NotAllowed where the headers hold nothing that could prove the sender: no body is needed to know."""
    needed = "authorization" if bearer else _PROOFS[kind]
    if not headers.get(needed):
        raise _forged(f"it has no header {needed}")


def signed(secret: bytes, body: bytes) -> bytes:
    """HMAC-SHA256, the one that all these schemes use."""
    return hmac.digest(secret, body, "sha256")


def standard_key(secret: bytes) -> bytes:
    """The key of Standard Webhooks: what stands in base64 after `whsec_`, or the secret as it is."""
    text = secret.decode("ascii", "replace")
    if not text.startswith(_STANDARD_SECRET):
        return secret
    try:
        return base64.b64decode(text.removeprefix(_STANDARD_SECRET), validate=True)
    except binascii.Error:
        raise BadInput("the secret begins with whsec_ and is no base64 after it", hint=_HINT) from None


def digest_of(body: bytes) -> str:
    """The digest of a body."""
    return sha256(body).hexdigest()


def _github(headers: Headers, body: bytes, secrets: Sequence[bytes]) -> ProvedDelivery:
    """GitHub signs the body alone: neither the delivery's id nor the event's name."""
    scheme, _, told = headers.get("x-hub-signature-256", "").partition("=")
    if scheme != "sha256" or not _any_equal((signed(secret, body) for secret in secrets), (_hex(told),)):
        raise _forged("X-Hub-Signature-256 does not fit the body")
    return ProvedDelivery(_id(headers, "x-github-delivery"), f"body:{digest_of(body)}")


def _linear(headers: Headers, body: bytes, secrets: Sequence[bytes], now: int) -> ProvedDelivery:
    told = _hex(headers.get("linear-signature", ""))
    if not _any_equal((signed(secret, body) for secret in secrets), (told,)):
        raise _forged("Linear-Signature does not fit the body")
    try:
        sent_at = json.loads(body).get("webhookTimestamp")
    except (ValueError, AttributeError, RecursionError):
        sent_at = None
    if isinstance(sent_at, bool) or not isinstance(sent_at, int):
        raise _forged("the body has no webhookTimestamp")
    _check_window(sent_at, now, LINEAR_WINDOW_MS)
    return ProvedDelivery(_id(headers, "linear-delivery"), f"body:{digest_of(body)}", sent_at)


def _standard(headers: Headers, body: bytes, secrets: Sequence[bytes], now: int) -> ProvedDelivery:
    """Id, time and body are signed; several signatures may come along, while a secret is changed."""
    delivery, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not delivery or "." in delivery or len(delivery) > LONGEST_ID or not at.isascii() or not at.isdecimal():
        raise _forged("webhook-id or webhook-timestamp is missing or malformed")
    told = tuple(
        found
        for word in headers.get("webhook-signature", "").split(" ")[:20]
        if word.startswith("v1,") and (found := _base64(word.removeprefix("v1,")))
    )
    content = b".".join((delivery.encode("utf-8", "surrogatepass"), at.encode(), body))
    if not _any_equal((signed(standard_key(secret), content) for secret in secrets), told):
        raise _forged("webhook-signature does not fit id, time and body")
    sent_at = int(at[:15]) * 1_000
    _check_window(sent_at, now, STANDARD_WINDOW_MS)
    return ProvedDelivery(safe(delivery, LONGEST_ID), f"id:{delivery}", sent_at)


def _by_bearer(headers: Headers, body: bytes, secrets: Sequence[bytes]) -> ProvedDelivery:
    kind, _, told = headers.get("authorization", "").partition(" ")
    given = (told.strip().encode("utf-8", "surrogatepass"),)
    if kind.lower() != "bearer" or not _any_equal(secrets, given):
        raise _forged("the bearer secret is not the hook's")
    delivery = headers.get("ce-id", "")
    if not delivery:  # structured: the body says it
        return ProvedDelivery("", f"body:{digest_of(body)}")
    return ProvedDelivery(safe(delivery, LONGEST_ID), f"id:{headers.get('ce-source', '')}|{delivery}")


def _any_equal(ours: Iterable[bytes], theirs: Sequence[bytes]) -> bool:
    """Whether one of these is one of those; all are compared, each in constant time."""
    found = False
    for own in ours:
        for other in theirs:
            found = hmac.compare_digest(own, other) or found
    return found


def _check_window(sent_at: int, now: int, window_ms: int) -> None:
    if abs(now - sent_at) > window_ms:
        away = abs(now - sent_at) // 1_000
        raise NotAllowed(
            f"the message says that it was sent {away} s {'ago' if now > sent_at else 'from now'}",
            hint=f"at most {window_ms // 1_000} s are taken: check both clocks, and send it anew",
            ground=Ground.TOKEN,
        )


def _forged(words: str) -> NotAllowed:
    return NotAllowed(f"nobody vouches for this webhook: {words}", hint=_HINT, ground=Ground.TOKEN)


def _id(headers: Headers, name: str) -> str:
    return safe(headers.get(name, ""), LONGEST_ID)


def _hex(told: str) -> bytes:
    try:
        return bytes.fromhex(told) if len(told) == 64 else b""
    except ValueError:
        return b""


def _base64(told: str) -> bytes:
    try:
        return base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError):
        return b""
