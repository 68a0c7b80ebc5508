"""Where work is done: the repositories that a command line or a file of targets names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from onloop.errors import BadInput
from onloop.gates.repository.origin_spelling import spelling
from onloop.gates.repository.ref_names import check_origin, check_ref_name
from onloop.records import Record, replace

LARGEST_FLEET = 10_000
FORM = "PATH-OR-URL [BRANCH] [label=WORD …] [owner=NAME] [priority=N]"
HIGHEST = 1_000
"""The highest priority; the lowest is as far below zero."""

_FIELD = re.compile(r"(label|owner|priority)=(.*)", re.DOTALL)
_NAME = re.compile(r"[^\s,=\x00-\x1f\x7f]{1,100}")

_ESCAPED_IN_QUOTES = '"\\$`'


class RunTarget(Record):
    """A repository that work is done in: a name for people, a path or URL, and the branch that effects move.

    Without a branch, it is the one that the repository's HEAD names. Of tasks that wait, those with the higher
    `priority` are claimed first.
    """

    name: str
    origin: str
    branch: str | None = None
    labels: tuple[str, ...] = ()
    owner: str = ""
    priority: int = 0


def read_targets(text: str, file: str, folder: Path) -> tuple[RunTarget, ...]:
    """The targets in a file: one a line, as FORM says, quoted as in a shell; paths are below `folder`.

    `#` at the start of a word begins a comment. Nothing else is left out.
    """
    targets: dict[str, RunTarget] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{file}:{number}:1"
        words = words_of(line, where)
        if not words:
            continue
        place = [word for word in words if not _FIELD.fullmatch(word)]
        if not 1 <= len(place) <= 2:
            raise BadInput(
                f"{where}: {line.strip()!r} has {len(place)} words that are no fields",
                hint=f"write: {FORM}; quote a path with a space: 'a b/shop.git'",
            )
        target = renamed(_with_fields(_target(place, where, folder), words, where), targets)
        if target.origin in lines:
            raise BadInput(
                f"{where}: {target.origin} is listed twice, in lines {lines[target.origin]} and {number}",
                hint="remove one of the lines",
            )
        targets[target.name] = target
        lines[target.origin] = number
        if len(targets) > LARGEST_FLEET:
            break
    return counted(tuple(targets.values()), file)


def counted(targets: tuple[RunTarget, ...], where: str) -> tuple[RunTarget, ...]:
    """The targets, if they are as many as a fleet may have; else BadInput says how many that is."""
    if targets and len(targets) <= LARGEST_FLEET:
        return targets
    more = f"more than {LARGEST_FLEET}" if targets else "no"
    raise BadInput(f"{where} names {more} repositories", hint=f"name 1 to {LARGEST_FLEET}; divide a larger fleet")


def _with_fields(target: RunTarget, words: Sequence[str], where: str) -> RunTarget:
    """The target with what the fields of its line say."""
    found = [(match[1], match[2]) for word in words if (match := _FIELD.fullmatch(word))]
    for name in ("owner", "priority"):
        if sum(key == name for key, _ in found) > 1:
            raise BadInput(f"{where}: {name}= is there twice", hint="give it once; only label= may be repeated")
    for key, value in found:
        if key == "priority" and not (re.fullmatch(r"-?[0-9]{1,4}", value) and abs(int(value)) <= HIGHEST):
            hint = f"write a whole number from -{HIGHEST} to {HIGHEST}; the highest is claimed first"
            raise BadInput(f"{where}: priority={value[:40]} is no priority", hint=hint)
        if key != "priority" and not _NAME.fullmatch(value):
            raise BadInput(f"{where}: {key}={value[:40]!r} is no word", hint=f"write {key}=WORD, without spaces")
    labels = tuple(dict.fromkeys(value for key, value in found if key == "label"))
    given = dict(found)
    return replace(target, labels=labels, owner=given.get("owner", ""), priority=int(given.get("priority", "0")))


def target_of(origin: str, branch: str | None, folder: Path, where: str = "--repo") -> RunTarget:
    """The target that a path (relative to `folder`) or URL names."""
    return _target([origin, *([] if branch is None else [branch])], where, folder)


def words_of(line: str, where: str) -> tuple[str, ...]:
    """The words of a line, quoted as in a shell; BadInput if a quote is never closed. Nothing is expanded."""
    words, word, rest = list[str](), None, iter(line)
    for sign in rest:
        if sign.isspace():
            words += [] if word is None else [word]
            word = None
        elif sign == "#" and word is None:
            break
        else:
            word = (word or "") + _read(sign, rest, where)
    return (*words, *(() if word is None else (word,)))


def _read(sign: str, rest: Iterator[str], where: str) -> str:
    """What one sign, or all that is quoted from it on, stands for."""
    if sign == "\\":
        return next(rest, sign)
    if sign not in {"'", '"'}:
        return sign
    quoted = ""
    for inner in rest:
        if inner == sign:
            return quoted
        if inner == "\\" and sign == '"':
            following = next(rest, "")
            quoted += following if following in _ESCAPED_IN_QUOTES else f"\\{following}"
        else:
            quoted += inner
    raise BadInput(f"{where}: the quote {sign} is never closed", hint="close it on the same line")


def _target(words: Sequence[str], where: str, folder: Path) -> RunTarget:
    try:
        origin = check_origin(words[0] if is_url(words[0]) else str((folder / words[0]).absolute()))
        branch = check_ref_name(words[1]) if len(words) > 1 else None
    except BadInput as problem:
        raise BadInput(f"{where}: {problem.message}", hint=problem.hint) from None
    name = origin.rstrip("/").removesuffix("/.git").rpartition("/")[2].removesuffix(".git")
    return RunTarget(name or "repository", origin, branch)


def is_url(origin: str) -> bool:
    """Whether git would take the text for a URL or for `host:path`, and not for a path of this machine."""
    return "://" in origin or (":" in origin and not origin.startswith(("/", ".")))


def renamed(target: RunTarget, known: Mapping[str, RunTarget]) -> RunTarget:
    """The target under a name that none of those `known` has."""
    name, number = target.name, 2
    while name in known:
        name, number = f"{target.name}-{number}", number + 1
    return replace(target, name=name)


def one_spelling(origin: str) -> str:
    """The origin written in one way, so that two spellings of one repository are equal: links, `.git`, hosts, ports."""
    parts = urlsplit(origin)
    if is_url(origin) and parts.scheme != "file":
        return spelling(origin)
    place = Path(unquote(parts.path) if parts.scheme == "file" else origin).resolve()
    return str(place.parent if place.name == ".git" else place)
