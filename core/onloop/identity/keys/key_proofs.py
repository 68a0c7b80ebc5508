"""Whether a signature is by that security key over that message, and what the key says of how it was used.

`ssh-keygen -Y verify` looks at neither touch nor PIN, so this does: it reads the flags that the key signed itself.
"""

from __future__ import annotations

import hashlib

from onloop.errors import Ground, NotAllowed, Unavailable
from onloop.identity.keys.ssh_wire import ED25519, Signature, two_numbers
from onloop.machine.person_keys import PersonKey, PersonKeys
from onloop.machine.signed_text import NAMESPACE, KeyProof
from onloop.text import safe

TOUCHED, VERIFIED = 0x01, 0x04
"""What a key says of its holder (FIDO2): present, and checked by a PIN or a finger."""


def proof_from(signature: Signature, message: bytes, keys: PersonKeys, person: str) -> KeyProof:
    """What the signature proves; NotAllowed unless it is by a key of `person`, over exactly `message`, and new."""
    known = keys.get(signature.key.id)
    if known is None or known.enrolled.person != person:
        words = f"{signature.key.id} is no key of {person}"
        raise _refused(words, "onloop people key list names the keys; an approver adds one: onloop people key add")
    if signature.namespace != NAMESPACE or signature.reserved:
        words = f"the signature was made for {safe(signature.namespace, 60)!r}, not for {NAMESPACE!r}"
        raise _refused(words, f"ssh-keygen -Y sign -n {NAMESPACE} …, or onloop approve TASK --sign KEYFILE")
    if not _is_good(signature, message):
        words = "the signature is not over this decision: another task, digest, version, store or person was signed"
        raise _refused(words, "onloop approve TASK --to-sign prints what is to be signed now")
    _check_counter(known, signature.counter)
    flags = signature.flags
    return KeyProof(known.id, bool(flags & TOUCHED), bool(flags & VERIFIED), signature.counter)


def _check_counter(known: PersonKey, counter: int) -> None:
    """A key that counts has counted on since; one that never counts says 0 each time."""
    if counter > known.counter or (counter == 0 and known.counter == 0):
        return
    words = f"{known.id} has counted to {known.counter} before, and this signature says {counter}"
    raise _refused(words, "it is an old signature, or there is a copy of the key: remove it, onloop people key remove")


def _is_good(signature: Signature, message: bytes) -> bool:
    """Whether the key made it: over the application, its flags and counter, and the message in its namespace."""
    digest = hashlib.new(signature.algorithm, message).digest()
    parts = (signature.namespace.encode(), signature.reserved, signature.algorithm.encode(), digest)
    wrapped = b"SSHSIG" + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    signed = (
        hashlib.sha256(signature.key.application.encode()).digest()
        + bytes([signature.flags])
        + signature.counter.to_bytes(4, "big")
        + hashlib.sha256(wrapped).digest()
    )
    return _verifies(signature, signed)


def _verifies(signature: Signature, signed: bytes) -> bool:
    try:  # here: the extra `signing` brings it, and only whoever checks a signature needs it
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA256
    except ImportError:
        raise Unavailable(
            "signatures of security keys cannot be checked here", hint="pip install 'onloop[signing]'"
        ) from None
    try:
        if signature.key.kind == ED25519:
            Ed25519PublicKey.from_public_bytes(signature.key.point).verify(signature.raw, signed)
        else:
            public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), signature.key.point)
            public.verify(encode_dss_signature(*two_numbers(signature.raw)), signed, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _refused(words: str, hint: str) -> NotAllowed:
    return NotAllowed(words, hint=hint, ground=Ground.VOICE)
