"""The policies that come with onloop, to begin with."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from onloop.errors import UnknownThing

_EXAMPLES = Path(__file__).with_name("examples")


def shipped_policies() -> tuple[str, ...]:
    """Their names, in alphabetical order."""
    return tuple(sorted(file.stem for file in _EXAMPLES.glob("*.yaml")))


def shipped_policy(name: str) -> bytes:
    """The bytes of the one called `name`; UnknownThing names the nearest one and lists all."""
    names = shipped_policies()
    if name not in names:
        near = get_close_matches(name[:100], names, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise UnknownThing(f"no policy {name[:100]!r} comes with onloop", hint=f"{meant}there are: {', '.join(names)}")
    return (_EXAMPLES / f"{name}.yaml").read_bytes()
