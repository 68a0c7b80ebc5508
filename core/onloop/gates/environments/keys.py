"""PURE: what an environment depends on, as digests: two that are equal can be one."""

from __future__ import annotations

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
    """The files that setup goes by among a commit's `files` (path and id): in `cache_key`, else by convention."""
    wanted = frozenset(environment.cache_key)
    if wanted:
        return {path: name for path, name in files.items() if path in wanted}
    return {path: name for path, name in files.items() if is_conventional(path)}


def is_conventional(path: str) -> bool:
    """Whether a file says by convention what is installed."""
    return any(fnmatchcase(path.rpartition("/")[2], pattern) for pattern in _CONVENTION)


def decides_setup(environment: EnvironmentSpec, path: str) -> bool:
    """Whether a change of this path makes setup run anew, from the submitted commit's own files."""
    if not environment.setup:
        return False
    return path in environment.cache_key if environment.cache_key else is_conventional(path)


def cache_files(cache: CacheSpec, files: Mapping[str, str]) -> Mapping[str, str]:
    """The files that a cache's `fetch` sees, among a commit's `files`."""
    return {path: name for path, name in files.items() if path in cache.key}


def setup_key(environment: EnvironmentSpec, machine: Iterable[object], files: Mapping[str, str]) -> str:
    """The key of what setup makes, from its commands, the `machine` (programs, box, platform) and its key files."""
    around = (environment.variables, environment.caches, environment.box, environment.git, environment.submodules)
    return digest("setup", environment.setup, around, tuple(machine), sorted(files.items()))


def build_key(environment: EnvironmentSpec, checkout: str, setup: str) -> str:
    """The key of what build makes, from the checkout's key and setup's."""
    return digest("build", environment.build, environment.variables, checkout, setup)


def cache_key(cache: CacheSpec, machine: Iterable[object], files: Mapping[str, str]) -> str:
    """The key of what a cache's fetch brings."""
    return digest("fetch", cache.name, cache.fetch, tuple(machine), sorted(files.items()))
