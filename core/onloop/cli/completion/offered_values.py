"""`onloop complete KIND [BEGINNING]`: what a shell may offer, a name and a word about it in each line.

It asks nobody, changes nothing and says nothing on stderr. What somebody else wrote is shown as one printable line: a
name that a terminal would obey, or that a command would read as an option, is not offered at all.
"""

from __future__ import annotations

import os
import sys

from onloop.cli.completion.stored_names import MOST, stored_names
from onloop.store_folder import store_folder

LONGEST_NAME = 200
LONGEST_ABOUT = 60

_SCOPES = {"run": "run:", "repository": "repo:", "workflow": "workflow:"}
_ENDINGS = {"begun": (".onloop", ".yaml", ".onloop/"), "agent": (".onloop/agents", ".md", "")}
"""Names that are files of this folder: where, how they end, and what a name begins with."""


def offer(words: list[str]) -> int:
    """Print what may follow; the exit code is always 0, for a shell has no use for another."""
    try:
        store = words[1] if words[:1] == ["--store"] and len(words) > 1 else None
        kind, prefix, *_ = [*words[2 if store else 0 :], "", ""]
        lines = "".join(f"{name}\t{about}\n" for name, about in _fit(_offered(store, kind, prefix), prefix))
        sys.stdout.buffer.write(lines.encode("utf-8", "replace"))
        sys.stdout.flush()
    except Exception:  # noqa: S110 - whatever it is: somebody is typing, and did not ask for it
        pass
    return 0


def _fit(offered: list[tuple[str, str]], prefix: str) -> list[tuple[str, str]]:
    """What is safe to show and to insert, with the wanted beginning."""
    return [
        (name, "".join(char if char.isprintable() else " " for char in about[:LONGEST_ABOUT]))
        for name, about in offered
        if name.isprintable() and name[:1] not in {"", "-"} and len(name) <= LONGEST_NAME and name.startswith(prefix)
    ][:MOST]


def _offered(store: str | None, kind: str, prefix: str) -> list[tuple[str, str]]:
    if kind in _ENDINGS:
        folder, ending, before = _ENDINGS[kind]
        names = sorted(name for name in os.listdir(folder) if name.endswith(ending))  # noqa: PTH208
        return [(f"{before}{name}" if before else name.removesuffix(ending), "") for name in names]
    if kind == "scope":
        frozen = _stored(store, "frozen", prefix)
        return [
            *frozen,
            ("all", ""),
            *(
                (f"{begins}{name}", about)
                for of, begins in _SCOPES.items()
                for name, about in _stored(store, of, prefix.removeprefix(begins))
            ),
        ]
    return _stored(store, kind, prefix)


def _stored(store: str | None, kind: str, prefix: str) -> list[tuple[str, str]]:
    """Names from the store's file, or else from its gateway."""
    found = None if os.environ.get("ONLOOP_URL") else stored_names(store_folder(store), kind, prefix)
    if found is None:
        from onloop.cli.completion.asked_names import asked_names  # here: it loads what a verb loads

        found = asked_names(store, kind)
    return found
