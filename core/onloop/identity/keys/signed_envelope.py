"""DSSE: bytes of a declared type, signed with ed25519. Made with the store's attestation key, verified without a store.

The format is that of in-toto and sigstore (github.com/secure-systems-lab/dsse), so that their tools read it as well.
"""

from __future__ import annotations

import base64
import binascii
import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from onloop.errors import BadInput, Exit, Refused, StoreError, Unavailable
from onloop.machine.digest import Json, canonical
from onloop.text import safe

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FILE = "attestation.key"
PAYLOAD = "application/vnd.in-toto+json"
LONGEST = 16 * 1_048_576
"""How large an envelope may be."""

MOST_SIGNATURES = 20
_LENGTH = 32


def _crypto() -> Any:
    try:  # here: the extra `signing` brings it, and only this needs it
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise Unavailable("attestations need another package", hint="pip install 'onloop[signing]'") from None
    return ed25519, serialization


def attestation_key(store: Path) -> Ed25519PrivateKey:
    """The store's key for attestations; made, with mode 0600, where there is none yet."""
    ed25519, _ = _crypto()
    path = store / FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return _kept(path)
    except OSError as problem:
        hint = "check the permissions of the store's folder"
        raise StoreError(f"{path} cannot be made: {problem.strerror}", hint=hint) from None
    secret = os.urandom(_LENGTH)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    key: Ed25519PrivateKey = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
    return key


def _kept(path: Path) -> Ed25519PrivateKey:
    ed25519, _ = _crypto()
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as problem:
        hint = "it is the store owner's; a link in its place is not followed"
        raise StoreError(f"{path} cannot be read: {problem.strerror}", hint=hint) from None
    with os.fdopen(handle, "rb") as file:
        secret = file.read(_LENGTH + 1)
    if len(secret) != _LENGTH:
        hint = "move it away: a new one is made, and older attestations keep the key that they were signed with"
        raise StoreError(f"{path} does not hold a key", hint=hint)
    key: Ed25519PrivateKey = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
    return key


def public_pem(key: Ed25519PrivateKey) -> str:
    """The public key, as PEM."""
    _, serialization = _crypto()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode())


def public_from(pem: bytes) -> Ed25519PublicKey:
    """The key in a PEM file; BadInput for one that is not ed25519."""
    ed25519, serialization = _crypto()
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError):
        raise BadInput("the key is not a public key in PEM", hint="onloop attest --public-key prints one") from None
    except Exception as problem:
        raise BadInput(f"the key cannot be used: {safe(str(problem), 100)}", hint="it must be ed25519") from None
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise BadInput("the key is not an ed25519 key", hint="onloop attest --public-key prints one")
    known: Ed25519PublicKey = key
    return known


def key_id(key: Ed25519PublicKey) -> str:
    """A key's name in signatures: the sha256 of its public key (DER), hex."""
    _, serialization = _crypto()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return sha256(key.public_bytes(serialization.Encoding.DER, form)).hexdigest()


def _encoded(kind: str, payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding."""
    name = kind.encode()
    return b" ".join((b"DSSEv1", str(len(name)).encode(), name, str(len(payload)).encode(), payload))


def enveloped(statement: Json, key: Ed25519PrivateKey) -> bytes:
    """The statement, signed, as the JSON of an envelope."""
    payload = canonical(statement)
    signature = {
        "keyid": key_id(key.public_key()),
        "sig": base64.b64encode(key.sign(_encoded(PAYLOAD, payload))).decode(),
    }
    body: Json = {
        "payloadType": PAYLOAD,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [signature],
    }
    return canonical(body) + b"\n"


def opened_envelope(content: bytes, key: Ed25519PublicKey) -> dict[str, Any]:
    """The statement in an envelope, once a signature of `key` over it is good; Refused or BadInput says what is wrong.

    Nothing of the statement is read before its signature was checked.
    """
    envelope = _read(content)
    payload = _decoded(envelope.get("payload"), "payload")
    if envelope.get("payloadType") != PAYLOAD:
        words = f"the envelope holds {safe(str(envelope.get('payloadType')), 80)!r}, not {PAYLOAD}"
        raise BadInput(words, hint="give a file that onloop attest made")
    given = envelope.get("signatures")
    signatures = given[:MOST_SIGNATURES] if isinstance(given, list) else []
    if not any(_is_good(each, payload, key) for each in signatures):
        _refuse(signatures, key)
    try:
        statement = msgspec.json.decode(payload)
    except msgspec.DecodeError:
        raise BadInput("what was signed is not JSON", hint="give a file that onloop attest made") from None
    if not isinstance(statement, dict):
        raise BadInput("what was signed is not a statement", hint="give a file that onloop attest made")
    return statement


def _refuse(signatures: list[Any], key: Ed25519PublicKey) -> None:
    named = [safe(str(each.get("keyid")), 64) for each in signatures if isinstance(each, dict)]
    wanted = key_id(key)
    if wanted in named:
        words = "the signature is not good: the statement, its type or the signature was changed after it was made"
        raise Refused(words, exit=Exit.REDO, hint="do not rely on this file; ask for it again")
    told = ", ".join(each[:16] for each in named) or "nobody"
    words = f"it is signed by {told}, and the key given is {wanted[:16]}"
    raise Refused(words, exit=Exit.REDO, hint="give the public key of the store that made it, from whom you trust")


def _is_good(given: Any, payload: bytes, key: Ed25519PublicKey) -> bool:
    from cryptography.exceptions import InvalidSignature

    if not isinstance(given, dict) or given.get("keyid") not in {None, "", key_id(key)}:
        return False
    try:
        key.verify(_decoded(given.get("sig"), "signature"), _encoded(PAYLOAD, payload))
    except (InvalidSignature, BadInput):
        return False
    return True


def _read(content: bytes) -> dict[str, Any]:
    if len(content) > LONGEST:
        raise BadInput(f"an envelope of more than {LONGEST} bytes", hint="give a file that onloop attest made")
    try:
        envelope = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        raise BadInput("the file is not JSON", hint="give a file that onloop attest made") from None
    if not isinstance(envelope, dict):
        raise BadInput("the file holds no envelope", hint="give a file that onloop attest made")
    return envelope


def _decoded(given: Any, what: str) -> bytes:
    try:
        return base64.b64decode(given if isinstance(given, str) else "!", validate=True)
    except (binascii.Error, ValueError):
        raise BadInput(
            f"the {what} of the envelope is not base64", hint="give a file that onloop attest made"
        ) from None
