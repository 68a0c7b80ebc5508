"""`onloop help`: the guides, one guide, or what a verb takes."""

from __future__ import annotations

from difflib import get_close_matches

from onloop.cli import pager
from onloop.cli.context import Context
from onloop.cli.main import verb_parser
from onloop.cli.output import Output
from onloop.cli.verbs import VERBS, verb
from onloop.errors import UnknownThing
from onloop.guides.catalogue import TOPICS, guide, guides
from onloop.guides.layout import Line, Piece, Style, plain, wrapped
from onloop.guides.markdown import lines_of


def show_help(context: Context) -> Output:
    """List the guides, show one, or show what a verb takes; UnknownThing names what comes nearest."""
    topic = context.args.topic
    if topic is None:
        return _list()
    if topic in TOPICS:
        return _guide(context, topic)
    found = verb(topic)
    if found is None:
        near = get_close_matches(topic[:60], [*TOPICS, *(each.name for each in VERBS)], n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise UnknownThing(
            f"there is no guide or verb {topic[:60]!r}", hint=f"{meant}onloop help lists the guides, --help the verbs"
        )
    usage = verb_parser(found).format_help().rstrip("\n")
    return Output(lines=(usage,), data={"verb": found.name, "usage": usage})


def _list() -> Output:
    listed = guides()
    names = max(len(each.name) for each in listed)
    lines: list[Line] = []
    for each in listed:
        words = (Piece(each.title, Style.STRONG), Piece(f": {each.summary}"))
        lines += wrapped(words, pager.width(), first=f"{each.name:<{names}}  ", rest=" " * (names + 2))
    data = [{"name": each.name, "title": each.title, "summary": each.summary} for each in listed]
    notes = ("onloop help GUIDE shows one of them, onloop help VERB what a verb takes",)
    return Output(lines=tuple(map(plain, lines)), data={"guides": data}, notes=notes)


def _guide(context: Context, topic: str) -> Output:
    found = guide(topic)
    in_terminal = pager.is_terminal() and not context.args.as_json
    lines = lines_of(found.text, pager.width(), marked=not (in_terminal and pager.is_styled()))
    if in_terminal:
        pager.show(lines)
        return Output()
    data = {"guide": found.name, "title": found.title, "text": found.text}
    return Output(lines=tuple(map(plain, lines)), data=data)
