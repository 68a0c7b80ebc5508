"""Generates the guides' tables from the registries: `python -m onloop_tui.guide_pages` writes them into the pages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from onloop.cli.page_parts import PARTS, filled, table
from onloop.guides.catalogue import FOLDER
from onloop.views.task_columns import COLUMNS as TASK_COLUMNS
from onloop_tui.bindings import BULK, COLUMNS, FILES, FORM, KEYS, LEAVING, OUTPUT, PROMPT, TYPED, Key

_ALL = (*KEYS, *FORM, *PROMPT, *TYPED, *(each for each in (*BULK, *FILES, *OUTPUT, *COLUMNS) if each.footer), *LEAVING)


def keys_markdown(keys: Iterable[Key] = _ALL) -> str:
    """The keys as a Markdown table: key, name, what it does, where, and the same from the command line."""
    rows = ((_code(key.shown), key.help, key.where.value, _code(key.cli_equivalent)) for key in keys)
    return table(("key", "does", "where", "from the command line"), rows)


def columns_markdown() -> str:
    """The columns of tasks as a Markdown table: the name, what it shows, and which rows an order by it begins with."""
    rows = ((_code(each.name), each.about, each.order_words()) for each in TASK_COLUMNS.values())
    return table(("column", "shows", "order"), rows)


ALL_PARTS: Mapping[str, Callable[[], str]] = {
    **PARTS,
    "keys": keys_markdown,
    "columns": columns_markdown,
}
"""The generated parts of pages, by name."""


def pages() -> Iterator[Path]:
    """The pages with generated parts: the guides, and in a checkout SECURITY.md."""
    yield from sorted(FOLDER.glob("*.md"))
    security = FOLDER.parents[2] / "SECURITY.md"
    if security.is_file():
        yield security


def main() -> None:
    """Generate every marked part of every page, and print the names of the pages that changed."""
    for page in pages():
        before = page.read_text(encoding="utf-8")
        after = filled(before, ALL_PARTS)
        if after != before:
            page.write_text(after, encoding="utf-8")
            sys.stdout.write(f"{page.name}\n")


def _code(words: str) -> str:
    return f"`{words}`" if words else ""


if __name__ == "__main__":
    main()
