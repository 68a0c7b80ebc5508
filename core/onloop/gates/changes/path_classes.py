"""PURE: of which class a changed path is: a test, documentation, what is installed, configuration, or sensitive."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from onloop.gates.configuration import flag_kind
from onloop.machine.flags import TESTS, FlagKind

_LOCKFILES = frozenset(
    """
    poetry.lock uv.lock pdm.lock pipfile.lock pylock.toml pixi.lock yarn.lock bun.lock bun.lockb deno.lock cargo.lock
    gemfile.lock composer.lock mix.lock gradle.lockfile flake.lock pubspec.lock podfile.lock conan.lock
    package-lock.json npm-shrinkwrap.json pnpm-lock.yaml go.sum packages.lock.json
    """.split()  # noqa: SIM905 - a literal would take a line for each
)
_MANIFESTS = (
    "requirements*.txt",
    "constraints*.txt",
    *"""
    pyproject.toml setup.py setup.cfg package.json cargo.toml go.mod gemfile pom.xml build.gradle build.gradle.kts
    composer.json mix.exs pipfile environment.yml environment.yaml *.csproj *.gemspec
    """.split(),  # noqa: SIM905
)
_DOCS = re.compile(
    r"\.(?:md|mdx|rst|adoc|txt)$|(?:^|/)docs?/|(?:^|/)(?:readme|changelog|contributing|license|notice|authors)[^/]*$",
    re.I,
)
_STEERS = re.compile(
    r"(?:^|/)(?:agents|claude|gemini)(?:\.local)?\.md$|(?:^|/)\.(?:claude|cursor|codex|gemini|vscode|husky)/"
    r"|(?:^|/)(?:\.cursorrules|\.mcp\.json|copilot-instructions\.md)$|(?:^|/)\.?(?:git)?hooks/",
    re.I,
)
_CI = re.compile(r"(?:^|/)(?:azure-pipelines|bitbucket-pipelines|\.travis|\.pre-commit-config)\.ya?ml$", re.I)
_CONFIGURES = frozenset({FlagKind.CONFIGURATION, FlagKind.PLUGIN, FlagKind.SHADOW, FlagKind.BUILD})
_SOURCE = re.compile(
    r"\.(?:py|pyx|js|mjs|cjs|ts|jsx|tsx|rb|go|rs|java|kt|kts|scala|cs|php|c|cc|cpp|h|hpp|swift|sh|lua|ex|exs|erl)$",
    re.I,
)


def is_lockfile(path: str) -> bool:
    """Whether a tool writes the path and it says which versions are installed."""
    return _name(path) in _LOCKFILES or fnmatchcase(_name(path), "pylock.*.toml")


def is_manifest(path: str) -> bool:
    """Whether people write the path and it says what is installed."""
    return not is_lockfile(path) and any(fnmatchcase(_name(path), pattern) for pattern in _MANIFESTS)


def is_test(path: str) -> bool:
    """Whether the path is a test, by the conventions of its language."""
    return flag_kind(path) in TESTS


def is_doc(path: str) -> bool:
    """Whether people read the path and nothing runs it; what steers agents is none."""
    return _DOCS.search(path) is not None and not is_sensitive(path) and not is_lockfile(path) and not is_manifest(path)


def is_sensitive(path: str) -> bool:
    """Whether the path runs in CI, names owners, says what onloop's gates are, steers agents or runs on commits."""
    return flag_kind(path) is FlagKind.CI or _STEERS.search(path) is not None or _CI.search(path) is not None


def is_configuration(path: str) -> bool:
    """Whether the path configures tests, builds or CI."""
    return flag_kind(path) in _CONFIGURES or is_sensitive(path)


def is_source(path: str) -> bool:
    """Whether the path is source code, by its name."""
    return _SOURCE.search(path) is not None


def _name(path: str) -> str:
    return path.rpartition("/")[2].casefold()
