"""SECURITY.md says of boxes what the code says, and points at what is there."""

from __future__ import annotations

from onloop.gates.box.promises_page import table
from support.world import ROOT

PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_the_table_of_boxes_is_the_one_that_the_probe_is_held_to() -> None:
    begin, end = "<!-- made: boxes -->\n", "\n<!-- /made -->"
    assert PAGE[PAGE.index(begin) + len(begin) : PAGE.index(end)] == table()


def test_the_page_names_only_modules_that_are_there() -> None:
    named = {word for word in PAGE.split("`") if word.endswith(".py")}
    assert named and all((ROOT / "core" / "onloop" / name).exists() for name in named)
