"""A gateway that is there and says nothing is told apart from one that is gone: nobody waits for it again and again."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from onloop.errors import Unavailable
from onloop.remote.connection import Connection
from onloop.views.queries.reads import ReadStoreState


def test_who_does_not_answer_in_time_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(os.fspath(tmp_path / "g.sock"))
        silent.listen()
        asked = Connection(tmp_path / "g.sock", tmp_path / "store", answer_s=0.05)
        with pytest.raises(Unavailable, match=r"has not answered for 0\.05 s") as refused:
            asked.ask_until_told(ReadStoreState())
        asked.close()
    assert "serve.lock" in refused.value.hint
