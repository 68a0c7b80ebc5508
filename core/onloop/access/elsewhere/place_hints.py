"""That something may be new elsewhere: left by whoever takes webhooks, found by whoever looks; nobody believes it.

A hint is an empty file whose name says where to look, so that a storm of webhooks about one place is one hint, and two
processes need nothing but the store's folder.
"""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from onloop.plain_file import plain_bytes
from onloop.records import Record

FOLDER = "hints"
MOST_HINTS = 500
"""How many wait at most; more are no loss, for every place is looked at in a minute anyway."""

LARGEST = 4_096


class ForgeHint(Record):
    """Something happened to a pull request, or to a branch (`ref`, without `refs/heads/`) of a repository."""

    repository: str
    number: int = 0
    ref: str = ""


def leave_hint(store: Path, hint: ForgeHint) -> None:
    """Leave a hint in a store's folder; nothing happens where that cannot be."""
    content = json.dumps([hint.repository[:300], hint.number, hint.ref[:300]]).encode()
    folder = store / FOLDER
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        if sum(1 for _ in folder.iterdir()) < MOST_HINTS:
            place = folder / sha256(content).hexdigest()[:32]
            fresh = place.with_suffix(".new")
            fresh.write_bytes(content)
            fresh.rename(place)


def take_hints(store: Path) -> tuple[ForgeHint, ...]:
    """The hints that wait, which are gone afterwards."""
    taken: list[ForgeHint] = []
    with suppress(OSError):
        for place in sorted((store / FOLDER).iterdir())[:MOST_HINTS]:
            content = plain_bytes(place, LARGEST, follows=False)[:LARGEST] if not place.suffix else b""
            place.unlink(missing_ok=True)
            with suppress(ValueError, TypeError):
                repository, number, ref = json.loads(content or b"[]")
                taken.append(ForgeHint(str(repository), int(number), str(ref)))
    return tuple(taken)
