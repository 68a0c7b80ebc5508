"""A forge, with a repository in it, and the adapter that is tried on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.forges.configured import forge_of
from onloop.forges.github.github_forge import GithubForge
from onloop.forges.port import RepositoryName
from support.forge import APP, TestForge


@pytest.fixture
def world(tmp_path: Path, forge: TestForge) -> TestForge:
    """The test forge, declared in the folder `store`."""
    (tmp_path / "store").mkdir(mode=0o700)
    forge.declare(tmp_path / "store")
    return forge


@pytest.fixture
def repo(world: TestForge) -> RepositoryName:
    """acme/app, as the adapter knows it."""
    return RepositoryName(world.host, "acme", "app")


@pytest.fixture
def github(world: TestForge, tmp_path: Path) -> Iterator[GithubForge]:
    """GitHub's adapter with the bot's token."""
    yield from _opened(tmp_path, world)


@pytest.fixture
def as_app(world: TestForge, tmp_path: Path) -> Iterator[GithubForge]:
    """GitHub's adapter as onloop's App."""
    world.declare(tmp_path / "store", app=True)
    yield from _opened(tmp_path, world)


def _opened(tmp_path: Path, world: TestForge) -> Iterator[GithubForge]:
    forge = forge_of(tmp_path / "store", world.origin(APP))
    assert isinstance(forge, GithubForge)
    yield forge
    forge.close()
