"""HEAD is read as a file: cheap, right in every form git writes, and unmoved by what an agent puts in its place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import onloop
from onloop.gates.repository.head import head, read_ref

if TYPE_CHECKING:
    from gates.conftest import Agent

SOME_COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / ".git/refs/heads").mkdir(parents=True)
    return tmp_path


def test_a_branch_with_a_loose_ref_is_followed(agent: Agent) -> None:
    commit = agent.commit({"a": "1"})
    assert head(agent.path) == commit == agent.environment.head()


def test_a_packed_ref_is_found(agent: Agent) -> None:
    commit = agent.commit({"a": "1"})
    agent.git("pack-refs", "--all")
    assert not (agent.path / ".git/refs/heads/onloop/r7k2m.3").exists()
    assert head(agent.path) == commit


def test_a_loose_ref_wins_over_a_packed_one(agent: Agent) -> None:
    agent.git("pack-refs", "--all")
    commit = agent.commit({"a": "1"})
    assert head(agent.path) == commit


def test_a_detached_head_is_read(agent: Agent) -> None:
    commit = agent.commit({"a": "1"})
    agent.git("checkout", "--quiet", "--detach")
    assert head(agent.path) == commit


def test_a_ref_that_names_a_ref_is_followed(clone: Path) -> None:
    (clone / ".git/HEAD").write_text("ref: refs/heads/a\n")
    (clone / ".git/refs/heads/a").write_text("ref: refs/heads/b\n")
    (clone / ".git/refs/heads/b").write_text(f"{SOME_COMMIT}\n")
    assert head(clone) == SOME_COMMIT


def test_refs_that_name_each_other_end_in_nothing(clone: Path) -> None:
    (clone / ".git/HEAD").write_text("ref: refs/heads/a\n")
    (clone / ".git/refs/heads/a").write_text("ref: refs/heads/b\n")
    (clone / ".git/refs/heads/b").write_text("ref: refs/heads/a\n")
    assert head(clone) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "ref: refs/heads/unborn",
        "ref: ../../elsewhere",
        "ref: refs/heads/../../../elsewhere",
        SOME_COMMIT[:12],
        "\0",
    ],
)
def test_what_names_no_commit_of_this_clone_is_none(clone: Path, content: str) -> None:
    (clone.parent / "elsewhere").write_text(SOME_COMMIT)
    (clone / ".git/HEAD").write_text(content)
    assert head(clone) is None


def test_a_folder_without_a_repository_has_no_head(tmp_path: Path) -> None:
    assert head(tmp_path / "nowhere") is None


def test_a_pipe_in_place_of_head_does_not_block(clone: Path) -> None:
    os.mkfifo(clone / ".git/HEAD")
    assert head(clone) is None


def test_a_link_in_place_of_head_is_not_followed(clone: Path) -> None:
    (clone / "commit").write_text(SOME_COMMIT)
    (clone / ".git/HEAD").symlink_to(clone / "commit")
    assert read_ref(clone / ".git", "HEAD") is None


def test_reading_head_imports_next_to_nothing() -> None:
    probe = (
        "import sys; before = set(sys.modules); import onloop.gates.repository.head; print(*set(sys.modules) - before)"
    )
    core = str(Path(onloop.__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, "-c", probe], env={"PYTHONPATH": core}, capture_output=True, check=True, text=True
    )
    assert {name for name in ran.stdout.split() if name.split(".")[0] not in {"onloop", "__future__"}} == set()
