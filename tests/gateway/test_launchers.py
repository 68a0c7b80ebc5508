"""Launchers that were let in over the network: each claims what its token says, and no longer than people want."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.letting_in import claim_as, launcher_at, let_in, revoke
from gateway.network_callers import NOBODY, claimed, proved, refusal
from gateway.served import AdoptedLine, serving
from gateway.shop import Shop
from onloop.errors import BadInput, NotAllowed, Refused, UnknownThing
from onloop.gateway.credential_operations import RecogniseLauncher
from onloop.gateway.upkeep import RecogniseAgent, RecordStoreEvent
from onloop.home import Home
from onloop.machine.definition import Isolation
from onloop.machine.launchers import MOST_LAUNCHERS, Grant, LauncherMinted
from onloop.machine.limits import NETWORK_UID
from onloop.machine.task import Hand
from onloop.store.rows import LauncherUse, Token
from onloop.views.queries.launcher_reads import ReadLaunchers
from support.steps import MINUTE, defined, develop, merge, reviewed, ship

FAR = "10.0.0.3"


def test_a_launcher_claims_in_its_repositories_and_for_its_roles_and_the_log_names_its_token(
    durable: Shop, tmp_path: Path
) -> None:
    durable.begin(run="r1", origin="https://forge.example/other/shop.git", repo="shop")
    durable.begin(run="r2", origin="https://forge.example/acme/shop.git", repo="shop")
    secret = let_in(durable, repositories=("forge.example/acme/*",))
    with serving(Home(tmp_path / "store"), durable.clock) as (gateway, _):
        line = proved(gateway, "launcher", secret)
        assert refusal(claimed(line, "reviewer"))[0] == "not_allowed"
        assert (
            refusal(claimed(line, task="r1"))
            == refusal(claimed(line, task="r1"))
            == ("unknown", "there is no task 'r1'")
        )
        assert refusal(claimed(line, task="r77")) == ("unknown", "there is no task 'r77'")
        got = claimed(line, shop=durable)["ok"]
        assert got["task"]["id"] == "r2"
        assert refusal(claimed(line))[0] == "refused", "nothing else is in its repositories"
        agent = proved(gateway, "agent", got["secret"])
        assert agent.ask("held_task", task="r2")["ok"]["task"]["holder"] == "agent:alfa"
        line.close()
        agent.close()

    assert durable.task("r2").hands == {"develop.implement": (Hand(NETWORK_UID, "", "launcher:farm", FAR),)}
    with pytest.raises(NotAllowed, match="other side of the network"):
        durable.gateway.perform(RecogniseAgent(got["secret"]))


@pytest.mark.parametrize(
    ("pattern", "origin", "fits"),
    [
        ("shop", "https://forge.example/acme/shop.git", True),
        ("sho*", "git@forge.example:acme/shop.git", True),
        ("shop", "/srv/git/shop.git", True),
        ("*", "/srv/git/shop", True),
        ("acme", "https://forge.example/acme/shop.git", False),
        ("forge.example/acme/*", "ssh://git@FORGE.example:22/acme/shop.git", True),
        ("forge.example/acme", "https://forge.example/acme/shop", True),
        ("forge.example/*", "https://forge.example/acme/shop", True),
        ("forge.example/acme/*", "https://forge.example:8443/acme/shop", False),
        ("forge.example/acme/*", "https://forge.example.evil/acme/shop", False),
        ("forge.example/acme/*", "https://forge.example/acme/../evil/shop", False),
        ("forge.example/acme/*", "https://forge.example/acme/%2e%2e/evil/shop", False),
        ("forge.example/acme/**", "https://user@forge.example/acme/a/b.git", True),
        ("/srv/git/*", "/srv/git/shop.git", True),
        ("/srv/git/*", "file:///srv/git/../secret/shop.git", False),
        ("shop", "https://forge.example:port/acme/shop", False),
    ],
)
def test_a_pattern_of_repositories_means_one_thing(pattern: str, origin: str, fits: bool, durable: Shop) -> None:
    durable.begin(origin=origin, repo="misleading")
    launcher = launcher_at(durable, let_in(durable, repositories=(pattern,)))

    if fits:
        assert claim_as(durable, launcher).task == "r1"
    else:
        with pytest.raises(Refused, match="nothing waits for implementer"):
            claim_as(durable, launcher)


def test_a_step_that_asks_for_more_isolation_than_the_token_attests_is_not_given_to_it(durable: Shop) -> None:
    durable.begin(defined(develop(isolation=Isolation.VM), ship(), merge()))
    weak = launcher_at(durable, let_in(durable))
    strong = launcher_at(durable, let_in(durable, "cloud", isolation=Isolation.VM))

    with pytest.raises(Refused, match="nothing waits"):
        claim_as(durable, weak, "implementer", "agent:alfa")
    with pytest.raises(NotAllowed, match="may not work on r1 at develop"):
        claim_as(durable, weak, "implementer", "agent:alfa", "r1")
    assert claim_as(durable, strong, "implementer", "agent:alfa").task == "r1"


def test_a_task_that_was_given_to_an_agent_by_name_is_claimed_for_the_roles_of_the_token_alone(durable: Shop) -> None:
    durable.begin(defined(develop(), reviewed(), ship(), merge()))
    durable.submit(durable.claim("r1"))
    durable.report("r1")
    only = launcher_at(durable, let_in(durable))

    with pytest.raises(NotAllowed, match="may not claim for reviewer"):
        claim_as(durable, only, "reviewer", "agent:bravo")
    with pytest.raises(NotAllowed, match="may not work on r1"):
        claim_as(durable, only, "implementer", "agent:bravo", "r1")


def test_a_launcher_holds_no_more_than_its_token_says_and_each_end_makes_room(direct: Shop) -> None:
    direct.fleet(4)
    launcher = launcher_at(direct, let_in(direct, at_most=2))
    first, second = claim_as(direct, launcher), claim_as(direct, launcher)

    with pytest.raises(Refused, match="holds 2 tasks, which is the most"):
        claim_as(direct, launcher)
    assert direct.gateway.perform(ReadLaunchers())[0].holds == 2
    direct.submit(first)
    direct.report(first.task or "")
    assert claim_as(direct, launcher).task not in {first.task, second.task}
    direct.later(20 * MINUTE)
    assert claim_as(direct, launcher).task != first.task
    direct.cancel("r1.4")
    direct.cancel("r1.3")
    direct.cancel("r1.2")
    assert direct.gateway.perform(ReadLaunchers())[0].holds == 0


def test_revoking_ends_what_a_launchers_agents_hold_at_once_and_what_they_ask_on_lines_that_are_open(
    durable: Shop, tmp_path: Path
) -> None:
    durable.fleet(2)
    secret = let_in(durable)
    with serving(Home(tmp_path / "store"), durable.clock) as (gateway, _):
        line = proved(gateway, "launcher", secret)
        got = claimed(line, shop=durable)["ok"]
        agent = proved(gateway, "agent", got["secret"])
        assert "ok" in agent.ask("heartbeat", principal=NOBODY)

        revoke(durable)

        assert durable.task(got["task"]["id"]).holder is None
        for asked in (agent.ask("heartbeat", principal=NOBODY), agent.ask("stamp"), agent.ask("check")):
            assert refusal(asked) == ("not_allowed", "this ONLOOP_TOKEN is no longer valid: launcher farm was revoked")
        for asked in (claimed(line), line.ask("stamp"), line.ask("launcher", token=secret)):
            assert refusal(asked)[0] == "not_allowed" and "revoked" in refusal(asked)[1]
        again = AdoptedLine(gateway)
        assert "revoked" in refusal(again.ask("agent", token=got["secret"]))[1]
        let_in(durable)
        assert refusal(again.ask("agent", token=got["secret"]))[0] == "not_allowed", "not by another of that name"
        for each in (line, agent, again):
            each.close()


def test_what_a_freeze_keeps_from_ending_is_held_by_nobody_who_was_revoked(durable: Shop) -> None:
    durable.begin()
    launcher = launcher_at(durable, let_in(durable))
    claim_as(durable, launcher)
    durable.freeze("all")

    revoke(durable)

    with pytest.raises(NotAllowed, match="launcher farm was revoked"):
        durable.gateway.perform(RecogniseAgent(durable.secrets["r1"], NETWORK_UID))
    durable.unfreeze("all")
    durable.want()
    assert durable.task("r1").holder is None


def test_a_token_expires_by_the_gateways_clock_in_the_middle_of_a_line_and_so_do_its_agents(
    durable: Shop, tmp_path: Path
) -> None:
    durable.fleet(2)
    secret = let_in(durable, lasts_ms=10 * MINUTE)
    with serving(Home(tmp_path / "store"), durable.clock) as (gateway, _):
        line = proved(gateway, "launcher", secret)
        agent = proved(gateway, "agent", claimed(line, shop=durable, lease_ms=60 * MINUTE)["ok"]["secret"])
        durable.later(11 * MINUTE)
        for asked in (claimed(line), line.ask("launcher", token=secret), agent.ask("stamp")):
            assert refusal(asked)[0] == "not_allowed" and "expired" in refusal(asked)[1], asked
        line.close()
        agent.close()


def test_one_token_never_serves_both_sides_of_a_task_and_takes_what_else_there_is(durable: Shop) -> None:
    for run in ("r1", "r2"):
        durable.begin(defined(develop(), reviewed(), ship(), merge()), run=run)
    both = launcher_at(durable, let_in(durable, roles=("implementer", "reviewer")))
    other = launcher_at(durable, let_in(durable, "jury", roles=("reviewer",)))
    durable.submit(claim_as(durable, both, task="r1"))
    durable.submit(durable.claim("r2"))
    for task in ("r1", "r2"):
        durable.report(task)

    with pytest.raises(NotAllowed, match="launcher:farm worked on develop"):
        claim_as(durable, both, "reviewer", "agent:zulu", "r1")
    assert claim_as(durable, both, "reviewer", "agent:zulu").task == "r2"
    assert claim_as(durable, other, "reviewer", "agent:yankee").task == "r1"


def test_a_token_under_a_name_that_was_used_before_is_the_same_hand(durable: Shop) -> None:
    durable.begin(defined(develop(), reviewed(), ship(), merge()))
    before = launcher_at(durable, let_in(durable, roles=("implementer", "reviewer")))
    durable.submit(claim_as(durable, before))
    durable.report("r1")
    revoke(durable)
    after = launcher_at(durable, let_in(durable, roles=("implementer", "reviewer")))

    with pytest.raises(NotAllowed, match="launcher:farm worked on"):
        claim_as(durable, after, "reviewer", "agent:zulu", "r1")


def test_only_approvers_let_launchers_in_and_anybody_enrolled_ends_them(durable: Shop) -> None:
    with pytest.raises(NotAllowed, match="human:dan is not an approver"):
        let_in(durable, by="dan")
    with pytest.raises(UnknownThing, match="no launcher 'farm'"):
        revoke(durable)
    let_in(durable, by="ben")
    revoke(durable, by="dan")
    assert durable.gateway.perform(ReadLaunchers()) == ()


def test_a_grant_is_complete_and_ends_and_names_are_used_once_at_a_time(durable: Shop) -> None:
    let_in(durable)
    wrong: dict[str, dict[str, Any]] = {
        "is let in already": {},
        "cannot be a launcher's name": {"name": "ci-github"},
        "has no role": {"name": "x", "roles": ()},
        "has no repository": {"name": "x", "repositories": ("",)},
        "cannot be let in for -1 s": {"name": "x", "lasts_ms": -1_000},
        "cannot be let in for 31708800 s": {"name": "x", "lasts_ms": 367 * 24 * 60 * MINUTE},
    }
    for words, more in wrong.items():
        with pytest.raises((BadInput, Refused), match=words):
            let_in(durable, **{"name": "farm", **more})
    with pytest.raises(BadInput, match="at_most"):
        let_in(durable, "many", at_most=1_000)
    with durable.store.reading() as at:
        digest = at.house().launchers["farm"].digest
    grant = Grant(("implementer",), ("*",), durable.clock() + MINUTE)
    with pytest.raises(BadInput, match="is not new"):
        minted = LauncherMinted("copy", digest, grant, "human:ana")
        durable.gateway.perform(RecordStoreEvent(durable.person(), minted))
    assert MOST_LAUNCHERS > 1


def test_of_a_token_its_digest_is_kept_and_when_it_was_used_last(durable: Shop) -> None:
    secret = let_in(durable)
    durable.gateway.perform(RecogniseLauncher(secret))
    durable.later(30_000)
    durable.gateway.perform(RecogniseLauncher(secret))
    first = durable.gateway.perform(ReadLaunchers())[0].used
    durable.later(MINUTE)
    durable.gateway.perform(RecogniseLauncher(secret))

    assert (first, durable.gateway.perform(ReadLaunchers())[0].used) == (durable.clock() - 90_000, durable.clock())
    with durable.store.reading() as at:
        assert len(at.select(LauncherUse)) == 1
        assert secret not in str(at.house()) + str(at.log()) + str(at.select(Token))


def test_somebody_with_a_token_of_the_network_cannot_widen_what_it_says(durable: Shop, tmp_path: Path) -> None:
    durable.begin()
    secret = let_in(durable, roles=("reviewer",))
    with serving(Home(tmp_path / "store"), durable.clock) as (gateway, _):
        line = proved(gateway, "launcher", secret)
        wide = {"kind": "launcher", "name": "farm", "grant": {"roles": ["*"], "repositories": ["*"], "until": 9**15}}
        hand = {"uid": 0, "process": "1"}
        for sent in (
            wide,
            {"kind": "launcher", "name": "tests"},
            {**wide, "hand": hand},
            {"kind": "gateway", "name": "x"},
        ):
            assert refusal(claimed(line, principal=sent)) == (
                "not_allowed",
                "launcher farm may not claim for implementer",
            )
        line.close()
    assert durable.task("r1").holder is None
