"""`onloop help`: what it lists, how it shows a guide in a terminal and elsewhere, and what it says of a wrong word."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

import pytest

from onloop.cli.pager import is_styled, pager_command, styled_text
from onloop.cli.verb_table import VERBS
from onloop.guides.catalogue import TOPICS, guide, guides
from onloop.guides.layout import Piece, Style
from support.world import World


def _in_terminal(world: World, *words: str, **variables: str) -> str:
    """What a terminal of 80 columns is sent."""
    environment = world.environment | {"TERM": "xterm", "COLUMNS": "80", **variables}
    environment = {name: value for name, value in environment.items() if value}
    process, terminal = pty.fork()
    if process == 0:
        os.execve(sys.executable, [sys.executable, "-m", "onloop.cli.entry", *words], environment)  # noqa: S606
    got = b""
    try:
        while chunk := os.read(terminal, 65_536):
            got += chunk
    except OSError:
        pass
    os.close(terminal)
    os.waitpid(process, 0)
    return got.decode()


def _pager(folder: Path, name: str = "less") -> Path:
    """A pager that leaves what it was given, and with which words, in its folder."""
    program = folder / name
    program.write_text(f'#!/bin/sh\ncat > "{folder}/read"\necho "$LESS|$*" > "{folder}/told"\n')
    program.chmod(0o755)
    return program


def test_help_lists_every_guide_with_its_title_and_a_line(world: World) -> None:
    ran = world.onloop("help")

    assert ran.code == 0
    for each in guides():
        assert any(line.split() == [each.name, *each.title.split()] for line in ran.out.splitlines()), each.name
        assert each.summary.split()[0] in ran.out
    assert "onloop help GUIDE" in ran.err


def test_help_as_json_holds_the_guides_and_the_text_of_one(world: World) -> None:
    assert [each["name"] for each in world.onloop("help", "--json").json["guides"]] == list(TOPICS)
    assert world.onloop("help", "words", "--json").json["text"] == guide("words").text


@pytest.mark.parametrize("topic", TOPICS)
def test_a_guide_in_a_pipe_is_plain_text(world: World, topic: str) -> None:
    ran = world.onloop("help", topic, env={"COLUMNS": "72", "PAGER": "false"})

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"# {guide(topic).title[:40]}")
    assert "\x1b" not in ran.out
    assert max(map(len, ran.out.splitlines())) <= 84


@pytest.mark.parametrize("name", [each.name for each in VERBS])
def test_help_of_a_verb_is_the_help_of_that_verb(world: World, name: str) -> None:
    assert world.onloop("help", name).out == world.onloop(name, "--help").out


def test_a_word_that_is_neither_guide_nor_verb_gets_the_nearest_one(world: World) -> None:
    ran = world.onloop("help", "gats")

    assert (ran.code, ran.out) == (2, "")
    assert "there is no guide or verb 'gats'" in ran.err
    assert "did you mean gates?" in ran.err


def test_a_terminal_gets_a_guide_through_the_pager_that_is_asked_for(world: World) -> None:
    shown = _in_terminal(world, "help", "words", PAGER=f"{_pager(world.folder)} --tabs=3", LESS="")

    assert "Words: what" not in shown
    assert "\x1b[1;4mWords: what onloop calls things\x1b[0m" in (world.folder / "read").read_text()
    assert (world.folder / "told").read_text() == "FRX|--tabs=3\n"


def test_a_pager_that_obeys_no_colours_gets_plain_text(world: World) -> None:
    _in_terminal(world, "help", "words", PAGER=str(_pager(world.folder, "more")))

    assert "\x1b" not in (world.folder / "read").read_text()


@pytest.mark.parametrize("pager", ["cat", "no-such-pager", "'", " "])
def test_without_a_pager_the_terminal_itself_shows_the_guide(world: World, pager: str) -> None:
    assert "\x1b[1;4mWords: what onloop calls things\x1b[0m" in _in_terminal(world, "help", "words", PAGER=pager)


def test_no_colour_is_honoured_and_a_dumb_terminal_is_no_reader(world: World) -> None:
    assert "\x1b" not in _in_terminal(world, "help", "words", PAGER="cat", NO_COLOR="1")
    assert "\x1b" not in _in_terminal(world, "help", "words", TERM="dumb")


def test_no_shell_reads_the_pager(world: World) -> None:
    _in_terminal(world, "help", "words", PAGER=f"{_pager(world.folder)} ; touch {world.folder}/made $(id)")

    assert not (world.folder / "made").exists()
    assert (world.folder / "told").read_text() == f"FRX|; touch {world.folder}/made $(id)\n"


def test_the_pager_is_an_argv_list(tmp_path: Path) -> None:
    path = {"PATH": str(tmp_path)}
    _pager(tmp_path)

    assert pager_command(path) == ["less"]
    assert pager_command({**path, "PAGER": "less -S 'two words'"}) == ["less", "-S", "two words"]
    assert pager_command({"PATH": "/nowhere"}) == []


def test_a_control_character_in_a_page_is_shown_and_not_obeyed() -> None:
    assert styled_text((Piece("a\x1b[31mb", Style.CODE), Piece("c\x07"))) == "\x1b[36ma␛[31mb\x1b[0mc␇"


def test_what_is_read_through_a_pipe_has_no_styles() -> None:
    assert not is_styled()
