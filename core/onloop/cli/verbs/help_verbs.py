"""`onloop help`: the guides, one guide, or what a verb takes."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.cli import pager
from onloop.cli.arguments import Arguments, HelpArguments
from onloop.cli.context import Context
from onloop.cli.json_models.build_models import (
    ExampleJson,
    GuideEntryJson,
    GuideJson,
    GuidesJson,
    UsageJson,
    WantJson,
)
from onloop.cli.main import verb_parser
from onloop.cli.output import VerbOutput
from onloop.cli.verb import Verb
from onloop.cli.verb_examples import EXAMPLES, example_lines, examples_of
from onloop.cli.verb_table import VERBS, verb
from onloop.cli.verb_wants import WANTS
from onloop.errors import UnknownThing
from onloop.guides.catalogue import TOPICS, guide, guides
from onloop.guides.layout import Piece, Style, StyledLine, plain, wrapped
from onloop.guides.markdown import lines_of
from onloop.records import replace
from onloop.workflow.hints import nearest


def show_help(context: Context[HelpArguments]) -> VerbOutput:
    """List the guides, show one, or show what a verb takes; UnknownThing names what comes nearest."""
    topic = context.args.topic
    if topic is None:
        return _list(context)
    if topic in TOPICS:
        return _guide(context, topic)
    found = verb(topic)
    if found is None:
        near = nearest(topic, [*TOPICS, *(each.name for each in VERBS)])
        raise UnknownThing(
            f"there is no guide or verb {topic[:60]!r}", hint=f"{near}onloop help lists the guides and the verbs"
        )
    return _verb(found, context.args.word)


def _verb(found: Verb, word: str | None) -> VerbOutput:
    """What a verb takes; with one of the words that it chooses by, its examples for that."""
    words = [name.partition(" ")[2] for name in EXAMPLES if name.startswith(f"{found.name} ")]
    if word is not None and word not in words:
        there_are = ", ".join(words) or "none: leave it out"
        hint = f"{nearest(word, words)}words that {found.name} chooses by: {there_are}"
        raise UnknownThing(f"there is no {found.name} {word[:60]!r}", hint=hint)
    examples = examples_of(found.name, word)
    usage = verb_parser(found).format_help().rstrip("\n")
    if word is not None:
        usage = "\n".join((usage.partition("\nexamples:\n")[0], *example_lines(examples)))
    return VerbOutput(
        lines=(usage,), data=UsageJson(found.name, usage, [ExampleJson(each.command, each.does) for each in examples])
    )


def _list(context: Context[Arguments]) -> VerbOutput:
    listed = guides()
    column = max(len(name) for name in (*(each.name for each in listed), *WANTS)) + 2
    indent = " " * column
    lines: list[StyledLine] = []
    for each in listed:
        title = (Piece(each.title, Style.STRONG),)
        lines += wrapped(title, pager.width(), first=f"{each.name:<{column}}", rest=indent)
        lines += wrapped((Piece(each.summary),), pager.width(), first=indent, rest=indent)
    lines += [(), (Piece("Verbs, by what you want", Style.STRONG),)]
    for want, names in WANTS.items():
        lines += wrapped((Piece(" ".join(names)),), pager.width(), first=f"{want:<{column}}", rest=indent)
    guide_entries = [GuideEntryJson(each.name, each.title, each.summary) for each in listed]
    data = GuidesJson(guide_entries, [WantJson(want, names) for want, names in WANTS.items()])
    notes = ("onloop help GUIDE shows one of them, onloop help VERB what a verb takes, with examples",)
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
