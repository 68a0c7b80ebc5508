"""What each argument takes: for completion, and for the tests that try what is unknown in each of them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from onloop.cli.verb import Argument


class Shell(StrEnum):
    """The shells that can complete onloop."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


class ValueKind(StrEnum):
    """What an argument takes; all but the last four are names that only a store or this folder knows."""

    TASK = "task"
    RUN = "run"
    REPOSITORY = "repository"
    WORKFLOW = "workflow"
    LABEL = "label"
    ROLE = "role"
    STEP = "step"
    GATE = "gate"
    PERSON = "person"
    GROUP = "group"
    CAUSE = "cause"
    RULE = "rule"
    SCOPE = "scope"
    BEGUN = "begun"
    AGENT = "agent"
    FILE = "file"
    FOLDER = "folder"
    WORD = "word"
    NOTHING = "nothing"


_BY_NAME: Mapping[str, ValueKind] = MappingProxyType(
    {
        "task": ValueKind.TASK,
        "run": ValueKind.RUN,
        "--run": ValueKind.RUN,
        "--repo": ValueKind.REPOSITORY,
        "--workflow": ValueKind.WORKFLOW,
        "workflow": ValueKind.BEGUN,
        "--label": ValueKind.LABEL,
        "--role": ValueKind.ROLE,
        "--step": ValueKind.STEP,
        "--gate": ValueKind.GATE,
        "--as": ValueKind.PERSON,
        "--by": ValueKind.PERSON,
        "--viewer": ValueKind.PERSON,
        "--group": ValueKind.GROUP,
        "--cause": ValueKind.CAUSE,
        "others": ValueKind.CAUSE,
        "--task": ValueKind.TASK,
        "cause": ValueKind.CAUSE,
        "rule": ValueKind.RULE,
        "scope": ValueKind.SCOPE,
        "--agent": ValueKind.AGENT,
        "agent": ValueKind.AGENT,
        "--file": ValueKind.FILE,
        "file": ValueKind.FILE,
        "files": ValueKind.FILE,
        "--control": ValueKind.FOLDER,
        "--origin": ValueKind.FOLDER,
        "origin": ValueKind.FOLDER,
        "--dir": ValueKind.FOLDER,
        "--store": ValueKind.FOLDER,
        "topic": ValueKind.WORD,
        "--state": ValueKind.WORD,
        "--reason-code": ValueKind.WORD,
    }
)
_EXCEPTIONS: Mapping[tuple[str, str], ValueKind] = MappingProxyType(
    {
        ("start", "--repo"): ValueKind.FOLDER,
        ("init", "--repo"): ValueKind.FOLDER,
        ("doctor", "--repo"): ValueKind.FOLDER,
        ("harness", "--repo"): ValueKind.FOLDER,
        ("delegate", "--to"): ValueKind.PERSON,
        ("people", "name"): ValueKind.PERSON,
        ("amend", "--workflow"): ValueKind.BEGUN,
        ("fleet", "--targets-from"): ValueKind.NOTHING,
        ("serve", "--group"): ValueKind.NOTHING,
        ("serve", "--web-user"): ValueKind.NOTHING,
        ("hook", "agent"): ValueKind.WORD,
        ("workflow", "name"): ValueKind.WORD,
        ("policy", "names"): ValueKind.FILE,
        ("audit", "paths"): ValueKind.FOLDER,
        ("bench", "tasks"): ValueKind.TASK,
        ("trigger", "name"): ValueKind.FILE,
        ("schema", "name"): ValueKind.WORD,
        ("reassign", "--to"): ValueKind.ROLE,
        ("handoff", "--to"): ValueKind.ROLE,
        ("tell", "--to"): ValueKind.TASK,
    }
)
_BY_METAVAR: Mapping[str, ValueKind] = MappingProxyType({"FILE": ValueKind.FILE, "DIR": ValueKind.FOLDER})


def takes_nothing(argument: Argument) -> bool:
    """Whether it is a flag: an option without a value."""
    return argument.options.get("action") in {"store_true", "store_const"}


def value_kind(verb: str, argument: Argument) -> ValueKind:
    """What the argument of that verb takes; a choice of words is a WORD, a flag and free text are NOTHING."""
    name = argument.names[0]
    if takes_nothing(argument):
        return ValueKind.NOTHING
    if argument.options.get("choices"):
        return ValueKind.WORD
    found = _EXCEPTIONS.get((verb, name)) or _BY_NAME.get(name)
    return found or _BY_METAVAR.get(str(argument.options.get("metavar")), ValueKind.NOTHING)
