"""The bytes of a workflow that a person names: a built-in, or a file with what it uses."""

from __future__ import annotations

from pathlib import Path

from onloop.access.files_beside import beside
from onloop.errors import BadInput
from onloop.interop.formats.dot_steps import Include
from onloop.plain_file import plain_bytes
from onloop.workflow.builtins import builtin, builtins
from onloop.workflow.hints import nearest
from onloop.workflow.pinned_files import bundled
from onloop.workflow.positioned_tree import LARGEST


def workflow_bytes(name: str) -> bytes:
    """The bytes of the file called `name`; of one that is too large, as many as say so."""
    path = Path(name)
    try:
        if path.is_file() and path.stat().st_size <= LARGEST:
            return bundled(plain_bytes(path, LARGEST), name, beside(path))
        source = b" " * (LARGEST + 1) if path.is_file() else None
    except OSError as problem:
        raise BadInput(f"{name} cannot be read: {problem.strerror}", hint="give a workflow file") from None
    if source is None:
        raise BadInput(
            f"there is no file {name!r}",
            hint=f"{nearest(name, builtins())}give a file, or a built-in: {', '.join(builtins())}",
        )
    return source


def built_in_or_file(name: str) -> bytes:
    """The bytes of the built-in of that name, or else of the file."""
    if name in builtins():
        return bundled(builtin(name), name, lambda _: None)
    return workflow_bytes(name)


def included_from(folder: Path, most: int) -> Include:
    """Reads files below `folder` alone, by their paths in it, of at most so many bytes."""
    root = folder.resolve()

    def include(name: str) -> bytes | None:
        try:
            path = (root / name).resolve()
            content = plain_bytes(path, most) if path.is_relative_to(root) else None
            return content if content is not None and len(content) <= most else None
        except (OSError, ValueError):
            return None

    return include
