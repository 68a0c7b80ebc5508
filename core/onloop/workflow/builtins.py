"""The built-in workflows."""

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
    names = builtins()
    if name not in names:
        near = get_close_matches(name[:100], names, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise UnknownThing(
            f"there is no built-in workflow {name[:100]!r}", hint=f"{meant}built-ins: {', '.join(names)}"
        )
    return (_FOLDER / f"{name}.yaml").read_bytes()
