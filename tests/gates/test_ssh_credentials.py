"""An ssh origin is reached by the declared key and host keys, by no configuration and agent of a user's."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from onloop.errors import FailureKind, Unavailable
from onloop.gates.repository.mirror import Mirror
from support.waiting import DEADLINE_S, wait_for

if TYPE_CHECKING:
    from gates.conftest import Origin

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(SSHD is None, reason="there is no sshd on this machine")


@dataclass(frozen=True)
class Server:
    port: int
    folder: Path

    def settings(self, known_hosts: str) -> Path:
        (self.folder / "known_hosts").write_text(known_hosts)
        file = self.folder / "git.toml"
        keys = f'ssh_key = "{self.folder}/user"\nknown_hosts = "{self.folder}/known_hosts"\n'
        file.write_text(f'["ssh://127.0.0.1:{self.port}"]\n{keys}')
        file.chmod(0o600)
        return file

    @property
    def known_hosts(self) -> str:
        kind, key, *_ = (self.folder / "host.pub").read_text().split()
        return f"[127.0.0.1]:{self.port} {kind} {key}\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "sshd"
    folder.mkdir(mode=0o700)
    for name in ("host", "user"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(words, check=True, timeout=DEADLINE_S)
    shutil.copy(folder / "user.pub", folder / "authorized")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    lines = (
        *(
            f"Port {port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {folder}/host",
            f"AuthorizedKeysFile {folder}/authorized",
        ),
        *("StrictModes no", "UsePAM no", "PasswordAuthentication no", f"PidFile {folder}/pid", "PermitRootLogin yes"),
    )
    (folder / "config").write_text("\n".join(lines) + "\n")
    Path("/run/sshd").mkdir(exist_ok=True)
    words = [str(SSHD), "-D", "-e", "-f", str(folder / "config")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, stderr=log)
    try:
        wait_for(lambda: b"listening" in (folder / "log").read_bytes(), lambda: (folder / "log").read_text())
        yield Server(port, folder)
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def mirror_of(server: Server, origin: Origin, file: Path | None) -> Mirror:
    user = os.environ.get("USER") or subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
    mirror = Mirror(server.folder / "own" / "m.git", f"ssh://{user}@127.0.0.1:{server.port}{origin.path}", file)
    mirror.create()
    return mirror


def test_the_declared_key_and_host_key_reach_it(server: Server, origin: Origin) -> None:
    assert mirror_of(server, origin, server.settings(server.known_hosts)).refresh("main") == origin.tip()


def test_a_host_whose_key_is_another_or_unknown_is_refused(server: Server, origin: Origin) -> None:
    other = server.known_hosts.replace(
        server.known_hosts.split()[2], (server.folder / "user.pub").read_text().split()[1]
    )
    for known_hosts in ("", other):
        with pytest.raises(Unavailable, match="Host key verification failed") as refused:
            mirror_of(server, origin, server.settings(known_hosts)).refresh("main")
        assert refused.value.kind is FailureKind.AUTH


def test_a_host_that_nobody_declared_is_refused_with_the_lines_that_declare_it(server: Server, origin: Origin) -> None:
    with pytest.raises(Unavailable, match=r"no key is declared for ssh://127\.0\.0\.1") as refused:
        mirror_of(server, origin, server.folder / "none.toml").refresh("main")
    assert refused.value.kind is FailureKind.AUTH
    assert "ssh_key, known_hosts" in refused.value.hint
