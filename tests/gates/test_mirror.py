"""The mirror follows its origin, keeps what is submitted, and says in plain words what is not there."""

from __future__ import annotations

import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.conftest import git
from gates.handing_in import handed_in, left_uncommitted
from onloop.errors import BadInput, Unavailable, UnknownThing
from onloop.gates.environment import Environment
from onloop.gates.repository import mirror as mirrors
from onloop.gates.repository.file_changes import ChangedPath, FileChange, FileKind, Status
from onloop.gates.repository.mirror import Mirror
from support.patches import patch

if TYPE_CHECKING:
    from gates.conftest import Agent, Origin

TASK = "r7k2m.3"
NOWHERE = "0" * 39 + "1"


def test_a_mirror_brings_the_targets_tip(mirror: Mirror, origin: Origin) -> None:
    assert mirror.refresh("main") == origin.tip() == mirror.tip("main")
    moved = origin.commit({"a": "1"})
    assert mirror.refresh("main") == moved == mirror.tip("main")


def test_a_target_that_was_rewritten_is_followed(mirror: Mirror, origin: Origin) -> None:
    origin.commit({"a": "1"})
    mirror.refresh("main")
    origin.git("update-ref", "refs/heads/main", "main~1")
    assert mirror.refresh("main") == origin.tip()


def test_making_a_mirror_again_keeps_it(mirror: Mirror, agent: Agent) -> None:
    head = handed_in(mirror, agent.path, TASK, 1)
    mirror.create()
    assert mirror.git.text("rev-parse", f"refs/onloop/tasks/{TASK}/1") == head


def test_a_mirror_has_no_hooks_and_nothing_beside_it(mirror: Mirror) -> None:
    assert not (mirror.path / "hooks").exists()
    assert [entry.name for entry in mirror.path.parent.iterdir()] == ["origin.git"]


def test_a_branch_that_is_not_there_is_named_with_those_that_are(mirror: Mirror, origin: Origin) -> None:
    origin.commit({"a": "1"}, branch="release/2.0")
    with pytest.raises(UnknownThing, match="no branch 'mian'") as refused:
        mirror.refresh("mian")
    assert "main, release/2.0" in refused.value.hint


def test_an_origin_without_commits_asks_for_a_first_one(bare_origin: Origin, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "m.git", str(bare_origin.path))
    mirror.create()
    with pytest.raises(BadInput, match="has no commits") as refused:
        mirror.refresh("main")
    assert "push a first commit" in refused.value.hint


def test_an_origin_that_is_gone_is_unavailable_and_named(mirror: Mirror) -> None:
    with pytest.raises(Unavailable, match="/nonexistent/x"):
        replace(mirror, origin="/nonexistent/x").refresh("main")


def test_a_mirror_that_was_never_made_is_unavailable(tmp_path: Path, origin: Origin) -> None:
    with pytest.raises(Unavailable, match="there is no mirror in"):
        Mirror(tmp_path / "m.git", str(origin.path)).refresh("main")


def test_old_history_with_known_blemishes_is_mirrored(bare_origin: Origin, tmp_path: Path) -> None:
    tree = bare_origin.git("mktree")
    text = f"tree {tree}\nauthor A <a@b> 0 +051800\ncommitter A <a@b> 0 +051800\n\nx\n"
    (tmp_path / "commit").write_text(text)
    commit = bare_origin.git("hash-object", "-t", "commit", "-w", "--literally", str(tmp_path / "commit"))
    bare_origin.git("update-ref", "refs/heads/main", commit)
    mirror = Mirror(tmp_path / "m.git", str(bare_origin.path))
    mirror.create()
    assert mirror.refresh("main") == commit


def test_a_submission_stays_when_the_agent_throws_its_commit_away(mirror: Mirror, agent: Agent) -> None:
    head = agent.commit({"a": "1"})
    assert handed_in(mirror, agent.path, TASK, 1) == head
    agent.git("reset", "--quiet", "--hard", "HEAD~1")
    assert handed_in(mirror, agent.path, TASK, 2) == agent.environment.head()
    assert mirror.read_file(head, "a", 10) == b"1"
    assert mirror.git.text("rev-parse", f"refs/onloop/tasks/{TASK}/1") == head


def test_a_submission_can_be_fetched_again_under_its_number(mirror: Mirror, agent: Agent) -> None:
    agent.commit({"a": "1"})
    handed_in(mirror, agent.path, TASK, 1)
    agent.git("commit", "--quiet", "--amend", "--message", "again")
    assert handed_in(mirror, agent.path, TASK, 1) == agent.environment.head()


def test_an_environment_without_a_commit_is_refused(mirror: Mirror, agent: Agent) -> None:
    agent.git("checkout", "--quiet", "--orphan", "empty")
    with pytest.raises(BadInput, match="no commit at HEAD"):
        handed_in(mirror, agent.path, TASK, 1)


def test_an_incomplete_history_is_refused(mirror: Mirror, agent: Agent) -> None:
    agent.commit({"a": "1"})
    parent = agent.git("rev-parse", "HEAD")
    agent.commit({"b": "1"})
    (agent.path / f".git/objects/{parent[:2]}/{parent[2:]}").unlink()
    with pytest.raises(BadInput, match="cannot bundle commit"):
        handed_in(mirror, agent.path, TASK, 1)


def test_lock_files_of_a_killed_git_block_nobody(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    (mirror.path / f"refs/onloop/tasks/{TASK}").mkdir(parents=True)
    for name in (f"refs/onloop/tasks/{TASK}/1", "packed-refs", "refs/heads/main"):
        (mirror.path / f"{name}.lock").touch()
    head = agent.commit({"a": "1"})
    tip = origin.commit({"b": "1"})
    assert handed_in(mirror, agent.path, TASK, 1) == head
    assert mirror.refresh("main") == tip


def test_many_at_once_take_turns(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    head = agent.commit({"a": "1"})
    tip = origin.commit({"b": "1"})
    with ThreadPoolExecutor(6) as pool:
        fetched = [pool.submit(handed_in, mirror, agent.path, TASK, 1) for _ in range(4)]
        refreshed = [pool.submit(mirror.refresh, "main") for _ in range(4)]
        assert {future.result() for future in fetched} == {head}
        assert {future.result() for future in refreshed} == {tip}


def test_a_mirror_that_stays_busy_is_unavailable(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirrors, "_LOCK_S", 0.05)
    other = os.open(mirror.path / "onloop.lock", os.O_RDWR)
    fcntl.flock(other, fcntl.LOCK_EX)
    try:
        with pytest.raises(Unavailable, match="is busy"):
            mirror.refresh("main")
    finally:
        os.close(other)
    assert mirror.refresh("main")


def test_a_commit_that_is_not_in_the_mirror_is_unknown(mirror: Mirror) -> None:
    with pytest.raises(UnknownThing, match=NOWHERE):
        mirror.tree(NOWHERE)


def test_the_merge_base_stays_when_the_target_moves_on(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    base = origin.tip()
    head = agent.commit({"a": "1"})
    tip = origin.commit({"b": "1"})
    mirror.refresh("main")
    handed_in(mirror, agent.path, TASK, 1)
    assert mirror.merge_base(head, tip) == base
    assert mirror.is_ancestor(base, head)
    assert not mirror.is_ancestor(tip, head)


def test_work_without_common_history_is_refused(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    agent.git("checkout", "--quiet", "--orphan", "fresh")
    head = agent.commit({"a": "1"})
    handed_in(mirror, agent.path, TASK, 1)
    with pytest.raises(BadInput, match="no history in common"):
        mirror.merge_base(head, origin.tip())


def test_authors_are_those_who_wrote_and_those_who_committed(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    agent.commit({"a": "1"})
    agent.git("commit", "--quiet", "--allow-empty", "--author", "Eve <eve@example.org>", "--message", "x")
    head = handed_in(mirror, agent.path, TASK, 1)
    assert mirror.authors(origin.tip(), head) == ("eve@example.org", "impl-1@agents.onloop.invalid")
    assert mirror.authors(head, head) == ()


def test_every_kind_of_change_is_told_apart(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    base = origin.commit({"gone": "1", "old name": "a\nb\nc\n", "plain": "1", "turned": "1", "tool": "x"})
    agent.environment.prepare(mirror, "main", TASK, "impl-1")
    agent.git("merge", "--quiet", "--ff-only", "origin/main")
    (agent.path / "gone").unlink()
    (agent.path / "old name").rename(agent.path / "new\tname")
    (agent.path / "turned").unlink()
    (agent.path / "turned").symlink_to("plain")
    (agent.path / "tool").chmod(0o755)
    agent.git("update-index", "--add", "--cacheinfo", f"160000,{base},module")
    (agent.path / "module").mkdir()
    head = agent.commit({"plain": "1\n2\n", "image": b"\0\1", "grün": "x\n"})
    handed_in(mirror, agent.path, TASK, 1)
    assert set(mirror.diff_stat(base, head)) == {
        FileChange("gone", Status.DELETED, FileKind.FILE, 0, 1),
        FileChange("new\tname", Status.RENAMED, FileKind.FILE, 0, 0, "old name"),
        FileChange("turned", Status.RETYPED, FileKind.SYMLINK, 1, 1),
        FileChange("tool", Status.MODE, FileKind.EXECUTABLE, 0, 0),
        FileChange("module", Status.ADDED, FileKind.SUBMODULE, 1, 0),
        FileChange("plain", Status.MODIFIED, FileKind.FILE, 2, 1),
        FileChange("image", Status.ADDED, FileKind.FILE, None, None),
        FileChange("grün", Status.ADDED, FileKind.FILE, 1, 0),
    }
    changed = mirror.changed_paths(base, head)
    assert ChangedPath("old name", Status.DELETED, FileKind.FILE) in changed
    assert ChangedPath("new\tname", Status.ADDED, FileKind.FILE) in changed


def test_a_diff_shows_links_modes_submodules_and_binaries(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    (agent.path / "link").symlink_to("/etc/passwd")
    (agent.path / "calc.py").chmod(0o755)
    agent.git("update-index", "--add", "--cacheinfo", f"160000,{origin.tip()},module")
    (agent.path / "module").mkdir()
    head = agent.commit({"image": b"\0\1", "latin": b"caf\xe9\n"})
    handed_in(mirror, agent.path, TASK, 1)
    shown = patch(mirror, origin.tip(), head)
    for line in (
        "new file mode 120000",
        "+/etc/passwd",
        "old mode 100644",
        "new mode 100755",
        "new file mode 160000",
        f"+Subproject commit {origin.tip()}",
        "Binary files /dev/null and b/image differ",
        "+caf\\xe9",
    ):
        assert line in shown.splitlines()


def test_only_regular_files_of_the_commit_are_read(mirror: Mirror, agent: Agent) -> None:
    (agent.path / "link").symlink_to("calc.py")
    head = agent.commit({"sub/a": "1", "tool": "x"})
    handed_in(mirror, agent.path, TASK, 1)
    assert mirror.read_file(head, "sub/a", 10) == b"1"
    assert mirror.read_file(head, "link", 10) is None
    assert mirror.read_file(head, "absent", 10) is None
    with pytest.raises(BadInput, match=r"'calc\.py' has 32 bytes"):
        mirror.read_file(head, "calc.py", 31)


def test_uncommitted_work_is_named_up_to_a_limit(mirror: Mirror, agent: Agent) -> None:
    agent.commit(dict.fromkeys("abcde", "1"))
    assert left_uncommitted(agent.path) == ()
    os.utime(agent.path / "a")
    (agent.path / "untracked").touch()
    assert left_uncommitted(agent.path) == ()
    for name in "bcd":
        (agent.path / name).write_text("2")
    (agent.path / "e").unlink()
    assert left_uncommitted(agent.path) == ("b", "c", "d", "e")


def test_submissions_of_one_task_are_not_in_the_clone_of_another(mirror: Mirror, agent: Agent, tmp_path: Path) -> None:
    head = agent.commit({"secret": "1"})
    handed_in(mirror, agent.path, TASK, 1)
    other = Environment(tmp_path / "environments" / "x1")
    other.prepare(mirror, "main", "x1", "impl-2")
    objects = {path.name for path in (other.path / ".git/objects").rglob("*")}
    assert head[2:] not in objects
    assert not (other.path / ".git/refs/onloop").exists()


def test_a_branch_whose_name_became_a_folder_of_branches_is_followed(mirror: Mirror, origin: Origin) -> None:
    origin.commit({"a": "1"}, branch="rel")
    mirror.refresh("rel")
    origin.git("update-ref", "-d", "refs/heads/rel")
    tip = origin.commit({"b": "1"}, branch="rel/1")
    assert mirror.refresh("rel/1") == tip
    origin.git("update-ref", "-d", "refs/heads/rel/1")
    tip = origin.commit({"c": "1"}, branch="rel")
    assert mirror.refresh("rel") == tip


def test_a_branch_that_the_origin_no_longer_has_is_forgotten(mirror: Mirror, origin: Origin) -> None:
    tip = origin.commit({"a": "1"}, branch="gone")
    mirror.refresh("gone")
    origin.git("update-ref", "-d", "refs/heads/gone")
    with pytest.raises(UnknownThing, match="no branch 'gone'"):
        mirror.refresh("gone")
    assert "refs/heads/gone" not in mirror.git.text("for-each-ref")
    assert not mirror.holds("gone", tip)


@pytest.mark.parametrize("damage", ["cut", "gone", "garbage"])
def test_a_mirror_whose_objects_are_damaged_is_made_anew(
    mirror: Mirror, origin: Origin, agent: Agent, damage: str
) -> None:
    agent.commit({"new": "1"})
    handed = handed_in(mirror, agent.path, TASK, 1)
    for pack in [*(mirror.path / "objects" / "pack").glob("*.pack"), *(mirror.path / "objects").glob("??/*")]:
        content = pack.read_bytes()
        pack.chmod(0o600)
        pack.unlink()
        if damage != "gone":
            pack.write_bytes(content[: len(content) // 2] if damage == "cut" else os.urandom(len(content)))
    tip = origin.commit({"a": "1"})
    assert mirror.refresh("main") == tip
    assert mirror.read_file(tip, "a", 10) == b"1"
    assert not mirror.git.run("fsck", "--full", "--no-dangling").stdout
    assert not mirror.has(handed)  # it comes back from the store's own copy, where it is needed
    assert {entry.name for entry in mirror.path.parent.iterdir()} <= {"origin.git", "quarantine"}


def test_what_tasks_handed_in_is_kept_where_a_mirror_made_anew_can_still_read_it(mirror: Mirror, agent: Agent) -> None:
    agent.commit({"new": "1"})
    handed = handed_in(mirror, agent.path, TASK, 1)
    mirror.rebuild("main")
    assert mirror.git.text("rev-parse", f"refs/onloop/tasks/{TASK}/1") == handed
    assert mirror.tree(handed)


def blemished(origin: Origin, folder: Path, author: str = "A<a@b> 0 +0000") -> str:
    """A commit of old history that git's checks do not like, at the tip of main."""
    tree = origin.git("mktree")
    (folder / "commit").write_text(f"tree {tree}\nauthor {author}\ncommitter {author}\n\nold\n")
    commit = origin.git("hash-object", "-t", "commit", "-w", "--literally", str(folder / "commit"))
    origin.git("update-ref", "refs/heads/main", commit)
    return commit


def test_old_history_is_refused_with_the_command_that_tolerates_it_and_tolerated_by_name(
    bare_origin: Origin, tmp_path: Path
) -> None:
    old = blemished(bare_origin, tmp_path)
    mirror = Mirror(tmp_path / "m.git", str(bare_origin.path))
    mirror.create()
    with pytest.raises(Unavailable, match=r"does not pass git's checks \(missingSpaceBeforeEmail\)") as refused:
        mirror.refresh("main")
    assert f"onloop repository tolerate {bare_origin.path} missingSpaceBeforeEmail" in refused.value.hint
    assert replace(mirror, tolerated=("missingSpaceBeforeEmail",)).refresh("main") == old


def test_old_history_that_can_do_harm_is_never_tolerated(bare_origin: Origin, tmp_path: Path) -> None:
    tree = git(bare_origin.path, "mktree", stdin=f"040000 tree {bare_origin.git('mktree')}\t.git\n")
    bare_origin.git("update-ref", "refs/heads/main", bare_origin.git("commit-tree", tree, "-m", "x"))
    mirror = Mirror(tmp_path / "m.git", str(bare_origin.path))
    mirror.create()
    with pytest.raises(Unavailable, match="hasDotgit") as refused:
        mirror.refresh("main")
    assert "never tolerated" in refused.value.hint


def test_tolerated_history_may_come_along_with_work_and_work_itself_gets_no_indulgence(
    bare_origin: Origin, tmp_path: Path
) -> None:
    blemished(bare_origin, tmp_path)
    mirror = Mirror(tmp_path / "mirrors" / "m.git", str(bare_origin.path), tolerated=("missingSpaceBeforeEmail",))
    clone = tmp_path / "environments" / TASK
    Environment(clone).prepare(mirror, "main", TASK, "ada")
    git(clone, "update-ref", "-d", "refs/remotes/origin/main")  # so that the whole history is sent along
    names = {f"GIT_{role}_{part}": "a@b.c" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    git(clone, "commit", "--quiet", "--allow-empty", "-m", "work", names=names)
    assert mirror.has(handed_in(mirror, clone, TASK, 1))

    text = git(clone, "cat-file", "commit", "HEAD").replace("a@b.c <", "A<")
    (tmp_path / "own").write_text(text + "\n")
    own = git(clone, "hash-object", "-t", "commit", "-w", "--literally", str(tmp_path / "own"))
    git(clone, "reset", "--quiet", "--hard", own)
    with pytest.raises(BadInput, match="missingSpaceBeforeEmail"):
        handed_in(mirror, clone, TASK, 2)
    assert not mirror.has(own)
