"""The door's certificate: read from its files, and read again when they change. A broken pair keeps the one before."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from onloop.errors import BadInput
from onloop.plain_file import plain_bytes
from onloop.remote.http.door_settings import TlsFiles
from onloop.times import utc_words

LARGEST = 1_048_576
"""How many bytes of a certificate's file are looked at."""
SOON_MS = 14 * 86_400_000
"""How long before its end a certificate is spoken of."""

_Seen = tuple[tuple[int, int, int], ...]


class Certificates:
    """What connections are greeted with: the newest pair of files that fits together. `say` hears what happened."""

    def __init__(self, files: TlsFiles, say: Callable[[str], None], clock: Callable[[], int]) -> None:
        """BadInput for files that are no pair: there is none before them to keep."""
        self._files, self._say, self._clock = files, say, clock
        self._seen = self._fingerprint()
        self._newest, self.ends_at = self._loaded()
        self.context = _context()
        self.context.load_cert_chain(files.certificate, files.key, _no_passphrase)
        self.context.sni_callback = self._greet
        self._warn()

    @property
    def is_over(self) -> bool:
        """Whether it has expired: clients that look will refuse it."""
        return self._clock() >= self.ends_at

    def look(self) -> None:
        """Take up a new pair, if the files hold one."""
        seen = self._fingerprint()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._newest, self.ends_at = self._loaded()
        except BadInput as problem:
            self._say(f"trouble: {problem.message}; the certificate from before is kept")
            return
        self._say(f"the certificate was read again; it ends {utc_words(self.ends_at)}")
        self._warn()

    def _greet(self, line: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        line.context = self._newest

    def _warn(self) -> None:
        left = self.ends_at - self._clock()
        if left < SOON_MS:
            told = "has ended" if left <= 0 else "ends"
            self._say(f"trouble: the certificate {told} {utc_words(self.ends_at)}: put a new pair in its place")

    def _loaded(self) -> tuple[ssl.SSLContext, int]:
        made, files = _context(), self._files
        try:
            for path in (files.certificate, files.key):
                plain_bytes(path, 0)  # what is no plain file would hold up whoever opens it
            made.load_cert_chain(files.certificate, files.key, _no_passphrase)
            return made, _end_of(files.certificate)
        except (OSError, ValueError) as problem:  # SSLError is an OSError
            words = f"{files.certificate} and {files.key} are no certificate and its key: {_in_words(problem)}"
            raise BadInput(words, hint="give PEM files that belong together, the key without a passphrase") from None

    def _fingerprint(self) -> _Seen:
        return tuple(map(_mark, (self._files.certificate, self._files.key)))


def _context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    return made


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")


def _mark(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return found.st_mtime_ns, found.st_ino, found.st_size


def _end_of(certificate: Path) -> int:
    """When the first certificate of the file ends."""
    from cryptography import x509  # here: of the extra, and nobody else needs it

    first = x509.load_pem_x509_certificates(plain_bytes(certificate, LARGEST))[0]
    return int(first.not_valid_after_utc.timestamp() * 1000)


def _in_words(problem: Exception) -> str:
    if isinstance(problem, ssl.SSLError):
        return str(problem.reason or "unreadable").lower().replace("_", " ")
    return problem.strerror or str(problem) if isinstance(problem, OSError) else str(problem)
