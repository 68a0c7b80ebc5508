"""The tables of the guides, made of the registries: each stands between `<!-- made: NAME -->` and `<!-- /made -->`."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType

from onloop.attention.denial_items import GROUNDS
from onloop.cli.verb import Argument, Verb
from onloop.cli.verb_table import GROUPS, VERBS
from onloop.cli.workflow_fields import fields, policy_fields
from onloop.errors import EXIT_MEANINGS, BadInput, Exit, Ground, OnloopError
from onloop.gates.box.promises_page import table as boxes
from onloop.gateway.operations import every_operation
from onloop.interop.conformance.case_index import CASES
from onloop.interop.conformance.levels import LEVEL_WORDS, End, Level
from onloop.interop.state_mapping import ACP_STOPS, FOREIGN_STATES
from onloop.machine.diagram import table_mermaid, workflow_mermaid
from onloop.machine.events import Event
from onloop.machine.fact_vocabulary import FACTS
from onloop.machine.flags import FLAG_WORDS
from onloop.machine.operation import Asker, Lane
from onloop.machine.principal import PrincipalKind
from onloop.machine.state import REASONS
from onloop.machine.transition_table import TABLE, rows
from onloop.remote.http.door_settings import limit_rows
from onloop.remote.http.entry.statuses import OTHERS, STATUSES
from onloop.remote.network_access import NETWORK, OPENING, About
from onloop.workflow.builtins import builtin, builtins
from onloop.workflow.loader import load

_PART = re.compile(r"(<!-- made: (?P<name>[a-z]+) -->\n).*?(<!-- /made -->)", re.DOTALL)


def filled(page: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """The page with every marked part made anew; BadInput for a mark that nothing fills."""

    def fill(match: re.Match[str]) -> str:
        if match["name"] not in parts:
            known = ", ".join(sorted(parts))
            raise BadInput(f"nothing makes the part {match['name']!r} of a page", hint=f"there are: {known}")
        return f"{match[1]}{parts[match['name']]()}\n{match[3]}"

    return _PART.sub(fill, page)


def table(header: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A Markdown table; a cell's own `|` is escaped."""
    head = list(header)
    shown = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines)
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *(f"| {line} |" for line in shown)])


def first_sentence(documented: type) -> str:
    """What a class promises, in its first sentence, without its period."""
    words = " ".join((documented.__doc__ or "").split("\n\n")[0].split())
    return words.partition(". ")[0].rstrip(".")


def _verbs() -> str:
    return "\n\n".join(
        f"## {group}\n\n{words[0].upper()}{words[1:]}.\n\n"
        + "\n\n".join(_verb(verb) for verb in VERBS if verb.group == group)
        for group, words in GROUPS.items()
    )


def _verb(verb: Verb) -> str:
    what = f"### onloop {verb.name}\n\n{verb.summary[0].upper()}{verb.summary[1:]}."
    if not verb.arguments:
        return what
    return f"{what}\n\n" + "\n".join(f"- {_usage(each)}: {_help(each)}" for each in verb.arguments)


def _usage(argument: Argument) -> str:
    name, options = argument.names[0], argument.options
    if options.get("action") == "store_true":
        return f"`{name}`"
    value = str(options.get("metavar", name.lstrip("-").upper()))
    if not name.startswith("-"):
        return f"`{value}`" + ("" if options.get("nargs") in {None, "+"} else " (may be left out)")
    return f"`{name} {value}`" + (" (needed)" if options.get("required") else "")


def _help(argument: Argument) -> str:
    choices, default = argument.options.get("choices"), argument.options.get("default")
    words = argument.help.replace("%%", "%")
    one_of = f"; one of {', '.join(f'`{choice}`' for choice in choices)}" if choices else ""
    stands = f"; `{default}` if left out" if default and not isinstance(default, list) else ""
    return f"{words}{one_of}{stands}"


def _exits() -> str:
    return table(("code", "means"), ((f"{code.value}", EXIT_MEANINGS[code]) for code in Exit))


def _errors() -> str:
    lines = ((f"`{each.code}`", first_sentence(each)) for each in _tree(OnloopError))
    return table(("error", "means"), lines)


def _tree(above: type[OnloopError]) -> Iterator[type[OnloopError]]:
    for each in above.__subclasses__():
        if each.__module__ == OnloopError.__module__:
            yield each
            yield from _tree(each)


def _grounds() -> str:
    return table(("ground", "means"), ((f"`{ground}`", GROUNDS[ground]) for ground in Ground))


def _states() -> str:
    lines = ((f"`{state}`", ", ".join(sorted(reasons)) or "none") for state, reasons in REASONS.items())
    return table(("state", "reasons that it may carry"), lines)


def _moves() -> str:
    lines = (
        (command.__name__, first_sentence(command), "; ".join(_move(before, moves[before]) for before in moves))
        for command, moves in TABLE.items()
    )
    return table(("command", "does", "from → to"), lines)


def _move(before: str, afters: Iterable[str]) -> str:
    return f"{before} → {', '.join(sorted(afters))}"


def _diagram() -> str:
    return f"```mermaid\n{table_mermaid(rows()).rstrip()}\n```"


def _events() -> str:
    return table(("event", "says"), ((each.__name__, first_sentence(each)) for each in typing.get_args(Event)))


def _builtins() -> str:
    return table(("name", "does"), ((f"`{name}`", load(builtin(name), name).description) for name in builtins()))


def _facts() -> str:
    lines = ((f"`{fact.path}`", f"`{fact.kind.value}`", fact.words) for fact in FACTS)
    return table(("fact", "type", "says"), lines)


def _operations() -> str:
    lanes = {Lane.WRITER: "writer", Lane.ASIDE: "aside", Lane.PEOPLE: "people"}
    askers = {Asker.OWNER: "the store's owner", Asker.PROVEN: "who proved it", Asker.ANYBODY: "anybody"}
    return table(
        ("operation", "does", "fields", "who may ask", "lane"),
        (
            (
                f"`{kind.name}`",
                first_sentence(kind),
                ", ".join(f"`{name}`" for name in kind.__struct_fields__),
                askers[kind.asker],
                lanes[kind.lane],
            )
            for kind in every_operation()
        ),
    )


def _network() -> str:
    kinds = (PrincipalKind.AGENT, PrincipalKind.LAUNCHER, PrincipalKind.SESSION, PrincipalKind.HUMAN)
    rows = [(f"`{name}`", *(_about(rules.get(kind)) for kind in kinds)) for name, rules in NETWORK.items()]
    anybody = [(f"`{name}`", *("anybody" for _ in kinds)) for name in sorted(OPENING)]
    header = ("operation", "an agent", "a launcher or a CI's job", "a session", "a person, with their code")
    return table(header, (*rows, *anybody))


def _about(rule: About | None) -> str:
    return "" if rule is None else rule.value


def _flags() -> str:
    return table(("flag", "the path"), ((f"`{kind}`", words) for kind, words in FLAG_WORDS.items()))


def _limits() -> str:
    return table(("at most", "what"), limit_rows())


def _statuses() -> str:
    errors = ((f"{status.value}", f"`{code}`") for code, status in STATUSES.items())
    others = ((f"{status.value}", words) for status, words in OTHERS.items())
    return table(("status", "means"), sorted((*errors, *others)))


def _picture(name: str) -> str:
    """A built-in workflow, drawn."""
    return f"```mermaid\n{workflow_mermaid(load(builtin(name), name)).rstrip()}\n```"


def _foreign_states() -> str:
    rows = (
        (f"`{state}`", f"`{seen.a2a}`", f"`{seen.acp}`", seen.lost or "–") for state, seen in FOREIGN_STATES.items()
    )
    return table(("state", "A2A 1.0", "ACP 2, of a session", "what these do not say"), rows)


def _stops() -> str:
    return table(("a turn of ACP ends with", "so"), ((f"`{stop}`", words) for stop, words in ACP_STOPS.items()))


def _levels() -> str:
    rows = (
        (f"`{level}`", LEVEL_WORDS[level], *(str(_count(level, end)) for end in (End.COMMAND, End.URL)))
        for level in Level
    )
    return table(("level", "covers", "cases by command", "by URL"), rows)


def _count(level: Level, end: End) -> int:
    return sum(case.level is level and case.end is end for case in CASES)


PARTS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "foreignstates": _foreign_states,
        "stops": _stops,
        "levels": _levels,
        "verbs": _verbs,
        "exits": _exits,
        "errors": _errors,
        "grounds": _grounds,
        "network": _network,
        "states": _states,
        "moves": _moves,
        "diagram": _diagram,
        "events": _events,
        "fields": fields,
        "facts": _facts,
        "policyfields": policy_fields,
        "builtins": _builtins,
        "operations": _operations,
        "flags": _flags,
        "boxes": boxes,
        "statuses": _statuses,
        "limits": _limits,
        **{f"graph{name.replace('-', '')}": partial(_picture, name) for name in builtins()},
    }
)
"""The parts that the core can make, by name; those of the dashboard are made by `onloop_tui.guide_pages`."""
