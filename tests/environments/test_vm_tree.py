"""Folders that come out of a machine: as they are, and never anywhere else."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.environments.vm.vm_tree import MOST_ENTRIES, Unpacking, packed, parts_of


def entry(
    name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"", link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname, info.mode = kind, len(content), link, 0o4777
    return info, content


def archive(*entries: tuple[tarfile.TarInfo, bytes]) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for info, content in entries:
            made.addfile(info, io.BytesIO(content))
    out.seek(0)
    return out


def unpacked(folder: Path, *entries: tuple[tarfile.TarInfo, bytes], most: int = 10_000) -> Path:
    Unpacking({"clone": folder / "clone"}, most).unpack(archive(*entries))
    return folder / "clone"


def test_what_goes_in_comes_out_the_same(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    (clone / "deep" / "er").mkdir(parents=True)
    (clone / "deep" / "er" / "a.py").write_text("print(1)\n")
    (clone / "run").write_text("#!/bin/sh\n")
    (clone / "run").chmod(0o755)
    (clone / "away").symlink_to("/etc/passwd")
    os.link(clone / "run", clone / "twin")
    os.mkfifo(clone / "pipe")
    out = io.BytesIO()
    packed(out, [("clone", str(clone)), ("out", str(tmp_path / "none"))])
    out.seek(0)
    places = {name: tmp_path / "back" / name for name in ("clone", "out")}
    (tmp_path / "back").mkdir()
    Unpacking(places, 10_000).unpack(out)

    back = places["clone"]
    assert sorted(str(path.relative_to(back)) for path in back.rglob("*")) == [
        *("away", "deep", "deep/er", "deep/er/a.py", "run", "twin"),
    ]
    assert (back / "deep/er/a.py").read_text() == "print(1)\n"
    assert os.access(back / "run", os.X_OK) and not os.access(back / "deep/er/a.py", os.X_OK)
    assert str((back / "away").readlink()) == "/etc/passwd"
    assert (back / "twin").read_text() == "#!/bin/sh\n"
    assert list(places["out"].iterdir()) == []
    assert int((back / "run").stat().st_mtime) == int((clone / "run").stat().st_mtime)


def test_a_link_is_nobody_s_way_out(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(OSError, match=r"link|directory"):
        unpacked(tmp_path, entry("clone/away", tarfile.SYMTYPE, link=str(target)), entry("clone/away/x", content=b"!"))
    assert list(target.iterdir()) == []
    (tmp_path / "again").mkdir()
    with pytest.raises(OSError):
        unpacked(
            tmp_path / "again",
            entry("clone/f", tarfile.SYMTYPE, link=str(target / "f")),
            entry("clone/f", content=b"!"),
        )
    assert list(target.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["/etc/x", "../x", "clone/../../x", "other/x", "clone/" + "a" * 300, "clone/" + "d/" * 300 + "x", "."]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError):
        unpacked(tmp_path, entry(name, content=b"!"))


def test_devices_pipes_and_hard_links_are_left_out_and_no_program_keeps_more_rights_than_ours(tmp_path: Path) -> None:
    kinds = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.LNKTYPE)
    made = unpacked(
        tmp_path,
        *(entry(f"clone/{number}", kind, link="clone/x") for number, kind in enumerate(kinds)),
        entry("clone/program", content=b"#!"),
    )
    assert [path.name for path in made.iterdir()] == ["program"]
    assert (made / "program").stat().st_mode & 0o7777 == 0o700


def test_what_is_larger_than_it_may_be_is_refused_before_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more bytes"):
        unpacked(tmp_path, entry("clone/a", content=b"x" * 60), entry("clone/b", content=b"x" * 60), most=100)
    assert not (tmp_path / "clone" / "b").exists()
    assert MOST_ENTRIES == 1_000_000


@given(st.text(max_size=60))
def test_a_name_is_refused_or_stays_below(name: str) -> None:
    try:
        parts = parts_of(name)
    except ValueError:
        return
    assert parts
    assert not {"", ".", ".."} & set(parts)
    assert all("/" not in part and "\0" not in part for part in parts)
