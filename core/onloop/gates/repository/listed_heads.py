"""PURE: what `git ls-remote --symref` says of an origin's branches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Heads(NamedTuple):
    """The branches of an origin with their tips, and the one that its HEAD names, if it has that."""

    default: str | None
    branches: Mapping[str, str]


def heads_listed(listed: str) -> Heads:
    """The branches in the output of `git ls-remote --symref`, and which of them HEAD names."""
    pairs = [line.partition("\t") for line in listed.split("\n") if line]
    branches = {name.removeprefix("refs/heads/"): commit for commit, _, name in pairs if name.startswith("refs/heads/")}
    named = (what for what, _, name in pairs if name == "HEAD" and what.startswith("ref: "))
    default = next(named, "").removeprefix("ref: refs/heads/")
    return Heads(default if default in branches else None, branches)
