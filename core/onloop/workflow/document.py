"""Strict YAML 1.2: from bytes to a tree of positioned values. Anything ambiguous is a problem, never a guess."""

from __future__ import annotations

import re

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from onloop.records import Record
from onloop.text import safe
from onloop.workflow.characters import decoded, unwanted
from onloop.workflow.positioned_tree import LARGEST, FileProblem, Node, Position
from onloop.workflow.tree_builder import TooMuch, TreeBuilder, position_of

START = Position(1, 1)
EMPTY = FileProblem(START, "the file is empty", "begin with workflow: NAME")
_DIRECTIVE = re.compile(r"((?: *(?:#[^\n]*)?\n)*)%")


class Document(Record):
    """The content of a file, as far as it can be read, and what is wrong with it as YAML."""

    root: Node | None
    problems: tuple[FileProblem, ...]
    text: str = ""


def read(source: bytes) -> Document:
    """Read a whole file. Never raises: unreadable parts are problems, and the root is None if nothing can be read."""
    if len(source) > LARGEST:
        size = f"the file has {len(source)} bytes, more than {LARGEST}"
        return _unreadable(FileProblem(START, size, "keep long text in the repository, and name its path in the brief"))
    text = decoded(source)
    if isinstance(text, FileProblem):
        return _unreadable(text)
    directive = _DIRECTIVE.match(text)
    if directive is not None:
        at = Position(directive[1].count("\n") + 1, 1)
        return _unreadable(FileProblem(at, "a % directive", "remove it; every file is read as YAML 1.2"))
    problems = tuple(unwanted(text))
    return Document(None, problems) if problems else _parsed(text)


def _parsed(text: str) -> Document:
    builder = TreeBuilder()
    at = START
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            at = position_of(event.start_mark) or at
            builder.feed(event, at)
    except TooMuch as stop:
        return _unreadable(*builder.problems, stop.problem)
    except YAMLError as error:
        return _unreadable(*builder.problems, _broken(error, at))
    except Exception:  # on odd input ruamel raises many kinds of errors, and each means that the file cannot be read
        return _unreadable(*builder.problems, FileProblem(at, "from here on this is not YAML", "write it more plainly"))
    if builder.root is None:
        return _unreadable(EMPTY)
    return Document(builder.root, tuple(builder.problems), text)


def _unreadable(*problems: FileProblem) -> Document:
    return Document(None, problems)


def _broken(error: YAMLError, at: Position) -> FileProblem:
    mark, message = None, None
    if isinstance(error, MarkedYAMLError):
        mark, message = error.problem_mark or error.context_mark, error.problem or error.context
    words = safe(str(message or "it is malformed").split("\n")[0], 120)
    return FileProblem(
        position_of(mark) or at, f"this is not YAML: {words}", "look at the indentation, quotes and brackets before it"
    )
