"""A rule's text as tokens: which facts it names, how much work it may make, its parts between `&&` and `||`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import takewhile

from onloop.records import Record


class TokenKind(StrEnum):
    """What a piece of a rule is."""

    SPACE = "space"
    TEXT = "text"
    NUMBER = "number"
    NAME = "name"
    SIGN = "sign"


class RuleToken(Record):
    """A piece of a rule, and where it begins, in characters."""

    kind: TokenKind
    text: str
    at: int

    @property
    def end(self) -> int:
        """Where the next piece begins."""
        return self.at + len(self.text)


class Chain(Record):
    """A name with all that is selected from it, such as `evidence.tests.ran`; None is a part that a run decides."""

    parts: tuple[str | None, ...]
    at: int
    is_tested: bool = False
    """Whether it stands in `has(…)`."""

    @property
    def path(self) -> str:
        """The parts that the text says, up to the first that a run decides."""
        return ".".join(takewhile(bool, (part or "" for part in self.parts)))


_PIECES = re.compile(
    r"""
    (?P<space>(?:\s|//[^\n]*)+)
  | (?P<text>
      (?:[bB]?[rR]|[rR][bB])(?:"{3}(?:(?!"{3}).)*"{3}|'{3}(?:(?!'{3}).)*'{3}|"[^"\n]*"|'[^'\n]*')
    | [bB]?(?:"{3}(?:\\.|(?!"{3}).)*"{3}|'{3}(?:\\.|(?!'{3}).)*'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    )
  | (?P<number>0[xX][0-9a-fA-F]+[uU]?|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?[uU]?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<sign>&&|\|\||[<>=!]=|.)
    """,
    re.VERBOSE | re.DOTALL,
)

MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
"""What goes through a list or a map."""

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_WORDS = frozenset({"true", "false", "null", "in"})
_MOST_ROUNDS = 9_999
"""After how many rounds the engine gives up by itself."""

_WEIGHTS = {"matches": 300, "+": 100, "in": 30, "==": 10, "!=": 10}
"""How much more work than one step each of these can make, at worst."""


def tokens_of(rule: str) -> tuple[RuleToken, ...]:
    """Every piece of the rule but spaces and comments, in order."""
    found = (RuleToken(TokenKind(m.lastgroup or "sign"), m[0], m.start()) for m in _PIECES.finditer(rule))
    return tuple(token for token in found if token.kind is not TokenKind.SPACE)


def chains_of(tokens: Sequence[RuleToken]) -> Iterator[Chain]:
    """Every name with what is selected from it, but for functions, methods, and names that macros bind."""
    bound = frozenset(_bound(tokens))
    for number, token in enumerate(tokens):
        before = tokens[number - 1].text if number else ""
        if token.kind is not TokenKind.NAME or before == "." or token.text in _WORDS or token.text in bound:
            continue
        if _text(tokens, number + 1) == "(":
            continue
        is_tested = before == "(" and number > 1 and tokens[number - 2].text == "has"
        yield Chain((token.text, *_selected(tokens, number + 1)), token.at, is_tested)


def _bound(tokens: Sequence[RuleToken]) -> Iterator[str]:
    for number, token in enumerate(tokens):
        if token.text in MACROS and _text(tokens, number - 1) == "." and _text(tokens, number + 1) == "(":
            yield _text(tokens, number + 2)


def _selected(tokens: Sequence[RuleToken], number: int) -> Iterator[str | None]:
    while True:
        sign = _text(tokens, number)
        if sign == "." and _text(tokens, number + 2) != "(":
            yield _text(tokens, number + 1)
            number += 2
        elif sign == "[" and _text(tokens, number + 2) == "]":
            inner = tokens[number + 1]
            yield inner.text[1:-1] if inner.kind is TokenKind.TEXT else None
            number += 3
        else:
            return


def _text(tokens: Sequence[RuleToken], number: int) -> str:
    return tokens[number].text if 0 <= number < len(tokens) else ""


def work_of(tokens: Sequence[RuleToken], most_items: int) -> int:
    """How many steps the rule takes at most, roughly, over lists of `most_items`."""
    depths, total = _depths(tokens), 0
    for token, depth in zip(tokens, depths, strict=True):
        rounds = min(most_items**depth, _MOST_ROUNDS)
        total += rounds * (_WEIGHTS.get(token.text, 1) if token.kind is not TokenKind.TEXT else 1)
    return total


def _depths(tokens: Sequence[RuleToken]) -> list[int]:
    """For each token, in how many macros it stands."""
    open_brackets: list[bool] = []
    depths = []
    for number, token in enumerate(tokens):
        if token.kind is TokenKind.SIGN and token.text in _CLOSING:
            name = _text(tokens, number - 1)
            open_brackets.append(token.text == "(" and name in MACROS and _text(tokens, number - 2) == ".")
        elif token.kind is TokenKind.SIGN and token.text in _CLOSING.values() and open_brackets:
            open_brackets.pop()
        depths.append(sum(open_brackets))
    return depths


def operands_of(rule: str) -> tuple[tuple[str, ...], str]:
    """The parts of the rule between `||`, or else between `&&`, and which of both; one part where it has neither.

    Brackets around the whole are left out.
    """
    tokens = tokens_of(rule)
    while tokens and tokens[0].text == "(" and _closes(tokens) == len(tokens) - 1:
        rule, tokens = rule[tokens[0].end : tokens[-1].at], tokens_of(rule[tokens[0].end : tokens[-1].at])
    if any(token.text == "?" for token in _outermost(tokens)):
        return (rule,), ""
    for sign in ("||", "&&"):
        cuts = [token for token in _outermost(tokens) if token.text == sign]
        if cuts:
            edges = [0, *(edge for cut in cuts for edge in (cut.at, cut.end)), len(rule)]
            return tuple(rule[a:b].strip() for a, b in zip(edges[::2], edges[1::2], strict=True)), sign
    return (rule.strip(),), ""


def _closes(tokens: Sequence[RuleToken]) -> int:
    depth = 0
    for number, token in enumerate(tokens):
        depth += (token.text in _CLOSING) - (token.text in _CLOSING.values())
        if depth == 0:
            return number
    return -1


def _outermost(tokens: Sequence[RuleToken]) -> Iterator[RuleToken]:
    depth = 0
    for token in tokens:
        if token.kind is TokenKind.SIGN:
            depth += (token.text in _CLOSING) - (token.text in _CLOSING.values())
        if depth == 0:
            yield token
