"""The command line as a shell needs it: for each verb its options and arguments, and what may be offered for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from onloop.agents.vendors.known_vendors import VENDORS
from onloop.cli.json_models import shipped_schemas
from onloop.cli.value_kinds import ValueKind, takes_nothing, value_kind
from onloop.cli.verb import COMMON, DASHBOARD, Argument, Verb, arg
from onloop.cli.verb_table import VERBS
from onloop.guides.catalogue import TOPICS
from onloop.machine.state import Reason, State
from onloop.records import Record
from onloop.workflow.builtins import builtins

DASHBOARD_NAME = ""
"""The name of the verb that is none: `onloop` alone."""


class Slot(Record):
    """An option or an argument: its names, what it is for, and what is offered for its value.

    An option without a value has no `kind`; `repeated` may be given again, or goes on to the end of the line.
    """

    names: tuple[str, ...]
    help: str
    kind: ValueKind | None
    words: tuple[str, ...] = ()
    repeated: bool = False


class VerbShape(Record):
    """A verb with its options, and its arguments in their order."""

    name: str
    summary: str
    options: tuple[Slot, ...]
    arguments: tuple[Slot, ...]


_WORDS: Mapping[tuple[str, str] | ValueKind, Callable[[], Iterable[str]]] = MappingProxyType(
    {
        ("help", "topic"): lambda: (*TOPICS, *(row.name for row in VERBS)),
        ("schema", "name"): lambda: list(shipped_schemas()),
        ("workflow", "name"): builtins,
        ("hook", "agent"): lambda: VENDORS,
        ("list", "--state"): lambda: State,
        ("mute", "--reason-code"): lambda: Reason,
        ValueKind.BEGUN: builtins,
        ValueKind.AGENT: lambda: VENDORS,
    }
)
"""Words that are the same in every store, and are no choices of argparse."""


def shapes() -> tuple[VerbShape, ...]:
    """Every verb, the dashboard first."""
    version = arg("--version", help="print the version", action="store_true")
    dashboard = _shape(DASHBOARD_NAME, "", (version, *DASHBOARD, *COMMON))
    return (dashboard, *(_shape(row.name, row.summary, (*row.arguments, *COMMON)) for row in _rows()))


def _rows() -> Iterable[Verb]:
    return VERBS


def _shape(verb: str, summary: str, arguments: Iterable[Argument]) -> VerbShape:
    slots = [_slot(verb, each) for each in arguments]
    return VerbShape(
        verb,
        summary,
        (*(slot for slot in slots if slot.names[0].startswith("-")), Slot(("--help", "-h"), "say what it takes", None)),
        tuple(slot for slot in slots if not slot.names[0].startswith("-")),
    )


def _slot(verb: str, argument: Argument) -> Slot:
    options, name = argument.options, argument.names[0]
    kind = None if takes_nothing(argument) else value_kind(verb, argument)
    known = _WORDS.get((verb, name)) or (_WORDS.get(kind) if kind else None)
    words = options.get("choices") or (known() if known else ())
    repeated = options.get("action") == "append" or options.get("nargs") in {"+", "*", "..."}
    return Slot(argument.names, argument.help.replace("%%", "%"), kind, tuple(map(str, words)), repeated)
