"""An agent's clone is its own, is made whole or not at all, and outlives attempts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import onloop
from gates.conftest import git
from onloop.errors import BadInput
from onloop.gates.environment import Environment
from onloop.gates.repository.git import git_program
from onloop.gates.repository.mirror import Mirror
from support.waiting import comes

if TYPE_CHECKING:
    from gates.conftest import Agent, Origin

TASK = "r7k2m.3"


def test_a_new_environment_stands_at_the_target_on_a_branch_of_its_own(agent: Agent, origin: Origin) -> None:
    assert agent.environment.head() == origin.tip()
    assert agent.git("symbolic-ref", "HEAD") == "refs/heads/onloop/r7k2m.3"
    assert agent.git("status", "--porcelain") == ""
    assert (agent.path / "README.md").read_text() == "calc\n"


def test_an_agent_commits_under_its_own_name(agent: Agent) -> None:
    agent.commit({"a": "1"})
    assert agent.git("log", "-1", "--format=%an %ae %cn %ce") == (
        "impl-1 impl-1@agents.onloop.invalid impl-1 impl-1@agents.onloop.invalid"
    )


def test_an_environment_shares_no_file_with_the_mirror(agent: Agent, mirror: Mirror) -> None:
    assert not (agent.path / ".git/objects/info/alternates").exists()
    files = [path for path in (agent.path / ".git").rglob("*") if path.is_file()]
    assert {path.stat().st_nlink for path in files} == {1}
    assert str(mirror.path) not in (agent.path / ".git/config").read_text()
    assert not (agent.path / ".git/hooks").exists()


def test_an_agent_can_fetch_from_the_origin_and_not_push_to_it(agent: Agent, origin: Origin) -> None:
    before = origin.tip()
    agent.commit({"b": "1"})
    agent.git("push", "origin", "HEAD:main", check=False)
    assert origin.tip() == before
    tip = origin.commit({"a": "1"})
    agent.git("fetch", "--quiet", "origin")
    assert agent.git("rev-parse", "origin/main") == tip


def test_a_second_attempt_finds_commits_and_edits_and_the_targets_new_tip(
    agent: Agent, mirror: Mirror, origin: Origin
) -> None:
    head = agent.commit({"mine": "1"})
    (agent.path / "calc.py").write_text("half done\n")
    (agent.path / "untracked").touch()
    for number in ("1", "2"):
        tip = origin.commit({"theirs": number})
        assert agent.environment.prepare(mirror, "main", TASK, "impl-2") is False
        assert agent.git("rev-parse", "refs/remotes/origin/main") == tip
    assert agent.environment.head() == head
    assert (agent.path / "calc.py").read_text() == "half done\n"
    assert (agent.path / "untracked").exists()
    agent.git("fsck", "--full", "--strict")
    agent.git("stash", "--quiet")
    agent.git("merge", "--quiet", "--no-edit", "origin/main")


def test_git_describes_a_commit_in_a_clone_as_in_the_origin(
    agent: Agent, mirror: Mirror, origin: Origin, tmp_path: Path
) -> None:
    origin.git("tag", "-a", "-m", "first", "v1.0", "main")
    origin.git("tag", "elsewhere", origin.commit({"x": "1"}, "other"))
    git(origin.clone, "reset", "--quiet", "--hard", "HEAD~1")
    agent.git("tag", "v2.0")
    new = Environment(tmp_path / "environments" / "r7k2m.9")
    for environment in (agent.environment, new):
        environment.prepare(mirror, "main", environment.path.name, "impl-1")
        assert git(environment.path, "describe") == "v1.0"
    origin.commit({"y": "1"})
    origin.git("tag", "-a", "-m", "second", "v2.0", "main")
    for environment in (agent.environment, new):
        environment.prepare(mirror, "main", environment.path.name, "impl-1")
    assert git(new.path, "describe", "origin/main") == "v2.0"
    assert git(agent.path, "tag").split() == ["v1.0", "v2.0"]
    assert git(agent.path, "rev-parse", "v2.0") == git(agent.path, "rev-parse", "HEAD")


def test_another_target_is_learned_under_its_own_name(agent: Agent, mirror: Mirror, origin: Origin) -> None:
    tip = origin.commit({"a": "1"}, branch="release/2.0")
    agent.environment.prepare(mirror, "release/2.0", TASK, "impl-1")
    assert agent.git("rev-parse", "refs/remotes/origin/release/2.0") == tip


def test_what_a_killed_git_locked_is_unlocked_for_the_next_attempt(agent: Agent, mirror: Mirror) -> None:
    for name in ("index.lock", "HEAD.lock"):
        (agent.path / ".git" / name).touch()
    agent.environment.prepare(mirror, "main", TASK, "impl-1")
    agent.commit({"a": "1"})


def test_a_ref_locked_by_a_killed_git_is_still_brought_up_to_date(agent: Agent, mirror: Mirror, origin: Origin) -> None:
    (agent.path / ".git/refs/remotes/origin/main.lock").touch()
    tip = origin.commit({"a": "1"})
    agent.environment.prepare(mirror, "main", TASK, "impl-1")
    assert agent.git("rev-parse", "origin/main") == tip


def test_an_environment_that_lost_its_repository_is_not_replaced_silently(agent: Agent, mirror: Mirror) -> None:
    (agent.path / ".git").rename(agent.path / "elsewhere")
    with pytest.raises(BadInput, match="not an independent clone") as refused:
        agent.environment.prepare(mirror, "main", TASK, "impl-1")
    assert "move the environment away" in refused.value.hint


@pytest.mark.parametrize("agent_name", ["", "a b", "x <y@z>", "-x", "a\nb"])
def test_a_name_that_would_break_a_commit_is_refused(mirror: Mirror, tmp_path: Path, agent_name: str) -> None:
    with pytest.raises(BadInput, match="cannot be an agent's name"):
        Environment(tmp_path / "e").prepare(mirror, "main", TASK, agent_name)
    assert not (tmp_path / "e").exists()


def test_a_worker_killed_in_the_middle_of_cloning_leaves_nothing_half_made(mirror: Mirror, tmp_path: Path) -> None:
    place = tmp_path / "environments" / TASK
    started, programs = tmp_path / "started", tmp_path / "programs"
    programs.mkdir()
    slow = programs / "git"
    slow.write_text(
        f'#!/bin/sh\ncase "$*" in *" checkout "*) echo $$ > {started}.new; mv {started}.new {started}; exec sleep 60;; '
        f'esac\nexec {git_program()} "$@"\n'
    )
    slow.chmod(0o755)
    script = (
        "import sys; from pathlib import Path; from onloop.gates.environment import Environment; "
        "from onloop.gates.repository.mirror import Mirror; "
        "Environment(Path(sys.argv[1])).prepare(Mirror(Path(sys.argv[2]), sys.argv[3]), 'main', 'r7k2m.3', 'impl-1')"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", script, str(place), str(mirror.path), mirror.origin],
        env={"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(Path(onloop.__file__).parents[1])},
    )
    try:
        assert comes(started.exists)
    finally:
        worker.kill()
        worker.wait()
    os.kill(int(started.read_text()), signal.SIGKILL)
    assert not place.exists()
    assert len(list(place.parent.iterdir())) == 1

    assert Environment(place).prepare(mirror, "main", TASK, "impl-1") is True
    assert (place / "calc.py").exists()
    assert [path.name for path in place.parent.iterdir()] == [TASK]
