"""What another user's client asks reaches the gateway whole: denials that it counts, long statements."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.served import line_to, resident
from gateway.shop import Shop
from gateway.test_resident import NOBODY_UID
from onloop.errors import BadInput, Ground, OnloopError
from onloop.gateway.claims import ClaimTask
from onloop.gateway.declared_limits import checked
from onloop.gateway.upkeep import CountDenial, RecogniseAgent
from onloop.home import Home
from onloop.machine.operation import Operation
from onloop.machine.principal import NOBODY
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.connection_operations import SubmitAnnounced
from onloop.views.queries.reads import ReadEvents, ReadTask
from support.waiting import DEADLINE_S
from support.world import ROOT

AS_ANOTHER = """\
import json, os, sys
from pathlib import Path
from typing import Any
from security.test_asked_apart import asked_as_another
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
print(json.dumps(asked_as_another(Path(sys.argv[1]))))
"""


def asked_as_another(store: Path) -> list[str]:
    """What comes of it when a process of another user, with a token of its own, tries what an agent may not."""
    line = line_to(Home(store))
    gateway = GatewayClient(line, ClientStore(line), lambda: 0)
    secret = gateway.perform(ClaimTask(NOBODY, "agent:mallory", "implementer", task="r1")).secret
    agent = gateway.perform(RecogniseAgent(secret))
    gateway.perform(CountDenial(agent, "approve", "r1", Ground.KIND))
    gateway.perform(CountDenial(agent, "serve", "s" * 1_000))
    found = [secret]
    for task in ("r2", None):
        try:
            found.append(gateway.perform(ClaimTask(agent, "agent:second-self", "implementer", task=task)).task.id)
        except OnloopError as no:
            found.append(type(no).__name__)
    return found


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_what_an_agent_of_another_user_may_not_is_a_fact_in_its_own_name(durable: Shop, tmp_path: Path) -> None:
    home, folder = Home(tmp_path / "store"), tmp_path
    for run in ("r1", "r2"):
        durable.begin(run=run)
    while folder != Path("/"):  # pytest's own folders let nobody else through
        folder.chmod(folder.stat().st_mode | 0o011)
        folder = folder.parent
    with resident(home, durable.clock):
        os.chown(home.socket, -1, NOBODY_UID)
        os.chown(home.socket.parent, -1, NOBODY_UID)
        paths = os.pathsep.join(str(ROOT / part) for part in ("core", "tui", "tests"))
        command = [sys.executable, "-c", AS_ANOTHER, str(home.store), str(NOBODY_UID)]
        ran = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            cwd="/",
        )
    assert ran.returncode == 0, ran.stderr
    durable.secrets["r1"], *came_of_it = json.loads(ran.stdout)
    assert came_of_it == ["NotAllowed", "NotAllowed"], "an agent claims for no second self"
    facts = {(fact.principal, fact.verb, fact.ground, fact.peer) for fact in durable.denied()}
    assert facts == {
        ("agent:mallory", verb, Ground.KIND, f"uid:{NOBODY_UID}") for verb in ("approve", "serve", "claim")
    }


def test_what_changes_something_has_limits_of_its_own_and_reads_have_narrow_ones() -> None:
    checked(SubmitAnnounced(NOBODY, "s" * 4_000, "k"))
    checked(CountDenial(NOBODY, "odd \ud800", "x" * 10_000))
    past: tuple[Operation[Any], ...] = (
        SubmitAnnounced(NOBODY, "s" * 16_385, "k"),
        SubmitAnnounced(NOBODY, "odd \ud800", "k"),
        ReadTask("t" * 201),
        ReadTask("\ud800"),
        ReadEvents(run="t" * 201),
    )
    for operation in past:
        with pytest.raises(BadInput):
            checked(operation)
