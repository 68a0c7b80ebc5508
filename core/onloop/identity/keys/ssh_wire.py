"""Public keys and signatures of security keys, as OpenSSH writes them (PROTOCOL.u2f, .sshsig). Only parsed.

Every length is checked against what is there; whatever does not fit is a BadInput, and nothing is believed yet.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256

from onloop.errors import BadInput
from onloop.records import Record
from onloop.text import safe

ED25519 = "sk-ssh-ed25519@openssh.com"
ECDSA = "sk-ecdsa-sha2-nistp256@openssh.com"
KINDS = (ED25519, ECDSA)
"""The kinds of keys that live in hardware, and say how they were used."""

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"
_CURVE = b"nistp256"
_LONGEST = 8_192
_OF_SSH = "ssh:"
"""How the application of every key begins that was made for SSH; others are made for web sites."""

_HINT = "one is made by ssh-keygen -t ed25519-sk -O verify-required -O application=ssh:onloop"


class SecurityKey(Record):
    """A public key: its kind, its point, for which application it was made, and as what OpenSSH writes it."""

    kind: str
    point: bytes
    application: str
    blob: bytes

    @property
    def id(self) -> str:
        """Its fingerprint, as `ssh-keygen -l` prints it."""
        return f"SHA256:{base64.b64encode(sha256(self.blob).digest()).decode().rstrip('=')}"


class Signature(Record):
    """A signature over a message: by which key, in which namespace, over which digest, and what the key says.

    `raw` is the signature itself: 64 bytes, or the two numbers of an ECDSA signature as they are written.
    """

    key: SecurityKey
    namespace: str
    algorithm: str
    reserved: bytes
    raw: bytes
    flags: int
    counter: int


class _WireReader:
    """What is left of a message."""

    def __init__(self, content: bytes, what: str) -> None:
        self._rest, self._what = content, what

    def take(self, count: int) -> bytes:
        """The next bytes."""
        if count > len(self._rest):
            raise BadInput(f"{self._what} ends too early", hint=_HINT)
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def number(self) -> int:
        """The next four bytes, as a number."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """The next string, which says its own length."""
        return self.take(self.number())

    def text(self) -> str:
        """The next string as ASCII."""
        try:
            return self.string().decode("ascii")
        except UnicodeDecodeError:
            raise BadInput(f"{self._what} holds a name that is not ASCII", hint=_HINT) from None

    def end(self) -> None:
        """Nothing may be left."""
        if self._rest:
            raise BadInput(f"{self._what} goes on after its end", hint=_HINT)


def key_from_line(line: str) -> SecurityKey:
    """The key in a line of a `.pub` file: kind, base64, and a comment that is not looked at."""
    words = line.split(None, 2)
    if len(words) < 2 or len(line) > _LONGEST:
        raise BadInput("this is not a public key of OpenSSH", hint="give the .pub file: --public-key id_ed25519_sk.pub")
    key = key_from_blob(_decoded(words[1], "the public key"))
    if words[0] != key.kind:
        raise BadInput(f"the key says {safe(words[0], 60)!r}, and is {key.kind}", hint="give the .pub file as it is")
    return key


def key_from_blob(blob: bytes) -> SecurityKey:
    """The key as it stands in a signature; BadInput for one that does not live in hardware, or not for SSH."""
    reader = _WireReader(blob, "the public key")
    kind = reader.text()
    if kind not in KINDS:
        words = f"{safe(kind, 60)!r} is not the key of a security key, which is {' or '.join(KINDS)}"
        raise BadInput(words, hint=_HINT)
    if kind == ECDSA and reader.string() != _CURVE:
        raise BadInput("the key is on another curve than nistp256", hint=_HINT)
    point, application = reader.string(), reader.text()
    reader.end()
    if len(point) != (32 if kind == ED25519 else 65):
        raise BadInput(f"the point of the key has {len(point)} bytes", hint=_HINT)
    if not application.startswith(_OF_SSH):
        words = f"the key was made for {safe(application, 60)!r}, not for SSH"
        raise BadInput(words, hint=f"its application must begin with {_OF_SSH}: {_HINT}")
    return SecurityKey(kind, point, application, blob)


def signature_from(armored: str) -> Signature:
    """The parts of a signature that `ssh-keygen -Y sign` wrote; BadInput if it is none."""
    lines = armored.strip().splitlines()
    if len(armored) > _LONGEST or len(lines) < 3 or (lines[0].strip(), lines[-1].strip()) != (_BEGIN, _END):
        raise BadInput("this is not a signature of ssh-keygen -Y sign", hint=f"it begins with {_BEGIN}")
    reader = _WireReader(_decoded("".join(line.strip() for line in lines[1:-1]), "the signature"), "the signature")
    if reader.take(len(_MAGIC)) != _MAGIC or reader.number() != 1:
        raise BadInput("this is not a signature of version 1 by OpenSSH", hint="it is made by ssh-keygen -Y sign")
    key = key_from_blob(reader.string())
    namespace, reserved, algorithm = reader.text(), reader.string(), reader.text()
    if algorithm not in {"sha256", "sha512"}:
        raise BadInput(f"the signature is over a {safe(algorithm, 40)} digest", hint="use sha512, which is the default")
    inner = _WireReader(reader.string(), "the signature")
    reader.end()
    if inner.text() != key.kind:
        raise BadInput("the signature is of another kind than its key", hint=_HINT)
    raw, flags, counter = inner.string(), inner.take(1)[0], inner.number()
    inner.end()
    return Signature(key, namespace, algorithm, reserved, raw, flags, counter)


def two_numbers(raw: bytes) -> tuple[int, int]:
    """The two numbers of an ECDSA signature, each written with its length and without a sign."""
    reader = _WireReader(raw, "the signature")
    one, other = reader.string(), reader.string()
    reader.end()
    if not all(0 < len(number) <= 33 and not number[0] & 0x80 for number in (one, other)):
        raise BadInput("the numbers of the signature are not those of nistp256", hint=_HINT)
    return int.from_bytes(one, "big"), int.from_bytes(other, "big")


def _decoded(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput(f"{what} is not base64", hint="give it as OpenSSH wrote it") from None
