"""PURE: what stands between a change and the branch that counts: owners, branch protection, hooks of git."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice

from onloop.gates.changes.code_owners import PLACES, CodeOwners, OwnerLine, TooManyOwners, owner_lines
from onloop.insight.audit.artefact import Looked, SeenPlace
from onloop.insight.audit.listing import Listing, rows
from onloop.insight.audit.seeking import MOST, files, lines

HOOKS = re.compile(
    r"(?:\.pre-commit-config\.ya?ml|\.config/pre-commit-config\.ya?ml|\.husky/(?!_)[^/]+|\.?lefthook\.(?:ya?ml|toml|json)"
    r"|\.(?:git-?hooks)/(?!README)[^/]+|(?:scripts?|tools|etc|misc|contrib|dev)/(?:git-?)?hooks/[^/]+"
    r"|\.overcommit\.ya?ml|prek\.toml|hk\.pkl|git-?hooks/[^/]+|(?:\w+/)?hooks/pre-(?:commit|push))$"
)
PROTECTION = re.compile(
    r"(?:\.github/rulesets?/.+\.json|\.github/settings\.ya?ml|\.asf\.yaml|\.github/branch-?protection[^/]*|rulesets/[^/]+\.json"
    r"|(?:.*/)?[^/]*branch[-_]protection[^/]*\.(?:json|ya?ml|tf))$",
    re.IGNORECASE,
)

_HUSKY_KEY = re.compile(r"\"(?:husky|simple-git-hooks|gitHooks|pre-commit)\"\s*:\s*[\[{]")
_AGENT_SETTINGS = re.compile(r"\.claude/settings\.json$")
_AGENT_HOOK = re.compile(r"\"hooks\"\s*:\s*\{")
_PACKAGE = re.compile(r"package\.json$")
_ENTRY = re.compile(r"\s*(?:-\s+)?entry:\s*[\"']?(?:(?:bash|sh|python3?|node)\s+)?(\.?/?[\w.-]+(?:/[\w.-]+)+)")
_PROTECTED = re.compile(r"^(?:branches|rulesets|protected_branches|\s+protected_branches)\s*:")
_CONTEXT = re.compile(r"\"context\"\s*:\s*\"([^\"]{1,200})\"")
_WORKFLOWS = re.compile(r"\.github/workflows/[^/]+\.ya?ml$")
_JOB = re.compile(r"^ {2}([\w-]+):\s*(?:#.*)?$")
_NAME = re.compile(r"^\s*name:(.+)$")
_OF_APPS = re.compile(
    r"DCO|CodeQL|semantic|netlify|vercel|codecov|cla|sonar|snyk|travis|circle|renovate|wip|buildkite", re.I
)
_LONGEST_CONTEXT = 200
_WILDCARDS = re.compile(r"\*+")
_MOST_WORK = 200_000_000
"""How many characters of paths are held against patterns of owners; one with several wildcards counts the more."""
_MOST_HELD = 1_000_000
"""How often a check that is waited for is held against a piece of a job's name."""


def ownership(listing: Listing) -> Looked:
    """Who owns which paths; stale where a pattern fits nothing that is there, or no line names an owner."""
    path = next((each for each in (*PLACES, "OWNERS") if each in listing.files), None)
    if path is None:
        return Looked()
    seen = (SeenPlace(path, 0, "it says who owns what"),)
    if path == "OWNERS" or path not in listing.texts:
        return Looked(seen)
    return Looked(seen, tuple(islice(_unowned(listing, path), MOST)))


def _unowned(listing: Listing, path: str) -> Iterator[SeenPlace]:
    work, named, once = 0, False, sum(map(len, listing.paths))
    for number, line in rows(listing.texts[path]):
        try:
            found = owner_lines(line)
        except TooManyOwners:
            continue
        for each in found:
            named = named or bool(each.owners)
            wildcards = len(_WILDCARDS.findall(each.pattern))
            work += once if wildcards < 2 else 16 * once
            if wildcards <= 2 and work < _MOST_WORK and not _fits(listing, each.pattern):
                yield SeenPlace(path, number, f"{each.pattern!r} fits nothing that is there")
    if not named:
        yield SeenPlace(path, 1, "no line names an owner")


def _fits(listing: Listing, pattern: str) -> bool:
    if listing.has(pattern):
        return True
    one = CodeOwners((OwnerLine(pattern, ("@",)),))
    return any(one.owners_of(path) for path in listing.paths)


def hooks(listing: Listing) -> Looked:
    """Hooks of git or of agents; stale where one starts a file that is not there."""
    named = files(listing, HOOKS, "it is run before a commit or a push")
    keys = lines(listing, _PACKAGE, _HUSKY_KEY, "it is run before a commit or a push")
    agents = lines(listing, _AGENT_SETTINGS, _AGENT_HOOK, "hooks of an agent")
    seen = tuple(chain(named, keys, agents))
    return Looked(seen, tuple(islice(_dead_entries(listing), MOST)))


def _dead_entries(listing: Listing) -> Iterator[SeenPlace]:
    for path in (".pre-commit-config.yaml", ".pre-commit-config.yml"):
        for number, line in rows(listing.texts.get(path, "")):
            found = _ENTRY.match(line)
            wanted = found[1].removeprefix("./") if found is not None else ""
            if wanted and wanted.partition("/")[0] in listing.folders and not listing.has(wanted):
                yield SeenPlace(path, number, f"it starts {wanted!r}, which is not there")


def branch_protection(listing: Listing) -> Looked:
    """Rules for branches that lie in the repository; stale where they wait for a check that no workflow has."""
    seen = tuple(
        SeenPlace(path, line, "it says what a branch demands")
        for path in listing.own(PROTECTION)
        if (line := _protecting(path, listing.texts.get(path, ""))) >= 0
    )
    return Looked(seen, tuple(islice(_unmet(listing, seen), MOST)))


def _protecting(path: str, text: str) -> int:
    """The line from which a file protects branches; -1 where it does not."""
    if path.endswith(".json"):
        is_rule = re.search(r"\"(?:rules|required_status_checks|enforcement|required_pull_request_reviews)\"", text)
        return 0 if is_rule else -1
    if path.endswith((".yaml", ".yml")):
        return next((number for number, line in rows(text) if _PROTECTED.match(line)), -1)
    return 0 if path.endswith(".tf") else -1


def _jobs(listing: Listing) -> Iterator[tuple[str, ...]]:
    """The names that checks of workflows may have, in pieces: what is filled in between them may be anything."""
    for _, _, line in listing.lines(_WORKFLOWS):
        found = _JOB.match(line) or _NAME.match(line)
        if found is not None:
            first, *others = found[1].strip().strip("'\"").split("${{")
            yield (first, *(each.partition("}}")[2] for each in others))


def _unmet(listing: Listing, seen: tuple[SeenPlace, ...]) -> Iterator[SeenPlace]:
    """The checks that are waited for and that no job is called by, as far as it is worth the work."""
    jobs = frozenset(_jobs(listing))
    whole = frozenset(each[0] for each in jobs if len(each) == 1)
    filled = tuple(each for each in jobs if len(each) > 1)
    once, work = sum(map(len, filled)), 0
    for path, number, context in _waited_for(listing, seen) if jobs else ():
        called = _without_matrix(context)
        if whole.isdisjoint(called):
            work += once * len(called)
            if work > _MOST_HELD:
                return
            if not any(_is_filled(each, pieces) for pieces in filled for each in called):
                yield SeenPlace(path, number, f"it waits for the check {context!r}, which no workflow here has")


def _waited_for(listing: Listing, seen: tuple[SeenPlace, ...]) -> Iterator[tuple[str, int, str]]:
    for each in seen:
        for number, context in _contexts(listing.texts.get(each.path, ""), each.path):
            is_elsewhere = "/" in context or _OF_APPS.search(context) is not None
            if len(context) <= _LONGEST_CONTEXT and not is_elsewhere:
                yield each.path, number, context


def _without_matrix(context: str) -> tuple[str, ...]:
    """A name as it is, and without what a matrix adds to it: ` (…)`."""
    ends = [found.start() for found in re.finditer(r" \(", context)] if context.endswith(")") else []
    return (context, *(context[:end] for end in ends))


def _is_filled(name: str, pieces: tuple[str, ...]) -> bool:
    """Whether a name has these pieces in their order, from its beginning to its end."""
    first, *between, last = pieces
    if not name.startswith(first):
        return False
    at = len(first)
    for piece in between:
        found = name.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return name.endswith(last) and len(name) - len(last) >= at


def _contexts(text: str, path: str) -> Iterator[tuple[int, str]]:
    if path.endswith(".json"):
        yield from ((number, found) for number, line in rows(text) for found in _CONTEXT.findall(line))
        return
    inside = -1
    for number, line in rows(text):
        depth = len(line) - len(line.lstrip())
        if re.match(r"\s*contexts:\s*(?:#.*)?$", line):
            inside = depth
        elif inside >= 0 and (found := re.match(r"\s*-\s+([^#\n]+)", line)) and depth >= inside:
            yield number, found[1].strip().strip("'\"")
        elif line.strip() and not line.lstrip().startswith("#"):
            inside = -1
