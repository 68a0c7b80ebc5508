"""Real repositories for the tests of `onloop.gates`: an origin that people push to, its mirror, an agent's clone."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from onloop.gates.environment import Environment
from onloop.gates.repository.mirror import Mirror
from support.waiting import DEADLINE_S

TASK = "r7k2m.3"
_DEVELOPER = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
_NAMES = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Bob",
    "GIT_COMMITTER_EMAIL": "bob@example.org",
}


def git(folder: Path, *argv: str, stdin: str = "", check: bool = True, names: Mapping[str, str] | None = None) -> str:
    """Git as anybody would run it, with the repository's own configuration in force; its output."""
    ran = subprocess.run(
        ["git", *argv],
        cwd=folder,
        env=_DEVELOPER | dict(names or {}),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert not check or ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@dataclass(frozen=True)
class Origin:
    """A bare repository and the clone from which a person pushes to it."""

    path: Path
    clone: Path

    def commit(self, files: Mapping[str, str | bytes], branch: str = "main") -> str:
        """A pushed commit on top of what the clone has checked out."""
        write(self.clone, files)
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "--message", "change", names=_NAMES)
        git(self.clone, "push", "--quiet", str(self.path), f"HEAD:refs/heads/{branch}")
        return git(self.clone, "rev-parse", "HEAD")

    def git(self, *argv: str) -> str:
        """Git in the bare repository."""
        return git(self.path, *argv, names=_NAMES)

    def tip(self, branch: str = "main") -> str:
        return self.git("rev-parse", f"refs/heads/{branch}")


@dataclass(frozen=True)
class Agent:
    """An agent at work in its environment."""

    environment: Environment

    @property
    def path(self) -> Path:
        return self.environment.path

    def commit(self, files: Mapping[str, str | bytes]) -> str:
        write(self.path, files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "work")
        return self.git("rev-parse", "HEAD")

    def git(self, *argv: str, stdin: str = "", check: bool = True) -> str:
        """Git as the agent runs it, with whatever the agent configured in force."""
        return git(self.path, *argv, stdin=stdin, check=check)


@dataclass(frozen=True)
class Tripwire:
    """A program that leaves a mark when somebody executes it."""

    program: Path
    mark: Path

    def fired(self) -> bool:
        return self.mark.exists()


@pytest.fixture(scope="session")
def _pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An origin with one commit on main, its mirror and an environment, made once: tests work on copies."""
    place = tmp_path_factory.mktemp("pattern")
    origin = bare_origin_at(place)
    origin.commit({"calc.py": "def add(a, b):\n    return a + b\n", "README.md": "calc\n"})
    mirror = Mirror(place / "mirrors" / "origin.git", str(origin.path))
    Environment(place / "environments" / TASK).prepare(mirror, "main", TASK, "impl-1")
    return place


def bare_origin_at(place: Path) -> Origin:
    """An origin in that folder without a single commit, and its clone."""
    origin = Origin(place / "origin.git", place / "person")
    git(place, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(origin.path))
    git(place, "init", "--quiet", "--template=", "--initial-branch=main", str(origin.clone))
    return origin


@pytest.fixture
def bare_origin(tmp_path: Path) -> Origin:
    """An origin without a single commit."""
    return bare_origin_at(tmp_path)


@pytest.fixture
def origin(_pattern: Path, tmp_path: Path) -> Origin:
    """An origin with one commit on main."""
    for name in ("origin.git", "person"):
        shutil.copytree(_pattern / name, tmp_path / name)
    return Origin(tmp_path / "origin.git", tmp_path / "person")


@pytest.fixture
def mirror(_pattern: Path, origin: Origin, tmp_path: Path) -> Mirror:
    """A mirror of `origin`, up to date."""
    shutil.copytree(_pattern / "mirrors", tmp_path / "mirrors")
    return Mirror(tmp_path / "mirrors" / "origin.git", str(origin.path))


@pytest.fixture
def agent(_pattern: Path, mirror: Mirror, tmp_path: Path) -> Agent:
    """An agent in a fresh environment of task r7k2m.3."""
    shutil.copytree(_pattern / "environments", tmp_path / "environments")
    environment = Environment(tmp_path / "environments" / TASK)
    git(environment.path, "config", "remote.origin.url", mirror.origin)
    return Agent(environment)


@pytest.fixture
def tripwire(tmp_path: Path) -> Tripwire:
    program, mark = tmp_path / "tripwire", tmp_path / "executed"
    program.write_text(
        f'#!/bin/sh\necho "$0 $*" >> {shlex.quote(str(mark))}\ncat > /dev/null 2>&1 < /dev/null\nexit 0\n'
    )
    program.chmod(0o755)
    return Tripwire(program, mark)
