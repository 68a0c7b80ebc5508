"""The keys with which a CI signs: from a file, or from one URL that the settings name, fetched seldom.

Nothing in a token says where keys come from. Redirects are not followed, and proxies of the environment not used.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

from onloop.errors import BadInput, FailureKind, Unavailable
from onloop.identity.ci.ci_settings import Issuer
from onloop.plain_file import plain_bytes
from onloop.records import MutableRecord, field

LARGEST_KEYS = 262_144
MOST_KEYS = 100
FETCH_S = 10.0
ASKED_AGAIN_MS = 60_000
"""How long after a fetch the keys are not fetched again, whatever tokens name."""

FAILED_MS = 5_000
"""How long after a fetch that gave nothing nobody tries another one."""

OLDEST_MS = 24 * 3_600_000
"""How long keys are used before they are fetched again, so that one that was withdrawn is forgotten."""

LEAST_RSA_BITS = 2_048
ALGORITHMS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("RSA", ""): ("RS256",),
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("EdDSA", "Ed25519"),
}
"""How what a key of that kind and curve signs with is called; keys of other kinds are passed over."""


class SigningKey(MutableRecord):
    """A public key, by the name that its owner gives it, and what the one way in which it signs is called."""

    name: str
    algorithms: tuple[str, ...]
    content: Mapping[str, Any]


class IssuerKeys(MutableRecord):
    """The keys of one CI."""

    issuer: Issuer
    clock: Callable[[], int]
    _keys: tuple[SigningKey, ...] = ()
    _had_at: int | None = None
    _asked_at: int | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def called(self, name: str) -> SigningKey | None:
        """The key of that name (or the only one, where a token names none); None where there is none.

        Unavailable where no keys can be had, and none were had of late.
        """
        with self._turn:
            found, now = self._found(name), self.clock()
            if self._is_due(found, now):
                self._fetch(now)
                found = self._found(name)
            if not self._keys:
                raise _no_keys(self.issuer.keys, "they could not be had a moment ago")
            return found

    def _found(self, name: str) -> SigningKey | None:
        if not name:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.name == name), None)

    def _is_due(self, found: SigningKey | None, now: int) -> bool:
        if self._asked_at is None or self._had_at is None or not self._keys:
            return self._asked_at is None or now - self._asked_at > FAILED_MS
        is_old, is_unknown = now - self._had_at > OLDEST_MS, found is None
        return (is_old or is_unknown) and now - self._asked_at > ASKED_AGAIN_MS

    def _fetch(self, now: int) -> None:
        self._asked_at = now
        try:
            self._keys = keys_from(content_of(self.issuer), self.issuer.keys)
            self._had_at = now
        except Unavailable:
            if self._had_at is None or now - self._had_at > OLDEST_MS:
                self._keys = ()
                raise


def content_of(issuer: Issuer) -> bytes:
    """What lies at the place of the keys; Unavailable where it cannot be had."""
    place = issuer.keys
    if place.startswith("/"):
        try:
            return plain_bytes(place, LARGEST_KEYS)
        except OSError as problem:
            raise Unavailable(
                f"the keys in {place} cannot be read: {problem.strerror}", hint="look at ci.toml"
            ) from None
    import httpx  # here: only who fetches keys needs it

    trusted = ssl.create_default_context(cafile=issuer.ca or None)
    try:
        with (
            httpx.Client(trust_env=False, follow_redirects=False, timeout=FETCH_S, verify=trusted) as client,
            client.stream("GET", place, headers={"Accept": "application/json"}) as answer,
        ):
            if answer.status_code != 200:
                raise _no_keys(place, f"it answers {answer.status_code}")
            content = b""
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > LARGEST_KEYS:
                    break
            return content
    except httpx.HTTPError as problem:
        raise _no_keys(place, str(problem)[:200] or type(problem).__name__) from None


def _no_keys(place: str, why: str) -> Unavailable:
    words = f"the keys at {place} cannot be had: {why}"
    return Unavailable(words, hint="try again; onloop doctor looks at ci.toml", kind=FailureKind.UNREACHABLE)


def keys_from(content: bytes, place: str) -> tuple[SigningKey, ...]:
    """The public keys in a key set (RFC 7517) that can be used; Unavailable where it is none, or has none of them."""
    try:
        told = json.loads(content) if len(content) <= LARGEST_KEYS else None
        entries = told["keys"] if isinstance(told, dict) else None
        if not isinstance(entries, list) or len(entries) > MOST_KEYS:
            raise ValueError
        found = tuple(key for entry in entries if isinstance(entry, dict) for key in _usable(entry))
    except (ValueError, KeyError, RecursionError):
        raise _no_keys(place, "what lies there is no key set") from None
    if not found:
        raise _no_keys(place, "it holds no key for RS256, ES256 or EdDSA")
    return found


def _usable(entry: Mapping[str, Any]) -> tuple[SigningKey, ...]:
    kind, curve = str(entry.get("kty", "")), str(entry.get("crv", ""))
    algorithms = ALGORITHMS.get((kind, "" if kind == "RSA" else curve), ())
    if entry.get("use", "sig") != "sig" or not {*algorithms} & {entry.get("alg", *algorithms[:1])}:
        return ()
    public = {name: value for name, value in entry.items() if name in {"kty", "crv", "n", "e", "x", "y"}}
    if kind == "RSA" and len(str(public.get("n", ""))) * 6 < LEAST_RSA_BITS - 8:
        return ()
    return (SigningKey(str(entry.get("kid", "")), algorithms, cast("Mapping[str, Any]", public)),)


def check_available() -> None:
    """BadInput where what reads signed tokens is not installed."""
    try:
        import joserfc  # noqa: F401 - whether it is there
    except ImportError:
        raise BadInput(
            "tokens of a CI are read by joserfc, which is not installed", hint="pip install 'onloop[server]'"
        ) from None
