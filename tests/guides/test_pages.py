"""What holds for every page: links lead somewhere, tables are those of the registries, and commands are there."""

from __future__ import annotations

import re
import shlex
from functools import cache

import pytest

from guides.pages import GUIDES, PAGES, blocks, headings, prose, text_of
from onloop.cli.main import parse
from onloop.cli.page_parts import filled
from onloop.cli.verb_table import VERBS, verb
from onloop.errors import BadInput
from onloop.guides.catalogue import FOLDER, TOPICS, guide, guides
from onloop.workflow.loader import load
from onloop_tui.guide_pages import ALL_PARTS, pages
from onloop_tui.model.drawing.terminal_text import cells
from support.world import ROOT

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FILE = re.compile(r"`([\w./-]+\.(?:py|md|yaml|sql|toml|tcss))`")
ELSEWHERE = {
    *("git.toml", "ci.toml", "hooks.toml", "forges.toml", "environments.toml", "calls.toml"),
    *("notes.md", "review.md", "criteria.md"),
    *("dashboard.yaml", "docs/api.md", "conftest.py"),
    *("forges.toml", "people.toml", "tickets.toml"),
}
"""Files of readers' repositories, not of ours."""


@cache
def _files() -> tuple[str, ...]:
    folders = (ROOT / part for part in ("core", "tui", "tests"))
    return tuple(map(str, [*ROOT.glob("*"), *(path for folder in folders for path in folder.rglob("*"))]))


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", [*PAGES])
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: str) -> None:
    path = PAGES[page]
    for link in LINK.findall(prose(path)):
        if "://" in link:
            continue
        where, _, anchor = link.partition("#")
        target = (path.parent / where).resolve() if where else path
        assert target.is_file(), link
        assert not anchor or anchor in map(_anchor, headings(target)), link


def test_the_check_of_links_finds_a_heading_that_is_not_there() -> None:
    assert _anchor("Promises and limits") in map(_anchor, headings(PAGES["README.md"]))
    assert "no-such-heading" not in map(_anchor, headings(PAGES["README.md"]))


def test_nothing_refers_to_a_document_that_is_not_in_the_repository() -> None:
    ours = [*ROOT.glob("core/**/*.py"), *ROOT.glob("tui/**/*.py"), *PAGES.values()]
    of_others = {"ROADMAP.md", "WORKFLOW.md"}  # what bank-of-ona reads where it works, and the file of Symphony
    there = {path.name for path in (*ROOT.glob("*.md"), *GUIDES.values())} | of_others
    for source in ours:
        named = set(re.findall(r"\b[A-Z]{3,}\.md\b", source.read_text(encoding="utf-8")))
        assert named <= there, source
    for source in (*ours, *ROOT.glob("tests/**/*.py")):
        assert not re.search(r"DESIGN §\d|DESIGN\.md|\bnotes/[a-z]", source.read_text(encoding="utf-8")), source


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "AGENTS.md", *(f"{name}.md" for name in GUIDES)])
def test_a_file_that_a_page_names_is_there(page: str) -> None:
    for name in FILE.findall(prose(PAGES[page])):
        there = any(f"/{path}".endswith(f"/{name}") for path in _files())
        assert there or name.startswith(".") or name in ELSEWHERE, name


@pytest.mark.parametrize("page", [path.name for path in pages()])
def test_the_marked_parts_of_a_page_are_made_of_the_registries(page: str) -> None:
    text = text_of(PAGES[page])

    assert filled(text, ALL_PARTS) == text, "python -m onloop_tui.guide_pages writes them"


def test_every_part_that_can_be_made_stands_in_a_page() -> None:
    marks = {mark for page in pages() for mark in re.findall(r"<!-- made: (\w+) -->", text_of(page))}

    assert marks == set(ALL_PARTS)


def test_a_mark_that_nothing_fills_is_named() -> None:
    with pytest.raises(BadInput, match="nothing makes the part 'colours'"):
        filled("<!-- made: colours -->\nred\n<!-- /made -->", ALL_PARTS)


def test_a_part_that_is_out_of_date_is_made_anew() -> None:
    assert "| 17 | unavailable" in filled("<!-- made: exits -->\nold\n<!-- /made -->", ALL_PARTS)
    assert "old" not in filled("<!-- made: exits -->\nold\n<!-- /made -->", ALL_PARTS)


def test_every_guide_is_listed_and_none_is_called_like_a_verb() -> None:
    assert set(TOPICS) == set(GUIDES)
    assert not set(TOPICS) & {each.name for each in VERBS}


@pytest.mark.parametrize("name", TOPICS)
def test_a_guide_has_a_title_a_summary_of_one_line_and_characters_of_one_column(name: str) -> None:
    found = guide(name)

    assert found.text.startswith(f"# {found.title}\n\n{found.summary}\n")
    assert len(found.summary) <= 130
    assert all(cells(line) == len(line) for line in found.text.splitlines())


@pytest.mark.parametrize("page", ["README.md", *(f"{name}.md" for name in GUIDES)])
def test_lines_of_code_fit_eighty_columns_with_their_indent(page: str) -> None:
    most = 120 if page == "README.md" else 76
    for block in blocks(PAGES[page]):
        assert block.language in {"sh", "yaml", "toml", "text", "mermaid", "python"}
        long = [line for line in block.code.splitlines() if len(line) > most and block.language != "mermaid"]
        assert long == []


def test_readme_is_a_front_page() -> None:
    lines = text_of(PAGES["README.md"]).splitlines()
    links = {link for link in LINK.findall("\n".join(lines)) if "guides/" in link}

    assert len(lines) <= 150
    assert [line for line in lines if len(line) > 120] == []
    assert links >= {f"core/onloop/guides/{name}.md" for name in TOPICS}


def test_the_first_line_of_readme_that_runs_pytest_is_a_command_of_its_own() -> None:
    line = next(line for line in text_of(PAGES["README.md"]).splitlines() if "python -m pytest" in line)

    assert line.startswith("python3 -m venv --upgrade-deps .venv && ")


@pytest.mark.parametrize("page", ["README.md", *(f"{name}.md" for name in GUIDES)])
def test_every_onloop_command_in_the_text_has_a_verb_and_options_that_are_there(page: str) -> None:
    for code in re.findall(r"`onloop ([^`]+)`", prose(PAGES[page])):
        words = shlex.split(code.replace("…", "x"))
        found = verb(words[0])
        if words[0].startswith("-") or words[0] == "VERB":
            continue
        assert found is not None, code
        known = {name for argument in found.arguments for name in argument.names} | {"--json", "--store", "--help"}
        given = words[: words.index("--")] if "--" in words else words
        assert {word for word in given if word.startswith("--")} <= known, code


@pytest.mark.parametrize("name", GUIDES)
def test_every_whole_workflow_in_a_guide_can_be_loaded(name: str) -> None:
    whole = [each.code for each in blocks(GUIDES[name]) if each.language == "yaml" and "workflow:" in each.code]
    for code in whole:
        assert load(code.encode(), f"{name}.md").steps


def test_a_command_line_that_is_wrong_is_seen_by_the_same_parser() -> None:
    with pytest.raises(BadInput):
        parse(["show", "r1", "--no-such-option"])


def test_guides_are_read_from_where_the_package_is() -> None:
    assert [each.name for each in guides()] == list(TOPICS)
    assert FOLDER == ROOT / "core" / "onloop" / "guides"
