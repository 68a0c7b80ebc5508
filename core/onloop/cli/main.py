"""Parses a command line, runs its verb, and returns the exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NoReturn, TypeVar, assert_never

from onloop.cli.arguments import Arguments, DashboardArguments
from onloop.cli.context import Context
from onloop.cli.output import VerbOutput, error_text, json_text, write, write_error
from onloop.cli.verb import COMMON, DASHBOARD, Argument, Reach, Verb
from onloop.cli.verb_table import GROUPS, VERBS, verb
from onloop.errors import BadInput, Exit, OnloopError, Unavailable, UnknownThing
from onloop.gates.repository.modes import keep_private
from onloop.inherited import drop_git_variables
from onloop.records import replace
from onloop.workflow.hints import nearest

LARGEST_NUMBER = 2**63 - 1
"""The largest number that the store can hold."""

LONGEST_SHOWN = 80

ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)


class _Parser(argparse.ArgumentParser):
    """Argparse, with errors as BadInput, and with `int` limited to numbers that the store can hold."""

    def __init__(self, **options: Any) -> None:
        form = options.pop("formatter_class", argparse.HelpFormatter)
        super().__init__(**options, formatter_class=lambda prog: form(prog, width=_width()))
        self.register("type", int, _count)

    def format_help(self) -> str:
        """What it takes, and examples of it; only who asks for help waits for those."""
        from onloop.cli.verb_examples import example_lines, examples_of

        examples = examples_of(self.prog.partition(" ")[2])
        return super().format_help() + ("\n".join(("", *example_lines(examples), "")) if examples else "")

    def error(self, message: str) -> NoReturn:
        raise BadInput(message, hint=f"{self._meant(message)}{self.prog} --help")

    def _meant(self, message: str) -> str:
        """`did you mean X? ` for the word that argparse does not know: an option, or one of several choices."""
        _, _, about = message.partition("unrecognized arguments: ")
        given = about.split(" ")[0].partition("=")[0]
        known = list(self._option_string_actions)
        if not given:
            _, _, about = message.partition("invalid choice: '")
            given = about.partition("'")[0]
            known = [str(choice) for action in self._actions for choice in action.choices or ()]
        return nearest(given, known) if given else ""


def _width() -> int:
    """The width of help. Argparse would ask shutil for every argument, and shutil imports bz2 and lzma."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns) - 2
    try:
        return (os.get_terminal_size(1).columns or 80) - 2
    except OSError:
        return 78


def run(words: Sequence[str]) -> int:
    """Carry out `onloop WORDS…` and return the exit code; expected errors give a message, not a traceback."""
    as_json = "--json" in words
    drop_git_variables(os.environ)
    if "--isolate" not in words:  # it sets the modes itself, and the folders above the store must stay open
        keep_private()
    try:
        _check_encoding(words)
        found, args = parse(words)
        if found is not None and found.needs_git:
            _check_git()
        context = Context(args, found.name if found is not None else "")
        try:
            _check_reach(found, context)
            output = _carried_out(found, context)
            return write(replace(output, head=context.receipt), as_json=args.as_json)
        finally:
            context.close()
    except OnloopError as error:
        return write_error(error, as_json=as_json)
    except KeyboardInterrupt:
        return 128 + 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except (OSError, OverflowError, UnicodeEncodeError) as problem:
        return write_error(_foreseen(problem), as_json=as_json)
    except Exception as error:
        return write_error(_defect(error), as_json=as_json)


def _defect(error: Exception) -> OnloopError:
    from onloop.access.opening import wall_clock  # here, both: only a defect of ours needs them
    from onloop.defects import defects_folder, kept_defect

    return kept_defect(error, "onloop", wall_clock(), defects_folder())


def answered(words: Sequence[str]) -> tuple[Exit, str]:
    """The exit code and the one object of `onloop WORDS… --json`, for a verb that is asked for within this process."""
    try:
        _check_encoding(words)
        found, args = parse([*words[:1], "--json", *words[1:]])
        context = Context(args, found.name if found is not None else "")
        try:
            output = _carried_out(found, context)
            return output.exit, json_text(replace(output, head=context.receipt))
        finally:
            context.close()
    except OnloopError as error:
        return error.exit, error_text(error)
    except (OSError, OverflowError, UnicodeEncodeError) as problem:
        foreseen = _foreseen(problem)
        return foreseen.exit, error_text(foreseen)


def _check_reach(found: Verb | None, context: Context[Any]) -> None:
    """Refuse a verb that works on a file where `$ONLOOP_URL` names the gateway of another store."""
    if found is not None and found.reach is Reach.FILE:
        context.check_file()
    if found is not None and found.reach is Reach.NONE:
        os.environ.pop("ONLOOP_URL", None)  # a store that the verb makes is its own


def _carried_out(found: Verb | None, context: Context[Any]) -> VerbOutput:
    try:
        with _written(context, found):
            return _function(found)(context)
    except UnknownThing as problem:
        from onloop.cli.name_checks import meant_task  # here: only a mistyped name needs it

        raise meant_task(context, problem) from None
    except FileNotFoundError as problem:
        if Path(problem.filename or "").is_relative_to(context.home.store):
            context.home.check_there()  # removed while its files were being opened
        raise


def _check_encoding(words: Sequence[str]) -> None:
    """Refuse words that are not UTF-8 before anything else happens: they could be neither stored nor shown."""
    given = [(f"argument {number}", word) for number, word in enumerate(words, 1)]
    given += [(name, os.environ[name]) for name in os.environ if name.startswith("ONLOOP_")]
    for name, text in given:
        try:
            text.encode()
        except UnicodeEncodeError:
            shown = "a secret" if name == "ONLOOP_TOKEN" else ascii(text[:LONGEST_SHOWN])
            raise BadInput(f"{name} is not UTF-8: {shown}", hint="give it in UTF-8") from None


def _check_git() -> None:
    from onloop.gates.repository.git import check_git  # here: verbs that only look load no git

    check_git()


def _foreseen(problem: OSError | OverflowError | UnicodeEncodeError) -> OnloopError:
    """The error of the system as an OnloopError."""
    match problem:
        case OSError():
            what = problem.filename if problem.filename is not None else "something that onloop needs"
            hint = "correct what the system reports, then try again"
            return Unavailable(f"{what} cannot be used: {problem.strerror or problem}", hint=hint)
        case OverflowError():
            return BadInput(f"a number is too large: {problem}", hint="give a smaller one")
        case UnicodeEncodeError():
            return BadInput(f"not UTF-8: {problem.object[:LONGEST_SHOWN]!a}", hint="give it in UTF-8")
        case _:
            assert_never(problem)


def _count(word: str) -> int:
    """A whole number that the store can hold; argparse adds the option's name to the error."""
    if not (word.isascii() and word.isdigit() and len(word) <= 19 and int(word) <= LARGEST_NUMBER):
        shown = word if len(word) <= LONGEST_SHOWN else word[:LONGEST_SHOWN] + "…"
        raise argparse.ArgumentTypeError(f"{shown!r} is not a whole number from 0 to {LARGEST_NUMBER}")
    return int(word)


def parse(words: Sequence[str]) -> tuple[Verb | None, Arguments]:
    """The verb (None for the dashboard) and its arguments; BadInput names the verb that was probably meant."""
    words = _options_last(words)
    if not words or words[0].startswith("-"):
        return None, _parse_dashboard(words)
    first = words[0]
    found = verb(first)
    if found is None:
        near = nearest(first, [known.name for known in VERBS])
        raise UnknownThing(f"unknown verb {first!r}", hint=f"{near}onloop --help lists the verbs")
    return found, _parse_verb(found, words[1:])


def _options_last(words: Sequence[str]) -> Sequence[str]:
    """The words with a leading `--store DIR` or `--json` moved behind the verb."""
    moved: list[str] = []
    rest = list(words)
    while rest and rest[0] in {"--store", "--json"}:
        moved += [rest.pop(0)] if rest[0] == "--json" else [rest.pop(0), *rest[:1]]
        rest = rest[1:] if moved[-1] != "--json" else rest
    return [*rest[:1], *moved, *rest[1:]]


def _parse_dashboard(words: Sequence[str]) -> DashboardArguments:
    parser = _Parser(
        prog="onloop",
        description="Coordination for coding agents, with a human on the loop. Without a verb: the dashboard.",
        epilog=_overview(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    _add(parser, (*COMMON, *DASHBOARD))
    return arguments_from(parser.parse_args(list(words)), DashboardArguments)


def _parse_verb(found: Verb, rest: Sequence[str]) -> Arguments:
    rest, last, behind = _apart(found, rest)
    try:
        parsed = verb_parser(found).parse_args(list(rest))
    except BadInput as problem:
        parsed = _parse_in_any_order(found, rest, problem)
    if last:
        setattr(parsed, last, behind)
    return arguments_from(parsed, found.takes)


def _apart(found: Verb, rest: Sequence[str]) -> tuple[Sequence[str], str, list[str]]:
    """The words before an option that takes all that follow it, its field, and what follows; argparse has none such."""
    for argument in found.arguments:
        name = argument.names[0]
        if _takes_the_rest(argument) and name in rest:
            at = list(rest).index(name)
            behind = list(rest[at + 1 :])
            return rest[:at], name.removeprefix("--").replace("-", "_"), behind[behind[:1] == ["--"] :]
    return rest, "", []


def _takes_the_rest(argument: Argument) -> bool:
    return argument.names[0].startswith("--") and argument.options.get("nargs") == "..."


def _parse_in_any_order(found: Verb, rest: Sequence[str], problem: BadInput) -> argparse.Namespace:
    """The arguments with options between or before the words, or else `problem`.

    Argparse gives words that may be left out their defaults as soon as an option comes before them. What a command is
    given keeps its order, and what is behind `--` is no option.
    """
    arguments = (*found.arguments, *COMMON)
    if any(argument.options.get("nargs") == "..." and not _takes_the_rest(argument) for argument in arguments):
        raise problem
    ends = rest.index("--") if "--" in rest else len(rest)
    options, words = _Parser(add_help=False), _Parser(add_help=False)
    _add(options, [argument for argument in arguments if argument.names[0].startswith("-")])
    _add(words, [argument for argument in arguments if not argument.names[0].startswith("-")])
    try:
        parsed, others = options.parse_known_args(list(rest[:ends]))
        return words.parse_args([*others, *rest[ends:]], parsed)
    except BadInput:
        raise problem from None


def verb_parser(found: Verb) -> argparse.ArgumentParser:
    """The parser for the arguments of a verb, with their help."""
    parser = _Parser(prog=f"onloop {found.name}", description=f"{found.summary}.")
    _add(parser, (*found.arguments, *COMMON))
    return parser


def arguments_from(parsed: argparse.Namespace, kind: type[ArgumentsT]) -> ArgumentsT:
    """The parsed arguments as the verb's record, with tuples in place of lists."""
    make: Callable[..., ArgumentsT] = kind
    return make(**{name: tuple(value) if isinstance(value, list) else value for name, value in vars(parsed).items()})


def _add(parser: argparse.ArgumentParser, arguments: Sequence[Argument]) -> None:
    for argument in arguments:
        parser.add_argument(*argument.names, help=argument.help, **argument.options)


def _overview() -> str:
    lines: list[str] = []
    for group, words in GROUPS.items():
        lines += ["", f"{group} — {words}"]
        lines += [f"  {known.name:<11} {known.summary}" for known in VERBS if known.group == group]
    return "\n".join(
        [*lines, "", "onloop help VERB says what a verb takes, with examples; onloop help lists the guides."]
    )


def _written(context: Context[Any], found: Verb | None) -> AbstractContextManager[None]:
    """The block in which the arguments hold what a person wrote, for a verb that takes that."""
    if found is None or not found.words:
        return nullcontext()
    from onloop.cli.written_words import written  # here: few verbs take words

    return written(context, found)


def _function(found: Verb | None) -> Callable[[Context[Any]], VerbOutput]:
    """The function of a verb, imported only now, because most calls need a small part of the package."""
    where = f"verbs.{found.function}" if found is not None else "verbs.dashboard:open_dashboard"
    module, _, function = where.partition(":")
    loaded: Callable[[Context[Any]], VerbOutput] = getattr(importlib.import_module(f"onloop.cli.{module}"), function)
    return loaded
