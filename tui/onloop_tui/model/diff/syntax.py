"""What the pieces of a program's lines are, as pygments tells them by the file's name; lines stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.token import Comment, Keyword, Name, Number, Operator, String, Token
from pygments.util import ClassNotFound

from onloop_tui.model.drawing.text_line import Tone

Piece = tuple[int, int, str]
"""Where in a row a piece begins, where it ends, and the tone that it has."""

LONGEST_LINE = 300
"""Longer rows are not looked at: nobody reads them as a program, and looking might take long."""
_LONGEST_NAME = 200
_TONES: Mapping[object, Tone] = {
    Keyword: Tone.KEYWORD,
    Operator.Word: Tone.KEYWORD,
    String: Tone.STRING,
    Comment: Tone.COMMENT,
    Number: Tone.NUMBER,
    Name.Function: Tone.NAMED,
    Name.Class: Tone.NAMED,
    Name.Decorator: Tone.NAMED,
    Name.Tag: Tone.KEYWORD,
    Name.Attribute: Tone.NAMED,
    Name.Builtin: Tone.KEYWORD,
}


def lexer_of(path: str) -> Lexer | None:
    """What knows the language of a file with that name; None where nothing does."""
    name = path.rpartition("/")[2]
    if not name.isprintable() or len(name) > _LONGEST_NAME:
        return None
    try:
        return get_lexer_for_filename(name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def syntax_pieces(lexer: Lexer, rows: Sequence[str]) -> tuple[tuple[Piece, ...], ...]:
    """The pieces of each row of a patch, which begins with its sign.

    Each hunk is read twice: as it was, and as it is now.
    """
    found: list[tuple[Piece, ...]] = [()] * len(rows)
    for hunk in _hunks(rows):
        for signs in ({" ", "-"}, {" ", "+"}):
            side = [at for at in hunk if rows[at][:1] in signs]
            pieces = _side_pieces(lexer, [_looked_at(rows[at]) for at in side])
            for at, some in zip(side, pieces, strict=True):
                found[at] = some
    return tuple(found)


def _looked_at(row: str) -> str:
    return row[1:] if len(row) <= LONGEST_LINE and not row[1:].startswith("↪") else ""


def _hunks(rows: Sequence[str]) -> Iterator[list[int]]:
    hunk: list[int] = []
    for at, row in enumerate(rows):
        if row[:1] in {" ", "+", "-"}:
            hunk.append(at)
        elif hunk:
            yield hunk
            hunk = []
    if hunk:
        yield hunk


def _side_pieces(lexer: Lexer, lines: Sequence[str]) -> list[tuple[Piece, ...]]:
    """The pieces of these lines of one program; behind the sign, a line's first column is 1."""
    pieces: list[list[Piece]] = [[] for _ in lines]
    at, column = 0, 1
    for kind, text in lexer.get_tokens("\n".join(lines)):
        tone = _tone(kind)
        for number, part in enumerate(text.split("\n")):
            if number:
                at, column = at + 1, 1
            if at >= len(pieces):
                break
            if part and tone is not None:
                pieces[at].append((column, column + len(part), tone.value))
            column += len(part)
    return [tuple(each) for each in pieces]


def _tone(kind: object) -> Tone | None:
    while kind is not None and kind is not Token:
        if kind in _TONES:
            return _TONES[kind]
        kind = getattr(kind, "parent", None)
    return None
