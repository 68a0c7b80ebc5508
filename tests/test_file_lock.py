"""A lock has one holder, names it, and is free when its holder has ended, however that was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from onloop import file_lock
from onloop.errors import Unavailable
from onloop.file_lock import holder_of, sole
from support.world import ROOT

HOLD = "import sys; from pathlib import Path; from onloop.file_lock import sole\n" + (
    "with sole(Path(sys.argv[1]), OSError): print('held', flush=True); sys.stdin.read()"
)


def _refusal(process: str) -> Unavailable:
    return Unavailable(f"held by {process}", hint="wait")


def test_who_holds_a_lock_is_named_to_whoever_wants_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("999999999999", encoding="ascii")

    with sole(lock, _refusal):
        assert holder_of(lock) == str(os.getpid())
        with pytest.raises(Unavailable, match=f"held by {os.getpid()}$"), sole(lock, _refusal):
            pytest.fail("two hold it")

    assert holder_of(lock) is None


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    words = [sys.executable, "-c", HOLD, str(lock)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "core")}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        held_by = holder_of(lock)
        process.kill()

    assert held_by == str(process.pid)
    with sole(lock, _refusal):
        assert holder_of(lock) == str(os.getpid())


def test_looking_at_a_lock_keeps_nobody_out_of_it_for_long(tmp_path: Path) -> None:
    looker, waiter = (file_lock.open_file(tmp_path / "lock") for _ in range(2))
    taken: list[bool] = []

    assert file_lock.try_now(looker, shared=True)
    assert not file_lock.try_now(waiter)
    waiting = Thread(target=lambda: taken.append(file_lock.wait(waiter, 60.0)))
    waiting.start()
    os.close(looker)
    waiting.join()

    assert taken == [True]
    os.close(waiter)


def test_a_lock_that_stays_taken_is_not_waited_for_without_end(tmp_path: Path) -> None:
    holder, waiter = (file_lock.open_file(tmp_path / "lock") for _ in range(2))

    assert file_lock.try_now(holder)
    assert not file_lock.wait(waiter, 0.0)
    for handle in (holder, waiter):
        os.close(handle)


def test_a_lock_is_for_our_user_alone_and_no_program_inherits_it(tmp_path: Path) -> None:
    handle = file_lock.open_file(tmp_path / "lock")

    assert (tmp_path / "lock").stat().st_mode & 0o077 == 0
    assert not os.get_inheritable(handle)
    os.close(handle)
