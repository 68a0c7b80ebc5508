"""F5: whoever rewrites an object of a mirror changes no verdict: what a gate sees hashes to the tree that it names."""

# ruff: noqa: F811 - fixtures of another folder

from __future__ import annotations

import os
import subprocess
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.conftest import _pattern, git, mirror, origin  # noqa: F401 - fixtures
from gates.desk import Desk, command, says
from onloop.gates.checkout import clean_checkout
from onloop.gates.evaluation import GateSubject
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.true_tree import Forged, differing, on_disk
from onloop.machine.definition import FileGate
from onloop.machine.task import Verdict

if TYPE_CHECKING:
    from gates.conftest import Origin


@pytest.fixture
def desk(origin: Origin, mirror: Mirror) -> Desk:
    return Desk(origin, mirror)


def forge(mirror: Mirror, name: str, kind: str, content: bytes) -> None:
    """Write other content under an object's name, as code that can write the mirror would."""
    for pack in (mirror.path / "objects" / "pack").glob("*.pack"):
        moved = mirror.path / "moved.pack"
        pack.rename(moved)
        for other in pack.parent.glob(f"{pack.stem}.*"):
            other.unlink()
        with moved.open("rb") as stream:
            subprocess.run(["git", "unpack-objects", "-q"], cwd=mirror.path, stdin=stream, check=True)
    loose = mirror.path / "objects" / name[:2] / name[2:]
    loose.chmod(0o600)
    loose.write_bytes(zlib.compress(b"%b %d\0%b" % (kind.encode(), len(content), content)))


def blob(mirror: Mirror, subject: GateSubject, path: str) -> str:
    return git(mirror.path, "rev-parse", f"{subject.head}:{path}")


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_a_rewritten_file_of_the_mirror_is_an_error_that_names_it(desk: Desk, mirror: Mirror, packed: bool) -> None:
    subject = desk.submit({"sub/check.py": "raise SystemExit(1)\n", "z": "1"})
    forge(mirror, blob(mirror, subject, "sub/check.py"), "blob", b"raise SystemExit(0)\n")
    if packed:
        git(mirror.path, "repack", "-adq")
        assert not list((mirror.path / "objects").glob("[0-9a-f][0-9a-f]/*"))
    assert git(mirror.path, "cat-file", "blob", f"{subject.head}:sub/check.py") == "raise SystemExit(0)"
    verdict, why = says(desk.ask(command("{python}", "sub/check.py"), subject))
    assert verdict is Verdict.ERROR
    assert "'sub/check.py' differs" in why


def test_a_rewritten_folder_of_the_mirror_is_an_error(desk: Desk, mirror: Mirror) -> None:
    subject = desk.submit({"sub/a.py": "1\n", "sub/b.py": "2\n"})
    a, b = (bytes.fromhex(blob(mirror, subject, f"sub/{name}.py")) for name in "ab")
    swapped = b"100644 a.py\0" + b + b"100644 b.py\0" + a
    forge(mirror, blob(mirror, subject, "sub"), "tree", swapped)
    verdict, why = says(desk.ask(command("true"), subject))
    assert verdict is Verdict.ERROR
    assert "'sub/' differs" in why


def test_a_rewritten_commit_of_the_base_is_an_error(desk: Desk, mirror: Mirror) -> None:
    subject = desk.submit({"a": "1\n"})
    other = desk.mirror.tree(subject.base)
    content = git(mirror.path, "cat-file", "commit", subject.head).replace(subject.tree, other)
    forge(mirror, subject.head, "commit", content.encode() + b"\n")
    assert says(desk.ask(command("true"), subject))[0] is Verdict.ERROR


def test_a_rewritten_file_meets_no_file_gate(desk: Desk, mirror: Mirror) -> None:
    subject = desk.submit({"doc/notes.md": "nothing\n"})
    forge(mirror, blob(mirror, subject, "doc/notes.md"), "blob", b"approved\n")
    verdict, why = says(desk.ask(FileGate("notes", "doc/notes.md", "approved"), subject))
    assert verdict is Verdict.ERROR
    assert "'doc/notes.md'" in why


def test_what_lies_on_disk_is_compared_by_content_mode_link_and_presence(desk: Desk, mirror: Mirror) -> None:
    (desk.origin.clone / "link").symlink_to("calc.py")
    subject = desk.submit({"a/b": "1\n", "a.b": "2\n", "a-b": "3\n"})
    with clean_checkout(mirror, subject.head) as checkout:

        def first_difference() -> str | None:
            return differing(mirror.git, subject.tree, on_disk(checkout.path, subject.tree))

        assert first_difference() is None
        (checkout.path / "a" / "b").chmod(0o755)
        assert first_difference() == "a/b"
        (checkout.path / "a" / "b").chmod(0o644)
        (checkout.path / "planted").write_text("")
        assert first_difference() == "planted"
        (checkout.path / "planted").unlink()
        (checkout.path / "link").unlink()
        assert first_difference() == "link"
        (checkout.path / "link").symlink_to("a.b")
        assert first_difference() == "link"


def test_attributes_of_a_commit_change_no_byte_of_its_checkout(desk: Desk, mirror: Mirror) -> None:
    subject = desk.submit({".gitattributes": "* text eol=crlf ident\n", "a": "$Id$\n"})
    with clean_checkout(mirror, subject.head) as checkout:
        assert (checkout.path / "a").read_bytes() == b"$Id$\n"


def test_modules_and_modes_of_old_histories_are_no_difference(desk: Desk, mirror: Mirror) -> None:
    subject = desk.submit({"a": "1\n", "m/x": "1\n"})
    file = bytes.fromhex(blob(mirror, subject, "a"))
    content = b"100664 a\0" + file + b"160000 m\0" + file
    making = ("git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally")
    made = subprocess.run(making, cwd=mirror.path, input=content, capture_output=True, check=True)
    tree = made.stdout.decode().strip()
    commit = git(mirror.path, "commit-tree", tree, "-m", "old", names=_NAMES)
    with clean_checkout(mirror, commit) as checkout:
        assert sorted(path.name for path in checkout.path.iterdir()) == ["a", "m"]
        assert on_disk(checkout.path, tree).tree != tree


_NAMES = {f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def test_a_mirror_lets_nobody_else_in_under_any_umask(origin: Origin, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = Mirror(tmp_path / "open" / "m.git", str(origin.path))
        made.create()
        made.refresh("main")
    finally:
        os.umask(before)
    assert made.path.stat().st_mode & 0o077 == 0


def test_a_repository_of_sha256_is_hashed_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    (folder / "sub").mkdir()
    (folder / "sub" / "a").write_text("1\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "one", names=_NAMES)
    mirror = Mirror(folder / ".git", str(folder))
    head = git(folder, "rev-parse", "HEAD")
    with clean_checkout(mirror, head) as checkout:
        assert (checkout.path / "sub" / "a").read_text() == "1\n"
    forge(mirror, git(folder, "rev-parse", "HEAD:sub/a"), "blob", b"2\n")
    with pytest.raises(Forged, match="sub/a"), clean_checkout(mirror, head):
        pass
