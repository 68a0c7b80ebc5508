"""What proves to GitHub who asks: a token from where a person put it, or one that an App's key gets for an hour."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Protocol

from onloop.errors import BadInput, FailureKind, Unavailable
from onloop.forges.forge_settings import AppKey, TokenSource
from onloop.gates.credentials.declared import private_text
from onloop.known_secrets import keep_secret

COMMAND_S = 30.0
RENEW_MS = 300_000
"""An App's token is got anew so long before it ends."""
_JWT_S = 540
_SKEW_S = 60
_LONGEST = 4_000


class TokenGiver(Protocol):
    """What a request is proved with."""

    def token(self) -> str:
        """The token for a request."""
        ...

    def declined(self, token: str, date: str) -> bool:
        """What GitHub did not take, at its `Date`; whether it is worth trying once more with another one."""
        ...


class DeclaredToken:
    """See TokenGiver: the token of an account, read once, and again when it is declined."""

    def __init__(self, source: TokenSource) -> None:
        self._source, self._known = source, ""

    def token(self) -> str:
        """See TokenGiver."""
        if not self._known:
            self._known = read_token(self._source)
        return self._known

    def declined(self, token: str, date: str) -> bool:  # noqa: ARG002 - a token knows no time
        """See TokenGiver."""
        self._known = ""
        return self.token() != token


class AppToken:
    """See TokenGiver: an installation's token, which `exchange` gets for a signed claim: (token, its end in ms)."""

    def __init__(self, key: AppKey, exchange: Callable[[str], tuple[str, int]], clock: Callable[[], int]) -> None:
        self.key, self._exchange, self._clock = key, exchange, clock
        self._token, self._ends, self._ahead_s = "", 0, 0
        self._turn = threading.Lock()

    def token(self) -> str:
        """See TokenGiver."""
        with self._turn:
            if not self._token or self._clock() + self._ahead_s * 1000 >= self._ends - RENEW_MS:
                self._token, self._ends = self._exchange(self.claim())
                keep_secret(self._token)
            return self._token

    def claim(self) -> str:
        """The signed claim that we are the App (a JWT), for nine minutes by GitHub's clock as far as it is known."""
        return app_claim(self.key, self._clock() // 1000 + self._ahead_s)

    def declined(self, token: str, date: str) -> bool:  # noqa: ARG002 - whichever it was, another one is got
        """See TokenGiver."""
        with self._turn:
            self._token = ""
            return self.set_clock(date)

    def set_clock(self, date: str) -> bool:
        """Go by GitHub's clock from now on; whether there was a `Date` to go by."""
        try:
            theirs = int(parsedate_to_datetime(date).timestamp())
        except (ValueError, TypeError):
            return False
        self._ahead_s = theirs - self._clock() // 1000
        return True


def read_token(source: TokenSource) -> str:
    """The token that is declared. Unavailable says why there is none, and never what it is."""
    if source.env:
        text = os.environ.get(source.env, "")
    elif source.file:
        text = private_text(Path(source.file)) or ""
    else:
        text = _printed(source)
    token = text.strip()
    if not token or len(token) > _LONGEST or not token.isascii() or not token.isprintable() or " " in token:
        raise _none(source, "it is empty, or no token")
    keep_secret(token)
    return token


def _printed(source: TokenSource) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONLOOP_")}
    try:
        done = subprocess.run(source.command, capture_output=True, cwd="/", env=kept, timeout=COMMAND_S, check=False)
    except OSError as problem:
        raise _none(source, problem.strerror or "it cannot be run") from None
    except subprocess.TimeoutExpired:
        raise _none(source, f"it did not answer in {COMMAND_S:g} s") from None
    if done.returncode:
        raise _none(source, f"it ended with exit code {done.returncode}")
    return done.stdout[: _LONGEST + 2].decode("ascii", "replace")


def _none(source: TokenSource, why: str) -> Unavailable:
    hint = "put it right in forges.toml, or where it says; onloop doctor --forge ORIGIN tries it"
    return Unavailable(f"no token from {source.words}: {why}", hint=hint, kind=FailureKind.AUTH)


def app_claim(key: AppKey, now_s: int) -> str:
    """A JWT (RS256) that says that the holder of the key is the App, from a minute ago for nine minutes."""
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError:
        raise BadInput(
            "an App's key needs the package cryptography", hint="pip install 'onloop[signing]', or declare a token"
        ) from None
    text = private_text(Path(key.key_file))
    if text is None:
        raise BadInput(f"there is no file {key.key_file}", hint="download a private key on the App's settings page")
    try:
        private = serialization.load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError):
        raise BadInput(f"{key.key_file} is no private key in PEM", hint="give the file as GitHub made it") from None
    if not isinstance(private, rsa.RSAPrivateKey) or private.key_size < 2048:
        raise BadInput(f"{key.key_file} is no RSA key of 2048 bits", hint="give the file as GitHub made it")
    claims = {"iat": now_s - _SKEW_S, "exp": now_s + _JWT_S, "iss": str(key.id)}
    signed = ".".join(_part(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    return f"{signed}.{_part(private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
