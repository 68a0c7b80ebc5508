"""The workflows that onloop brings along."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from onloop.errors import UnknownThing

_FOLDER = Path(__file__).with_name("builtin")


def builtins() -> tuple[str, ...]:
    """The names of the built-in workflows, in alphabetical order."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.yaml")))


def builtin(name: str) -> bytes:
    """The bytes of the built-in workflow called `name`; UnknownThing names the nearest one and lists all."""
    known = builtins()
    if name not in known:
        near = get_close_matches(name[:100], known, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise UnknownThing(
            f"there is no built-in workflow {name[:100]!r}", hint=f"{meant}built-ins: {', '.join(known)}"
        )
    return (_FOLDER / f"{name}.yaml").read_bytes()
