"""`onloop serve --listen` as a process, over TLS, with a certificate authority that nobody else knows."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from support.waiting import DEADLINE_S, wait_for


@dataclass(slots=True)
class Authority:
    """A certificate authority whose own certificate, and the pair that it signed last, are files in a folder."""

    folder: Path
    ca: trustme.CA = field(default_factory=trustme.CA)

    def __post_init__(self) -> None:
        self.ca.cert_pem.write_to_path(str(self.file))
        self.issue()

    @property
    def file(self) -> Path:
        """What a client believes."""
        return self.folder / "ca.pem"

    @property
    def pair(self) -> tuple[Path, Path]:
        """The certificate with its chain, and its key."""
        return self.folder / "door.pem", self.folder / "door.key"

    def issue(self, *names: str) -> None:
        """A new pair, for loopback or for those names."""
        made = self.ca.issue_cert(*(names or ("127.0.0.1", "localhost")))
        certificate, key = self.pair
        key.write_bytes(made.private_key_pem.bytes())
        certificate.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))

    @property
    def trust(self) -> ssl.SSLContext:
        """What believes it, and nobody else."""
        return ssl.create_default_context(cafile=str(self.file))


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


@contextmanager
def listening(
    environment: Mapping[str, str], authority: Authority, words: Sequence[str] = (), port: int = 0
) -> Iterator[str]:
    """The URL of a gateway that listens in the block, and stops when it is told to."""
    port = port or free_port()
    certificate, key = authority.pair
    listen = ["--listen", f"127.0.0.1:{port}", "--tls-cert", str(certificate), "--tls-key", str(key)]
    command = [sys.executable, "-m", "onloop.cli.entry", "serve", *listen, *words]
    said = authority.folder / f"serve-{port}.err"
    with said.open("w") as err:
        process = subprocess.Popen(command, env=dict(environment), stderr=err, stdout=err, cwd=authority.folder)
    try:
        wait_for(lambda: process.poll() is not None or _answers(port), lambda: f"it does not come up: {_text(said)}")
        assert process.poll() is None, _text(said)
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(DEADLINE_S)
    assert process.returncode == 0, _text(said)
    assert "trouble" not in _text(said), _text(said)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


def _text(said: Path) -> str:
    return said.read_text(errors="replace")[-3000:]
