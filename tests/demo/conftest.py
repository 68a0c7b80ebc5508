"""The demo's origins, made once, and clones of them with an agent in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import onloop
from onloop.demo import programs
from onloop.demo.demo_git import git
from onloop.demo.desk import TESTS
from onloop.demo.origins import make_origins
from support.waiting import DEADLINE_S

CORE = Path(onloop.__file__).parents[1]


@dataclass(frozen=True)
class Clone:
    """An agent's clone as the worker makes it, and what the worker does with it."""

    tree: Path
    out: Path
    environment: dict[str, str] = field(default_factory=dict)

    def argv(self) -> list[str]:
        return [sys.executable, "-P", "-m", "onloop.demo.actor", "--pace", "0"]

    def variables(self, attempt: int, round_: int) -> dict[str, str]:
        own = {
            "PYTHONPATH": str(CORE),
            "ONLOOP_TASK": "r7k2m.3",
            "ONLOOP_REPO": self.tree.name,
            "ONLOOP_ATTEMPT": str(attempt),
            "ONLOOP_ROUND": str(round_),
            "ONLOOP_OUT": str(self.out),
        }
        return {**os.environ, **own, **self.environment}

    def brief(self, *came_back: str) -> str:
        section = ["## What came back", "", *came_back, ""] if came_back else []
        return "\n".join(
            [
                f"# Task r7k2m.3: kvlite 2 in {self.tree.name}",
                "",
                "## Your step",
                "",
                "Move to kvlite 2. Do not use snapshot() lightly.",
                "",
                *section,
                "## Gates",
                "",
                "- tests: {python} -m unittest discover -s tests -t .",
                "",
                "## How to finish",
                "",
                "Commit, then exit.",
            ]
        )

    def act(self, *came_back: str, attempt: int = 1, round_: int = 0) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(),
            cwd=self.tree,
            env=self.variables(attempt, round_),
            input=self.brief(*came_back),
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    def git(self, *arguments: str) -> str:
        return git(self.tree, *arguments).strip()

    def test(self) -> subprocess.CompletedProcess[str]:
        """The gate: the program's tests in a clean checkout of what is committed."""
        checkout = self.tree.with_name(f"{self.tree.name}-checkout-{self.git('rev-parse', 'HEAD')[:12]}")
        if not checkout.exists():
            git(self.tree, "clone", "--quiet", str(self.tree), str(checkout))
        return subprocess.run([sys.executable, "-B", *TESTS], cwd=checkout, capture_output=True, text=True, check=False)

    def vendored(self) -> str:
        return self.git("show", "HEAD:vendor/kvlite/VERSION")

    def notes(self) -> str:
        return (self.out / "remediation.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def origins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("origins")
    make_origins(folder, programs.names())
    return folder


@pytest.fixture
def clone(origins: Path, tmp_path: Path) -> Callable[[str], Clone]:
    def of(repo: str) -> Clone:
        tree = tmp_path / repo
        git(tmp_path, "clone", "--quiet", "--branch", "main", str(origins / f"{repo}.git"), str(tree))
        git(tree, "config", "user.name", "ada")
        git(tree, "config", "user.email", "ada@agents.onloop.invalid")
        git(tree, "switch", "--quiet", "--create", "onloop/r7k2m.3")
        return Clone(tree, tmp_path / f"{repo}-out")

    return of
