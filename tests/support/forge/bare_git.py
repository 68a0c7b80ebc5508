"""Git of the test forge: bare repositories, made, read and merged without a work tree."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from support.waiting import DEADLINE_S

ZERO = "0" * 40
_HOOK = """#!/bin/sh
# onloop's test forge: what GitHub does with a push to a protected branch
[ -n "$TEST_FORGE" ] && exit 0
if grep -qxF "$1" "$GIT_DIR/protected" 2>/dev/null; then
  echo "error: GH006: Protected branch update failed for $1." >&2
  echo "error: Changes must be made through a pull request." >&2
  exit 1
fi
"""
_PERSON = {
    "GIT_AUTHOR_NAME": "Forge",
    "GIT_AUTHOR_EMAIL": "forge@example.org",
    "GIT_COMMITTER_NAME": "Forge",
    "GIT_COMMITTER_EMAIL": "forge@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "TEST_FORGE": "1",
}


class Conflict(Exception):
    """Two commits do not merge."""


class BareGit:
    """One bare repository."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Make it, empty, with `main` as its branch."""
        self.path.mkdir(parents=True)
        self.run("init", "-q", "--bare", "-b", "main", ".")
        hook = self.path / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_HOOK)
        hook.chmod(0o755)

    def run(self, *words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> str:
        """What git prints; CalledProcessError if it fails."""
        done = subprocess.run(
            ["git", *words],
            cwd=self.path,
            input=stdin,
            env={"PATH": os.environ["PATH"], **_PERSON, **(env or {})},
            capture_output=True,
            check=True,
            timeout=DEADLINE_S,
        )
        return done.stdout.decode(errors="replace").strip()

    def refs(self) -> dict[str, str]:
        """Every branch and tag, by its full name."""
        lines = self.run("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags").splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def commit(self, name: str) -> str:
        """The commit that a name stands for, or ""."""
        try:
            return self.run("rev-parse", "--verify", "-q", f"{name}^{{commit}}")
        except subprocess.CalledProcessError:
            return ""

    def set_ref(self, ref: str, sha: str) -> None:
        """Set a ref, or remove it with an empty id."""
        self.run("update-ref", *((ref, sha) if sha else ("-d", ref)))

    def contains(self, inner: str, outer: str) -> bool:
        """Whether a commit is in another's history."""
        return self.run("merge-base", "--all", inner, outer).splitlines() == [self.commit(inner)]

    def written(self, files: Mapping[str, str | None], parent: str, message: str) -> str:
        """A commit on a parent ("" for none) with those files changed; None removes one."""
        index = {"GIT_INDEX_FILE": str(self.path / "forge-index")}
        (self.path / "forge-index").unlink(missing_ok=True)
        if parent:
            self.run("read-tree", parent, env=index)
        for path, text in files.items():
            if text is None:
                self.run("update-index", "--force-remove", path, env=index)
                continue
            blob = self.run("hash-object", "-w", "--stdin", stdin=text.encode())
            self.run("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=index)
        return self.committed(self.run("write-tree", env=index), (parent,) if parent else (), message)

    def committed(self, tree: str, parents: tuple[str, ...], message: str) -> str:
        """A commit of a tree."""
        return self.run("commit-tree", tree, *(word for each in parents for word in ("-p", each)), "-m", message)

    def merged_tree(self, ours: str, theirs: str) -> str:
        """The tree of a merge; Conflict if there is none."""
        try:
            return self.run("merge-tree", "--write-tree", ours, theirs).splitlines()[0]
        except subprocess.CalledProcessError as problem:
            raise Conflict(problem.stdout.decode(errors="replace")) from None

    def merged(self, base: str, head: str, method: str, message: str) -> str:
        """The commit that a base gets by a merge."""
        tree = self.merged_tree(base, head)
        if method == "merge":
            return self.committed(tree, (base, head), message)
        if method == "squash":
            return self.committed(tree, (base,), message)
        tip = base
        for each in self.run("rev-list", "--reverse", f"{base}..{head}").splitlines():
            words = self.run("log", "-1", "--format=%B", each)
            tip = self.committed(self._picked(tip, each), (tip,), words)
        return tip

    def _picked(self, tip: str, commit: str) -> str:
        """The tree after one commit's change on a tip: git 2.39 has no --merge-base, so a stand-in says it."""
        parent = self.commit(f"{commit}^")
        stand_in = self.committed(self.run("rev-parse", f"{tip}^{{tree}}"), (parent,), "stand-in")
        return self.merged_tree(stand_in, commit)

    def protect(self, branches: list[str]) -> None:
        """Refuse pushes to these branches."""
        (self.path / "protected").write_text("".join(f"refs/heads/{name}\n" for name in branches))
