"""The announcement of what an agent hands in, sent before the bytes: a commit, a bundle of its history, artefacts."""

from __future__ import annotations

import re
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

LARGEST_LARGE = 512 * 1_048_576
LARGEST_LARGES = 1_024 * 1_048_576
"""How many bytes one file in Git LFS may have, and all those of a submission together."""

MOST_LARGE = 500
MOST_ARTEFACTS = 50
MOST_LEFT = 50
MOST_ELSEWHERE = 10
LONGEST_NAME = 255
_OID = re.compile(r"[0-9a-f]{64}")
_HINT = "onloop submit makes a valid manifest"


class Announced(NamedTuple):
    """One artefact: its name, and how many bytes of it follow."""

    name: str
    size: int


class Manifest(NamedTuple):
    """What follows: `bundle` bytes of a git bundle (0 if the commit brings nothing new), artefacts, and `large` files.

    The name of a large file is its sha256, as the pointer in the commit has it. `left` names tracked files that differ
    from the commit, and `elsewhere` branches with commits that it lacks, if it brings nothing new. Both are as the
    agent's side states them; nothing checks this.
    """

    commit: str
    bundle: int = 0
    artefacts: tuple[Announced, ...] = ()
    left: tuple[str, ...] = ()
    large: tuple[Announced, ...] = ()
    elsewhere: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many bytes follow the manifest."""
        return self.bundle + sum(part.size for part in (*self.artefacts, *self.large))

    def plain(self) -> dict[str, Any]:
        """The manifest as plain JSON values; `manifest_from` reads them."""
        artefacts = [{"name": artefact.name, "size": artefact.size} for artefact in self.artefacts]
        large = [{"name": file.name, "size": file.size} for file in self.large]
        named = {"left": list(self.left), "elsewhere": list(self.elsewhere), "large": large}
        return {"commit": self.commit, "bundle": self.bundle, "artefacts": artefacts, **named}


def manifest_from(fields: Mapping[str, Any]) -> Manifest:
    """The manifest that somebody sent; BadInput says what is wrong with it."""
    commit, artefacts, left = fields.get("commit"), fields.get("artefacts", []), fields.get("left", [])
    elsewhere = fields.get("elsewhere", [])
    if not isinstance(commit, str) or not all(isinstance(each, list) for each in (artefacts, left, elsewhere)):
        raise BadInput("the manifest has no commit, or what should be a list in it is not one", hint=_HINT)
    if len(artefacts) > MOST_ARTEFACTS:
        raise BadInput(f"there are {len(artefacts)} artefacts", hint=f"hand over at most {MOST_ARTEFACTS}")
    announced = tuple(_announced(item) for item in artefacts)
    if len({artefact.name for artefact in announced}) < len(announced):
        raise BadInput("two artefacts have the same name", hint="give each artefact a different name")
    if sum(artefact.size for artefact in announced) > LARGEST_ARTEFACTS:
        raise BadInput(f"the artefacts have more than {LARGEST_ARTEFACTS} bytes in all", hint="hand over less")
    large = _large(fields.get("large", []))
    return Manifest(
        check_commit(commit),
        _size(fields.get("bundle", 0), LARGEST_BUNDLE, "the bundle", "submit less at once, and no large files"),
        announced,
        tuple(safe(name, LONGEST_NAME) for name in left[:MOST_LEFT] if isinstance(name, str)),
        large,
        tuple(safe(name, LONGEST_NAME) for name in elsewhere[:MOST_ELSEWHERE] if isinstance(name, str)),
    )


def _large(items: object) -> tuple[Announced, ...]:
    if not isinstance(items, list) or len(items) > MOST_LARGE:
        raise BadInput("there are too many large files, or they are no list", hint=f"submit at most {MOST_LARGE}")
    found = list[Announced]()
    for item in items:
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(name, str) or not _OID.fullmatch(name):
            raise BadInput("a large file has no sha256", hint=_HINT)
        size = _size(item.get("size"), LARGEST_LARGE, f"the file {name[:12]} in Git LFS", "submit something smaller")
        found.append(Announced(name, size))
    if len({file.name for file in found}) < len(found):
        raise BadInput("a large file is announced twice", hint=_HINT)
    if sum(file.size for file in found) > LARGEST_LARGES:
        raise BadInput(f"the files in Git LFS have more than {LARGEST_LARGES} bytes in all", hint="submit less at once")
    return tuple(found)


def _announced(item: object) -> Announced:
    name = item.get("name") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(name, str):
        raise BadInput("an artefact has no name", hint=_HINT)
    check_artefact_name(name)
    size = _size(item.get("size"), LARGEST_ARTEFACT, f"the artefact {name}", "hand over something smaller")
    return Announced(name, size)


def check_artefact_name(name: str) -> None:
    """BadInput for a name that cannot be shown unchanged, or that leads to another folder."""
    if safe(name) != name or name in {"", ".", ".."} or "/" in name or len(name) > LONGEST_NAME:
        raise BadInput(
            f"{safe(name, 100)} cannot be the name of an artefact",
            hint="rename it in $ONLOOP_OUT: use printable characters in UTF-8, and no /",
        )


def _size(value: object, most: int, what: str, hint: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadInput(f"{what} has no size", hint=_HINT)
    if value > most:
        raise BadInput(f"{what} is larger than {most} bytes", hint=hint)
    return value
