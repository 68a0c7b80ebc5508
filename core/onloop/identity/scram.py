"""SCRAM's messages (RFC 5802, HMAC-SHA-256), with scrypt in the client instead of PBKDF2: pure functions.

`i=` is scrypt's N, with r=8 and p=1. Only the two proofs cross the connection: a party that relays the messages learns
neither the passphrase nor its keys, and cannot replay anything.
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
"""scrypt's N in stores that still keep scrypt's output instead of keys; the next proof raises it."""

RANDOM_COST = 2**4
"""scrypt's N for a secret of 192 random bits, which cannot be guessed however cheap a guess is."""

BLOCK = 8
LONGEST_MESSAGE = 2_000
_MEMORY = 2**31 - 1


class Keys(SecretRecord):
    """The keys of a passphrase under a salt and a cost. A store keeps only the stored key and the server key."""

    client: bytes
    stored: bytes
    server: bytes


def salted_password(passphrase: str, salt: bytes, cost: int) -> bytes:
    """The output of scrypt for a passphrase. It takes much time and memory by design."""
    content = passphrase.encode("utf-8", "surrogateescape")
    return scrypt(content, salt=salt, n=cost, r=BLOCK, p=1, dklen=32, maxmem=_MEMORY)


def keys_from(salted: bytes) -> Keys:
    """RFC 5802's ClientKey, StoredKey and ServerKey."""
    client = hmac.digest(salted, b"Client Key", "sha256")
    return Keys(client, sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256"))


class Demand(Record):
    """The salt and cost that a server asks for; `is_earlier` if it still stores scrypt's output and now wants keys."""

    nonce: str
    salt: bytes
    cost: int
    is_earlier: bool


def client_first(name: str, nonce: str) -> str:
    """The client's first message."""
    return f"n,,n={_escaped(name)},r={nonce}"


def name_and_nonce(message: str) -> tuple[str, str]:
    """The name and the nonce in a client's first message; BadInput if it is not such a message."""
    if len(message) > LONGEST_MESSAGE or not message.startswith("n,,"):
        raise _not_a_message("a client's first message", message)
    attributes = _attributes(message[3:])
    if not {"n", "r"} <= attributes.keys() or not 18 <= len(attributes["r"]) <= 200:
        raise _not_a_message("a client's first message", message)
    return attributes["n"].replace("=2C", ",").replace("=3D", "="), attributes["r"]


def server_first(nonce: str, salt: bytes, cost: int, *, is_earlier: bool) -> str:
    """The server's first message; `nonce` is the client's nonce followed by the server's."""
    return f"r={nonce},s={_base64(salt)},i={cost}{',e=1' if is_earlier else ''}"


def demand_from(message: str, nonce: str, least_cost: int) -> Demand:
    """What the server asks for.

    NotAllowed if the nonce is not ours, or the cost is less than `least_cost`, which would make guessing cheap.
    """
    attributes = _attributes(message) if len(message) <= LONGEST_MESSAGE else {}
    try:
        salt, cost = base64.b64decode(attributes["s"], validate=True), int(attributes["i"])
        full_nonce = attributes["r"]
    except (KeyError, ValueError):
        raise _not_a_message("a server's first message", message) from None
    if not full_nonce.startswith(nonce) or len(full_nonce) < len(nonce) + 18:
        raise NotAllowed(
            "the gateway's answer has a nonce that was not sent", hint="the connection may be intercepted; try again"
        )
    is_earlier = attributes.get("e") == "1" and cost == EARLIER_COST
    if not is_earlier and not least_cost <= cost <= MOST_COST:
        raise NotAllowed(
            f"the gateway asks for scrypt with N={cost}, which is too cheap to be safe or too slow to finish",
            hint=f"onloop accepts N from {least_cost} to {MOST_COST}; do not type your passphrase there",
        )
    return Demand(full_nonce, salt, cost, is_earlier)


class Exchange(Record):
    """The messages that both sides know before the proofs; each side's proof covers them."""

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
        """The client key in a proof; None if it does not match the stored key."""
        if len(proof) != 32:
            return None
        client = _xor(proof, hmac.digest(stored, self.auth_message, "sha256"))
        return client if hmac.compare_digest(sha256(client).digest(), stored) else None

    def server_final(self, server: bytes) -> str:
        """The server's final message, which proves that the server knows the person's key."""
        return f"v={_base64(hmac.digest(server, self.auth_message, 'sha256'))}"

    def decision_key(self, client: bytes) -> bytes:
        """The key that authenticates decisions after this exchange; only its two ends know it."""
        return hmac.digest(client, b"onloop decisions\0" + self.auth_message, "sha256")


def client_final(nonce: str, age_ms: int, uses: int) -> str:
    """The client's final message without its proof: how long ago the passphrase was typed, and its uses."""
    return f"c=biws,r={nonce},a={age_ms},u={uses}"


class Final(SecretRecord):
    """The parts of a client's final message."""

    without_proof: str
    nonce: str
    age_ms: int
    uses: int
    proof: bytes


def final_from(message: str) -> Final:
    """The parts of a client's final message; BadInput if it is not such a message."""
    without_proof, _, proof = message.rpartition(",p=")
    try:
        attributes = _attributes(without_proof) if len(message) <= LONGEST_MESSAGE else {}
        age, uses = (
            int(attributes[name]) if attributes[name].isdigit() and len(attributes[name]) < 15 else -1 for name in "au"
        )
        if attributes["c"] != "biws" or age < 0 or uses < 0:
            raise ValueError
        return Final(without_proof, attributes["r"], age, uses, base64.b64decode(proof, validate=True))
    except (KeyError, ValueError):
        raise _not_a_message("a client's final message", message) from None


def decision_tag(key: bytes, content: bytes) -> str:
    """The code that proves that `content` comes from a holder of the key and has not been altered."""
    return hmac.digest(key, content, "sha256").hex()


def _attributes(text: str) -> Mapping[str, str]:
    pairs = [part.partition("=") for part in text.split(",")]
    attributes = {name: value for name, _, value in pairs}
    if len(attributes) != len(pairs):
        raise BadInput("an attribute appears twice in a SCRAM message", hint="follow RFC 5802")
    return attributes


def _escaped(name: str) -> str:
    return name.replace("=", "=3D").replace(",", "=2C")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _not_a_message(what: str, message: str) -> BadInput:
    return BadInput(f"{message[:60]!r} is not {what}", hint="use the same version of onloop as the gateway")
