"""`onloop help`: the guides, one guide, or what a verb takes."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from onloop.cli import pager
from onloop.cli.arguments import Arguments, HelpArguments
from onloop.cli.context import Context
from onloop.cli.json_models.build_models import GuideEntryJson, GuideJson, GuidesJson, UsageJson
from onloop.cli.main import verb_parser
from onloop.cli.output import VerbOutput
from onloop.cli.verb_table import VERBS, verb
from onloop.errors import UnknownThing
from onloop.guides.catalogue import TOPICS, guide, guides
from onloop.guides.layout import Piece, Style, StyledLine, plain, wrapped
from onloop.guides.markdown import lines_of
from onloop.records import replace


def show_help(context: Context[HelpArguments]) -> VerbOutput:
    """List the guides, show one, or show what a verb takes; UnknownThing names what comes nearest."""
    topic = context.args.topic
    if topic is None:
        return _list(context)
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
    return VerbOutput(lines=(usage,), data=UsageJson(found.name, usage))


def _list(context: Context[Arguments]) -> VerbOutput:
    listed = guides()
    column = max(len(each.name) for each in listed) + 2
    lines: list[StyledLine] = []
    for each in listed:
        title, indent = (Piece(each.title, Style.STRONG),), " " * column
        lines += wrapped(title, pager.width(), first=f"{each.name:<{column}}", rest=indent)
        lines += wrapped((Piece(each.summary),), pager.width(), first=indent, rest=indent)
    data = GuidesJson([GuideEntryJson(each.name, each.title, each.summary) for each in listed])
    notes = ("onloop help GUIDE shows one of them, onloop help VERB what a verb takes",)
    return _shown(context, lines, VerbOutput(data=data, notes=notes))


def _guide(context: Context[Arguments], topic: str) -> VerbOutput:
    found = guide(topic)
    marked = context.args.as_json or not pager.is_styled()
    lines = lines_of(found.text, pager.width(), marked=marked)
    return _shown(context, lines, VerbOutput(data=GuideJson(found.name, found.title, found.text)))


def _shown(context: Context[Arguments], lines: Sequence[StyledLine], answer: VerbOutput) -> VerbOutput:
    """The answer with the lines, or without, where a terminal has been shown them."""
    if context.args.as_json or not pager.is_terminal():
        return replace(answer, lines=tuple(map(plain, lines)))
    pager.show(lines)
    return answer
