"""A process that we started is found again, and never mistaken for another one with its number."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from onloop.agents.process_record import end_remembered, remember, remembered_pid

WAIT = [sys.executable, "-c", "print(flush=True); import sys; sys.stdin.read()"]

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="elsewhere ps says it, to the second")


def _waiting() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(WAIT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_a_process_is_remembered_while_it_lives_and_not_as_a_zombie(tmp_path: Path) -> None:
    record = tmp_path / "record"
    with _waiting() as process:
        remember(record, process.pid)
        alive = remembered_pid(record)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        ended = remembered_pid(record)

    assert (alive, ended) == (process.pid, None)
    assert remembered_pid(record) is None


@linux
def test_another_process_with_the_remembered_number_is_left_alone(tmp_path: Path) -> None:
    record = tmp_path / "record"
    with _waiting() as process, _waiting() as other:
        remember(record, process.pid)
        record.write_text(record.read_text().replace(str(process.pid), str(other.pid), 1))

        end_remembered(record)
        left_alone = other.poll() is None
        process.kill()
        other.kill()

    assert left_alone
    assert not record.exists()


def test_the_remembered_process_is_ended_with_its_record(tmp_path: Path) -> None:
    record = tmp_path / "record"
    with _waiting() as process:
        remember(record, process.pid)
        end_remembered(record)

        assert process.wait() < 0
    assert not record.exists()


@linux
def test_on_linux_no_program_is_needed_to_know_a_process_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    remember(tmp_path / "record", os.getpid())

    assert remembered_pid(tmp_path / "record") == os.getpid()
