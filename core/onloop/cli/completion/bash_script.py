"""The script for bash, 3.2 and newer."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.cli.completion.command_shape import Slot, VerbShape
from onloop.cli.value_kinds import ValueKind

_HEAD = r"""# Completion of onloop for bash, made by `onloop completion bash` from its table of verbs.
# Nothing that is offered is ever evaluated: names are compared as text, and quoted before they are inserted.

_onloop() {
    local IFS=$' \t\n' program=$1 store='' verb='' before='' current='' options='' words='' kind='' glued=''
    local place=0 index word
    local -a line=()
    COMPREPLY=()
    for ((index = 0; index <= COMP_CWORD; index++)); do # bash splits at : and =, which are put together again
        word=${COMP_WORDS[index]}
        if ((${#line[@]})) && [[ -n $glued || $word == [:=]* ]]; then
            line[${#line[@]} - 1]+=$word
        else
            line+=("$word")
        fi
        if [[ $word == *[:=] ]]; then glued=1; else glued=''; fi
    done
    current=${line[${#line[@]} - 1]}
    for ((index = 1; index < ${#line[@]} - 1; index++)); do
        word=${line[index]}
        if [[ $word == --store ]]; then
            store=${line[++index]}
        elif [[ -z $verb && $word != -* ]]; then
            verb=$word
        elif [[ $word == -- && $verb == work ]]; then
            return
        elif [[ $word == -* ]]; then
            _onloop_shape "$verb" "$word" && [[ $word != *=* ]] && ((index++))
        else
            ((place++))
        fi
    done
    before='' kind='' words=''
    ((index > ${#line[@]} - 1)) && before=${line[index - 2]} # the value of an option is asked for
    if [[ -n $before ]]; then
        _onloop_shape "$verb" "$before"
    elif [[ $current == --*=* ]]; then
        before=${current%%=*}
        current=${current#*=}
        _onloop_shape "$verb" "$before"
    elif [[ $current == -* ]]; then
        _onloop_options "$verb"
    elif [[ -z $verb ]]; then
        words=$_onloop_verbs
    else
        _onloop_shape "$verb" "$place"
    fi
    _onloop_offer
}

_onloop_offer() {
    local name
    for name in $options $words; do _onloop_add "$name"; done
    case $kind in
        '' | word | nothing) ;;
        file) compopt -o default 2>/dev/null ;;
        folder) compopt -o dirnames 2>/dev/null ;;
        *)
            [[ $kind == begun ]] && compopt -o default 2>/dev/null
            [[ $program == '~/'* ]] && program=$HOME/${program#'~/'}
            [[ $store == '~/'* ]] && store=$HOME/${store#'~/'}
            while IFS= read -r name; do
                _onloop_add "${name%%$'\t'*}"
            done < <("$program" complete ${store:+--store "$store"} "$kind" '' </dev/null 2>/dev/null)
            ;;
    esac
}

_onloop_add() { # a name, if it has the wanted beginning: quoted, and without what stands before the last :
    local quoted begun=${current//\\/}
    [[ $1 == "$begun"* ]] || return 0
    printf -v quoted %q "$1"
    [[ $begun == *:* ]] && quoted=${quoted#"${begun%:*}:"}
    COMPREPLY+=("$quoted")
}
"""


def bash_script(verbs: tuple[VerbShape, ...]) -> str:
    """Functions for bash, and the line that makes it use them."""
    names = " ".join(each.name for each in verbs if each.name)
    return "\n".join(
        [
            _HEAD,
            f"_onloop_verbs='{names}'\n",
            "_onloop_options() { # the options of a verb",
            "    case $1 in",
            *(f"        {each.name or quoted('')}) options='{_names(each.options)}' ;;" for each in verbs),
            "    esac",
            "}\n",
            "_onloop_shape() { # what an option, or the argument at a place, takes; it fails where that is nothing",
            '    case "$1 ${2%%=*}" in',
            *(line for each in verbs for line in _values(each)),
            "        *) return 1 ;;",
            "    esac",
            "}\n",
            "complete -F _onloop onloop",
            "",
        ]
    )


def quoted(text: str) -> str:
    """A text as one word for bash and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _names(options: tuple[Slot, ...]) -> str:
    return " ".join(name for option in options for name in option.names if name.startswith("--"))


def _values(verb: VerbShape) -> Iterator[str]:
    for option in verb.options:
        if option.kind is not None:
            yield f"        {'|'.join(quoted(f'{verb.name} {name}') for name in option.names)}) {_given(option)} ;;"
    for place, argument in enumerate(verb.arguments):
        pattern = f"{quoted(f'{verb.name} ')}[0-9]*" if argument.repeated else quoted(f"{verb.name} {place}")
        yield f"        {pattern}) {_given(argument)} ;;"


def _given(slot: Slot) -> str:
    words = f" words='{' '.join(slot.words)}'" if slot.words else ""
    return f"kind={slot.kind or ValueKind.NOTHING}{words}"
