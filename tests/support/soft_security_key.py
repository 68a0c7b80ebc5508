"""A security key in software, for tests alone: it signs as OpenSSH's hardware keys do, and can be told to lie."""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence
from hashlib import new, sha256
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ED25519, ECDSA = "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"


def string(content: bytes) -> bytes:
    """A string as SSH writes it."""
    return len(content).to_bytes(4, "big") + content


def _mpint(number: int) -> bytes:
    content = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return string(b"\0" + content if content[0] & 0x80 else content)


class SoftKey:
    """A key of one kind for one application; `counter` grows with each signature unless it is told to."""

    def __init__(self, kind: str = ED25519, application: str = "ssh:onloop", seed: int = 1) -> None:
        self.kind, self.application, self.counter = kind, application, 0
        self._edwards = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self._curve = ec.derive_private_key(seed + 7, ec.SECP256R1())

    @property
    def blob(self) -> bytes:
        """The public key as OpenSSH writes it."""
        raw, plain = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        if self.kind == ED25519:
            point = self._edwards.public_key().public_bytes(raw, plain)
            return string(self.kind.encode()) + string(point) + string(self.application.encode())
        encoding, form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        point = self._curve.public_key().public_bytes(encoding, form)
        return string(self.kind.encode()) + string(b"nistp256") + string(point) + string(self.application.encode())

    @property
    def id(self) -> str:
        """Its fingerprint."""
        return "SHA256:" + base64.b64encode(sha256(self.blob).digest()).decode().rstrip("=")

    @property
    def line(self) -> str:
        """What stands in its .pub file."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()} in software"

    def sign(
        self,
        message: bytes,
        *,
        namespace: str = "onloop",
        flags: int = 0x05,
        counter: int | None = None,
        algorithm: str = "sha512",
    ) -> str:
        """The signature over a message, armoured; by default with touch and PIN."""
        self.counter = self.counter + 1 if counter is None else counter
        digest = new(algorithm, message).digest()
        parts = (namespace.encode(), b"", algorithm.encode(), digest)
        wrapped = b"SSHSIG" + b"".join(string(part) for part in parts)
        says = bytes([flags]) + self.counter.to_bytes(4, "big")
        signed = sha256(self.application.encode()).digest() + says + sha256(wrapped).digest()
        inner = string(self.kind.encode()) + string(self._raw(signed)) + says
        whole = b"SSHSIG" + (1).to_bytes(4, "big") + string(self.blob) + b"".join(string(p) for p in parts[:3])
        text = base64.b64encode(whole + string(inner)).decode()
        lines = "\n".join(text[at : at + 70] for at in range(0, len(text), 70))
        return f"-----BEGIN SSH SIGNATURE-----\n{lines}\n-----END SSH SIGNATURE-----\n"

    def _raw(self, signed: bytes) -> bytes:
        if self.kind == ED25519:
            return self._edwards.sign(signed)
        one, other = decode_dss_signature(self._curve.sign(signed, ec.ECDSA(SHA256())))
        return _mpint(one) + _mpint(other)


def main(words: Sequence[str]) -> int:
    """What `ssh-keygen -Y sign -f FILE -n NAMESPACE` does: FILE holds the key's seed, flags and counter."""
    options = dict(zip(words[::2], words[1::2], strict=False))
    path = Path(options["-f"])
    seed, flags, counter = (int(word) for word in path.read_text().split())
    key = SoftKey(seed=seed)
    sys.stdout.write(key.sign(sys.stdin.buffer.read(), namespace=options["-n"], flags=flags, counter=counter + 1))
    path.write_text(f"{seed} {flags} {counter + 1}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
