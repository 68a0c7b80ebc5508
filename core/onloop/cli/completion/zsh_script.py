"""The script for zsh."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.cli.completion.bash_script import quoted
from onloop.cli.completion.command_shape import Slot, VerbShape
from onloop.cli.value_kinds import ValueKind

_HEAD = r"""#compdef onloop
# Completion of onloop for zsh, made by `onloop completion zsh` from its table of verbs.
# Nothing that is offered is ever evaluated: names are added as text, which zsh quotes.

_onloop_names() { # OPTIONS-OF-COMPADD… KIND
    local line
    local -a names shown
    for line in "${(@f)$("$_onloop_program" complete "${_onloop_store[@]}" "${@[-1]}" '' </dev/null 2>/dev/null)}"; do
        [[ -n $line ]] || continue
        names+=("${line%%$'\t'*}")
        shown+=("${line%%$'\t'*}${${line#*$'\t'}:+  ${line#*$'\t'}}")
    done
    (( $#names )) && compadd "${@[1,-2]}" -l -d shown -a names
}

_onloop_begun() {
    _alternative "built-ins:built-in:($1)" 'names:workflow:_onloop_names begun' 'files:file:_files'
}

_onloop_agent() { _alternative "vendors:vendor:($1)" 'names:agent:_onloop_names agent' }

_onloop() {
    local context state state_descr line index
    local -A opt_args
    typeset -g _onloop_program=${(Q)words[1]}
    typeset -ga _onloop_store=()
    [[ $_onloop_program == '~/'* ]] && _onloop_program=$HOME/${_onloop_program#'~/'}
    index=${words[(i)--store]}
    (( index < CURRENT - 1 )) && _onloop_store=(--store "${${(Q)words[index+1]}/#\~\//$HOME/}")
"""


def zsh_script(verbs: tuple[VerbShape, ...]) -> str:
    """A file for a folder in `$fpath`, which may be sourced as well."""
    dashboard, *named = verbs
    return "\n".join(
        [
            _HEAD,
            "    _arguments -C \\",
            *(f"        {spec} \\" for option in dashboard.options for spec in _option(option)),
            "        '1:verb:->verb' '*::argument:->rest' && return 0",
            "    case $state in",
            "        verb)",
            "            local -a verbs=(",
            *(f"                {quoted(f'{each.name}:{_plain(each.summary)}')}" for each in named),
            "            )",
            "            _describe -t verbs verb verbs ;;",
            "        rest)",
            "            case $words[1] in",
            *(line for each in named for line in _verb(each)),
            "            esac ;;",
            "    esac",
            "}\n",
            'if [[ $funcstack[1] == _onloop ]]; then _onloop "$@"; else compdef _onloop onloop; fi',
            "",
        ]
    )


def _verb(verb: VerbShape) -> Iterator[str]:
    specs = [spec for option in verb.options for spec in _option(option)]
    specs += [_argument(place, argument) for place, argument in enumerate(verb.arguments, 1)]
    yield f"                {verb.name})"
    yield "                    _arguments \\"
    yield from (f"                        {spec} \\" for spec in specs)
    yield "                        && return 0 ;;"


def _option(option: Slot) -> Iterator[str]:
    for name in option.names:
        again = "*" if option.repeated else ""
        value = f":{name.lstrip('-')}:{_action(option)}" if option.kind is not None else ""
        yield quoted(f"{again}{name}[{_plain(option.help)}]{value}")


def _argument(place: int, argument: Slot) -> str:
    return quoted(f"{'*' if argument.repeated else place}:{argument.names[0]}:{_action(argument)}")


def _plain(text: str) -> str:
    """A text without what zsh reads in a description."""
    return text.replace("\\", "").replace("[", "(").replace("]", ")").replace(":", ";")


def _action(slot: Slot) -> str:
    match slot.kind:
        case None | ValueKind.NOTHING:
            return " "
        case ValueKind.FILE:
            return "_files"
        case ValueKind.FOLDER:
            return "_files -/"
        case ValueKind.WORD:
            return f"({' '.join(slot.words)})"
        case ValueKind.BEGUN:
            return f' _onloop_begun "{" ".join(slot.words)}"'
        case ValueKind.AGENT:
            return f' _onloop_agent "{" ".join(slot.words)}"'
        case _:
            return f"_onloop_names {slot.kind}"
