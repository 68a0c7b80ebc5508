"""PURE: what an environment depends on, as digests: two that are equal can be one."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from hashlib import sha256

from onloop.machine.definition import CacheSpec, EnvironmentSpec

_CONVENTION = tuple(
    """
    pyproject.toml setup.py setup.cfg requirements*.txt requirements*.in constraints*.txt *.lock
    environment.yml package.json package-lock.json npm-shrinkwrap.json pnpm-lock.yaml
    pnpm-workspace.yaml .npmrc .yarnrc .yarnrc.yml .python-version .nvmrc .tool-versions rust-toolchain
    rust-toolchain.toml Cargo.toml go.mod go.sum go.work Gemfile composer.json mix.exs pom.xml
    build.gradle build.gradle.kts settings.gradle settings.gradle.kts gradle.properties
    """.split()  # noqa: SIM905 - a literal would take a line for each
)
"""The files that say by convention what is installed: what setup goes by where `cache_key` names nothing."""


def digest(*parts: object) -> str:
    """The sha256 of some parts, hex: equal where they are written alike."""
    return sha256("\0".join(map(repr, parts)).encode("utf-8", "surrogateescape")).hexdigest()


def key_files(environment: EnvironmentSpec, files: Mapping[str, str]) -> Mapping[str, str]:
    """The files that setup goes by among a commit's `files` (path and id): see `_goes_by`."""
    named = _named(environment)
    return {path: name for path, name in files.items() if _goes_by(environment, named, path)}


def _goes_by(environment: EnvironmentSpec, named: frozenset[str], path: str) -> bool:
    """Whether setup goes by a file: one that its commands name, and one in `cache_key`, else by convention."""
    return path in named or (path in environment.cache_key if environment.cache_key else is_conventional(path))


def _named(environment: EnvironmentSpec) -> frozenset[str]:
    """The paths that the words of setup may name, such as a script, or the file of -r or --requirement=FILE."""
    words = (word for argv in environment.setup for word in argv)
    return frozenset(posixpath.normpath(part) for word in words for part in (word, word.partition("=")[2]) if part)


def is_conventional(path: str) -> bool:
    """Whether a file says by convention what is installed."""
    return any(fnmatchcase(path.rpartition("/")[2], pattern) for pattern in _CONVENTION)


def decides_setup(environment: EnvironmentSpec, path: str) -> bool:
    """Whether a change of this path makes setup run anew, from the submitted commit's own files."""
    return bool(environment.setup) and _goes_by(environment, _named(environment), path)


def cache_files(cache: CacheSpec, files: Mapping[str, str]) -> Mapping[str, str]:
    """The files that a cache's `fetch` sees, among a commit's `files`."""
    return {path: name for path, name in files.items() if path in cache.key}


def setup_key(
    environment: EnvironmentSpec, machine: Iterable[object], caches: Iterable[str], files: Mapping[str, str]
) -> str:
    """The key of what setup makes: its commands, the `machine` (programs, box, platform), `caches`, its key files."""
    filled = (environment.git, environment.submodules, environment.lfs, environment.secrets)
    around = (environment.variables, environment.box, filled, tuple(caches))
    return digest("setup", environment.setup, around, tuple(machine), sorted(files.items()))


def build_key(
    environment: EnvironmentSpec, machine: Iterable[object], caches: Iterable[str], checkout: str, setup: str
) -> str:
    """The key of what build makes: as that of setup, from the checkout's key and setup's."""
    around = (environment.variables, environment.box, tuple(caches))
    return digest("build", environment.build, around, tuple(machine), checkout, setup)


def cache_key(
    environment: EnvironmentSpec, cache: CacheSpec, machine: Iterable[object], files: Mapping[str, str]
) -> str:
    """The key of what a cache's fetch brings."""
    around = (environment.variables, environment.secrets)
    return digest("fetch", cache.name, cache.fetch, around, tuple(machine), sorted(files.items()))
