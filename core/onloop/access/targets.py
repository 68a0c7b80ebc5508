"""Where work is done: the repositories that a command line or a file of targets names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from onloop.errors import BadInput
from onloop.gates.repository.ref_names import check_origin, check_ref_name
from onloop.records import Record, replace

LARGEST_FLEET = 5_000
FORM = "PATH-OR-URL [BRANCH]"
DEFAULT_PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}

_ESCAPED_IN_QUOTES = '"\\$`'


class RunTarget(Record):
    """A repository that work is done in: a name for people, a path or URL, and the branch that effects move.

    Without a branch, it is the one that the repository's HEAD names.
    """

    name: str
    origin: str
    branch: str | None = None


def read_targets(text: str, file: str, folder: Path) -> tuple[RunTarget, ...]:
    """The targets in a file: one `PATH-OR-URL [BRANCH]` per line, quoted as in a shell; paths are below `folder`.

    `#` at the start of a word begins a comment. Nothing else is left out.
    """
    targets: dict[str, RunTarget] = {}
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{file}:{number}:1"
        words = words_of(line, where)
        if not words:
            continue
        if len(words) > 2:
            raise BadInput(
                f"{where}: {line.strip()!r} has {len(words)} words",
                hint=f"write: {FORM}; quote a path with a space: 'a b/shop.git'",
            )
        target = renamed(_target(words, where, folder), targets)
        if any(target.origin == other.origin for other in targets.values()):
            raise BadInput(f"{where}: {target.origin} is listed twice", hint="remove one of the lines")
        targets[target.name] = target
    if not targets or len(targets) > LARGEST_FLEET:
        raise BadInput(f"{file} lists {len(targets)} repositories", hint=f"list 1 to {LARGEST_FLEET}, one per line")
    return tuple(targets.values())


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


def renamed(target: RunTarget, known: dict[str, RunTarget]) -> RunTarget:
    """The target under a name that none of those `known` has."""
    name, number = target.name, 2
    while name in known:
        name, number = f"{target.name}-{number}", number + 1
    return replace(target, name=name)


def one_spelling(origin: str) -> str:
    """The origin written in one way, so that two spellings of one repository are equal: links, `.git`, hosts, ports."""
    if "://" not in origin and is_url(origin):
        host, _, path = origin.partition(":")
        return _spelt(host.rpartition("@")[2], path)
    parts = urlsplit(origin)
    if parts.scheme in DEFAULT_PORTS:
        port = "" if parts.port in {None, DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
        return _spelt(f"{parts.hostname or ''}{port}", parts.path)
    place = Path(unquote(parts.path) if parts.scheme == "file" else origin).resolve()
    return str(place.parent if place.name == ".git" else place)


def _spelt(host: str, path: str) -> str:
    plain = re.sub(r"/+", "/", unquote(path)).strip("/").removesuffix(".git")
    return f"{host.lower()}/{plain}"
