"""PURE: which changed paths run programs for a person who opens their folder, in an editor, a shell or with git."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from onloop.gates.repository.file_changes import ChangedPath, Status

_BY_NAME = re.compile(
    r"(?:^|/)(?:\.vscode/(?:tasks|settings|launch)\.json|\.zed/(?:tasks|settings)\.json|\.devcontainer/[^/]+\.json"
    r"|\.idea/[^/]+\.xml|\.devcontainer\.json|[^/]+\.code-workspace|\.envrc|\.autoenv(?:\.zsh)?|\.?mise\.toml"
    r"|\.gitconfig|\.exrc|\.n?vimrc|\.nvim\.lua|\.lvimrc|\.dir-locals(?:-2)?\.el)$",
    re.IGNORECASE,
)


def opened(changed: Iterable[ChangedPath]) -> tuple[str, ...]:
    """The changed paths that an editor, a shell or git runs programs from, by their name."""
    return tuple(c.path for c in changed if c.status is not Status.DELETED and _BY_NAME.search(c.path))


def may_make_repository(changed: Iterable[ChangedPath]) -> bool:
    """Whether a changed path is one of which git's own folders consist: only then a whole tree is worth reading."""
    return any(True for c in changed for _ in _parts(c.path))


def repositories(changed: Iterable[ChangedPath], tree: Iterable[str]) -> tuple[str, ...]:
    """The HEAD and settings of each folder that git takes for a repository, where something in it is changed.

    `tree` are all paths of the commit. Git asks for HEAD, objects and refs; a file `commondir` stands for the last two.
    Case is ignored, because some file systems ignore it.
    """
    touched = {folder for c in changed for folder, _ in _parts(c.path)}
    parts: dict[str, dict[str, str]] = {}
    for path in tree:
        for folder, part in _parts(path):
            parts.setdefault(folder, {}).setdefault(part, path)
    made = (have for folder, have in parts.items() if folder in touched and _is_repository(have))
    return tuple(sorted(have[part] for have in made for part in ("head", "config") if part in have))


def _parts(path: str) -> Iterator[tuple[str, str]]:
    """Every folder of which a path is a part that git asks for, with that part."""
    names = path.split("/")
    for place, name in enumerate(names):
        is_last = place == len(names) - 1
        part = name.casefold()
        if part in {"objects", "refs"} or (is_last and part in {"head", "config", "commondir"}):
            yield "/".join(names[:place]), part


def _is_repository(have: Mapping[str, str]) -> bool:
    return "head" in have and ("commondir" in have or {"objects", "refs"} <= have.keys())
