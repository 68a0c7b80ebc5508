"""What an agent hands in, as it is announced before its bytes: a commit, a bundle of its history, artefacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from onloop.errors import BadInput
from onloop.gates.repository.ref_names import check_commit
from onloop.text import safe

LARGEST_MANIFEST = 262_144
"""How many bytes a manifest may have."""

LARGEST_BUNDLE = 64 * 1_048_576
LARGEST_ARTEFACT = 4 * 1_048_576
LARGEST_ARTEFACTS = 64 * 1_048_576
"""How many bytes all artefacts of a submission may have together."""

MOST_ARTEFACTS = 50
MOST_LEFT = 50
LONGEST_NAME = 255


class Announced(NamedTuple):
    """One artefact: its name, and how many bytes of it come."""

    name: str
    size: int


class Manifest(NamedTuple):
    """What comes: `bundle` bytes of a git bundle (0 where the commit brings nothing new), then the artefacts in order.

    `left` names tracked files that differ from the commit, as the agent's side says; it is a statement.
    """

    commit: str
    bundle: int = 0
    artefacts: tuple[Announced, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many bytes come after the manifest."""
        return self.bundle + sum(artefact.size for artefact in self.artefacts)

    def plain(self) -> dict[str, Any]:
        """As JSON can say it; `manifest_from` reads it."""
        artefacts = [{"name": artefact.name, "size": artefact.size} for artefact in self.artefacts]
        return {"commit": self.commit, "bundle": self.bundle, "artefacts": artefacts, "left": list(self.left)}


def manifest_from(said: Mapping[str, Any]) -> Manifest:
    """The manifest that somebody sent; BadInput says what is wrong with it."""
    commit, artefacts, left = said.get("commit"), said.get("artefacts", []), said.get("left", [])
    if not isinstance(commit, str) or not isinstance(artefacts, list) or not isinstance(left, list):
        raise BadInput("a manifest without a commit, or with no lists where they belong", hint="onloop submit sends it")
    if len(artefacts) > MOST_ARTEFACTS:
        raise BadInput(f"{len(artefacts)} artefacts", hint=f"hand over at most {MOST_ARTEFACTS}")
    announced = tuple(_announced(item) for item in artefacts)
    if len({artefact.name for artefact in announced}) < len(announced):
        raise BadInput("two artefacts of one name", hint="give each a name of its own")
    if sum(artefact.size for artefact in announced) > LARGEST_ARTEFACTS:
        raise BadInput(f"artefacts of more than {LARGEST_ARTEFACTS} bytes in all", hint="hand over less")
    return Manifest(
        check_commit(commit),
        _size(said.get("bundle", 0), LARGEST_BUNDLE, "the bundle", "commit less at once, and no large files"),
        announced,
        tuple(safe(name, LONGEST_NAME) for name in left[:MOST_LEFT] if isinstance(name, str)),
    )


def _announced(item: object) -> Announced:
    name = item.get("name") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(name, str):
        raise BadInput("an artefact without a name", hint="onloop submit sends it")
    check_artefact_name(name)
    size = _size(item.get("size"), LARGEST_ARTEFACT, f"the artefact {name}", "hand over something smaller")
    return Announced(name, size)


def check_artefact_name(name: str) -> None:
    """BadInput for a name that cannot be shown as it is, or would lead elsewhere."""
    if safe(name) != name or name in {"", ".", ".."} or "/" in name or len(name) > LONGEST_NAME:
        raise BadInput(
            f"{safe(name, 100)} cannot be the name of an artefact",
            hint="rename it in $ONLOOP_OUT: letters, digits and signs that can be printed, in UTF-8",
        )


def _size(said: object, most: int, what: str, hint: str) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or said < 0:
        raise BadInput(f"{what} has no size", hint="onloop submit sends it")
    if said > most:
        raise BadInput(f"{what} is larger than {most} bytes", hint=hint)
    return said
