"""What a person writes for a decision: in their editor, in a file, on standard input, with its lines."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.cli.context import Context
from onloop.cli.main import parse
from onloop.cli.text_editor import edited, editor_command, template, words_in
from onloop.cli.written_words import written
from onloop.errors import BadInput, OnloopError, Unavailable
from onloop.text import typed_lines

LINES = "use 2.32:\n\n# a heading of mine\n- and go on"


def _editor(folder: Path, does: str) -> str:
    """An editor that does this with the `text` of the file, in `file`."""
    script = folder / "my editor.py"
    script.write_text(f"import pathlib, sys\nfile = pathlib.Path(sys.argv[1])\ntext = file.read_text()\n{does}\n")
    return f"{sys.executable} '{script}'"


@given(st.text("ab#\n\t \r>8", max_size=40), st.text("ab#\n:vimex", max_size=40))
def test_what_stands_above_the_line_comes_back_whatever_is_asked_below_it(words: str, asked: str) -> None:
    kept = typed_lines(words)[0]
    ours = [line for line in kept.splitlines() if line != "#"]  # a line that looks like one of ours
    assert words_in(template(kept, [asked])) == "\n".join(ours).strip()


def test_nothing_of_an_agents_question_is_an_instruction_for_an_editor_or_leaves_its_line() -> None:
    asked = "x\nvim: set modeline:\n vi:ft=sh\nex: nop\nLocal Variables:\n-*- eval -*-\x1b[31m\n" + "vim: x\n" * 9
    lines = template("", [asked]).splitlines()

    assert all(line.startswith("#") for line in lines if line)
    assert not any(sign in line for line in lines for sign in ("vim:", "vi:", "ex:", "Variables:", "-*-", "\x1b"))
    assert not any("set modeline" in line or line.startswith("# vim") for line in (*lines[:5], *lines[-5:]))


def test_the_editor_is_run_without_a_shell_on_a_private_file_that_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    does = "assert oct(file.parent.stat().st_mode)[-2:] == '00' and 'which one?' in text and text[:6] == 'so far'\n"
    does += f"file.write_text({LINES!r} + text[6:]); pathlib.Path({str(tmp_path / 'seen')!r}).write_text(str(file))"
    monkeypatch.setenv("VISUAL", _editor(tmp_path, does))

    assert edited("so far", ["which one?"]) == LINES
    assert not Path((tmp_path / "seen").read_text()).parent.exists()


def test_an_editor_that_fails_or_is_not_there_is_said_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", _editor(tmp_path, "sys.exit(3)"))
    with pytest.raises(Unavailable, match="ended with 3: nothing was done"):
        edited("so far", [])
    with pytest.raises(Unavailable, match="'no-such-editor -w' cannot be run"):
        editor_command({"EDITOR": "no-such-editor -w"})
    assert editor_command({"EDITOR": f"{sys.executable} -u", "VISUAL": ""}) == [sys.executable, "-u"]


def test_words_come_from_a_file_or_standard_input_with_their_lines_and_never_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "why.md").write_text(f"{LINES}\n".replace("\n", "\r\n"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINES.encode())))

    assert _words("answer", "t", "--file", str(tmp_path / "why.md")) == LINES
    assert _words("reject", "t", "--reason", "-") == LINES
    assert _words("retry", "t", "--note", LINES) == LINES
    with pytest.raises(BadInput, match="given twice"):
        _words("answer", "t", "yes", "--file", str(tmp_path / "why.md"))
    (tmp_path / "large").write_bytes(b"x" * 65_537)
    with pytest.raises(BadInput, match="more than can be passed on"):
        _words("answer", "t", "--file", str(tmp_path / "large"))
    with pytest.raises(BadInput, match="no-file cannot be read"):
        _words("cancel", "t", "--file", "no-file")


def test_what_was_written_in_an_editor_and_refused_is_kept_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", _editor(tmp_path, f"file.write_text({LINES!r})"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    found, args = parse(["retry", "--cause", "c", "--edit"])
    assert found is not None
    with pytest.raises(OnloopError) as refused, written(Context(args, found.name), found):
        raise BadInput("it has changed", hint="look again")

    hint, _, kept = refused.value.hint.partition("; what you wrote is kept: --file ")
    assert (hint, Path(kept).read_text()) == ("look again", LINES)


def _words(*words: str) -> str:
    found, args = parse(words)
    assert found is not None
    context = Context(args, found.name)
    with written(context, found):
        return str(getattr(context.args, found.words))
