"""PURE: which files a command reads by convention: those of its language's tools, any where that is not known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase

from onloop.machine.flags import FlagKind


class Family(StrEnum):
    """A language or a kind of tool whose files others do not read."""

    PYTHON = "python"
    NODE = "node"
    GO = "go"
    RUST = "rust"
    JAVA = "java"
    RUBY = "ruby"
    PHP = "php"
    ELIXIR = "elixir"
    NATIVE = "native"
    TASKS = "tasks"
    GIT = "git"
    PACKAGES = "packages"
    """What installs, and so reads the files that say what is installed."""


Reads = frozenset[Family] | None
"""The families whose files are read; None where it could be any file."""

_FILES: Mapping[Family, str] = {
    Family.PYTHON: """
        *.py *.pyc *.pyd *.pth .pythonrc pytest.ini .pytest.ini pytest.toml .pytest.toml tox.ini tox.toml setup.cfg
        pyproject.toml .coveragerc .python-version ruff.toml .ruff.toml mypy.ini .mypy.ini .flake8 .pylintrc
        pyrightconfig.json requirements*.txt constraints*.txt poetry.lock uv.lock pdm.lock pipfile.lock
        pylock.toml pylock.*.toml pixi.lock
    """,
    Family.NODE: """
        package.json package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock bun.lock deno.lock .npmrc
        .yarnrc .yarnrc.yml .mocharc.* .babelrc .eslintrc .eslintrc.json tsconfig.json jest.config.* jest.setup.*
        vitest.* vite.config.* *.js *.mjs *.cjs *.ts *.jsx *.tsx babel.config.* eslint.config.* karma.conf.*
        playwright.config.* cypress.config.*
    """,
    Family.GO: "*.go go.mod go.work go.sum",
    Family.RUST: "*.rs cargo.toml cargo.lock build.rs rust-toolchain rust-toolchain.toml",
    Family.JAVA: """
        *.java *.kt *.scala *.groovy *.jar *.class pom.xml build.gradle* settings.gradle* gradle.properties gradlew mvnw
        gradle.lockfile
    """,
    Family.RUBY: "*.rb gemfile gemfile.lock rakefile .rspec",
    Family.PHP: "*.php phpunit.xml phpunit.xml.dist composer.json composer.lock",
    Family.ELIXIR: "mix.exs mix.lock",
    Family.NATIVE: "cmakelists.txt makefile gnumakefile *.mk",
    Family.TASKS: """
        justfile .justfile taskfile.yml taskfile.yaml noxfile.py .pre-commit-config.yaml *.sh *.bash *.zsh *.fish *.ps1
        *.bat *.cmd
    """,
    Family.GIT: ".gitattributes .gitmodules",
}
_BY_NAME = tuple((pattern, family) for family, names in _FILES.items() for pattern in names.split())

_PYTHON = frozenset({Family.PYTHON})
_INSTALLS = frozenset({Family.PYTHON, Family.NATIVE, Family.RUST, Family.PACKAGES})
"""What builds a Python project may compile its extensions, too."""

_TOOLS: Mapping[str, frozenset[Family]] = {
    **dict.fromkeys(
        """
        pytest py.test _pytest unittest coverage venv virtualenv ruff mypy black isort flake8 pylint pyright bandit
        pycodestyle pydocstyle compileall ensurepip
        """.split(),  # noqa: SIM905 - a literal would take a line for each
        _PYTHON,
    ),
    **dict.fromkeys(("pip", "pip3", "build"), _INSTALLS),
    **dict.fromkeys(("jest", "vitest", "mocha", "ava", "eslint", "prettier", "tsc"), frozenset({Family.NODE})),
    **dict.fromkeys(
        ("go", "gofmt", "golangci-lint", "staticcheck"), frozenset({Family.GO, Family.NATIVE, Family.PACKAGES})
    ),
    "cargo": frozenset({Family.RUST, Family.NATIVE, Family.PACKAGES}),
    "mvn": frozenset({Family.JAVA, Family.PACKAGES}),
}
"""Programs and modules that read their own language's files. Whatever is not here may read, or run, anything."""

_HARMLESS = frozenset("test true cd echo export mkdir".split())  # noqa: SIM905
_RUNNERS = frozenset({"uv", "poetry", "pdm"})
"""Tools of Python projects that install, or run another command."""

_INTERPRETERS = re.compile(r"(?:python|python3(?:\.\d+)?|\{python\d*\})")
_SHELLS = frozenset({"sh", "bash", "dash"})
_INSTALLED = re.compile(r"(?:\.?venv|\.tox|node_modules)/(?:[\w.-]+/)*")
_ANYTHING = re.compile(
    r"\b(?:make|gmake|just|task|tox|nox|npm|npx|yarn|pnpm|bun|rake|invoke|pre-commit|bazel|ninja|cmake|meson|gradle|sh"
    r"|bash|source|eval|exec|node|ruby|perl|php|generate)\b"
)
_ELSEWHERE = re.compile(r"(?:^|[\s\"'=;&|(])(?!/dev/)[\w.-]*/[\w./-]*")
_WORDS = re.compile(r"[\w.-]+")
_ALWAYS = frozenset({FlagKind.REACHES, FlagKind.COMMAND, FlagKind.CI})


def reads(commands: Iterable[Sequence[str]]) -> Reads:
    """What the commands read between them; None if any of them may read anything."""
    found: set[Family] = set()
    for command in commands:
        read = _read_by(tuple(command))
        if read is None:
            return None
        found |= read
    return frozenset(found)


def is_read(path: str, kind: FlagKind | None, by: Reads) -> bool:
    """Whether a changed path that a convention speaks of can matter to who reads these families' files."""
    if by is None or kind in _ALWAYS:
        return True
    family = family_of(path)
    is_installed = kind is not FlagKind.DEPENDENCIES or Family.PACKAGES in by
    return is_installed and (family is None or family in by)


def family_of(path: str) -> Family | None:
    """Whose file it is by its name; None where several tools, or git itself, read such a file."""
    name = path.rpartition("/")[2].casefold()
    return next((family for pattern, family in reversed(_BY_NAME) if fnmatchcase(name, pattern)), None)


def _read_by(command: tuple[str, ...]) -> Reads:
    program, words = _program(command[0]) if command else "", command[1:]
    if _INTERPRETERS.fullmatch(program):
        return _read_by_python(words)
    if program in _SHELLS:
        return _read_by_shell(words[1]) if len(words) == 2 and re.fullmatch(r"-\w*c", words[0]) else None
    if program in _RUNNERS:
        inner = _read_by(words[1:]) if words[:1] == ("run",) else _INSTALLS
        return None if inner is None else inner | _INSTALLS
    if program in _TOOLS and not _ANYTHING.search(" ".join(words)):
        return _TOOLS[program]
    return None


def _read_by_python(words: tuple[str, ...]) -> Reads:
    if len(words) >= 2 and words[0] == "-m":
        return _TOOLS.get(words[1].partition(".")[0])
    if len(words) >= 2 and words[0] == "-c":
        return _in_python(words[1])
    return None


def _read_by_shell(script: str) -> Reads:
    """What a script that stands in the workflow itself reads: the sum of its commands, where each is a plain one."""
    found: set[Family] = set()
    for part in re.split(r"[;&|\n]+", script):
        words = part.split()
        read = frozenset[Family]() if not words or words[0] in _HARMLESS else _read_by(tuple(words))
        if read is None:
            return None
        found |= read
    return frozenset(found)


def _in_python(script: str) -> Reads:
    """What a script that stands in the workflow itself reads: by the tools that it names, if it names no file."""
    if _ANYTHING.search(script) or _ELSEWHERE.search(script):
        return None
    return _PYTHON.union(*(_TOOLS[word] for word in _WORDS.findall(script) if word in _TOOLS))


def _program(word: str) -> str:
    """The program's name; a path into the checkout stays one, unless setup put it there."""
    inner = _INSTALLED.sub("", word)
    return inner.rpartition("/")[2] if inner.startswith("/") or "/" not in inner else inner
