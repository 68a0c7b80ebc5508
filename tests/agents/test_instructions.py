"""What agents read by themselves: merged once, replaced in place, taken out again, and every command in it works."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.agents.hooks.denials.prohibitions import PROHIBITIONS
from onloop.agents.instructions.instruction_files import FILES, PLUGIN
from onloop.agents.instructions.instruction_places import instructions_for
from onloop.agents.instructions.marked_block import page_with_block, page_without_block
from onloop.agents.instructions.working_rules import LONGEST, block_text, skill
from onloop.agents.vendors.known_vendors import VENDORS
from onloop.errors import EXIT_MEANINGS, BadInput, Exit


def test_forty_lines_say_all_exit_codes_and_all_that_is_forbidden() -> None:
    text = block_text()

    assert len(text.splitlines()) <= LONGEST
    assert len(skill().splitlines()) <= LONGEST + 5, "its front matter is for the program"
    for code in set(Exit) - {Exit.INTERNAL, Exit.USAGE}:
        assert f"| {code.value} | {EXIT_MEANINGS[code]} |" in text
    assert all(f"- {rule.what}" in text for rule in PROHIBITIONS)


@pytest.mark.parametrize("agent", FILES)
def test_twice_is_once_and_out_is_as_before(agent: str, tmp_path: Path) -> None:
    pages = [each.file.path for each in instructions_for(agent, tmp_path) if each.is_page]
    for page in pages:
        page.write_text("# Ours\n\nBe kind.\n", encoding="utf-8")

    places = instructions_for(agent, tmp_path)
    assert [each.install() for each in places] == [True] * len(places)
    assert [each.install() for each in places] == [False] * len(places)
    assert all(each.is_there() for each in places)
    assert all("Be kind." in page.read_text(encoding="utf-8") for page in pages)
    assert [each.uninstall() for each in places] == [True] * len(places)
    assert [each.uninstall() for each in places] == [False] * len(places)

    assert all(page.read_text(encoding="utf-8") == "# Ours\n\nBe kind.\n" for page in pages)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(pages)


@given(st.text(alphabet="# ab\n", max_size=60), st.text(alphabet="# ab\n", max_size=60))
def test_what_stands_around_a_block_is_never_changed(before: str, after: str) -> None:
    with_one = page_with_block(before, "old", "page")
    grown = with_one + after

    assert page_with_block(grown, "old", "page") == grown, "done twice is done once"
    replaced = page_with_block(grown, "new\nlines", "page")
    assert replaced.startswith(before) and replaced.endswith(after)
    assert "old" not in replaced
    assert page_without_block(grown, "page").startswith(before.rstrip("\n"))
    assert page_without_block(grown, "page").endswith(after)


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ("a\n<!-- onloop: begin. -->\nb\n", 2),
        ("a\nb\n<!-- onloop: end -->\n", 3),
        ("<!-- onloop: end -->\n<!-- onloop: begin -->\n", 2),
        ("<!-- onloop: begin -->\n<!-- onloop: end -->\n" * 2, 4),
    ],
)
def test_marks_that_are_no_pair_are_refused_by_line(page: str, line: int, tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text(page, encoding="utf-8")
    place = instructions_for("codex", tmp_path)[0]

    for change in (place.install, place.uninstall):
        with pytest.raises(BadInput, match=rf"AGENTS.md:{line}: the marks"):
            change()
    assert (tmp_path / "AGENTS.md").read_text(encoding="utf-8") == page


def test_a_page_keeps_its_line_ends_and_mark_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    page, place = tmp_path / "AGENTS.md", instructions_for("codex", tmp_path)[0]
    page.write_bytes(b"\xef\xbb\xbf# Ours\r\n")

    assert place.install() and not place.install()
    assert page.read_bytes().startswith(b"\xef\xbb\xbf# Ours\r\n\r\n") and b"[^\r]\n" not in page.read_bytes()
    assert place.uninstall() and page.read_bytes() == b"\xef\xbb\xbf# Ours\r\n"
    page.write_bytes(b"ok\n\xff\n")
    with pytest.raises(BadInput, match=":2: not UTF-8"):
        place.install()


def test_a_page_that_is_a_link_within_the_repository_is_followed_and_out_of_it_is_not(tmp_path: Path) -> None:
    repository, outside = tmp_path / "r", tmp_path / "outside.md"
    repository.mkdir()
    outside.write_text("mine\n", encoding="utf-8")
    (repository / "AGENTS.md").write_text("# Ours\n", encoding="utf-8")
    (repository / "CLAUDE.md").symlink_to("AGENTS.md")
    (repository / "GEMINI.md").symlink_to(outside)

    assert instructions_for("claude", repository)[0].install()
    assert not instructions_for("codex", repository)[0].install(), "it is the same page"
    assert (repository / "CLAUDE.md").is_symlink()
    with pytest.raises(BadInput, match="is a link"):
        instructions_for("gemini", repository)[0].install()
    assert outside.read_text(encoding="utf-8") == "mine\n"


def test_a_skill_that_others_wrote_is_left(tmp_path: Path) -> None:
    place = instructions_for("claude", tmp_path)[1]
    place.file.path.parent.mkdir(parents=True)
    place.file.path.write_text("Mine.\n", encoding="utf-8")

    for change in (place.install, place.uninstall):
        with pytest.raises(BadInput, match="not a file that onloop wrote"):
            change()


def test_a_file_that_only_tells_of_onloop_is_left_and_so_is_what_a_link_leads_to(tmp_path: Path) -> None:
    readme, skills = tmp_path / "README.md", instructions_for("claude", tmp_path)[1]
    told = f"# Ours\n\nWe use onloop.\n\n{skill()}"
    readme.write_text(told, encoding="utf-8")
    skills.file.path.parent.mkdir(parents=True)
    skills.file.path.symlink_to("../../../README.md")

    for why in ("is a link", "not a file that onloop wrote"):
        for change in (skills.is_there, skills.install, skills.uninstall):
            with pytest.raises(BadInput, match=why):
                change()
        assert readme.read_text(encoding="utf-8") == told
        skills.file.path.unlink()
        skills.file.path.write_text(told, encoding="utf-8")


@pytest.mark.parametrize("name", [".claude-plugin/plugin.json", ".claude-plugin/marketplace.json"])
def test_a_plugin_of_anothers_is_left_and_ours_of_an_older_version_is_replaced(name: str, tmp_path: Path) -> None:
    place = next(each for each in instructions_for(PLUGIN, tmp_path) if each.file.name == name)
    place.install()
    ours = json.loads(place.file.path.read_text(encoding="utf-8"))

    place.file.path.write_text(json.dumps({**ours, "version": "0.0.1"}), encoding="utf-8")
    assert place.install() and json.loads(place.file.path.read_text(encoding="utf-8")) == ours
    for others in (json.dumps({**ours, "homepage": "https://example.org"}), "[]", "onloop", ""):
        place.file.path.write_text(others, encoding="utf-8")
        for change in (place.install, place.uninstall):
            with pytest.raises(BadInput, match="not a file that onloop wrote"):
                change()
        assert place.file.path.read_text(encoding="utf-8") == others


def test_a_persons_hooks_in_a_plugin_are_kept(tmp_path: Path) -> None:
    place = next(each for each in instructions_for(PLUGIN, tmp_path) if each.file.name == "hooks/hooks.json")
    mine = {"description": "Mine.", "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say onloop"}]}]}}
    place.file.path.parent.mkdir()
    before = json.dumps(mine, indent=2) + "\n"
    place.file.path.write_text(before, encoding="utf-8")

    assert not place.uninstall()
    assert place.install() and not place.install() and place.is_there()
    merged = json.loads(place.file.path.read_text(encoding="utf-8"))
    assert merged["description"] == "Mine." and merged["hooks"]["Stop"][0] == mine["hooks"]["Stop"][0]  # type: ignore[index]
    assert merged["hooks"]["Stop"][1:] == VENDORS["claude"].hooks()["Stop"]
    assert place.uninstall() and place.file.path.read_text(encoding="utf-8") == before
    place.file.path.write_text('{"hooks": []}', encoding="utf-8")
    with pytest.raises(BadInput, match="form of a hooks file"):
        place.install()


def test_the_plugin_holds_what_claude_code_reads(tmp_path: Path) -> None:
    for place in instructions_for(PLUGIN, tmp_path):
        place.install()

    manifest = json.loads((tmp_path / ".claude-plugin/plugin.json").read_text(encoding="utf-8"))
    assert manifest["name"] == "onloop" and manifest["version"]
    hooks = json.loads((tmp_path / "hooks/hooks.json").read_text(encoding="utf-8"))
    assert hooks == {"hooks": VENDORS["claude"].hooks()}
    assert (
        (tmp_path / "skills/onloop/SKILL.md").read_text(encoding="utf-8").startswith("---\nname: onloop\ndescription: ")
    )
