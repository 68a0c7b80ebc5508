"""The script for fish."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.cli.completion.command_shape import Slot, VerbShape
from onloop.cli.value_kinds import ValueKind

_HEAD = r"""# Completion of onloop for fish, made by `onloop completion fish` from its table of verbs.
# Nothing that is offered is ever evaluated: what a command prints is data to fish, which quotes it.

function __onloop_names
    set -l words (commandline -opc)
    set -l program $words[1]
    string match -q -- '~/*' $program; and set program $HOME/(string sub -s 3 -- $program)
    set -l store
    if set -l at (contains -i -- --store $words)
        and test $at -lt (count $words)
        set store --store (string replace -r '^~/' "$HOME/" -- $words[(math $at + 1)])
    end
    $program complete $store $argv[1] '' </dev/null 2>/dev/null
end

function __onloop_place # VERB PLACE: whether the argument at that place of that verb is asked for
    set -l words (commandline -opc)
    set -l verb ''
    set -l place 0
    set -l skipped 0
    for word in $words[2..-1]
        if test $skipped = 1
            set skipped 0
        else if string match -q -- '-*' $word
            string match -q -- '*=*' $word; or contains -- "$verb $word" $__onloop_flags; or set skipped 1
        else if test -z "$verb"
            set verb $word
        else
            set place (math $place + 1)
        end
    end
    test "$verb" = "$argv[1]"; or return 1
    test "$argv[2]" = any; and return 0
    test $skipped = 0; or return 1
    test "$place" = "$argv[2]"; or begin
        test "$argv[3]" = on; and test $place -ge "$argv[2]"
    end
end
"""


def fish_script(verbs: tuple[VerbShape, ...]) -> str:
    """A file for fish's folder of completions."""
    flags = [
        _quoted(f"{each.name} {name}")
        for each in verbs
        for option in each.options
        if option.kind is None
        for name in option.names
    ]
    return "\n".join(
        [
            _HEAD,
            f"set -g __onloop_flags {' '.join(flags)}\n",
            "complete -c onloop -f",
            *(_line("__onloop_place '' 0", "", each.name, each.summary) for each in verbs if each.name),
            *(line for each in verbs for line in _verb(each)),
            "",
        ]
    )


def _verb(verb: VerbShape) -> Iterator[str]:
    here = f"__onloop_place {_quoted(verb.name)} "
    for option in verb.options:
        long = [f"-l {name[2:]}" for name in option.names if name.startswith("--")]
        short = [f"-s {name[1:]}" for name in option.names if not name.startswith("--")]
        value = f" {_value(option)}" if option.kind is not None else ""
        yield _line(f"{here}any", " ".join((*long, *short)) + value, "", option.help)
    for place, argument in enumerate(verb.arguments):
        on = " on" if argument.repeated else ""
        if value := _value(argument):
            yield f"complete -c onloop -n {_quoted(f'{here}{place}{on}')} {value}"


def _line(when: str, what: str, words: str, about: str) -> str:
    offered = f" -a {words}" if words else ""
    return f"complete -c onloop -n {_quoted(when)} {what}{offered} -d {_quoted(about)}"


def _value(slot: Slot) -> str:
    """How fish is told what a value is; an option that takes free text is exclusive, and offers nothing."""
    words = f" -a {_quoted(' '.join(slot.words))}" if slot.words else ""
    match slot.kind:
        case ValueKind.FILE:
            return "-r -F"
        case ValueKind.FOLDER:
            return "-x -a '(__fish_complete_directories)'"
        case ValueKind.NOTHING | ValueKind.WORD | None:
            return f"-x{words}" if slot.names[0].startswith("-") or words else ""
        case ValueKind.BEGUN:
            return f"-r -F -a {_quoted(f'(__onloop_names {slot.kind})')}{words}"
        case _:
            return f"-x -a {_quoted(f'(__onloop_names {slot.kind})')}{words}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
