"""An agent owns every byte of its clone: nothing of it is executed, and what is shown is what the objects hold."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.handing_in import handed_in, left_uncommitted
from onloop.errors import BadInput, OnloopError
from onloop.gates.checkout import clean_checkout
from onloop.gates.repository.merging import Merged
from onloop.gates.repository.mirror import Mirror
from support.patches import patch

if TYPE_CHECKING:
    from gates.conftest import Agent, Origin, Tripwire

    Trap = Callable[[Agent, Tripwire], object]

TASK = "r7k2m.3"
ATTRIBUTES = "* diff=evil filter=evil merge=evil -text\n"
HOOKS = (
    *("pre-commit", "post-commit", "commit-msg", "post-checkout", "post-index-change", "reference-transaction"),
    *("pre-push", "post-merge", "pre-auto-gc", "fsmonitor-watchman", "pre-receive", "update", "post-update"),
)


def _setting(name: str, value: str = "{program}") -> Trap:
    return lambda agent, tripwire: agent.git("config", name, value.format(program=tripwire.program))


def _driver(*names: str) -> Trap:
    def lay(agent: Agent, tripwire: Tripwire) -> None:
        (agent.path / ".git/info").mkdir(exist_ok=True)
        (agent.path / ".git/info/attributes").write_text(ATTRIBUTES)
        for name in names:
            agent.git("config", name, str(tripwire.program))

    return lay


def _hooks(agent: Agent, tripwire: Tripwire) -> None:
    folder = agent.path / ".git/hooks"
    folder.mkdir(exist_ok=True)
    for name in HOOKS:
        (folder / name).symlink_to(tripwire.program)


def _hooks_elsewhere(agent: Agent, tripwire: Tripwire) -> None:
    _hooks(agent, tripwire)
    agent.git("config", "core.hooksPath", str(agent.path / ".git/hooks"))


def _included_file(agent: Agent, tripwire: Tripwire) -> None:
    (agent.path / ".git/more").write_text(f"[core]\n\tfsmonitor = {tripwire.program}\n\tpager = {tripwire.program}\n")
    agent.git("config", "include.path", "more")


def _settings_of_the_work_tree(agent: Agent, tripwire: Tripwire) -> None:
    agent.git("config", "extensions.worktreeConfig", "true")
    agent.git("config", "--worktree", "core.fsmonitor", str(tripwire.program))


def _redirected_urls(agent: Agent, tripwire: Tripwire) -> None:
    agent.git("config", f"url.ext::{tripwire.program} .insteadOf", "/")
    agent.git("config", "protocol.ext.allow", "always")


def _promised_objects(agent: Agent, tripwire: Tripwire) -> None:
    for name, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "evil",
        "remote.evil.url": str(agent.path),
        "remote.evil.promisor": "true",
        "remote.evil.uploadpack": str(tripwire.program),
    }.items():
        agent.git("config", name, value)


def _nested_repository(agent: Agent, tripwire: Tripwire) -> None:
    commit = agent.git("rev-parse", "HEAD")
    agent.git("init", "--quiet", "nested")
    agent.git("-C", "nested", "config", "core.fsmonitor", str(tripwire.program))
    (agent.path / "nested/.git/HEAD").write_text(f"{commit[::-1]}\n")
    agent.git("update-index", "--add", "--cacheinfo", f"160000,{commit},nested")
    agent.git("commit", "--quiet", "--message", "nested")


TRAPS: dict[str, Trap] = {
    "fsmonitor": _setting("core.fsmonitor"),
    "external diff": _setting("diff.external"),
    "textconv": _driver("diff.evil.textconv"),
    "diff driver": _driver("diff.evil.command"),
    "clean and smudge": _driver("filter.evil.clean", "filter.evil.smudge"),
    "filter process": _driver("filter.evil.process"),
    "merge driver": _driver("merge.evil.driver"),
    "hooks": _hooks,
    "hooks elsewhere": _hooks_elsewhere,
    "hook of upload-pack": _setting("uploadpack.packObjectsHook"),
    "ssh command": _setting("core.sshCommand"),
    "git proxy": _setting("core.gitProxy"),
    "pager": _setting("core.pager"),
    "credentials": _setting("credential.helper", "!{program}"),
    "alternates' refs": _setting("core.alternateRefsCommand"),
    "signatures": _setting("gpg.program"),
    "included file": _included_file,
    "settings of the work tree": _settings_of_the_work_tree,
    "redirected urls": _redirected_urls,
    "promised objects": _promised_objects,
    "nested repository": _nested_repository,
}


@pytest.mark.parametrize("name", TRAPS)
def test_nothing_that_an_agent_configured_is_executed(
    name: str, mirror: Mirror, origin: Origin, agent: Agent, tripwire: Tripwire
) -> None:
    head = agent.commit({".gitattributes": ATTRIBUTES, "calc.py": "def add(a, b):\n    return b + a\n"})
    TRAPS[name](agent, tripwire)
    tripwire.mark.unlink(missing_ok=True)
    (agent.path / "README.md").write_text("not committed\n")
    base = origin.tip()
    tip = origin.commit({"other.py": "pass\n"})

    assert left_uncommitted(agent.path)[0] == "README.md"
    submitted = handed_in(mirror, agent.path, TASK, 1)
    assert agent.environment.prepare(mirror, "main", TASK, "impl-1") is False
    assert "+    return b + a" in patch(mirror, base, submitted)
    assert {change.path for change in mirror.diff_stat(base, submitted)} >= {".gitattributes", "calc.py"}
    merged = mirror.merge(tip, submitted, "merge", 0)
    assert isinstance(merged, Merged)
    with clean_checkout(mirror, merged.commit) as checkout:
        assert (checkout.path / "calc.py").read_text() == "def add(a, b):\n    return b + a\n"
        assert (checkout.path / "README.md").read_text() == "calc\n"
    assert mirror.is_ancestor(head, submitted)
    assert not tripwire.fired(), tripwire.mark.read_text()


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("fsmonitor", ["status"]),
        ("external diff", ["diff", "HEAD~1"]),
        ("textconv", ["diff", "HEAD~1"]),
        ("clean and smudge", ["status"]),
        ("hooks", ["commit", "--allow-empty", "--message", "x"]),
        ("included file", ["status"]),
        ("settings of the work tree", ["status"]),
        ("nested repository", ["status"]),
    ],
)
def test_the_same_traps_do_catch_a_careless_reader(
    name: str, command: list[str], agent: Agent, tripwire: Tripwire
) -> None:
    agent.commit({".gitattributes": ATTRIBUTES, "calc.py": "pass\n"})
    TRAPS[name](agent, tripwire)
    tripwire.mark.unlink(missing_ok=True)
    (agent.path / "README.md").write_text("not committed\n")
    os.utime(agent.path / "calc.py", (0, 0))  # as long as before and of another time: git has to read it again
    agent.git(*command, check=False)
    assert tripwire.fired()


def test_the_environment_and_home_of_our_own_process_do_not_configure_git(
    mirror: Mirror, agent: Agent, tripwire: Tripwire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = str(tripwire.program)
    (tmp_path / ".gitconfig").write_text(f"[diff]\n\texternal = {program}\n[core]\n\tfsmonitor = {program}\n")
    for variable, value in {
        "HOME": str(tmp_path),
        "GIT_EXTERNAL_DIFF": program,
        "GIT_SSH_COMMAND": program,
        "GIT_DIR": "/nonexistent",
        "GIT_INDEX_FILE": "/nonexistent",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": program,
        "GIT_TRACE": str(tripwire.mark),
    }.items():
        monkeypatch.setenv(variable, value)
    base = mirror.refresh("main")
    (agent.path / "README.md").write_text("changed\n")
    head = handed_in(mirror, agent.path, TASK, 1)
    assert left_uncommitted(agent.path) == ("README.md",)
    assert patch(mirror, base, head) == ""
    assert not tripwire.fired()


def test_a_replaced_commit_is_shown_as_it_was_submitted(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    harmless = agent.commit({"calc.py": "harmless\n"})
    agent.git("reset", "--quiet", "--hard", "HEAD~1")
    evil = agent.commit({"calc.py": "evil\n"})
    agent.git("replace", evil, harmless)
    assert "harmless" in agent.git("show", evil)
    assert handed_in(mirror, agent.path, TASK, 1) == evil
    assert "+evil" in patch(mirror, origin.tip(), evil)
    assert mirror.read_file(evil, "calc.py", 100) == b"evil\n"


def test_grafts_do_not_hide_who_wrote_what(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    agent.git("config", "user.email", "first@example.org")
    agent.commit({"a": "1"})
    agent.git("config", "user.email", "second@example.org")
    head = agent.commit({"b": "1"})
    (agent.path / ".git/info").mkdir(exist_ok=True)
    (agent.path / ".git/info/grafts").write_text(f"{head} {origin.tip()}\n")
    handed_in(mirror, agent.path, TASK, 1)
    assert mirror.authors(origin.tip(), head) == ("first@example.org", "second@example.org")


def test_attributes_do_not_hide_lines_or_files(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    hiding = "* -diff linguist-generated export-ignore\n"
    head = agent.commit({".gitattributes": hiding, "calc.py": "hidden\n", "version": "$Format:%H$\n"})
    agent.git("config", "diff.orderFile", "/nonexistent")
    handed_in(mirror, agent.path, TASK, 1)
    assert "+hidden" in patch(mirror, origin.tip(), head)
    assert {change.added for change in mirror.diff_stat(origin.tip(), head)} == {1}
    with clean_checkout(mirror, head) as checkout:
        assert (checkout.path / "calc.py").read_text() == "hidden\n"
        assert (checkout.path / "version").read_text() == "$Format:%H$\n"


def test_flags_in_the_agents_index_do_not_hide_uncommitted_work(mirror: Mirror, agent: Agent) -> None:
    agent.git("update-index", "--assume-unchanged", "calc.py")
    agent.git("update-index", "--skip-worktree", "README.md")
    (agent.path / "calc.py").write_text("changed\n")
    (agent.path / "README.md").unlink()
    assert agent.git("status", "--porcelain") == ""
    assert left_uncommitted(agent.path) == ("README.md", "calc.py")


def test_objects_borrowed_from_another_repository_are_refused(
    mirror: Mirror, agent: Agent, origin: Origin, tripwire: Tripwire
) -> None:
    (agent.path / ".git/objects/info").mkdir(exist_ok=True)
    (agent.path / ".git/objects/info/alternates").write_text(f"{origin.path}/objects\n")
    agent.git("config", "core.alternateRefsCommand", str(tripwire.program))
    with pytest.raises(BadInput, match="borrows objects") as refused:
        handed_in(mirror, agent.path, TASK, 1)
    assert "repack" in refused.value.hint
    with pytest.raises(BadInput, match="borrows objects"):
        left_uncommitted(agent.path)
    origin.commit({"x": "1"})
    agent.environment.prepare(mirror, "main", TASK, "impl-1")
    assert not tripwire.fired()


@pytest.mark.parametrize("inside", [".git", ".git/objects"])
def test_a_link_that_leads_out_of_the_clone_is_refused(
    mirror: Mirror, agent: Agent, origin: Origin, tmp_path: Path, inside: str
) -> None:
    (agent.path / inside).rename(tmp_path / "moved")
    (agent.path / inside).symlink_to(tmp_path / "moved")
    with pytest.raises(BadInput, match="not an independent clone"):
        handed_in(mirror, agent.path, TASK, 1)
    origin.commit({"x": "1"})
    with pytest.raises(BadInput, match="not an independent clone"):
        agent.environment.prepare(mirror, "main", TASK, "impl-1")


def test_a_link_among_the_objects_lends_nothing(mirror: Mirror, agent: Agent, tmp_path: Path) -> None:
    commit = agent.commit({"a": "1"})
    loose = agent.path / ".git/objects" / commit[:2] / commit[2:]
    loose.rename(tmp_path / "object")
    loose.symlink_to(tmp_path / "object")
    with pytest.raises(BadInput, match="neither a file nor a folder"):
        handed_in(mirror, agent.path, TASK, 1)


def test_a_linked_work_tree_in_place_of_the_clone_is_refused(mirror: Mirror, agent: Agent, tmp_path: Path) -> None:
    agent.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    with pytest.raises(BadInput, match="not an independent clone"):
        handed_in(mirror, tmp_path / "linked", TASK, 1)


def test_refs_of_the_clone_cannot_lead_a_write_out_of_it(
    mirror: Mirror, agent: Agent, origin: Origin, tmp_path: Path
) -> None:
    remotes = agent.path / ".git/refs/remotes"
    remotes.rename(tmp_path / "outside")
    remotes.symlink_to(tmp_path / "outside")
    before = (tmp_path / "outside/origin/main").read_text()
    origin.commit({"x": "1"})
    with pytest.raises(OnloopError, match="cannot write refs/remotes/origin/main"):
        agent.environment.prepare(mirror, "main", TASK, "impl-1")
    assert (tmp_path / "outside/origin/main").read_text() == before


@pytest.mark.parametrize("inside", ["HEAD", "objects/info/alternates", "objects/pack/pack-x.idx", "packed-refs"])
def test_a_pipe_in_the_repository_blocks_nobody(mirror: Mirror, agent: Agent, inside: str) -> None:
    path = agent.path / ".git" / inside
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    if inside == "packed-refs":
        assert handed_in(mirror, agent.path, TASK, 1) == agent.environment.head()
    else:
        with pytest.raises(BadInput):
            handed_in(mirror, agent.path, TASK, 1)


def test_a_malformed_commit_is_refused_with_what_is_wrong(mirror: Mirror, agent: Agent) -> None:
    tree = agent.git("rev-parse", "HEAD^{tree}")
    broken = f"tree {tree}\nauthor A <a@b\n> 0 +0000\ncommitter A <a@b> 0 +0000\n\nx\n"
    commit = agent.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=broken)
    (agent.path / ".git/HEAD").write_text(f"{commit}\n")
    with pytest.raises(BadInput, match=r"missingSpaceBeforeDate|badEmail|invalid author") as refused:
        handed_in(mirror, agent.path, TASK, 1)
    assert "git fsck" in refused.value.hint


def test_a_tree_that_would_write_into_a_git_folder_is_refused(mirror: Mirror, agent: Agent) -> None:
    blob = agent.git("hash-object", "-w", "--stdin", stdin="[core]\n\tfsmonitor = x\n")
    inner = agent.git("mktree", stdin=f"100644 blob {blob}\tconfig\n")
    tree = agent.git("mktree", stdin=f"040000 tree {inner}\t.GIT\n")
    commit = agent.git("commit-tree", tree, "-m", "x")
    agent.git("checkout", "--quiet", "--detach")
    (agent.path / ".git/HEAD").write_text(f"{commit}\n")
    with pytest.raises(BadInput, match="hasDotgit"):
        handed_in(mirror, agent.path, TASK, 1)


@pytest.mark.parametrize("what", ["tree", "blob", "missing"])
def test_a_head_that_is_no_commit_is_refused(mirror: Mirror, agent: Agent, what: str) -> None:
    names = {"tree": "HEAD^{tree}", "blob": "HEAD:calc.py"}
    found = agent.git("rev-parse", names[what]) if what in names else "0" * 39 + "1"
    (agent.path / ".git/HEAD").write_text(f"{found}\n")
    with pytest.raises(BadInput):
        handed_in(mirror, agent.path, TASK, 1)


def test_a_branch_called_like_an_option_is_a_branch_and_nothing_else(
    mirror: Mirror, agent: Agent, tripwire: Tripwire
) -> None:
    commit = agent.git("rev-parse", "HEAD")
    option = f"--upload-pack={shlex.quote(str(tripwire.program))}"
    branch = agent.path / ".git/refs/heads" / option
    branch.parent.mkdir(parents=True, exist_ok=True)
    branch.write_text(f"{commit}\n")
    (agent.path / ".git/HEAD").write_text(f"ref: refs/heads/{option}\n")
    assert handed_in(mirror, agent.path, TASK, 1) == commit
    for target in (option, f"-u{tripwire.program}"):
        with pytest.raises(BadInput, match="cannot be a branch"):
            mirror.refresh(target)
    assert not tripwire.fired()


def test_an_origin_that_names_a_command_is_refused(tmp_path: Path, tripwire: Tripwire) -> None:
    with pytest.raises(BadInput, match="cannot be an origin"):
        Mirror(tmp_path / "m.git", f"ext::{tripwire.program}").create()
    assert not tripwire.fired()


def test_files_called_like_options_or_patterns_are_files(mirror: Mirror, agent: Agent) -> None:
    head = agent.commit({"--output=x": "one", ":(glob)**": "two", "sub/a": "three"})
    handed_in(mirror, agent.path, TASK, 1)
    assert mirror.read_file(head, "--output=x", 100) == b"one"
    assert mirror.read_file(head, ":(glob)**", 100) == b"two"
    for absent in ("*", "sub/", "sub", "../calc.py", ":/calc.py", "/calc.py", "./calc.py", "a\0b", ""):
        assert mirror.read_file(head, absent, 100) is None
