"""What a person's folders name is read without waiting, and replaced without being opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onloop.plain_file import plain_bytes, replace_file


def test_a_plain_file_is_read_as_far_as_it_may_go(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    assert plain_bytes(file, 20) == plain_bytes(file, 10) == b"0123456789"
    assert plain_bytes(file, 4) == b"01234", "one more than may be, so that it shows"


@pytest.mark.parametrize("kind", ["pipe", "device", "endless", "folder", "missing", "socket"])
def test_whatever_else_is_there_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "file"
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    elif kind in {"device", "endless"}:
        file.symlink_to("/dev/ptmx" if kind == "device" else "/dev/zero")
    elif kind == "socket":
        import socket

        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(file))
    with pytest.raises(OSError, match=r"not a regular file|No such|such device"):
        plain_bytes(file, 100)


def test_a_link_is_followed_only_where_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    assert plain_bytes(tmp_path / "link", 10) == b"x"
    with pytest.raises(OSError, match="symbolic links"):
        plain_bytes(tmp_path / "link", 10, follows=False)


def test_a_file_is_replaced_whole_and_for_us_alone_whatever_lies_beside_it_or_in_its_place(tmp_path: Path) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    other.write_bytes(b"theirs")
    file.symlink_to(other)
    os.mkfifo(tmp_path / f"file.{os.getpid()}")

    replace_file(file, b"ours")

    assert (file.read_bytes(), other.read_bytes(), file.is_symlink()) == (b"ours", b"theirs", False)
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "other"]
    with pytest.raises(OSError, match="No such"):
        replace_file(tmp_path / "nothing" / "file", b"")
