"""README's table of keys, made of the registry: `python -m onloop_tui.key_reference` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from onloop_tui.bindings import BULK, KEYS, LEAVING, Key

_ALL = (*KEYS, *(each for each in BULK if each.footer), *LEAVING)


def keys_markdown(keys: Iterable[Key] = _ALL) -> str:
    """The keys as a Markdown table: key, name, what it does, where, and the same from the command line."""
    rows = [f"| {_code(key.shown)} | {key.help} | {key.where.value} | {_code(key.twin)} |" for key in keys]
    return "\n".join(["| key | does | where | from the command line |", "|---|---|---|---|", *rows])


def _code(words: str) -> str:
    return f"`{words}`" if words else ""


if __name__ == "__main__":
    sys.stdout.write(keys_markdown() + "\n")
