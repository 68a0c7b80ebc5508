"""Jobs of a CI at a gateway: they claim as far as ci.toml says, one subject is one hand, and an edit ends them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.letting_in import revoke
from gateway.network_callers import NOBODY, claimed, proved, refusal
from gateway.served import AdoptedLine, serving
from gateway.shop import Shop
from identity.local_issuer import LocalIssuer, settings, write_settings
from onloop.home import Home
from onloop.machine.limits import NETWORK_UID
from onloop.machine.task import Hand
from onloop.remote.server import GatewayServer
from onloop.views.queries.launcher_reads import ReadLaunchers
from support.steps import MINUTE, defined, develop, merge, reviewed, ship

ACME = "https://forge.example/acme/shop.git"


@pytest.fixture
def issuer() -> LocalIssuer:
    return LocalIssuer()


@pytest.fixture
def gateway(durable: Shop, issuer: LocalIssuer, tmp_path: Path) -> Iterator[GatewayServer]:
    """A gateway whose ci.toml lets acme's jobs on main in, for both roles, two tasks at a time."""
    (tmp_path / "keys.json").write_bytes(issuer.keys)
    text = settings(issuer, str(tmp_path / "keys.json"))
    write_settings(tmp_path / "store", text.replace('["implementer"]', '["implementer", "reviewer"]'))
    with serving(Home(tmp_path / "store"), durable.clock) as (gateway, _):
        yield gateway


def signed(issuer: LocalIssuer, shop: Shop, **claims: Any) -> str:
    """A token of now."""
    return issuer.token(shop.clock() // 1000, **claims)


def test_a_job_claims_in_its_repository_and_the_log_names_subject_and_run(
    durable: Shop, gateway: GatewayServer, issuer: LocalIssuer
) -> None:
    durable.begin(run="r1", origin="https://forge.example/acme/other.git")
    durable.begin(run="r2", origin=ACME)
    job = proved(gateway, "job", signed(issuer, durable))
    got = claimed(job, shop=durable)["ok"]
    assert got["task"]["id"] == "r2"
    assert refusal(claimed(job, task="r1")) == ("unknown", "there is no task 'r1'")
    agent = proved(gateway, "agent", got["secret"])
    durable.later(30 * MINUTE)
    assert "ok" in agent.ask("position", task="r2", agent="agent:alfa", now=durable.clock()), "its work goes on"
    assert "expired" in refusal(claimed(job))[1], "its right to claim ended with the token"
    hand = durable.task("r2").hands["develop.implement"][0]
    assert hand == Hand(NETWORK_UID, "run:acme/4711", "ci:acme:repo:acme/shop:ref:refs/heads/main", "10.0.0.3")
    (standing,) = durable.gateway.perform(ReadLaunchers())
    assert (standing.name, standing.grant, standing.by, standing.holds) == ("ci-acme", None, "ci.toml", 1)
    job.close()
    agent.close()


def test_all_jobs_of_one_ci_hold_no_more_than_it_may_and_a_person_ends_what_they_hold(
    durable: Shop, gateway: GatewayServer, issuer: LocalIssuer
) -> None:
    durable.fleet(4)
    for number in range(1, 5):
        durable.begin(run=f"s{number}", origin=ACME)
    lines = [proved(gateway, "job", signed(issuer, durable, run_id=str(number))) for number in range(3)]
    for line in lines[:2]:
        claimed(line, shop=durable)
    assert "holds 2 tasks, which is the most" in refusal(claimed(lines[2]))[1]

    revoke(durable, "ci-acme")

    assert [each.holds for each in durable.gateway.perform(ReadLaunchers())] == [0]
    assert claimed(lines[2], shop=durable)["ok"]["task"]["id"].startswith("s")
    for line in lines:
        line.close()


def test_jobs_of_one_subject_are_one_hand_whichever_run_they_are_of(
    durable: Shop, gateway: GatewayServer, issuer: LocalIssuer
) -> None:
    durable.begin(defined(develop(), reviewed(), ship(), merge()), origin=ACME)
    first = proved(gateway, "job", signed(issuer, durable))
    durable.submit(durable.agent(claimed(first, shop=durable)["ok"]["secret"]))
    durable.report("r1")
    again = proved(gateway, "job", signed(issuer, durable, run_id="4712"), address="10.0.0.4")
    assert "worked on develop.implement of r1" in refusal(claimed(again, "reviewer", agent="agent:zulu", task="r1"))[1]
    apart = proved(
        gateway,
        "job",
        signed(issuer, durable, sub="repo:acme/shop:environment:jury", run_id="4713"),
        address="10.0.0.5",
    )
    assert claimed(apart, "reviewer", agent="agent:zulu", shop=durable)["ok"]["task"]["id"] == "r1"
    for line in (first, again, apart):
        line.close()


def test_an_edit_of_the_file_ends_jobs_on_lines_that_are_open(
    durable: Shop, gateway: GatewayServer, issuer: LocalIssuer, tmp_path: Path
) -> None:
    durable.begin(origin=ACME)
    job = proved(gateway, "job", signed(issuer, durable))
    assert "ok" in job.ask("stamp")
    text = (tmp_path / "store/ci.toml").read_text()
    write_settings(tmp_path / "store", text.replace("acme/*", "acme/only"))
    assert refusal(claimed(job)) == ("not_allowed", "ci.toml lets this job in no more, or otherwise")
    other = AdoptedLine(gateway)
    assert "no job of acme" in refusal(other.ask("job", token=signed(issuer, durable)))[1]
    job.close()
    other.close()


def test_a_job_starts_nothing_and_decides_nothing(durable: Shop, gateway: GatewayServer, issuer: LocalIssuer) -> None:
    durable.begin(origin=ACME)
    job = proved(gateway, "job", signed(issuer, durable))
    pinned = {"digest": durable.definition.digest, "name": "feature", "source": "", "compiled": "x"}
    assert "may not start anything" in refusal(job.ask("create", principal=NOBODY, creations=[], pinned=pinned))[1]
    assert refusal(job.ask("record", principal=NOBODY, event=["Frozen", {"scope": "all", "by": "x", "reason": "y"}]))
    assert refusal(job.ask("board", now=0))[0] == "not_allowed"
    job.close()
