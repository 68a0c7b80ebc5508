"""PURE: on what a project stands: how a fresh machine comes to work on it, and whether it is built alike twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain, islice

from onloop.insight.audit.artefact import Looked, SeenPlace
from onloop.insight.audit.listing import Listing, beside, rows
from onloop.insight.audit.seeking import MOST, files, line_of, lines

SETUP = re.compile(
    r"(?:\.devcontainer/(?:[^/]+/)?devcontainer\.json|\.devcontainer\.json|flake\.nix|shell\.nix|devenv\.nix|devbox\.json"
    r"|(?:[^/]+/)?\.?mise\.toml|\.config/mise[^/]*\.toml|\.mise/config\.toml|\.tool-versions|\.gitpod\.ya?ml|\.ona/.+|environment[\w-]*\.ya?ml"
    r"|Vagrantfile|\.github/workflows/copilot-setup-steps\.ya?ml|\.cursor/environment\.json|pixi\.toml|\.idx/dev\.nix|\.envrc|\.stackblitzrc"
    r"|(?:bin|scripts?|tools|hack|dev|contrib|\.codex|\.claude)/(?:.*/)?(?:set-?up|bootstrap|dev-?setup|install[-_]dev|setup[-_]dev)"
    r"[\w-]*(?:\.(?:sh|py|rb|ps1|js|ts|mjs))?|(?:set-?up|bootstrap|dev-setup)\.sh|bootstrap|(?:.*/)?Dockerfile[.-]dev"
    r"|Dockerfile\.development|(?:docker-)?compose[.-](?:dev|local|override)[\w.-]*\.ya?ml|(?:.*/)?docker-compose[.-]dev[\w.-]*)$"
)
LOCKS = re.compile(
    r"(?:[^/]+/){0,2}(?:uv\.lock|poetry\.lock|Pipfile\.lock|pdm\.lock|pylock[\w.]*\.toml|package-lock\.json|npm-shrinkwrap\.json"
    r"|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|Cargo\.lock|go\.sum|Gemfile\.lock|composer\.lock|flake\.lock|gradle\.lockfile"
    r"|mix\.lock|Package\.resolved|MODULE\.bazel\.lock|packages\.lock\.json|pixi\.lock|conda-lock\.yml|deno\.lock|stack\.yaml\.lock)$"
)

_ASIDE = re.compile(r"(?:^|/)(?:docs?|website|site|www|documentation|benchmarks?|fuzz)/")
_MAKE = re.compile(r"(?:Makefile|GNUmakefile|makefile|[jJ]ustfile|Taskfile\.ya?ml)$")
_TARGET = re.compile(
    r"^\s{0,2}(?:set-?up|bootstrap|dev-?setup|setup[-_]dev\w*|install[-_]dev\w*|develop|dev[-_]install|init|sync)\b[^=]*:(?!=)"
)
_PACKAGE = re.compile(r"package\.json$")
_SCRIPT = re.compile(r"\"(?:setup|bootstrap|dev:setup|setup:dev|d)\"\s*:\s*\"")
_HASHED = re.compile(r"(?:requirements[^/]*/)?[\w.-]*requirements[\w.-]*\.txt$")
_HASH = re.compile(r"--hash=sha256:")
_BUILT = re.compile(r"\s*\"(?:dockerfile|dockerFile|dockerComposeFile)\"\s*:\s*\"([^\"$]+)\"")
_GO_REQUIRE = re.compile(r"^\s*(?:require\s+)?([\w-]+\.[\w./~-]+)\s+(v\S+)")
_GO_REPLACE = re.compile(r"^[ \t]*(?:replace[ \t]+)?([\w-]+\.[\w./~-]+)(?:[ \t]+v\S+)?[ \t]+=>", re.MULTILINE)
_MOST_WORK = 400_000_000
"""How many characters of lock files are gone through, once for each dependency."""


def setup(listing: Listing) -> Looked:
    """What makes a fresh machine ready; stale where it is made of a file that is not there."""
    named = files(listing, SETUP, "it makes a fresh machine ready")
    seen = tuple(chain(named, lines(listing, _MAKE, _TARGET), lines(listing, _PACKAGE, _SCRIPT)))
    return Looked(seen, tuple(islice(_missing_parts(listing), MOST)))


def _missing_parts(listing: Listing) -> Iterator[SeenPlace]:
    for path, number, line in listing.lines(re.compile(r"\.devcontainer.*devcontainer\.json$")):
        found = _BUILT.match(line)
        where = beside(path, found[1]) if found is not None else ""
        if where and not listing.has(where):
            yield SeenPlace(path, number, f"it is made of {where!r}, which is not there")


def locks(listing: Listing) -> Looked:
    """What fixes every dependency; stale where something is depended on that was never fixed."""
    named = (each for each in files(listing, LOCKS, "it fixes what is built with") if not _ASIDE.search(each.path))
    seen = tuple(chain(named, lines(listing, _HASHED, _HASH, "it fixes what is built with")))
    return Looked(seen, tuple(islice(_unfixed(listing, [each.path for each in seen]), MOST)))


def _unfixed(listing: Listing, locks: list[str]) -> Iterator[SeenPlace]:
    """What a manifest beside a lock file names, and the lock file does not, as far as it is worth the work."""
    work = 0
    for lock in locks:
        for dependency, known in _wanted(listing, lock):
            found = re.search(known, listing.texts[lock], re.MULTILINE)
            work += found.end() if found is not None else len(listing.texts[lock])
            if work > _MOST_WORK:
                return
            if found is None:
                path, name = (
                    f"{lock.rpartition('/')[0]}/{_READERS[lock.rpartition('/')[2]][0]}",
                    dependency.split(" ")[0],
                )
                number = line_of(listing.texts[path.lstrip("/")], name)
                yield SeenPlace(path.lstrip("/"), number, f"{name!r} is not in {lock}")


def _wanted(listing: Listing, lock: str) -> Iterator[tuple[str, str]]:
    """What the manifest beside a lock file names, and the pattern by which the lock file would."""
    folder, _, name = lock.rpartition("/")
    manifest, wanted, known = _READERS.get(name, ("", _nothing, ""))
    path = f"{folder}/{manifest}".lstrip("/")
    if manifest and lock in listing.texts and path in listing.texts:
        for dependency in wanted(listing, path):
            yield dependency, known.replace("NAME", _spelled(dependency, name))


def _spelled(name: str, lock: str) -> str:
    """A name as a pattern; Python's may be spelled in many ways."""
    if lock in {"uv.lock", "poetry.lock", "pdm.lock"}:
        return "[-_.]+".join(map(re.escape, re.split(r"[-_.]+", name)))
    return re.escape(name)


def _nothing(_: Listing, __: str) -> Iterator[str]:
    return iter(())


def _of_python(listing: Listing, path: str) -> Iterator[str]:
    project = listing.toml(path).get("project")
    found = project.get("dependencies") if isinstance(project, dict) else None
    for each in found if isinstance(found, list) else ():
        name = re.match(r"[A-Za-z0-9][\w.-]*", each) if isinstance(each, str) else None
        if name is not None:
            yield name[0]


def _of_node(listing: Listing, path: str) -> Iterator[str]:
    for key in ("dependencies", "devDependencies"):
        found = listing.json(path).get(key)
        yield from found if isinstance(found, dict) else ()


def _of_cargo(listing: Listing, path: str) -> Iterator[str]:
    found = listing.toml(path).get("dependencies")
    for name, said in found.items() if isinstance(found, dict) else ():
        other = said.get("package") if isinstance(said, dict) else None
        yield other if isinstance(other, str) else name


def _of_go(listing: Listing, path: str) -> Iterator[str]:
    text = listing.texts[path]
    replaced = set(_GO_REPLACE.findall(text))
    for _, line in rows(text):
        found = _GO_REQUIRE.match(line)
        if found is not None and "=>" not in line and found[1] not in replaced:
            yield f"{found[1]} {found[2]}"


_READERS: dict[str, tuple[str, Callable[[Listing, str], Iterator[str]], str]] = {
    "uv.lock": ("pyproject.toml", _of_python, r"(?i)^name = \"NAME\""),
    "poetry.lock": ("pyproject.toml", _of_python, r"(?i)^name = \"NAME\""),
    "pdm.lock": ("pyproject.toml", _of_python, r"(?i)^name = \"NAME\""),
    "package-lock.json": ("package.json", _of_node, r"\"(?:node_modules/)?NAME\"\s*:"),
    "yarn.lock": ("package.json", _of_node, r"(?:^|[\",\s])NAME@"),
    "pnpm-lock.yaml": ("package.json", _of_node, r"(?:^|[\s'/])NAME(?:'|:|@)"),
    "Cargo.lock": ("Cargo.toml", _of_cargo, r"^name = \"NAME\""),
    "go.sum": ("go.mod", _of_go, r"^NAME(?:/go\.mod)? "),
}
