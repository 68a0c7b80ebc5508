"""Runs of git end, in time and within bounds, and a failed one is told in one clean line."""

from __future__ import annotations

import os
import shlex
import time
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from onloop.errors import Unavailable
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.git import Git, git_program
from onloop.gates.repository.mirror import Mirror


@pytest.fixture
def repository(tmp_path: Path) -> Git:
    git = Git(tmp_path / "r.git")
    git.run("init", "--quiet", "--bare")
    return git


def _saying(git: Git, script: str) -> Git:
    """Git with a subcommand `say` that runs a shell script: the only way to have git misbehave on demand."""
    return git._replace(settings=(f"alias.say=!{script}",))


def _is_gone(pid: int) -> bool:
    """Whether a process ends within a few seconds; one that its new parent did not collect yet has ended too."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not Event().wait(0.01):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            pass
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
    return False


def test_a_git_that_takes_too_long_is_killed_with_its_children(repository: Git, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"sh -c 'echo $$ > {shlex.quote(str(pid))}; exec sleep 60'"
    with pytest.raises(GitFailed, match=r"took longer than 0\.5 s") as failed:
        _saying(repository, script).run("say", timeout_s=0.5)
    assert failed.value.out_of_time
    assert _is_gone(int(pid.read_text()))


def test_output_without_end_is_cut_where_the_caller_says(repository: Git) -> None:
    output = _saying(repository, "yes").run("say", max_bytes=1000)
    assert output.cut
    assert output.stdout == b"y\n" * 500


def test_output_that_just_fits_is_not_cut(repository: Git) -> None:
    output = _saying(repository, "printf 12345").run("say", max_bytes=5)
    assert (output.stdout, output.cut) == (b"12345", False)


def test_endless_complaints_neither_block_nor_flood_the_message(repository: Git) -> None:
    with pytest.raises(GitFailed) as failed:
        _saying(repository, "head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 3").run("say")
    assert len(failed.value.complaint) <= 300


def test_a_failure_names_the_subcommand_and_the_cause_in_one_clean_line(repository: Git) -> None:
    script = r"printf 'hint: no\nfatal: the \033[31mcause\033[0m\nfatal: a consequence\n' >&2; exit 3"
    with pytest.raises(GitFailed) as failed:
        _saying(repository, script).run("say")
    assert failed.value.message == "git say failed: the cause"


def test_a_failure_does_not_show_credentials(repository: Git, mirror: Mirror) -> None:
    with pytest.raises(GitFailed, match=r"https://\*\*\*@host/x"):
        _saying(repository, "echo fatal: cannot reach https://me:s3cret@host/x >&2; exit 3").run("say")
    with pytest.raises(Unavailable) as failed:
        replace(mirror, origin="https://me:s3cret@127.0.0.1:1/x").refresh("main")
    assert "127.0.0.1" in failed.value.message
    assert "s3cret" not in failed.value.message


def test_a_lock_that_is_held_is_held_by_every_git_that_was_started(repository: Git, tmp_path: Path) -> None:
    held = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    try:
        script = f"test -e /dev/fd/{held} && echo inherited"
        assert _saying(repository, script)._replace(held=held).text("say") == "inherited"
        with pytest.raises(GitFailed):
            _saying(repository, script).run("say")
    finally:
        os.close(held)


def test_a_machine_without_git_is_told_to_install_it(
    repository: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git_program.cache_clear()
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(Unavailable, match="git is not on PATH") as failed:
            repository.run("version")
    assert "install git" in failed.value.hint


def test_a_git_in_the_current_folder_is_never_taken(
    repository: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\necho taken\n")
    (tmp_path / "git").chmod(0o755)
    git_program.cache_clear()
    with monkeypatch.context() as patch:
        patch.chdir(tmp_path)
        patch.setenv("PATH", ".", prepend=":")
        assert repository.text("version").startswith("git version")
