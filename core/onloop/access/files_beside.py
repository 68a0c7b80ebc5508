"""Files of a person's own checkout that a workflow of it uses, for a look before anything is committed."""

from __future__ import annotations

from pathlib import Path

from onloop.plain_file import plain_bytes
from onloop.workflow.pinned_files import Fetch
from onloop.workflow.positioned_tree import LARGEST


def beside(file: Path) -> Fetch:
    """Reads files by their paths in the checkout around `file`, or below its folder where there is none."""
    folder = file.absolute().parent
    root = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)

    def fetch(name: str) -> bytes | None:
        path = (root / name).resolve()
        try:
            content = plain_bytes(path, LARGEST) if path.is_relative_to(root.resolve()) else None
            return content if content is not None and len(content) <= LARGEST else None
        except (OSError, ValueError):
            return None

    return fetch
