"""Other users of the machine, as processes of their own: what each asks over the socket, and what came of it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onloop.remote.unix_socket  # noqa: F401 - which a client imports late: here, while its user may read it
from gateway.shop import CHEAP, passphrase_of
from onloop.errors import NotAllowed, OnloopError
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.jobs import TakeJob
from onloop.gateway.leases import Heartbeat
from onloop.gateway.upkeep import RecogniseAgent
from onloop.home import Home
from onloop.machine import commands as c
from onloop.machine.principal import launcher, verifier
from onloop.records import replace
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection import Connection
from support.zygote import run_python

ONE, OTHER = 61_001, 61_002

AS_ANOTHER = """\
import json, os, sys
from pathlib import Path
import security.another_user as acts
uid = int(sys.argv[2])
os.setgroups([uid]); os.setgid(uid); os.setuid(uid)
print(json.dumps(getattr(acts, sys.argv[3])(Path(sys.argv[1]), *sys.argv[4:])))
"""


@contextmanager
def passable_folder() -> Iterator[Path]:
    """A folder that others may pass through; pytest's own let nobody, and are closed anew by each run of it."""
    with tempfile.TemporaryDirectory(prefix="onloop-identity-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def opened(tmp_path: Path) -> Home:
    """The store's home, which other users' processes may pass to, but not enter."""
    home = Home(tmp_path / "store")
    home.store.chmod(0o700)
    return home


def admit(home: Home) -> None:
    """Every user may connect: in the field a group says who."""
    home.socket.chmod(0o666)
    home.socket.parent.chmod(0o711)


def as_user(uid: int, function: str, home: Home, *words: str) -> Any:
    """What a function of this module answers, in a process of that user's."""
    code, out, err = run_python(AS_ANOTHER, str(home.store), str(uid), function, *words, env=os.environ, cwd=Path("/"))
    assert code == 0, err
    return json.loads(out)


def told(act: Any) -> str:
    """What came of it, in words."""
    try:
        return f"got {act()}"
    except OnloopError as no:
        return f"{type(no).__name__}: {no.message}"


def take_a_job(store: Path) -> str:
    line = Connection(Home(store).socket, store)
    return told(
        lambda: GatewayClient(line, ClientStore(line), lambda: 0).perform(TakeJob(verifier("v"), 1, effects=False))
    )


def claimed(store: Path, task: str, role: str, name: str) -> str:
    """The secret of a claim, or why there is none."""
    line = Connection(Home(store).socket, store)
    gateway = GatewayClient(line, ClientStore(line), lambda: 0)
    try:
        return gateway.perform(ClaimTask(launcher("x"), f"agent:{name}", role, task=task)).secret
    except NotAllowed as no:
        return f"NotAllowed: {no.message}; {no.hint}"


def heartbeat(store: Path, secret: str) -> str:
    line = Connection(Home(store).socket, store)
    gateway = GatewayClient(line, ClientStore(line), lambda: 0)
    return told(lambda: gateway.perform(Heartbeat(gateway.perform(RecogniseAgent(secret)))))


def as_if(store: Path, task: str, name: str, epoch: str) -> str:
    """Ask as an agent that was only heard of."""
    line = Connection(Home(store).socket, store)
    agent = replace(verifier("x"), name=name, task=task, epoch=int(epoch))
    agent = replace(agent, kind=type(agent.kind)("agent"))
    return told(lambda: GatewayClient(line, ClientStore(line), lambda: 0).perform(Heartbeat(agent)))


def approving(store: Path, task: str, request: str, digest: str) -> str:
    line = Connection(Home(store).socket, store, Credentials(least_cost=CHEAP))
    gateway = GatewayClient(line, ClientStore(line), lambda: 0)
    person = gateway.person("ana", passphrase_of("ana"), typed=True)
    assert person.voice is not None
    voice = person.voice
    return told(lambda: gateway.perform(PerformCommand(person, task, c.Approve(request, digest, voice))).state.value)
