"""Submodules in an agent's clone, each a repository of its own with the history of its recorded commit."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from onloop.gates.contents.submodule_parts import SubmodulePart
from onloop.gates.repository.git import LONG_S, Git

_FETCH = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
_RECORDED = "refs/onloop/recorded"


def clone_submodules(parts: Iterable[SubmodulePart], clone: Path, push_url: str) -> None:
    """Make each submodule a repository at its place in a clone that no agent has used, with its commit checked out.

    Its origin is the submodule's own, to which `push_url` pushes.
    """
    for part in parts:
        place = clone / os.fsdecode(part.path)
        git = Git(place / ".git", work_tree=place)
        git.run("init", "--quiet", "--template=", "--initial-branch=main")
        source = f"{part.commit}:{_RECORDED}"
        git.run("fetch", *_FETCH, "--end-of-options", str(part.mirror.path), source, timeout_s=LONG_S)
        git.run("checkout", "--quiet", "--detach", part.commit, timeout_s=LONG_S)
        settings = {
            "remote.origin.url": part.mirror.bare_origin,
            "remote.origin.pushurl": push_url,
            "remote.origin.fetch": "+refs/heads/*:refs/remotes/origin/*",
            "user.useConfigOnly": "true",
        }
        for name, value in settings.items():
            git.run("config", "--local", name, value)
    if parts:
        Git(clone / ".git").run("config", "--local", "submodule.active", ".")
