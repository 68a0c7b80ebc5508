"""Styles are for widgets that there are: one that was renamed would lose them without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from textual.dom import DOMNode

from support.world import ROOT

STYLED = re.compile(r'CSS = (?P<text>"""(?:.|\n)*?"""|"[^"\n]*")')
SELECTORS = re.compile(r"([^{};]+)\{")
NAME = re.compile(r"(?<![\w.#$:&-])([A-Z]\w+)")


def _widgets(above: type[DOMNode] = DOMNode) -> Iterator[str]:
    for each in above.__subclasses__():
        yield each.__name__
        yield from _widgets(each)


def _styles(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    yield from [text] if path.suffix == ".tcss" else (match["text"] for match in STYLED.finditer(text))


def test_every_style_is_for_a_widget_that_there_is() -> None:
    import_module("onloop_tui.__main__")  # and with it every widget
    there = set(_widgets())
    folder = ROOT / "tui" / "onloop_tui"
    named = {
        (path.name, name)
        for path in (*folder.rglob("*.tcss"), *folder.rglob("*.py"))
        for style in _styles(path)
        for selector in SELECTORS.findall(style)
        for name in NAME.findall(selector)
    }

    assert ("form.py", "FormDialog") in named
    assert {(file, name) for file, name in named if name not in there} == set()
