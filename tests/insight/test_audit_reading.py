"""A repository is read without running or following anything of it, whatever it is."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.errors import BadInput
from onloop.insight.audit import listing_reading
from onloop.insight.audit.degrees import ArtefactStanding
from onloop.insight.audit.known_artefacts import findings_of
from onloop.insight.audit.listing_reading import read_listing
from support.world import GIT


def git(folder: Path, *words: str, stdin: bytes = b"") -> str:
    environment = {**os.environ, **GIT, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a"}
    environment["GIT_COMMITTER_EMAIL"] = "a@b"
    made = subprocess.run(["git", "-C", folder, *words], input=stdin, capture_output=True, check=True, env=environment)
    return made.stdout.decode().strip()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "AGENTS.md").write_text("See `src/gone.py`.\n")
    (folder / "src").mkdir()
    (folder / "src" / "a.py").write_text("")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "begin")
    yield folder


def test_the_commit_counts_and_not_what_lies_beside_it(project: Path) -> None:
    (project / "CODEOWNERS").write_text("* @a\n")
    (project / "src" / "gone.py").write_text("")

    listing = read_listing(project)

    assert listing.paths == ("AGENTS.md", "src/a.py") and listing.commit == git(project, "rev-parse", "HEAD")
    assert findings_of(listing)[0].standing is ArtefactStanding.STALE


def test_a_bare_repository_and_a_work_tree_are_read_alike(project: Path, tmp_path: Path) -> None:
    git(project, "clone", "-q", "--bare", str(project), str(tmp_path / "bare.git"))
    git(project, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    git(project, "clone", "-q", "--depth", "1", f"file://{project}", str(tmp_path / "shallow"))

    listings = [read_listing(tmp_path / name) for name in ("project", "bare.git", "tree", "shallow")]

    assert {listing.paths for listing in listings} == {("AGENTS.md", "src/a.py")}
    assert len({listing.commit for listing in listings}) == 1


def test_nothing_that_a_repository_configures_is_run(project: Path, tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    for name in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.alternateRefsCommand", "filter.x.smudge"):
        git(project, "config", name, f"touch {trap}")
    (project / ".gitattributes").write_text("* filter=x\n")
    for hook in ("post-checkout", "pre-commit", "post-index-change"):
        path = project / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {trap}\n")
        path.chmod(0o755)

    read_listing(project)

    assert not trap.exists()


def test_a_work_tree_of_somebody_else_is_not_followed(project: Path, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / ".git").write_text(f"gitdir: {project / '.git'}\n")

    listing = read_listing(stranger)

    assert listing.commit == "" and listing.paths == (".git",)
    assert "no git repository" in listing.notes[0]


def test_links_are_not_followed_out_and_lead_on_inside(project: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("[x](nowhere)")
    (project / "CLAUDE.md").symlink_to("AGENTS.md")
    (project / "GEMINI.md").symlink_to("../secret.md")
    (project / "inside").symlink_to("/etc")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "links")

    committed = read_listing(project)
    (project / ".git").rename(tmp_path / "away")
    lying = read_listing(project)

    assert committed.texts["CLAUDE.md"] == committed.texts["AGENTS.md"] and "GEMINI.md" not in committed.texts
    assert set(lying.paths) == {"AGENTS.md", "src/a.py"}


def test_no_commit_no_repository_and_nothing_at_all_are_said(tmp_path: Path) -> None:
    empty, begun = tmp_path / "empty", tmp_path / "begun"
    empty.mkdir()
    begun.mkdir()
    git(begun, "init", "-q")

    assert "it is no git repository" in read_listing(empty).notes[0]
    assert "it has no commit yet" in read_listing(begun).notes[0]
    assert all(each.standing is ArtefactStanding.ABSENT for each in findings_of(read_listing(begun)))
    with pytest.raises(BadInput):
        read_listing(tmp_path / "nowhere")


def test_hostile_names_binary_files_and_submodules_are_paths_and_no_more(project: Path) -> None:
    head = git(project, "rev-parse", "HEAD")
    blob = git(project, "hash-object", "-w", "--stdin", stdin=b"\x00\xff\x1b[31m")
    names = (b"AGENTS.md", b"\x1b[31mred\nname.md", b"\xff\xfe/SKILL.md", "docs/adr/0001-‮.md".encode())
    tree = b"".join(b"100644 blob " + blob.encode() + b"\t" + name + b"\0" for name in names)
    index = tree + b"160000 commit " + head.encode() + b"\tmodule\0"
    git(project, "update-index", "-z", "--index-info", stdin=index)
    git(project, "commit", "-qm", "hostile")

    listing = read_listing(project)
    found = {each.artefact: each.standing for each in findings_of(listing)}

    assert listing.submodules == {"module"} and listing.has("module/anything")
    assert "its submodules were not looked into: 1" in listing.notes
    assert (found["agents-md"], found["decision-records"]) == (ArtefactStanding.STALE, ArtefactStanding.PRESENT)


def test_a_huge_repository_is_cut_and_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_reading, "MOST_PATHS", 1)
    monkeypatch.setattr(listing_reading, "LARGEST", 3)

    listing = read_listing(project)

    assert len(listing.paths) == 1
    assert listing.notes == ("only its first 1 paths were looked at", "files too large to be read: 1")


@pytest.mark.soak
def test_a_million_paths_are_looked_at_within_caps(project: Path) -> None:
    blob = git(project, "hash-object", "-w", "--stdin", stdin=b"x")
    lines = b"".join(
        b"100644 blob %s\td%d/e%d/f%d.py\0" % (blob.encode(), n % 997, n % 31, n) for n in range(1_000_000)
    )
    git(project, "update-index", "-z", "--index-info", stdin=lines)
    git(project, "commit", "-qm", "many")

    listing = read_listing(project)

    assert "only its first" in listing.notes[0] and findings_of(listing)
