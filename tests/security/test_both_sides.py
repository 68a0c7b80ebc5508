"""Nobody does the work and judges it: by the user and the process that the kernel names, not by a name."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.served import line_to, resident
from gateway.shop import Shop
from onloop.cli.render import dossier_lines
from onloop.errors import NotAllowed
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.home import Home
from onloop.identity.resolution import this_process
from onloop.machine import commands as c
from onloop.machine.definition import Definition
from onloop.machine.principal import launcher
from onloop.machine.task import Hand, Independence
from onloop.records import replace
from onloop.remote.client import ClientStore, GatewayClient
from onloop.views.dossier import dossier_of
from onloop.views.effective_status import effective_statuses
from security.another_user import ONE, OTHER, admit, as_user, opened, passable_folder
from support.scenario import work
from support.steps import defined, develop, reviewed, ship

AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that other users may pass through."""
    with passable_folder() as folder:
        yield folder


def reviewing() -> Definition:
    return defined(develop(), reviewed(not_by=("develop.implement",)), ship())


@AS_ROOT
def test_one_user_does_not_review_what_it_did_under_another_name(durable: Shop, tmp_path: Path) -> None:
    home = opened(tmp_path)
    durable.begin(reviewing())
    with resident(home, durable.clock):
        admit(home)
        durable.secrets["r1"] = as_user(ONE, "claimed", home, "r1", "implementer", "alfa")
        durable.submit(durable.agent(durable.secrets["r1"]))
        durable.report()
        same = as_user(ONE, "claimed", home, "r1", "reviewer", "zulu")
        durable.secrets["r1"] = as_user(OTHER, "claimed", home, "r1", "reviewer", "zulu")
    judge = durable.agent(durable.secrets["r1"])
    durable.gateway.perform(PerformCommand(judge, "r1", c.Judge(judge.id, judge.epoch, True, "it is right")))

    assert same == (
        f"NotAllowed: user {ONE} worked on develop.implement of r1, and may not work on review.code too; "
        "run reviewers as another user, in a worker of their own"
    )
    assert [judgement.independence for judgement in durable.task().judgements] == [Independence.YES]


def sheet(shop: Shop) -> str:
    """What `onloop show` prints."""
    task = shop.task()
    with shop.store.reading() as at:
        standing = effective_statuses(at, (task,), shop.clock())["r1"]
        return "\n".join(dossier_lines(dossier_of(at, task), standing, with_diff=False))


def test_where_one_user_runs_all_a_judgement_says_that_it_is_not_independent(durable: Shop) -> None:
    durable.begin(reviewing())
    durable.submit(durable.claim())
    durable.report()
    judge = durable.claim(agent="agent:zulu", role="reviewer")
    durable.gateway.perform(PerformCommand(judge, "r1", c.Judge(judge.id, judge.epoch, True, "it is right")))
    shown = sheet(durable)
    (logged,) = [event for event in durable.log("r1") if event.name == "Judged"]

    assert "agent-judged pass by agent:zulu (not independent): it is right" in shown
    assert "pass by agent:zulu (not independent) at review.code" in shown
    assert json.loads(logged.data)["judgement"]["independence"] == "not independent"


def test_no_process_takes_both_sides_in_whatever_order(durable: Shop) -> None:
    durable.begin(replace(reviewing()))
    own = this_process("worker")
    durable.secrets["r1"] = durable.gateway.perform(ClaimTask(own, "agent:alfa", "implementer")).secret
    durable.submit(durable.agent(durable.secrets["r1"]))
    durable.report()
    with pytest.raises(NotAllowed, match=r"worked on develop[.]implement of r1, .*may not work on review[.]code"):
        durable.gateway.perform(ClaimTask(own, "agent:zulu", "reviewer", task="r1"))
    other = replace(own, hand=replace(own.hand, process="1@1"))
    durable.secrets["r1"] = durable.gateway.perform(ClaimTask(other, "agent:zulu", "reviewer", task="r1")).secret
    judge = durable.agent(durable.secrets["r1"])
    durable.gateway.perform(PerformCommand(judge, "r1", c.Judge(judge.id, judge.epoch, False, "not yet")))
    with pytest.raises(NotAllowed, match=r"worked on review[.]code of r1, .*may not work on develop[.]implement"):
        durable.gateway.perform(ClaimTask(other, "agent:yankee", "implementer", task="r1"))


def test_a_process_is_named_by_the_kernel_over_the_socket(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    durable.begin(reviewing())
    with resident(home, durable.clock):
        line = line_to(home)
        gateway = GatewayClient(line, ClientStore(line), durable.clock)
        lying = launcher("x", Hand(ONE, "1@1"))
        durable.secrets["r1"] = gateway.perform(ClaimTask(lying, "agent:alfa", "implementer", task="r1")).secret
        durable.submit(durable.agent(durable.secrets["r1"]))
        durable.report()
        with pytest.raises(NotAllowed, match="may not work on"):
            gateway.perform(ClaimTask(launcher("y", Hand(OTHER, "2@2")), "agent:zulu", "reviewer", task="r1"))
        line.close()
    assert durable.task().hands["develop.implement"] == (this_process("").hand,)


# -- addresses


def test_an_address_in_a_commit_is_said_and_bars_nobody(durable: Shop) -> None:
    """F14: an agent that commits as its approver would keep them from deciding."""
    durable.begin(defined(develop(), ship()))
    durable.submit(durable.claim(), work(authors=("ANA@example.org",)))
    durable.report()
    shown = sheet(durable)
    durable.approve()
    after = sheet(durable)

    assert "commits carry the address of human:ana; whoever commits chooses it, and it bars nobody" in shown
    assert durable.task().decisions[-1].own_address
    assert "commits carry their address" in after
