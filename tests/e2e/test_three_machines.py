"""Three users on three machines, joined by wires of their own: gateway, worker and approver, from claim to merge.

The machines are network namespaces: a worker's and a person's, and the gateway's. None sees another's loopback.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from security.four_users import AGENT, APPROVER, OWNER, FourUsers, why_not
from support.far_machines import certified
from support.waiting import DEADLINE_S, wait_for
from support.world import PASSPHRASE, WORKFLOW, Ran

GATEWAY, WORKER, PERSON = "onl-g", "onl-w", "onl-p"
URL = "https://10.77.0.1:8443"
GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello; onloop submit"


@cache
def why_no_wires() -> str:
    """Why this machine cannot be three; empty where it can."""
    if not shutil.which("ip"):
        return "there is no program ip"
    name = f"onl-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespace can be made: {made.stderr.strip()[:80]}"
    subprocess.run(["ip", "netns", "del", name], check=False)
    return ""


pytestmark = pytest.mark.skipif(bool(why_not() or why_no_wires()), reason=why_not() or why_no_wires())


@dataclass
class ThreeMachines:
    """Users, each on a machine of their own."""

    users: FourUsers
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def environment(self, user: str) -> dict[str, str]:
        found = self.users.environment(user)
        if user == OWNER:
            return found
        del found["ONLOOP_STORE"]
        return found | {"ONLOOP_URL": URL, "ONLOOP_CA": str(certified() / "ca.pem")}

    def argv(self, place: str, user: str, *words: str) -> list[str]:
        command = self.users.as_user(user, f"{self.users.folder}/venv/bin/onloop", *words)
        return ["ip", "netns", "exec", place, *command]

    def run(self, place: str, user: str, *words: str, secret: str = "", option: str = "--passphrase-fd") -> Ran:
        """`onloop WORDS…` of a user on a machine, with a secret on a descriptor if there is one."""
        reader, writer = os.pipe()
        os.write(writer, secret.encode())
        os.close(writer)
        try:
            done = subprocess.run(
                self.argv(place, user, *words, *((option, str(reader)) if secret else ())),
                env=self.environment(user),
                capture_output=True,
                text=True,
                check=False,
                stdin=subprocess.DEVNULL,
                timeout=DEADLINE_S,
                cwd="/",
                pass_fds=(reader,),
            )
        finally:
            os.close(reader)
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, place: str, user: str, *words: str, secret: str = "") -> Path:
        """The same as a process that runs until the end; the answer is where it says what it does."""
        reader, writer = os.pipe()
        os.write(writer, secret.encode())
        os.close(writer)
        log = self.users.folder / f"{place}.log"
        option = ("--token-fd", str(reader)) if secret else ()
        verb, *rest = words
        with log.open("w") as said:
            made = subprocess.Popen(
                self.argv(place, user, verb, *option, *rest),
                env=self.environment(user),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                text=True,
                cwd="/",
                pass_fds=(reader,),
                start_new_session=True,
            )
        os.close(reader)
        self.running.append(made)
        return log

    def end(self) -> None:
        for each in reversed(self.running):
            each.terminate()
        for each in self.running:
            with suppress(subprocess.TimeoutExpired):
                each.wait(DEADLINE_S)
            each.kill()
            each.wait()


@contextmanager
def wires() -> Iterator[None]:
    """Three namespaces: the worker's and the person's each have one wire, to the gateway's."""
    names = (GATEWAY, WORKER, PERSON)
    with suppress(subprocess.CalledProcessError):
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    try:
        for name in names:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", GATEWAY, "link", "add", "br0", "type", "bridge")
        _ip("-n", GATEWAY, "addr", "add", "10.77.0.1/24", "dev", "br0")
        _ip("-n", GATEWAY, "link", "set", "br0", "up")
        for number, name in enumerate((WORKER, PERSON), 2):
            _ip("-n", GATEWAY, "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("-n", GATEWAY, "link", "set", f"to-{name}", "master", "br0", "up")
            _ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
        yield
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def machines() -> Iterator[ThreeMachines]:
    with tempfile.TemporaryDirectory(prefix="onloop-three-") as name, wires():
        users = FourUsers(Path(name))
        users.make()
        made = ThreeMachines(users)
        try:
            yield made
        finally:
            made.end()


def test_three_users_on_three_machines_go_from_claim_to_merge_over_tls(machines: ThreeMachines) -> None:
    users = machines.users
    origin = _origin(users)
    for file in ("door.key", "door.pem", "ca.pem"):
        shutil.copy(certified() / file, users.folder / file)
        os.chown(users.folder / file, *users.ids(OWNER))
    tls = ("--tls-cert", f"{users.folder}/door.pem", "--tls-key", f"{users.folder}/door.key")
    served = machines.start(GATEWAY, OWNER, "serve", "--listen", "10.77.0.1:8443", *tls)
    wait_for(lambda: "serving" in served.read_text(), lambda: served.read_text())
    logged_in = machines.run(PERSON, APPROVER, "login", "--as", "ana", secret=PASSPHRASE)
    assert logged_in.code == 0, logged_in.err
    mint = ("token", "mint", "farm", "--role", "implementer", "--repo", "*", "--as", "ana", "--json")
    minted = machines.run(PERSON, APPROVER, *mint, secret=PASSPHRASE)
    assert minted.code == 0, minted.err
    secret = minted.json["token"]
    begun = machines.run(GATEWAY, OWNER, "start", "small.yaml", "--repo", origin, "--json", "--no-base-check")
    assert begun.code in {0, 11}, begun.err
    task = begun.json["task"]

    script = ("sh", "-ec", f"ip addr > $ONLOOP_OUT/addresses; {GOOD}")
    said = machines.start(WORKER, AGENT, "work", "--role", "implementer", "--", *script, secret=secret)
    shown = wait_for(lambda: _asked(machines, task), lambda: said.read_text() + served.read_text())
    words = ("approve", task, "--digest", shown["asked"][0]["digest"], "--as", "ana", "--json")
    approved = machines.run(PERSON, APPROVER, *words, secret=PASSPHRASE)
    assert approved.code == 0, approved.err
    wait_for(lambda: _shown(machines, task)["state"] == "completed", lambda: served.read_text())

    assert users.file_at("shop", "hello.txt") == "hello\n"
    assert "of history came through the gateway" in said.read_text()
    artefact = next((users.home(AGENT) / "state/onloop/stores").glob("*/out/*/addresses")).read_text()
    assert "10.77.0.2" in artefact and "10.77.0.1/24" not in artefact
    assert machines.run(GATEWAY, OWNER, "store", "verify").code == 0


def _origin(users: FourUsers) -> str:
    """A repository of the gateway's user, which nobody else can enter."""
    tests = {"tests/__init__.py": "", "tests/test_a.py": _TEST, "README.md": "# shop\n", "small.yaml": WORKFLOW}
    users.origin("shop", tests)
    users.origins.chmod(0o700)
    return f"{users.origins}/shop.git"


_TEST = "import unittest\nclass A(unittest.TestCase):\n    def test_a(self): pass\n"


def _shown(machines: ThreeMachines, task: str) -> Mapping[str, object]:
    ran = machines.run(GATEWAY, OWNER, "show", task, "--json")
    assert ran.code == 0, ran.err
    found: Mapping[str, object] = ran.json
    return found


def _asked(machines: ThreeMachines, task: str) -> Mapping[str, list[Mapping[str, str]]] | None:
    found = _shown(machines, task)
    return found if found["reason"] == "approval_required" else None  # type: ignore[return-value]
