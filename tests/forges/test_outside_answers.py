"""What a forge and an address answer to gates: pass, fail or not yet, and never anybody else's word."""

from __future__ import annotations

import json

import pytest

from onloop.errors import BadInput
from onloop.forges.forge_answer import ask_forge
from onloop.forges.forge_errors import ForgeTrouble
from onloop.forges.github.github_forge import GithubForge
from onloop.forges.http_answer import ask_address, meaning
from onloop.forges.outgoing import Incoming
from onloop.forges.outside_answer import Meant
from onloop.forges.port import RepositoryName
from onloop.machine.definition import CheckDemand, ForgeGate, HttpGate, ReviewDemand, StatusDemand
from support.forge import APP, TestForge
from support.forge.deeds import open_pull

CHECKS = ForgeGate("ci", checks=(CheckDemand("test", "github-actions"),))


def test_a_check_counts_if_its_app_said_success_of_the_exact_head(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    old = world.push(APP, "work", {"a.txt": "a\n"})
    world.ci(APP, old, "test", "success")
    head = world.push(APP, "work", {"a.txt": "b\n"})

    def asked() -> tuple[Meant, str]:
        answer = ask_forge(github, repo, CHECKS, head)
        return answer.said, answer.words

    assert asked() == (Meant.NOT_YET, "github-actions has said nothing of test")
    world.ci(APP, head, "test", "success", app="evil")
    assert asked() == (
        Meant.NOT_YET,
        "github-actions has said nothing of test (evil says something under that name, which does not count)",
    )
    world.ci(APP, head, "test")
    assert asked() == (Meant.NOT_YET, "test is in progress")
    world.ci(APP, head, "test", "cancelled")
    assert asked()[0] is Meant.NOT_YET
    world.ci(APP, head, "test", "failure")
    said, words = asked()
    assert said is Meant.NO
    assert words.startswith("test ended as failure (http")
    world.ci(APP, head, "test", "success")
    assert asked() == (Meant.YES, "test succeeded (github-actions)")
    by_number = ForgeGate("ci", checks=(CheckDemand("test", "15368"),))
    assert ask_forge(github, repo, by_number, head).said is Meant.YES


def test_a_commit_that_the_forge_does_not_know_is_not_there_yet(github: GithubForge, repo: RepositoryName) -> None:
    answer = ask_forge(github, repo, CHECKS, "a" * 40)
    assert (answer.said, answer.words) == (Meant.NOT_YET, "acme/app does not have aaaaaaaaaaaa yet")


def test_a_status_counts_if_somebody_named_has_set_it(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    head = world.push(APP, "work", {"a.txt": "a\n"})
    bot = world.world.account("ci-bot")
    for by in ("CI-Bot", f"id:{bot.id}"):
        gate = ForgeGate("ci", statuses=(StatusDemand("ci/lint", (by,)),))
        world.status(APP, "mallory", head, "ci/lint", "success")
        assert ask_forge(github, repo, gate, head).words == "ci/lint was set by mallory, who may not"
        world.status(APP, "ci-bot", head, "ci/lint", "pending")
        assert ask_forge(github, repo, gate, head).said is Meant.NOT_YET
        world.status(APP, "ci-bot", head, "ci/lint", "failure")
        assert ask_forge(github, repo, gate, head).said is Meant.NO
        world.status(APP, "ci-bot", head, "ci/lint", "success")
        assert ask_forge(github, repo, gate, head).said is Meant.YES


def test_reviews_count_of_the_exact_head_by_whoever_may_and_never_the_authors_own(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    world.push(APP, "work", {"a.txt": "a\n"})
    number = world.pull(APP, "alice", "work")
    world.review(APP, "bob", number, "APPROVED")
    head = world.push(APP, "work", {"a.txt": "b\n"})
    gate = ForgeGate("reviews", reviews=ReviewDemand(2))

    def asked() -> tuple[Meant, str]:
        answer = ask_forge(github, repo, gate, head)
        return answer.said, answer.words

    assert asked() == (Meant.NOT_YET, "0 of 2 reviews approve this commit of #1"), "bob's is of what was before"
    world.review(APP, "bob", number, "APPROVED")
    world.world.repository(APP).rights["mallory"] = "read"
    world.review(APP, "mallory", number, "APPROVED")
    assert asked() == (Meant.NOT_YET, "1 of 2 reviews approve this commit of #1 (bob)")
    world.review(APP, "carla", number, "CHANGES_REQUESTED")
    assert asked() == (Meant.NO, "carla asks for changes in #1")
    world.review(APP, "carla", number, "APPROVED")
    assert asked() == (Meant.YES, "2 of 2 reviews approve this commit of #1 (bob, carla)")
    named = ForgeGate("reviews", reviews=ReviewDemand(1, ("dora",)))
    assert ask_forge(github, repo, named, head).said is Meant.NOT_YET


def test_reviews_are_read_on_pull_requests_to_the_target_alone_and_a_second_one_hides_nothing(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    head = world.push(APP, "work", {"a.txt": "1\n"})
    for base in ("side", "other"):
        world.push(APP, base, {f"{base}.txt": "s\n"})
    aside = world.do(open_pull, APP, "robot", "work", "side", "aside")["number"]
    number = world.pull(APP, "robot", "work")
    gate = ForgeGate("reviews", reviews=ReviewDemand(1, ("zoe", "ben")))
    world.review(APP, "zoe", aside, "APPROVED", "fine for side")

    answer = ask_forge(github, repo, gate, head, "main", number)
    assert (answer.said, answer.words) == (Meant.NOT_YET, f"0 of 1 reviews approve this commit of #{number}")
    answer = ask_forge(github, repo, gate, head, "other")
    assert answer.words == f"no pull request of acme/app to other has {head[:12]} as its head"

    world.review(APP, "ben", number, "CHANGES_REQUESTED", "no")
    assert ask_forge(github, repo, gate, head, "main").said is Meant.NO
    assert ask_forge(github, repo, gate, head).said is Meant.NO
    assert ask_forge(github, repo, gate, head, "side", number).said is Meant.YES


def test_without_a_pull_request_there_is_no_review(world: TestForge, github: GithubForge, repo: RepositoryName) -> None:
    head = world.push(APP, "work", {"a.txt": "a\n"})
    answer = ask_forge(github, repo, ForgeGate("reviews", reviews=ReviewDemand()), head)
    assert answer.words == f"no pull request of acme/app has {head[:12]} as its head"


def test_asking_again_while_nothing_changes_costs_nothing(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    head = world.push(APP, "work", {"a.txt": "a\n"})
    world.ci(APP, head, "test")
    ask_forge(github, repo, CHECKS, head)
    left = world.left[world.bot.token]
    for _ in range(5):
        assert ask_forge(github, repo, CHECKS, head).said is Meant.NOT_YET
    assert world.left[world.bot.token] == left


def _got(value: object, status: int = 200) -> Incoming:
    return Incoming(status, {}, json.dumps(value).encode())


@pytest.mark.parametrize(
    ("got", "said"),
    [
        (_got({"state": "green"}), Meant.YES),
        (_got({"state": "running"}), Meant.NOT_YET),
        (_got({"state": "red"}), Meant.NO),
        (_got({"other": 1}), Meant.NO),
        (_got({}, 202), Meant.NOT_YET),
        (_got({}, 404), Meant.NO),
        (_got({}, 302), Meant.NO),
    ],
)
def test_an_address_says_yes_no_or_not_yet_as_the_gate_tells(got: Incoming, said: Meant) -> None:
    gate = HttpGate(
        "web",
        "https://ci.test/{commit}",
        pointer="/state",
        equals='"green"',
        waits_for_status=(202,),
        waits_for=('"running"',),
    )
    assert meaning(gate, got, "ci.test").said is said


@pytest.mark.parametrize("got", [_got({}, 500), _got({}, 429), Incoming(200, {}, b"<html>"), Incoming(200, {}, b"")])
def test_trouble_of_an_address_is_no_verdict(got: Incoming) -> None:
    gate = HttpGate("web", "https://ci.test/", pointer="", equals="true")
    with pytest.raises(ForgeTrouble):
        meaning(gate, got, "ci.test")


def test_true_is_not_one_and_a_pointer_may_lead_into_lists() -> None:
    gate = HttpGate("web", "https://ci.test/", pointer="/a~1b/1", equals="1")
    assert meaning(gate, _got({"a/b": [0, 1]}), "ci.test").said is Meant.YES
    assert meaning(gate, _got({"a/b": [0, True]}), "ci.test").said is Meant.NO


def test_loopback_is_asked_only_where_an_administrator_has_named_it(world: TestForge) -> None:
    gate = HttpGate("web", f"{world.url}/api/v3/repos/acme/app", statuses=(401,))
    with pytest.raises(BadInput, match="without TLS"):
        ask_address(gate, "a" * 40, "r1.1", ())
    secure = HttpGate("web", f"https://{world.host}/")
    with pytest.raises(BadInput, match="not a public address"):
        ask_address(secure, "a" * 40, "r1.1", ())
    assert world.calls == []
    assert ask_address(gate, "a" * 40, "r1.1", (world.host,)).said is Meant.YES


def test_no_proxy_of_the_environment_is_used(world: TestForge, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    gate = HttpGate("web", f"{world.url}/api/v3/repos/acme/app", statuses=(401,))
    assert ask_address(gate, "a" * 40, "r1.1", (world.host,)).said is Meant.YES
