"""What is written on a worker's command line: `container:IMAGE`, `box`, `template:NAME`."""

from __future__ import annotations

from onloop.environments.port import Offer
from onloop.errors import BadInput
from onloop.machine.agent_environment import EnvironmentKind
from onloop.text import safe

LONGEST_NAME = 400
_NAMED = {EnvironmentKind.CONTAINER: "IMAGE", EnvironmentKind.TEMPLATE: "NAME"}
_MAY_BE_NAMED = frozenset({*_NAMED, EnvironmentKind.VM})


def offer(text: str) -> Offer:
    """What the text offers; BadInput says what it could be."""
    word, colon, name = text.partition(":")
    kinds = ", ".join(_written(kind) for kind in EnvironmentKind)
    try:
        kind = EnvironmentKind(word)
    except ValueError:
        raise BadInput(f"{safe(text, 80)!r} is no kind of environment", hint=f"give one of: {kinds}") from None
    if (colon and not (name and kind in _MAY_BE_NAMED)) or (not colon and kind in _NAMED):
        raise BadInput(f"{safe(text, 80)!r} is not complete", hint=f"give {_written(kind)}")
    if len(name) > LONGEST_NAME or name.startswith("-") or not name.isprintable() or " " in name:
        raise BadInput(f"{safe(name, 80)!r} cannot be a name of an image or template", hint=f"give {_written(kind)}")
    return Offer(kind, name)


def _written(kind: EnvironmentKind) -> str:
    return f"{kind.value}:{_NAMED[kind]}" if kind in _NAMED else kind.value
