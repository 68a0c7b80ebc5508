"""What a page's dashboard is lent by its gateway, and what is left of it where the gateway was killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from onloop.remote.http.web.app_channel import AppChannel, LentSockets
from onloop.remote.http.web.private_folder import PREFIX, PrivateFolder, remove_left
from support.waiting import DEADLINE_S, wait_for

HOLDS = """
import sys, time
from onloop.remote.http.web.private_folder import PrivateFolder
held = PrivateFolder()
(held.path / "state").write_text("x")
print(held.path, flush=True)
sys.stdin.read()
"""


class Echo(asyncio.Protocol):
    """Says back what it hears."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data.upper())


async def test_a_dashboard_is_lent_as_many_sockets_as_there_are_places_and_ends_with_its_channel() -> None:
    channel, places, over = AppChannel(), [2], threading.Event()

    def connected() -> asyncio.Protocol:
        if not places[0]:
            raise OSError("no place")
        places[0] -= 1
        return Echo()

    channel.hand_over(b"whose it is\n", connected)
    descriptor = os.dup(channel.theirs.fileno())
    assert os.read(descriptor, 100) == b"whose it is\n"
    lend = LentSockets(descriptor, over.set)

    def ask() -> bytes:
        with lend() as lent:
            lent.settimeout(DEADLINE_S)
            lent.sendall(b"hello")
            return lent.recv(100)

    assert [await asyncio.to_thread(ask) for _ in range(2)] == [b"HELLO", b"HELLO"]
    with pytest.raises(ConnectionRefusedError, match="no more connections"):
        await asyncio.to_thread(lend)
    assert not over.is_set()
    channel.close()
    assert await asyncio.to_thread(over.wait, DEADLINE_S)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where private folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_gateway_left_is_removed_and_nothing_else(folder: Path) -> None:
    command, where = [sys.executable, "-c", HOLDS], {**os.environ, "TMPDIR": str(folder)}
    process = subprocess.Popen(command, env=where, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    left = Path(process.stdout.readline().strip())
    assert left.parent == folder
    mine = PrivateFolder()
    open_to_others, elsewhere = folder / f"{PREFIX}open", folder / "other"
    for path in (open_to_others, elsewhere):
        path.mkdir()
    open_to_others.chmod(0o755)
    (folder / f"{PREFIX}link").symlink_to(elsewhere)
    (folder / f"{PREFIX}file").touch()

    assert remove_left({os.geteuid()}) == [], "it lives"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert remove_left({os.geteuid() + 1}) == [], "it is another user's"
    (left / "out").symlink_to(elsewhere)
    (elsewhere / "kept").touch()
    wait_for(lambda: remove_left({os.geteuid()}) == [left], lambda: "it is still locked")

    assert not left.exists() and (elsewhere / "kept").exists() and open_to_others.exists()
    assert mine.path.is_dir()
    mine.remove()
    assert not mine.path.exists()
