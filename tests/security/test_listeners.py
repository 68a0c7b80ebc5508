"""A client believes nobody who listens but the store's owner."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gateway.shop import Shop
from onloop.access.opening import open_home
from onloop.errors import NotAllowed
from onloop.home import Home
from onloop.remote.connection import Connection
from onloop.remote.unix_socket import listening
from security.another_user import ONE, passable_folder

AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that other users may pass through."""
    with passable_folder() as folder:
        yield folder


@contextmanager
def listener(path: Path) -> Iterator[list[bytes]]:
    """Somebody who listens there, and what they hear."""
    door, heard = listening(path), list[bytes]()

    def hear() -> None:
        with suppress(OSError):
            while True:
                line, _ = door.accept()
                with line:
                    line.settimeout(5)
                    heard.append(line.recv(65536))

    thread = threading.Thread(target=hear, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join(10)


@AS_ROOT
def test_a_proxy_in_an_agents_folder_hears_nothing(
    durable: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F12: `ONLOOP_URL` names a socket that another user than the store's owner listens at."""
    store = tmp_path / "store"
    with listener(tmp_path / "agent" / "proxy.sock") as heard:
        monkeypatch.setenv("ONLOOP_URL", f"unix:{tmp_path / 'agent' / 'proxy.sock'}")
        for owner in (ONE, 0):
            os.chown(store, owner, -1)
            if owner == 0:
                continue
            with pytest.raises(NotAllowed, match=f"user 0 listens at .*, and .* belongs to user {ONE}") as no:
                open_home(Home(store))
            assert "ONLOOP_URL" in no.value.hint
    assert [words for words in heard if words] == []


@AS_ROOT
def test_the_owners_own_folder_does_not_make_another_listener_theirs(durable: Shop, tmp_path: Path) -> None:
    """Root listens, too, in anybody's folder: it is not whose store it is."""
    os.chown(tmp_path / "store", ONE, -1)
    home = Home(tmp_path / "store")
    home.socket.parent.mkdir()
    with listener(home.socket), pytest.raises(NotAllowed, match="listens at"):
        os.chown(home.socket.parent, ONE, -1)
        Connection(home.socket, home.store).connect()
    os.chown(tmp_path / "store", 0, -1)


def test_where_the_store_cannot_be_seen_nobody_is_believed(tmp_path: Path) -> None:
    with listener(tmp_path / "p" / "s.sock") as heard:
        with pytest.raises(NotAllowed, match=r"cannot be seen .* so nobody can say whose gateway listens") as no:
            Connection(tmp_path / "p" / "s.sock", tmp_path / "nowhere").connect()
        (tmp_path / "file").touch()
        with pytest.raises(NotAllowed, match="is not a folder"):
            Connection(tmp_path / "p" / "s.sock", tmp_path / "file").connect()
    assert "ONLOOP_STORE" in no.value.hint
    assert [words for words in heard if words] == []
