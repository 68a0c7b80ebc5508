"""From words to a verb and from its answer to an exit code."""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from onloop.cli.context import Context
from onloop.cli.output import Output, write, write_error
from onloop.cli.verbs import COMMON, DASHBOARD, GROUPS, VERBS, Argument, Verb, verb
from onloop.errors import BadInput, Exit, OnloopError, UnknownThing


class _Parser(argparse.ArgumentParser):
    """Argparse, with errors in our form."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(message, hint=f"{self.prog} --help")


def run(words: Sequence[str]) -> int:
    """Carry out `onloop WORDS…`; never a traceback for what we foresaw."""
    as_json = "--json" in words
    try:
        args = parse(words)
        context = Context(args)
        try:
            return write(_function(args.verb)(context), as_json=args.as_json)
        finally:
            context.close()
    except OnloopError as error:
        return write_error(error, as_json=as_json)
    except KeyboardInterrupt:
        return 128 + 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The verb and its arguments; BadInput names the verb that was probably meant."""
    words = _options_last(words)
    if not words or words[0].startswith("-"):
        return _parse_dashboard(words)
    first = words[0]
    found = verb(first)
    if found is None:
        near = difflib.get_close_matches(first, [known.name for known in VERBS], n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UnknownThing(f"there is no verb {first!r}", hint=f"{hint}onloop --help lists them")
    return _parse_verb(found, list(words[1:]))


def _options_last(words: Sequence[str]) -> Sequence[str]:
    """`--store DIR` and `--json` may stand before the verb, too."""
    moved: list[str] = []
    rest = list(words)
    while rest and rest[0] in {"--store", "--json"}:
        moved += [rest.pop(0)] if rest[0] == "--json" else [rest.pop(0), *rest[:1]]
        rest = rest[1:] if moved[-1] != "--json" else rest
    return [*rest[:1], *moved, *rest[1:]]


def _parse_dashboard(words: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="onloop",
        description="Coordination for coding agents, with a human on the loop. Without a verb: the dashboard.",
        epilog=_overview(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="say which version this is")
    _add(parser, (*COMMON, *DASHBOARD))
    return parser.parse_args(list(words), argparse.Namespace(verb="", passphrase_fd=None))


def _parse_verb(found: Verb, rest: list[str]) -> argparse.Namespace:
    parser = _Parser(prog=f"onloop {found.name}", description=f"{found.summary}.")
    _add(parser, (*found.arguments, *COMMON))
    return parser.parse_args(rest, argparse.Namespace(verb=found.name, person=None, passphrase_fd=None))


def _add(parser: argparse.ArgumentParser, arguments: Sequence[Argument]) -> None:
    for argument in arguments:
        parser.add_argument(*argument.names, help=argument.help, **argument.options)


def _overview() -> str:
    lines: list[str] = []
    for group, words in GROUPS.items():
        lines += ["", f"{group} — {words}"]
        lines += [f"  {known.name:<11} {known.summary}" for known in VERBS if known.group == group]
    return "\n".join([*lines, "", "onloop VERB --help says what a verb takes."])


def _function(name: str) -> Callable[[Context], Output]:
    """The function of a verb, imported when it is needed: most calls need a small part of the house."""
    found = verb(name)
    where = found.function if found is not None else "dashboard:open_dashboard"
    module, _, function = where.partition(":")
    loaded: Callable[[Context], Output] = getattr(importlib.import_module(f"onloop.cli.{module}"), function)
    return loaded
