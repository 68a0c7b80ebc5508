"""PURE: what Markdown promises of its repository: links, paths and commands that should be there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from onloop.insight.audit.artefact import SeenPlace
from onloop.insight.audit.listing import BINARY, LONGEST_LINE, Listing, beside, rows
from onloop.insight.audit.seeking import PathEndings

_LINK = re.compile(r"(?<!!)\[[^\]\n]{0,300}\]\(<?([^()\s<>]{1,400})>?(?:\s+\"[^\"\n]{0,200}\")?\)")
_CODE = re.compile(r"(?<!`)`([^`\n]{2,200})`(?!`)")
_PATH = re.compile(r"\.{0,2}/?[\w.@+-]+(?:/[\w.@+-]+)+/?")
_SCRIPT = re.compile(r"\b(?:npm|pnpm|yarn|bun)\s+(?:-[\w-]{1,60}\s+){0,8}run\s+([\w:.-]+)")
_MAKE = re.compile(r"(?:^|[`;&|]\s*|\$\s+)make\s+([a-zA-Z][\w.-]*)(?=\s|`|$)")
_JUST = re.compile(r"(?:^|[`;&|]\s*|\$\s+)just\s+([a-zA-Z][\w-]*)(?=\s|`|$)")
_TARGET = re.compile(r"^(?!\t)([\w.%/ \t-]+)::?(?!=)", re.MULTILINE)
_RECIPE = re.compile(r"^@?([\w-]+)(?:[ \t][^:=\n]*)?:(?!=)", re.MULTILINE)
_FENCE = re.compile(r"^\s*(```|~~~)")
_MADE = re.compile(r"(^|/)(dist|build|out|target|node_modules|coverage|\.venv|venv|bin|obj|tmp|logs?|\.next)(/|$)")
_MAKEFILES = ("Makefile", "makefile", "GNUmakefile")
_JUSTFILES = ("justfile", "Justfile", ".justfile")

KnownCommands = tuple[tuple[re.Pattern[str], frozenset[str] | None, str], ...]
"""How each kind of command is written, the names that there are (None where nobody knows), and what one lacks."""


def dead_links(listing: Listing, path: str) -> Iterator[SeenPlace]:
    """The links of a Markdown file that lead to no file of the repository."""
    for number, line in _prose(listing.texts.get(path, "")):
        for target in _LINK.findall(line):
            bare = unquote(target.partition("#")[0].partition("?")[0])
            if not bare or _is_elsewhere(bare) or _is_of_a_site(listing, bare):
                continue
            where = beside(path, bare)
            if where and where != "." and not _is_there(listing, where):
                yield SeenPlace(path, number, f"the link {target!r} leads nowhere")


def dead_paths(listing: Listing, path: str, endings: PathEndings) -> Iterator[SeenPlace]:
    """The paths in code marks that begin at a folder of the repository and are not there."""
    for number, line in _prose(listing.texts.get(path, "")):
        for code in _CODE.findall(line):
            if _PATH.fullmatch(code) is None or _MADE.search(code) or code.startswith(("../", "/", "@")):
                continue
            bare = code.removeprefix("./").rstrip("/")
            top = bare.partition("/")[0]
            if top in listing.folders and _is_a_file_name(bare) and not (_is_there(listing, bare) or endings.has(bare)):
                yield SeenPlace(path, number, f"{bare!r} is not there")


def known_commands(listing: Listing) -> KnownCommands:
    """The scripts, targets and recipes that a repository has."""
    return (
        (_SCRIPT, _scripts(listing), "no package.json has the script"),
        (_MAKE, _targets(listing, _MAKEFILES, _TARGET), "no Makefile has the target"),
        (_JUST, _targets(listing, _JUSTFILES, _RECIPE), "no justfile has the recipe"),
    )


def dead_commands(listing: Listing, path: str, known: KnownCommands) -> Iterator[SeenPlace]:
    """The scripts and targets that a text runs, and that no package.json, Makefile or justfile has."""
    for number, line in rows(listing.texts.get(path, "")):
        for pattern, names, words in known:
            if names is not None:
                yield from (
                    SeenPlace(path, number, f"{words} {name!r}") for name in pattern.findall(line) if name not in names
                )


def unreadable(listing: Listing, path: str) -> Iterator[SeenPlace]:
    """A text that says nothing: it is empty, or no text at all."""
    text = listing.texts.get(path)
    if text is not None and (BINARY in text or not text.strip()):
        yield SeenPlace(path, 1, "it is no text" if BINARY in text else "it is empty")


def _is_there(listing: Listing, where: str) -> bool:
    """Whether a path is there, as a page of a site may be named, too: without its ending."""
    return any(listing.has(f"{where}{ending}") for ending in ("", ".md", ".mdx", "/index.md", "/README.md"))


def _is_elsewhere(target: str) -> bool:
    return re.match(r"[a-zA-Z][\w+.-]*:|//|[#{<$]", target) is not None or "{{" in target or "*" in target


def _is_of_a_site(listing: Listing, bare: str) -> bool:
    """Whether a link begins at the top of a site, which need not be that of the repository."""
    return bare.startswith("/") and bare.strip("/").partition("/")[0] not in listing.folders


def _is_a_file_name(bare: str) -> bool:
    """Whether the last part has an ending, as files have: of a folder nobody knows whether it is made."""
    return re.search(r"\.[a-z][a-z0-9]{0,5}$", bare) is not None


def _prose(text: str) -> Iterator[tuple[int, str]]:
    """The lines outside of fenced blocks, with their numbers."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line[:LONGEST_LINE]


def _scripts(listing: Listing) -> frozenset[str] | None:
    """The scripts of every package.json that was read; None where none was, or there may be more."""
    packages = [path for path in listing.texts if path.rpartition("/")[2] == "package.json"]
    known = sum(path.rpartition("/")[2] == "package.json" for path in listing.paths)
    if not packages or known != len(packages):
        return None
    tables = (listing.json(path).get("scripts") for path in packages)
    return frozenset(name for table in tables if isinstance(table, dict) for name in table)


def _targets(listing: Listing, names: tuple[str, ...], pattern: re.Pattern[str]) -> frozenset[str] | None:
    """The targets of the one file at the top; None where there is none, or where it includes others."""
    path = next((name for name in names if name in listing.texts), None)
    text = listing.texts.get(path or "", "")
    if path is None or re.search(r"^[ \t]*-?(?:include|import|mod|set fallback)\b", text, re.MULTILINE) or "%:" in text:
        return None
    return frozenset(word for found in pattern.findall(text) for word in found.split())
