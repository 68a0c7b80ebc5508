"""`doctor --forge`: each way past the gateway is named, with what would close it."""

from __future__ import annotations

from typing import Any

import pytest

from onloop.forges.forge_proof import prove_forge
from onloop.forges.github.github_forge import GithubForge
from onloop.forges.port import RepositoryName
from support.forge import APP, APP_ID, TestForge

OWN = [("onloop", APP_ID)]


def bad(forge: GithubForge, repo: RepositoryName) -> dict[str, str]:
    return {row.name: row.words for row in prove_forge(forge, repo) if not row.good}


@pytest.mark.parametrize("ruleset", [False, True])
def test_a_branch_that_only_our_app_can_let_change_is_well(
    world: TestForge, as_app: GithubForge, repo: RepositoryName, ruleset: bool
) -> None:
    world.protect(APP, checks=OWN, approvals=1, ruleset=ruleset)
    assert bad(as_app, repo) == {}


@pytest.mark.parametrize(
    ("rules", "row", "words"),
    [
        (None, "branch", "main is not protected"),
        ({"checks": [("test", None)]}, "required check", "does not require the check onloop"),
        ({"checks": [("onloop", None)]}, "required check", "takes onloop from any source"),
        ({"checks": [("onloop", 15_368)]}, "required check", "from app 15368, and we are 424242"),
        ({"checks": OWN, "admins": False}, "bypass", "administrators pass by the rules"),
    ],
)
def test_each_way_past_is_named(
    world: TestForge, as_app: GithubForge, repo: RepositoryName, rules: dict[str, Any] | None, row: str, words: str
) -> None:
    if rules is not None:
        world.protect(APP, **rules)
    assert words in bad(as_app, repo)[row]


def test_an_account_cannot_have_a_check_of_its_own(world: TestForge, github: GithubForge, repo: RepositoryName) -> None:
    world.protect(APP, checks=OWN)
    found = bad(github, repo)
    assert "declare an App" in found["own check"]
    assert "we are no app" in found["required check"]


def test_rights_that_an_app_lacks_are_named_with_what_they_are_for(
    world: TestForge, as_app: GithubForge, repo: RepositoryName
) -> None:
    world.app.rights = {"metadata": "read", "contents": "read", "pull_requests": "write", "issues": "write"}
    found = bad(as_app, repo)
    assert "contents: write (merges, branches and tags); checks: write" in found["rights"]
    assert "pull_requests" not in found["rights"]


def test_a_forge_that_does_not_answer_is_a_row(world: TestForge, github: GithubForge, repo: RepositoryName) -> None:
    world.fail("unauthorized", "", times=9)
    assert "401" in bad(github, repo)["answer"]
