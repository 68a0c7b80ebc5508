"""The same adapter on the real GitHub, which is only read: what it answers has the form that the test forge gives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.forges.configured import forge_of
from onloop.forges.github.github_forge import GithubForge
from onloop.forges.port import ForgeRefused, RepositoryName

NAME = os.environ.get("ONLOOP_FORGE_REPOSITORY", "")
HAS_ALL = bool(os.environ.get("ONLOOP_FORGE_TOKEN")) and NAME.count("/") == 1
pytestmark = [
    pytest.mark.forge,
    pytest.mark.skipif(not HAS_ALL, reason="no $ONLOOP_FORGE_TOKEN and $ONLOOP_FORGE_REPOSITORY (owner/name)"),
]


@pytest.fixture
def real(tmp_path: Path) -> Iterator[GithubForge]:
    token = tmp_path / "token"
    settings = tmp_path / "forges.toml"
    for file, text in (
        (token, os.environ["ONLOOP_FORGE_TOKEN"]),
        (settings, f'[forge."github.com"]\ntoken = {{ file = "{token}" }}\n'),
    ):
        file.touch(0o600)
        file.write_text(text)
    forge = forge_of(tmp_path, f"https://github.com/{NAME}")
    assert isinstance(forge, GithubForge)
    yield forge
    forge.close()


@pytest.fixture
def name() -> RepositoryName:
    return RepositoryName("github.com", *NAME.split("/"))


def test_what_is_read_of_a_repository_fits_the_records(real: GithubForge, name: RepositoryName) -> None:
    found = real.repository(name)
    head = real.branch(name, found.default_branch)
    assert head is not None
    real.check_runs(name, head)
    real.statuses(name, head)
    real.branch_rules(name, found.default_branch)
    real.workflow_runs(name, sha=head)
    pulls = real.pull_requests(name, state="all")[:1]
    for pull in pulls:
        assert real.pull_request(name, pull.number).id == pull.id
        real.reviews(name, pull.number)
        real.review_comments(name, pull.number)
        real.comments(name, pull.number)
        real.pull_requests_with(name, pull.head_sha)
    real.issues(name)


def test_what_is_not_there_is_none_or_a_refusal(real: GithubForge, name: RepositoryName) -> None:
    assert real.branch(name, "no/such/branch") is None
    assert real.tag(name, "no-such-tag") is None
    with pytest.raises(ForgeRefused) as no:
        real.pull_request(name, 999_999_999)
    assert no.value.status == 404


def test_asking_again_costs_nothing_and_says_the_same(real: GithubForge, name: RepositoryName) -> None:
    assert real.repository(name) == real.repository(name)
    with pytest.raises(ForgeRefused) as no:
        real.check_runs(name, "0" * 40)
    assert no.value.status == 422
