"""A checkout's throw-away repository: git answers there as in a clone, and it leads nowhere."""

from __future__ import annotations

import os
import subprocess
import zlib
from typing import TYPE_CHECKING

import pytest

from gates.conftest import git
from onloop.gates.checkout import clean_checkout
from onloop.gates.contents import history
from onloop.gates.contents.history import histories_of
from onloop.gates.contents.own_git import add_git
from onloop.gates.contents.tags import refresh_tags, tags_on
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import TAG_SPACE
from onloop.gates.repository.true_tree import Forged

if TYPE_CHECKING:
    from gates.conftest import Origin

ADA = {f"GIT_{who}_{what}": "ada@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
ODD_ATTRIBUTES = "*.txt text eol=crlf\n*.id ident\n*.utf16 working-tree-encoding=UTF-16\n*.big filter=lfs -text\n"


def names_of(mirror: Mirror) -> set[str]:
    return {
        line.removeprefix(TAG_SPACE)
        for line in mirror.git.text("for-each-ref", "--format=%(refname)", TAG_SPACE).split()
    }


def test_git_answers_in_a_checkout_as_in_a_clone(mirror: Mirror, origin: Origin) -> None:
    origin.git("tag", "-a", "-m", "first", "v1.0", "main")
    base = origin.tip()
    head = origin.commit({"more.py": "x = 1\n", "folder/deep.py": "y = 2\n"})
    mirror.refresh("main")
    refresh_tags(mirror)
    with clean_checkout(mirror, head) as checkout:
        add_git(checkout.path, mirror, head, base)
        assert git(checkout.path, "describe") == f"v1.0-1-g{head[:7]}"
        assert git(checkout.path, "ls-files").split() == ["README.md", "calc.py", "folder/deep.py", "more.py"]
        assert git(checkout.path, "diff", "--check", "HEAD~1") == ""
        assert git(checkout.path, "status", "--porcelain") == ""
        assert git(checkout.path, "rev-parse", "HEAD", "HEAD~1").split() == [head, base]
        assert git(checkout.path, "fsck", "--full", "--strict") == ""
        assert git(checkout.path, "remote") == ""
        (checkout.path / "calc.py").write_text("x = 1   \n")
        assert git(checkout.path, "diff", "--check", check=False) == "calc.py:1: trailing whitespace.\n+x = 1"


def test_nothing_in_a_checkout_leads_to_the_mirror(mirror: Mirror, origin: Origin) -> None:
    mirror.refresh("main")
    with clean_checkout(mirror, origin.tip()) as checkout:
        add_git(checkout.path, mirror, origin.tip(), origin.tip())
        place = os.fsencode(mirror.path.parent)
        for path in (checkout.path / ".git").rglob("*"):
            assert not path.is_symlink()
            assert path.is_dir() or (path.stat().st_nlink == 1 and place not in path.read_bytes())
        assert not (checkout.path / ".git/hooks").exists()
        assert not (checkout.path / ".git/objects/info/alternates").exists()


def test_a_commit_of_another_task_and_its_tag_are_not_in_it(mirror: Mirror, origin: Origin) -> None:
    base = origin.tip()
    other = origin.commit({"secret": "of another task"}, "other")
    origin.git("tag", "elsewhere", "other")
    mirror.refresh("other")
    mirror.refresh("main")
    refresh_tags(mirror)
    assert [tag.name for tag in tags_on(mirror.git, base)] == []
    with clean_checkout(mirror, base) as checkout:
        add_git(checkout.path, mirror, base, base)
        assert git(checkout.path, "tag") == ""
        assert git(checkout.path, "cat-file", "-t", other, check=False) == ""


def test_a_file_is_unchanged_to_git_whatever_its_attributes_say(mirror: Mirror, origin: Origin) -> None:
    odd = {"a.txt": "one\n", "b.txt": "one\r\ntwo\r\n", "a.id": "$Id$\n", "b.id": "$Id: kept $\n", "a.utf16": "text\n"}
    origin.commit(odd)
    (origin.clone / ".gitattributes").write_text(ODD_ATTRIBUTES)
    git(origin.clone, "add", ".gitattributes")
    git(origin.clone, "commit", "--quiet", "-m", "odd", names=ADA)
    git(origin.clone, "push", "--quiet", str(origin.path), "HEAD:refs/heads/main")
    head = mirror.refresh("main")
    with clean_checkout(mirror, head) as checkout:
        add_git(checkout.path, mirror, head, head)
        for path in odd:
            os.utime(checkout.path / path)  # so that git has to compare what is in them
        assert git(checkout.path, "status", "--porcelain") == ""


def test_a_link_that_led_outside_and_a_filled_file_are_not_changes(mirror: Mirror, origin: Origin) -> None:
    (origin.clone / "out").symlink_to("/etc/passwd")
    head = origin.commit({"large": "pointer\n"})
    mirror.refresh("main")
    with clean_checkout(mirror, head) as checkout:
        assert checkout.removed == ("out",)
        (checkout.path / "large").write_text("what the pointer names\n")
        add_git(checkout.path, mirror, head, head, filled=(b"large",))
        assert git(checkout.path, "status", "--porcelain") == ""


def test_a_tag_follows_its_origin_and_an_odd_name_stays_outside(mirror: Mirror, origin: Origin) -> None:
    head = origin.tip()
    for name in ("v1", "rel", "odd-\u202egnp", "x" * 201):
        origin.git("update-ref", f"refs/tags/{name}", head)
    for name in ("-rf", "HEAD", "a" * 40):
        origin.git("update-ref", f"refs/tags/{name}", head)
    refresh_tags(mirror)
    assert names_of(mirror) == {"v1", "rel"}
    later = origin.commit({"more": "1"})
    mirror.refresh("main")
    origin.git("tag", "-f", "-a", "-m", "moved", "v1", later)
    origin.git("tag", "-d", "rel")
    origin.git("tag", "rel/1", later)
    refresh_tags(mirror)
    assert {tag.name: tag.commit for tag in tags_on(mirror.git, later)} == {"v1": later, "rel/1": later}


def test_the_targets_history_is_packed_once_and_few_packs_are_kept(
    mirror: Mirror, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = mirror.refresh("main")
    heads = [origin.commit({"n": f"{n}\n"}) for n in range(5)]
    mirror.refresh("main")
    for head in heads:
        with clean_checkout(mirror, head) as checkout:
            add_git(checkout.path, mirror, head, base)
            assert git(checkout.path, "rev-list", "--count", "HEAD") == git(origin.clone, "rev-list", "--count", head)
    assert [path.name for path in histories_of(mirror).iterdir()] == [base]
    monkeypatch.setattr(history, "MOST_AHEAD", 0)
    for head in heads:
        with clean_checkout(mirror, head) as checkout:
            add_git(checkout.path, mirror, head, head)
    assert len(list(histories_of(mirror).iterdir())) == history.MOST_KEPT


def test_a_forged_object_in_the_history_is_found(mirror: Mirror, origin: Origin) -> None:
    base = origin.commit({"old.py": "good\n"})
    head = origin.commit({"old.py": "better\n"})
    mirror.refresh("main")
    with clean_checkout(mirror, head) as checkout:
        _forge(mirror, mirror.git.text("rev-parse", f"{base}:old.py"))
        with pytest.raises(Forged):
            add_git(checkout.path, mirror, head, head)


def _forge(mirror: Mirror, blob: str) -> None:
    """Replace a blob of the mirror by another content under the same name."""
    git(mirror.path, "repack", "-a", "-d", "-q", check=False)
    packs = list((mirror.path / "objects/pack").glob("*.pack"))
    for pack in packs:
        moved = mirror.path / pack.name
        pack.rename(moved)
        with moved.open("rb") as content:
            subprocess.run(["git", "unpack-objects", "-q"], cwd=mirror.path, stdin=content, check=True)
    for left in (mirror.path / "objects/pack").iterdir():
        left.unlink()
    place = mirror.path / "objects" / blob[:2] / blob[2:]
    place.chmod(0o644)
    place.write_bytes(zlib.compress(b"blob 5\0evil\n"))
