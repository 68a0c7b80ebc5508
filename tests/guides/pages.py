"""The Markdown pages of the repository, and the blocks of code in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from onloop.guides.catalogue import FOLDER
from support.world import ROOT

GUIDES = {path.stem: path for path in sorted(FOLDER.glob("*.md"))}
PAGES = {path.name: path for path in (*sorted(ROOT.glob("*.md")), *GUIDES.values())}
_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>[^>]*?) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE
)


class Block(NamedTuple):
    """A block of code: its language, its text, and why it is not run, if it is not."""

    language: str
    code: str
    why_not: str


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path) -> Iterator[Block]:
    for match in _BLOCK.finditer(text_of(page)):
        yield Block(match["language"], match["code"], match["why"] or "")


def prose(page: Path) -> str:
    """The page without its blocks of code and its comments."""
    return re.sub(r"<!--.*?-->", "", _BLOCK.sub("", text_of(page)), flags=re.DOTALL)


def headings(page: Path) -> list[str]:
    return re.findall(r"^#{1,4} +(.*)$", _BLOCK.sub("", text_of(page)), flags=re.MULTILINE)
