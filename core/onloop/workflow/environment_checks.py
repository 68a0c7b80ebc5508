"""Checks whether the parts of an environment fit together: placeholders, names, and what nobody may set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onloop.workflow.gate_checks import PLACEHOLDERS, box_faults, placeholder_faults
from onloop.workflow.model import EnvironmentPart
from onloop.workflow.positioned_tree import Fault, Path, Side

_REPORT = "report"
_DATA = "data"
_CACHE = "cache"
_OURS = ("HOME", "TMPDIR", "PYTHONDONTWRITEBYTECODE", "PYTHONNOUSERSITE", "GIT_CEILING_DIRECTORIES")
_PREFIXES = ("ONLOOP_", "LD_", "DYLD_")


def words_of(environment: EnvironmentPart | None) -> tuple[str, ...]:
    """The placeholders that the commands of a file may use, `{report}` among them."""
    if environment is None:
        return PLACEHOLDERS
    caches = [f"{_CACHE}:{cache.name}" for cache in environment.caches]
    only = [_CACHE] if len(caches) == 1 else []
    return tuple(dict.fromkeys((*PLACEHOLDERS, *environment.tools, *only, *caches)))


def environment_faults(environment: EnvironmentPart | None) -> Iterator[Fault]:
    """What is wrong with an environment."""
    if environment is None:
        return
    words = tuple(word for word in words_of(environment) if word != _REPORT)
    for part in ("setup", "build"):
        yield from _command_faults(("environment", part), getattr(environment, part), words)
    for number, cache in enumerate(environment.caches):
        at: Path = ("environment", "caches", number)
        yield from _command_faults((*at, "fetch"), cache.fetch, (*environment.tools, *PLACEHOLDERS[:1], _CACHE))
        if cache.name in [other.name for other in environment.caches[:number]]:
            yield Fault((*at, "name"), f"cache {cache.name} is here twice", "rename one")
    for number, service in enumerate(environment.services):
        at = ("environment", "services", number)
        yield from _command_faults((*at, "prepare"), service.prepare, (*words, _DATA))
        for field, argv in (("command", service.command), ("ready", service.ready)):
            if argv is not None:
                yield from placeholder_faults((*at, field), argv, (*words, _DATA))
    yield from _name_faults(environment)


def _command_faults(at: Path, commands: Sequence[Sequence[str]], words: Sequence[str]) -> Iterator[Fault]:
    for number, argv in enumerate(commands):
        yield from placeholder_faults((*at, number), argv, words)
        yield from box_faults(at, number, argv, None)


def _name_faults(environment: EnvironmentPart) -> Iterator[Fault]:
    for name in environment.tools:
        if name in {_REPORT, _CACHE, _DATA}:
            yield Fault(("environment", "tools", name), f"{{{name}}} is taken", "call the tool otherwise", Side.KEY)
    for name in environment.variables:
        if name in _OURS or name.startswith(_PREFIXES):
            words = f"{name} is set for every command, or decides which code it loads"
            yield Fault(("environment", "variables", name), words, "choose another name", Side.KEY)
    for number, name in enumerate(environment.secrets):
        if name in environment.variables:
            at = ("environment", "secrets", number)
            yield Fault(at, f"{name} is a variable, too, which every command sees", "keep one of them")
