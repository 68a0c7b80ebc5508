"""SCRAM's messages (RFC 5802, HMAC-SHA-256) with scrypt in the client in the place of PBKDF2: pure functions.

`i=` is scrypt's N, with r=8 and p=1. Of a passphrase only what the two proofs give goes over the line: whoever carries
the messages learns neither the keys nor anything that could be used again.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from hashlib import scrypt, sha256

from onloop.errors import BadInput, NotAllowed
from onloop.records import Record, SecretRecord

LEAST_COST = 2**17
"""scrypt's N for a passphrase that a person types: 128 MiB and a fraction of a second for each guess."""

MOST_COST = 2**20
EARLIER_COST = 2**14
"""scrypt's N before keys were kept in the place of what scrypt gives; raised at the next proof."""

RANDOM_COST = 2**4
"""Enough for a secret of 192 random bits, which nobody guesses however cheap a guess is."""

BLOCK = 8
LONGEST_MESSAGE = 2_000
_MEMORY = 2**31 - 1


class Keys(SecretRecord):
    """What a passphrase becomes under a salt and a cost. A store keeps the stored and the server key alone."""

    client: bytes
    stored: bytes
    server: bytes


def salted_password(passphrase: str, salt: bytes, cost: int) -> bytes:
    """What scrypt makes of a passphrase: slow, and large, by design."""
    content = passphrase.encode("utf-8", "surrogateescape")
    return scrypt(content, salt=salt, n=cost, r=BLOCK, p=1, dklen=32, maxmem=_MEMORY)


def keys_from(salted: bytes) -> Keys:
    """RFC 5802's ClientKey, StoredKey and ServerKey."""
    client = hmac.digest(salted, b"Client Key", "sha256")
    return Keys(client, sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256"))


class Demand(Record):
    """What a server asks to be used; `is_earlier` says that it keeps what scrypt gave once, and wants keys instead."""

    nonce: str
    salt: bytes
    cost: int
    is_earlier: bool


def client_first(name: str, nonce: str) -> str:
    """The client's first message."""
    return f"n,,n={_said(name)},r={nonce}"


def name_and_nonce(message: str) -> tuple[str, str]:
    """Who speaks and with which nonce, by a client's first message; BadInput where it is none."""
    if len(message) > LONGEST_MESSAGE or not message.startswith("n,,"):
        raise _odd("a client's first message", message)
    told = _attributes(message[3:])
    if not {"n", "r"} <= told.keys() or not 18 <= len(told["r"]) <= 200:
        raise _odd("a client's first message", message)
    return told["n"].replace("=2C", ",").replace("=3D", "="), told["r"]


def server_first(nonce: str, salt: bytes, cost: int, *, is_earlier: bool) -> str:
    """The server's first message; the nonce is the client's with the server's after it."""
    return f"r={nonce},s={_base64(salt)},i={cost}{',e=1' if is_earlier else ''}"


def demand_from(message: str, nonce: str, least_cost: int) -> Demand:
    """What the server asks for.

    NotAllowed where another's nonce comes back, or less work is asked for than `least_cost`: a guess would be cheap.
    """
    told = _attributes(message) if len(message) <= LONGEST_MESSAGE else {}
    try:
        salt, cost = base64.b64decode(told["s"], validate=True), int(told["i"])
        got = told["r"]
    except (KeyError, ValueError):
        raise _odd("a server's first message", message) from None
    if not got.startswith(nonce) or len(got) < len(nonce) + 18:
        raise NotAllowed("the gateway answered another's question", hint="somebody may stand between; try again")
    is_earlier = told.get("e") == "1" and cost == EARLIER_COST
    if not is_earlier and not least_cost <= cost <= MOST_COST:
        raise NotAllowed(
            f"the gateway asks for scrypt with N={cost}, which makes guessing cheap or never ends",
            hint=f"N from {least_cost} to {MOST_COST} is accepted; do not type the passphrase there",
        )
    return Demand(got, salt, cost, is_earlier)


class Exchange(Record):
    """What both sides know after the client's final message without its proof: each proves itself by it."""

    first: str
    demanded: str
    final: str

    @property
    def auth_message(self) -> bytes:
        """RFC 5802's AuthMessage."""
        return ",".join((self.first.removeprefix("n,,"), self.demanded, self.final)).encode("utf-8", "surrogateescape")

    def proof(self, keys: Keys) -> str:
        """The client's final message."""
        signature = hmac.digest(keys.stored, self.auth_message, "sha256")
        return f"{self.final},p={_base64(_xor(keys.client, signature))}"

    def client_key(self, stored: bytes, proof: bytes) -> bytes | None:
        """The client key that a proof shows; None where it does not belong to the stored key."""
        if len(proof) != 32:
            return None
        client = _xor(proof, hmac.digest(stored, self.auth_message, "sha256"))
        return client if hmac.compare_digest(sha256(client).digest(), stored) else None

    def server_final(self, server: bytes) -> str:
        """The server's final message: that it, too, knows whom it speaks with."""
        return f"v={_base64(hmac.digest(server, self.auth_message, 'sha256'))}"

    def decision_key(self, client: bytes) -> bytes:
        """The key of what is decided after this exchange, known to its two ends alone."""
        return hmac.digest(client, b"onloop decisions\0" + self.auth_message, "sha256")


def client_final(nonce: str, age_ms: int, uses: int) -> str:
    """The client's final message but for its proof: how long ago the passphrase was typed, how often it was used."""
    return f"c=biws,r={nonce},a={age_ms},u={uses}"


class Final(SecretRecord):
    """A client's final message, taken apart."""

    without_proof: str
    nonce: str
    age_ms: int
    uses: int
    proof: bytes


def final_from(message: str) -> Final:
    """The parts of a client's final message; BadInput where it is none."""
    without_proof, _, proof = message.rpartition(",p=")
    try:
        told = _attributes(without_proof) if len(message) <= LONGEST_MESSAGE else {}
        age, uses = (int(told[name]) if told[name].isdigit() and len(told[name]) < 15 else -1 for name in "au")
        if told["c"] != "biws" or age < 0 or uses < 0:
            raise ValueError
        return Final(without_proof, told["r"], age, uses, base64.b64decode(proof, validate=True))
    except (KeyError, ValueError):
        raise _odd("a client's final message", message) from None


def decision_tag(key: bytes, content: bytes) -> str:
    """The code that says that `content` comes from whoever has the key, and is as they wrote it."""
    return hmac.digest(key, content, "sha256").hex()


def _attributes(text: str) -> Mapping[str, str]:
    pairs = [part.partition("=") for part in text.split(",")]
    told = {name: value for name, _, value in pairs}
    if len(told) != len(pairs):
        raise BadInput("an attribute is there twice", hint="speak SCRAM as RFC 5802 has it")
    return told


def _said(name: str) -> str:
    return name.replace("=", "=3D").replace(",", "=2C")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _odd(what: str, message: str) -> BadInput:
    return BadInput(f"{message[:60]!r} is not {what}", hint="use the onloop that serves the store")
