"""What a command left behind is kept as evidence: what the patterns name, and nothing that a link leads to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onloop.gates.contents import left_files as attachments
from onloop.gates.contents.left_files import left_files

PATTERNS = ("shots/**", "*.log")


def names(place: Path, since_ns: int = 0) -> list[str]:
    return [found.name for found in left_files(place, PATTERNS, since_ns).found]


def test_what_was_there_before_the_command_is_not_what_it_left(tmp_path: Path) -> None:
    (tmp_path / "old.log").write_text("old")
    os.utime(tmp_path / "old.log", ns=(5, 5))
    (tmp_path / "shots/a").mkdir(parents=True)
    (tmp_path / "shots/a/one.png").write_bytes(b"\x89PNG")
    (tmp_path / "new.log").write_text("new")
    (tmp_path / "other").write_text("not asked for")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/x.log").write_text("git's own")
    found = left_files(tmp_path, (*PATTERNS, "**/*.log"), 6)
    assert [(each.name, each.content) for each in found.found] == [("new.log", b"new"), ("shots/a/one.png", b"\x89PNG")]
    assert found.words == ""


def test_no_link_and_no_pipe_is_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of somebody else")
    place = tmp_path / "work"
    place.mkdir()
    (place / "a.log").symlink_to(secret)
    (place / "shots").symlink_to(tmp_path)
    os.mkfifo(place / "pipe.log")
    assert names(place) == []


def test_what_is_too_much_is_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "LARGEST", 10)
    monkeypatch.setattr(attachments, "LARGEST_IN_ALL", 12)
    (tmp_path / "a.log").write_bytes(b"x" * 8)
    (tmp_path / "b.log").write_bytes(b"x" * 11)
    (tmp_path / "c.log").write_bytes(b"x" * 8)
    (tmp_path / "d\x1b[2J.log").write_bytes(b"x")
    found = left_files(tmp_path, PATTERNS, 0)
    assert [each.name for each in found.found] == ["a.log"]
    assert len(found.why) == 3
    assert "\x1b" not in found.words
    assert "b.log: 11 bytes are more than 10" in found.words
    assert "c.log: all files together" in found.words


def test_folders_within_folders_without_end_are_not_walked_to_their_end(tmp_path: Path) -> None:
    place, folder = tmp_path, os.open(tmp_path, os.O_RDONLY)
    for _ in range(80):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(os.open("far.log", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)
    (place / "d/near.log").write_text("x")
    assert [each.name for each in left_files(place, ("**/*.log",), 0).found] == ["d/near.log"]


def test_a_command_that_leaves_thousands_of_files_fills_no_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MOST_LOOKED_AT", 100)
    for number in range(150):
        (tmp_path / f"{number:03}.log").write_text("x")
    found = left_files(tmp_path, PATTERNS, 0)
    assert len(found.found) == attachments.MOST
    assert "more" in found.words
    assert found.why[-1] == "only the first 100 files were looked at"
