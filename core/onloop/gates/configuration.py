"""PURE: which changed paths can decide a gate's verdict, and why: by the conventions of runners, builds and Python."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256

from onloop.gates.globs import matches
from onloop.gates.read_files import Family, is_read, reads
from onloop.gates.repository.file_changes import ChangedPath, FileKind, Status
from onloop.machine.definition import BaseTests, CommandGate
from onloop.machine.flags import TESTS, Flag, FlagKind, in_order

MOST_FLAGS = 500
"""How many flags a piece of evidence carries; one more flag says how many were left out, with their digest."""

RUNNERS = frozenset({"pytest", "_pytest", "pluggy", "iniconfig", "coverage", "xdist", "nose2", "tox", "nox"})
"""Packages outside the standard library that run tests, or run together with them."""

_SHADOWED = (frozenset(sys.stdlib_module_names) | RUNNERS) - {"test", "this", "antigravity"}
_IMPORT_ROOTS = frozenset({"src", "lib", "python", "test", "tests"})
_MODULE = re.compile(r"\.(?:py|pyc|pyi|so|pyd|[\w-]+\.(?:so|pyd))$", re.IGNORECASE)

_PLUGINS = frozenset({"conftest.py", "sitecustomize.py", "usercustomize.py", ".pythonrc"})
_CONFIGURATION = frozenset(
    """
    pytest.ini .pytest.ini pytest.toml .pytest.toml tox.ini tox.toml setup.cfg pyproject.toml noxfile.py .coveragerc
    .python-version ruff.toml .ruff.toml mypy.ini .mypy.ini .flake8 .pylintrc pyrightconfig.json
    .pre-commit-config.yaml .rspec .mocharc.json .mocharc.js .mocharc.yml .mocharc.yaml .mocharc.cjs .babelrc
    .eslintrc .eslintrc.json tsconfig.json phpunit.xml phpunit.xml.dist .npmrc .yarnrc .yarnrc.yml .env
    """.split()  # noqa: SIM905 - a literal would take a line for each
)
_CONFIGURATION_PATTERNS = (
    "jest.config.*",
    "jest.setup.*",
    "vitest.*",
    "vite.config.*",
    "babel.config.*",
    "eslint.config.*",
    "karma.conf.*",
    "playwright.config.*",
    "cypress.config.*",
)
_BUILD = frozenset(
    """
    setup.py makefile gnumakefile justfile .justfile taskfile.yml taskfile.yaml rakefile gemfile cmakelists.txt
    package.json cargo.toml build.rs rust-toolchain rust-toolchain.toml go.mod go.work pom.xml build.gradle
    build.gradle.kts settings.gradle settings.gradle.kts gradle.properties gradlew mvnw composer.json mix.exs
    .gitattributes .gitmodules
    """.split()  # noqa: SIM905
)
_DEPENDENCIES = (
    "requirements*.txt",
    "constraints*.txt",
    *"""
    poetry.lock uv.lock pdm.lock pipfile.lock pylock.toml pylock.*.toml pixi.lock yarn.lock bun.lock deno.lock
    cargo.lock gemfile.lock composer.lock mix.lock gradle.lockfile flake.lock pubspec.lock podfile.lock conan.lock
    package-lock.json npm-shrinkwrap.json pnpm-lock.yaml go.sum
    """.split(),  # noqa: SIM905
)
_CI = frozenset({".gitlab-ci.yml", "jenkinsfile", "codeowners"})
_CI_FOLDERS = re.compile(r"(?:^|/)(?:\.github|\.circleci|\.ci|\.onloop)/", re.IGNORECASE)
_BUILD_FOLDERS = re.compile(r"(?:^|/)(?:\.cargo|\.husky|\.mvn)/", re.IGNORECASE)
_SCRIPT = re.compile(
    r"(?:^|/)(?:[^/]*[._-])?(?:tests?|checks?|verify|ci|lint|build)(?:[._-][^/.]*)?\.(?:sh|bash|zsh|fish|ps1|bat|cmd)$"
    r"|(?:^|/)(?:bin|scripts?|tools|ci|hack)/(?:[^/.]*[_-])?(?:tests?|checks?|verify|ci|lint|build)(?:[_-][^/.]*)?$",
    re.IGNORECASE,
)
_COMPILED = re.compile(r"\.(?:so|so\.[\d.]+|pyd|dll|dylib|node|jar|class|wasm)$", re.IGNORECASE)
_BYTECODE = re.compile(r"(?:^|/)__pycache__/|\.py[co]$", re.IGNORECASE)
"""An interpreter may load bytecode instead of the source beside it."""

_ENTRY_POINTS = re.compile(r"(?:^|/)[^/]+\.(?:dist-info|egg-info)(?:/|$)|\.egg-link$", re.IGNORECASE)
"""A runner loads the plugins that these files name."""

_VENV = re.compile(r"(?:^|/)(?:\.venv|venv|node_modules|site-packages)/", re.IGNORECASE)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_INSIDE = (_VENV, _BYTECODE, _ENTRY_POINTS, re.compile(r"^(?:src/)?(?!tests?_)\w*pytest\w*\.(?:py|so|pyd)$", re.I))
_BUILDS = (_BUILD_FOLDERS, _SCRIPT, _COMPILED)
_TEST_FOLDER = re.compile(r"(?:^|/)(?:tests?|spec|__tests__|__snapshots__|testdata|e2e|cypress)/", re.IGNORECASE)
_TEST_NAME = re.compile(
    r"(?:^|/)(?:test_[^/]*|[^/]*_test\.\w+|[^/]*[._-](?:test|spec)\.\w+|tests?\.(?:py|rs|js|ts)|[^/]*_spec\.rb)$",
    re.IGNORECASE,
)
_JAVA_TEST = re.compile(
    r"(?:^|/)(?:Test[A-Z]\w*|\w+(?:Test|Tests|IT|TestCase|Spec))\.(?:java|kt|scala|groovy|cs|swift)$"
)

_READERS = frozenset(
    """
    ruff mypy black isort flake8 pylint pyright bandit pycodestyle pydocstyle eslint prettier biome tsc shellcheck
    golangci-lint gofmt staticcheck hadolint yamllint markdownlint actionlint semgrep gitleaks
    """.split()  # noqa: SIM905
)
"""Programs that read code and run no tests."""

REACHING = r"pytest|unittest|junitxml|orig_argv|(os|posix)\._exit|JEST_WORKER_ID|VITEST|testing\.Testing\("
"""What ordinary code does not need: the test runner, its report, and the end of its process."""

_CODE = re.compile(
    r"\.(?:py|pyx|pyi|js|mjs|cjs|ts|jsx|tsx|rb|go|rs|java|kt|scala|cs|php|c|cc|cpp|h|sh)$", re.IGNORECASE
)

_TESTS = {Status.DELETED: FlagKind.TEST_DELETED, Status.ADDED: FlagKind.TEST_ADDED}


def flags(
    changed: Iterable[ChangedPath],
    reaching: Iterable[str] = (),
    run: Iterable[str] = (),
    beside: Iterable[Flag] = (),
    installing: Iterable[str] = (),
) -> tuple[Flag, ...]:
    """A flag for each changed path that can decide a gate's verdict, reaches for the runner, or is run; worst first.

    Those in `installing` say what setup installs. The flags `beside` are of what judges nothing and is told all the
    same, such as a link that leads out of the repository: it brings in content that nobody was shown.
    """
    by_convention = tuple(Flag(c.path, kind) for c in changed if (kind := flag_kind(c.path, c.status)) is not None)
    flagged = {flag.path for flag in by_convention}
    named = tuple(Flag(path, FlagKind.COMMAND) for path in run if path not in flagged)
    reach = (Flag(path, FlagKind.REACHES) for path in reaching)
    known = flagged | {flag.path for flag in named}
    installs = (Flag(path, FlagKind.DEPENDENCIES) for path in installing if path not in known)
    every = in_order((*by_convention, *named, *reach, *installs, *beside))
    if len(every) <= MOST_FLAGS:
        return every
    beyond = every[MOST_FLAGS:]
    digest = sha256("\0".join(f"{flag.path}\0{flag.kind}" for flag in beyond).encode()).hexdigest()
    return (*every[:MOST_FLAGS], Flag(f"and {len(beyond)} more paths, sha256 {digest}", beyond[0].kind))


def flags_for(
    gate: CommandGate,
    changed: Iterable[ChangedPath],
    reaching: Iterable[str] = (),
    setup: Iterable[Sequence[str]] = (),
    beside: Iterable[Flag] = (),
    installing: Iterable[str] = (),
    *,
    has_git: bool = False,
) -> tuple[Flag, ...]:
    """The flags of a change for one gate. Changed tests do not count where it only reads code or uses `tests: base`.

    A changed file that the gate's command or a `setup` command names is flagged, whatever its name; one that by its
    name is read by another language's tools alone is not, nor git's own unless the checkout `has_git`.
    """
    commands = tuple(setup) if _only_reads(gate) else (gate.argv, *setup)
    run = frozenset(path for command in commands for path in _named(command))
    by = reads((gate.argv, *setup))
    by = by | {Family.GIT} if by is not None and has_git else by
    decided = [
        path
        for path in changed
        if (gate.base_tests is None or not from_base(gate.base_tests, path.path))
        and (path.path in run or is_read(path.path, flag_kind(path.path, path.status), by))
    ]
    named = (path.path for path in decided if path.path in run)
    every = flags(decided, reaching, named, beside, installing)
    return tuple(flag for flag in every if flag.kind not in TESTS) if _only_reads(gate) else every


def _named(command: Sequence[str]) -> Iterator[str]:
    """The paths in the checkout that the words of a command may name, including the modules after `-m`."""
    for word in command:
        for part in (word, word.partition("=")[2]):
            if part:
                yield posixpath.normpath(part)
    modules = command[command.index("-m") + 1 :] if "-m" in command else ()
    for module in (word.replace(".", "/") for word in modules if _DOTTED.fullmatch(word)):
        for root in ("", "src/"):
            yield from (f"{root}{module}{end}" for end in (".py", "/__main__.py", "/__init__.py"))


def _only_reads(gate: CommandGate) -> bool:
    program, *words = gate.argv
    if words[:1] == ["-m"] and len(words) > 1:
        program = words[1]
    return gate.tests is None and program.rpartition("/")[2] in _READERS


def flag_kind(path: str, status: Status = Status.MODIFIED) -> FlagKind | None:
    """Why a path changed in this way can decide a verdict; None if no convention says so."""
    kind = _decides(path)
    if kind is None and _is_test(path):
        return _TESTS.get(status, FlagKind.TEST_CHANGED)
    return kind


def from_base(wanted: BaseTests, path: str) -> bool:
    """Whether `tests: base` takes this path from the base: by the gate's patterns, else by convention."""
    return matches(wanted.paths, path) if wanted.paths else runs_tests(path)


def may_reach(changed: Iterable[ChangedPath], without: Status = Status.DELETED) -> tuple[str, ...]:
    """The changed code files that are neither tests nor flagged by name: those in which `REACHING` is suspicious.

    Code that reached for the runner at the base and no longer does counts, too: ask with `without=Status.ADDED`.
    """
    there = (c.path for c in changed if c.status is not without and c.kind in {FileKind.FILE, FileKind.EXECUTABLE})
    return tuple(path for path in there if flag_kind(path) is None and _CODE.search(path))


def runs_tests(path: str) -> bool:
    """Whether a path is a test or configures how tests run; `tests: base` takes these from the base."""
    kind = flag_kind(path)
    return kind is not None and kind not in {FlagKind.BUILD, FlagKind.DEPENDENCIES, FlagKind.CI}


def _decides(path: str) -> FlagKind | None:
    name = path.rpartition("/")[2].casefold()
    if _shadows(path):
        return FlagKind.SHADOW
    if name in _PLUGINS or name.endswith(".pth") or any(pattern.search(path) for pattern in _INSIDE):
        return FlagKind.PLUGIN
    if name in _CONFIGURATION or any(fnmatchcase(name, pattern) for pattern in _CONFIGURATION_PATTERNS):
        return FlagKind.CONFIGURATION
    if name in _BUILD or name.endswith(".mk") or any(pattern.search(path) for pattern in _BUILDS):
        return FlagKind.BUILD
    if any(fnmatchcase(name, pattern) for pattern in _DEPENDENCIES):
        return FlagKind.DEPENDENCIES
    return FlagKind.CI if name in _CI or _CI_FOLDERS.search(path) else None


def _shadows(path: str) -> bool:
    """Whether the path is a module or package at an import root whose name the interpreter or a runner imports.

    Case is ignored, because some file systems ignore it.
    """
    parts = path.casefold().split("/")
    if parts[0] in _IMPORT_ROOTS:
        parts = parts[1:]
    is_module = bool(parts) and _MODULE.search(parts[-1]) is not None
    return is_module and parts[0].partition(".")[0] in _SHADOWED and (len(parts) == 1 or "." not in parts[0])


def _is_test(path: str) -> bool:
    return any(pattern.search(path) for pattern in (_TEST_FOLDER, _TEST_NAME, _JAVA_TEST))
