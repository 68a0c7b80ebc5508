"""Reads what a project's base says of how it is built and tested."""

from __future__ import annotations

from onloop.gates.repository.mirror import Mirror
from onloop.proposals.project import LARGEST, TELLING, Project

MOST_READ = 200
MOST_LISTED = 64 * 1024 * 1024


def project_at(mirror: Mirror, commit: str, name: str) -> Project:
    """The project as it is in a commit of the mirror; files that are too large to read say nothing."""
    listed = mirror.git.run("ls-tree", "-r", "-l", "-z", "--end-of-options", commit, max_bytes=MOST_LISTED).fields
    sizes = dict(_entry(entry) for entry in listed)
    telling = [path for path, size in sizes.items() if TELLING.fullmatch(path) and size <= LARGEST]
    texts = {
        path: content.decode("utf-8", "replace")
        for path in telling[:MOST_READ]
        if (content := mirror.read_file(commit, path, LARGEST)) is not None
    }
    return Project(name, frozenset(sizes), texts)


def _entry(entry: str) -> tuple[str, int]:
    described, _, path = entry.partition("\t")
    size = described.split()[3]
    return path, int(size) if size.isdigit() else 0
