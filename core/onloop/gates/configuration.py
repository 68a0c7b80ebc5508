"""PURE: which files of a repository decide what a test run does, or bring code into it that is no test."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

_FILES = frozenset(
    """
    conftest.py pytest.ini .pytest.ini pytest.toml .pytest.toml tox.ini tox.toml setup.cfg setup.py pyproject.toml
    noxfile.py .coveragerc sitecustomize.py usercustomize.py .python-version .pythonrc ruff.toml .ruff.toml mypy.ini
    .mypy.ini .flake8 .pylintrc pyrightconfig.json .pre-commit-config.yaml
    makefile gnumakefile justfile .justfile taskfile.yml taskfile.yaml rakefile .rspec gemfile cmakelists.txt
    package.json .npmrc .yarnrc .yarnrc.yml .mocharc.json .mocharc.js .mocharc.yml .babelrc .eslintrc .eslintrc.json
    tsconfig.json cargo.toml build.rs rust-toolchain rust-toolchain.toml go.mod go.work pom.xml build.gradle
    build.gradle.kts settings.gradle gradle.properties phpunit.xml phpunit.xml.dist composer.json mix.exs
    .gitattributes .gitmodules .gitlab-ci.yml jenkinsfile codeowners .envrc .env
    """.split()  # noqa: SIM905 - a literal would take a line for each
)
_PATTERNS = (
    "*.pth",
    "requirements*.txt",
    "constraints*.txt",
    "*.lock",
    "package-lock.json",
    "pnpm-lock.yaml",
    "jest.config.*",
    "vitest.config.*",
    "vite.config.*",
    "babel.config.*",
    "eslint.config.*",
    "karma.conf.*",
    "playwright.config.*",
    "*.mk",
)
_FOLDERS = re.compile(r"(?:^|/)(?:\.github|\.circleci|\.ci|\.onloop|\.cargo|\.husky|\.mvn|\.venv)/")
_RUNNERS = frozenset({"unittest", "pytest", "_pytest", "pluggy", "coverage"})
"""A module of this name at the root of the repository would be run in place of the real one."""


def configuring(paths: Iterable[str]) -> tuple[str, ...]:
    """Those of `paths` that configure tests, linters or builds, or that an interpreter runs unasked; sorted."""
    return tuple(sorted({path for path in paths if _configures(path)}))


def _configures(path: str) -> bool:
    name = path.rpartition("/")[2].casefold()
    return (
        name in _FILES
        or any(fnmatchcase(name, pattern) for pattern in _PATTERNS)
        or _FOLDERS.search(path) is not None
        or path.partition("/")[0].partition(".")[0] in _RUNNERS
    )
