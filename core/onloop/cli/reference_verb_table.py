"""The verbs that explain onloop itself, as data."""

from __future__ import annotations

from onloop.cli.arguments import CompletionArguments, HelpArguments, SchemaArguments
from onloop.cli.verb import Reach, Verb, arg

REFERENCE: tuple[Verb, ...] = (
    Verb(
        "schema",
        "build",
        "the JSON Schemas of what verbs print, and of the standard's objects: list them, or print one",
        "schema_verbs:schema",
        SchemaArguments,
        (arg("name", nargs="?", help="a verb, an object such as event, or openapi (default: list them)"),),
        prints=("build_models:SchemasJson", "build_models:SchemaJson"),
        reach=Reach.NONE,
    ),
    Verb(
        "help",
        "build",
        "the guides: list them, read one, or see what a verb takes",
        "help_verbs:show_help",
        HelpArguments,
        (
            arg("topic", nargs="?", help="a guide or a verb (default: list them all)"),
            arg("word", nargs="?", help="after a verb: one of the words that it chooses by, such as store verify"),
        ),
        prints=("build_models:GuidesJson", "build_models:GuideJson", "build_models:UsageJson"),
        reach=Reach.NONE,
    ),
    Verb(
        "completion",
        "build",
        "print a script that lets your shell complete verbs, options and names of your store",
        "completion_verbs:completion",
        CompletionArguments,
        (arg("shell", choices=("bash", "zsh", "fish"), help="your shell"),),
        prints=("build_models:CompletionJson",),
        reach=Reach.NONE,
    ),
)
