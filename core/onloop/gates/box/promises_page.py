"""The table of what each kind of box stops, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.gates.box.kind import BoxKind
from onloop.gates.box.promises import STOPS, Attempt


def table() -> str:
    """A row per attempt and a column per kind, strongest first; each cell says stopped or open."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    kinds = tuple(reversed(BoxKind))
    yield f"| code in the box tries to | {' | '.join(f'`{kind.value}`' for kind in kinds)} |"
    yield "|---" * (len(kinds) + 1) + "|"
    for attempt in Attempt:
        cells = ("stopped" if attempt in STOPS[kind] else "**open**" for kind in kinds)
        yield f"| {attempt.words} | {' | '.join(cells)} |"
