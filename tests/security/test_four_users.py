"""The findings of the enforcing set-up, tried again by real users: nothing of what was promised to be out of reach is.

A store's owner, two agents' users and an approver; the resident gateway, its verifier and its box are the real ones.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from security import four_attacks
from security.four_attacks import REACHED
from security.four_users import AGENT, APPROVER, OTHER, OWNER, FourUsers, four_users, one_user, why_not
from support.waiting import wait_for
from support.world import PASSPHRASE, ROOT, Ran

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

WORKFLOW = """\
workflow: small
description: Make it say hello.
steps:
  - id: develop.write
    role: implementer
    rounds: 3
    gates:
      - {id: hello, file: {path: hello.txt, contains: hello}}
      - id: tests
        command: ["{python}", -m, unittest, discover, -s, tests, -t, .]
        unittest: {min_tests: 1}
  - id: review.code
    role: reviewer
    not_by: [develop.write]
    gates: [{id: verdict, review: {quorum: 1}}]
    on_fail: develop.write
  - id: ship.approve
    gates: [{id: release, human: {from: [approvers], assurance: A2, fresh: 0s}}]
    on_reject: develop.write
  - id: ship.merge
    effect: merge
"""
TESTS = {
    "tests/__init__.py": "",
    "tests/test_a.py": "import unittest\nclass A(unittest.TestCase):\n    def test_a(self): pass\n",
}
COMMIT = "git add -A; git commit -qm work"


@dataclass
class Stage:
    """The four, a run over a repository, and what the agent that implements it has."""

    users: FourUsers
    task: str = ""
    env: dict[str, str] | None = None
    place: Path = Path("/")

    def claim(self, user: str, role: str, *more: str) -> Ran:
        ran = self.users.run(user, "claim", "--role", role, "--json", *more)
        if ran.code == 0:
            self.env, self.place = ran.json["env"], Path(ran.json["place"])
        return ran

    def sh(self, user: str, script: str) -> None:
        done = self.users.call(user, "sh", "-ec", script, env=self.env, cwd=self.place)
        assert done.code == 0, done.err

    def submit(self, user: str, *more: str) -> Ran:
        return self.users.run(user, "submit", "--json", *more, env=self.env, cwd=self.place)

    def shown(self) -> Any:
        return self.users.run(self.users.owner, "show", self.task, "--json").json


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="onloop-four-") as name, four_users(Path(name)) as users:
        yield _begun(users)


def _begun(users: FourUsers) -> Stage:
    url = users.origin("shop", {"README.md": "# shop\n", "small.yaml": WORKFLOW, **TESTS})
    begun = users.run(users.owner, "start", "small.yaml", "--repo", url, "--title", "Hello", "--json")
    assert begun.code == 0, begun.err
    return Stage(users, begun.json["task"])


def test_what_the_findings_reached_in_the_enforcing_set_up_is_out_of_reach(stage: Stage) -> None:
    users = stage.users
    doctor = wait_for(lambda: _says_a2(users), lambda: users.run(AGENT, "doctor").out)
    assert doctor["mode"] == "isolated"

    assert stage.claim(AGENT, "implementer", "--name", "ada").code == 0
    _what_code_under_test_reaches(stage)
    _what_an_agent_reaches(stage)
    _a_folder_that_became_a_link(stage)
    _a_proxy_in_an_agents_folder(stage)
    _both_sides_of_a_review(stage)
    _what_is_shown_is_merged_by_a_person_alone(stage)
    verified = users.run(OWNER, "store", "verify")
    assert verified.code == 0, verified.out + verified.err


def _says_a2(users: FourUsers) -> Any:
    told = users.run(AGENT, "doctor", "--json").json
    return told if told["assurance"] == "A2" else None


def _what_code_under_test_reaches(stage: Stage) -> None:
    """F1, F5, F8, and a `.pth` into onloop's own interpreter: a gate's code finds nothing of ours."""
    users = stage.users
    store = users.store
    targets = {
        "paths": [*map(str, (store, store / "onloop.db", store / "mirrors", users.home(AGENT))), "/root", "/home"],
        "sockets": [str(store.parent / "serve" / "gateway.sock")],
        "ports": [users.port],
        "written": ["/usr/lib", str(users.folder / "venv"), str(store.parent)],
        "pids": [process.pid for process in users.started],
    }
    module = users.home(AGENT) / "test_reach.py"
    module.write_text(four_attacks.gate_module(targets))
    module.chmod(0o644)
    stage.sh(AGENT, f"cp {module} tests/test_reach.py; echo hello > hello.txt; {COMMIT}")
    done = stage.submit(AGENT)
    assert done.code == 12, done.out + done.err
    gate = next(g for g in stage.shown()["gates"] if g["gate"] == "tests")
    assert "reached: []" in json.dumps(gate), gate
    assert gate["box"].startswith("bubblewrap") or gate["box"].startswith("namespaces"), gate
    stage.sh(AGENT, f"git rm -q tests/test_reach.py; {COMMIT}")


def _what_an_agent_reaches(stage: Stage) -> None:
    """F2, and everything else that a proven agent, or nobody in particular, may not ask over the socket."""
    python = str(stage.users.folder / "venv/bin/python")
    said = stage.users.call(
        AGENT,
        python,
        str(Path(four_attacks.__file__)),
        "agent",
        str(stage.users.store),
        stage.task,
        env={**(stage.env or {}), "PYTHONPATH": str(ROOT / "tests")},
    )
    assert said.code == 0, said.err
    outcomes = said.json
    assert REACHED not in outcomes.values(), outcomes
    log = stage.users.run(OWNER, "log", "--json", "--limit", "1000").out
    assert '"Denied"' in log


def _a_folder_that_became_a_link(stage: Stage) -> None:
    """F3 and F4: the folder for artefacts leads into the store; nothing of it comes out, and no lock is lost."""
    out = (stage.env or {})["ONLOOP_OUT"]
    stage.sh(AGENT, f"rmdir {out}; ln -s {stage.users.store} {out}")
    linked = stage.submit(AGENT, "--wait", "0s")
    shown = json.dumps(stage.shown()["untrusted"]["artefacts"])
    assert linked.code != 0 or shown == "[]", linked.out + shown
    stage.sh(AGENT, f"rm {out}; mkdir {out}")
    frozen = stage.users.typed(APPROVER, "freeze", "all", "--reason", "look", "--as", "ana")
    assert frozen.code == 0, frozen.out
    assert stage.users.run(OWNER, "list").code == 0
    assert stage.users.run(AGENT, "claim", "--role", "implementer").code != 0
    assert stage.users.typed(APPROVER, "unfreeze", "all", "--as", "ana").code == 0


def _a_proxy_in_an_agents_folder(stage: Stage) -> None:
    """F12: an approver is sent to a listener of the agent's; the passphrase does not go there."""
    place = stage.users.home(AGENT) / "proxy.sock"
    stage.users.home(AGENT).chmod(0o755)
    listen = (
        "import socket, sys\nl = socket.socket(socket.AF_UNIX)\nl.bind(sys.argv[1])\nimport os\n"
        "os.chmod(sys.argv[1], 0o777)\nl.listen()\nc, _ = l.accept()\nprint(c.recv(65536))\n"
    )
    proxy = stage.users.start(AGENT, str(stage.users.folder / "venv/bin/python"), "-c", listen, str(place))
    wait_for(place.exists, lambda: "the proxy does not come up")
    url = {"ONLOOP_URL": f"unix:{place}"}
    ran = stage.users.run(APPROVER, "freeze", "all", "--as", "ana", passphrase=PASSPHRASE, env=url)
    assert ran.code != 0, ran.out
    assert "user" in ran.err, ran.err
    proxy.terminate()


def _both_sides_of_a_review(stage: Stage) -> None:
    """F11: who implemented judges under another name; another user may, and not with the first one's token."""
    before = stage.env
    done = stage.submit(AGENT)
    assert stage.shown()["step"] == "review.code", done.out + done.err
    own = stage.claim(AGENT, "reviewer", "--name", "zoe")
    assert own.code != 0, own.out
    assert stage.claim(OTHER, "reviewer", "--name", "zoe").code == 0
    stolen = stage.users.run(AGENT, "review", "pass", "--reason", "good", env=stage.env)
    assert stolen.code == 13, stolen.out + stolen.err
    assert before != stage.env
    judged = stage.users.run(OTHER, "review", "pass", "--reason", "read it all", env=stage.env)
    assert judged.code == 0, judged.out + judged.err


def _what_is_shown_is_merged_by_a_person_alone(stage: Stage) -> None:
    """F13: a gate that demands A2 is passed where A2 is proved, by a person at a terminal of a user of their own."""
    users = stage.users
    asked = stage.shown()["asked"][0]
    words = ("approve", stage.task, "--digest", asked["digest"], "--as", "ana")
    held = users.run(APPROVER, *words, passphrase=PASSPHRASE)
    assert held.code != 0, "a passphrase that a program holds is no A2"
    zeros = users.typed(APPROVER, "approve", stage.task, "--digest", "0" * 64, "--as", "ana")
    assert zeros.code != 0, zeros.out
    yes = users.typed(APPROVER, *words)
    assert yes.code == 0, yes.out
    wait_for(lambda: stage.shown()["state"] == "completed", lambda: json.dumps(stage.shown(), indent=1)[-3000:])
    assert users.file_at("shop", "hello.txt") == "hello\n"
    assert users.file_at("shop", "tests/test_reach.py") is None
    assert [d["assurance"] for d in stage.shown()["decisions"]] == ["A2"]


def test_what_an_ordinary_user_runs_as_a_gate_finds_nothing_of_theirs() -> None:
    """The same, where one ordinary user is owner, agent and approver, and opens the file: the box is all there is."""
    with tempfile.TemporaryDirectory(prefix="onloop-one-") as name, one_user(Path(name)) as users:
        stage = _begun(users)
        doctor = users.run(AGENT, "doctor", "--json")
        assert (doctor.json["assurance"], doctor.json["box"]["strong"]) == ("A1", True), doctor.out
        assert stage.claim(AGENT, "implementer", "--name", "ada").code == 0
        _what_code_under_test_reaches(stage)
        for words in (("work", "--role", "reviewer", "--", "true"), ("verifier",), ("serve",)):
            ran = users.run(AGENT, *words, env=stage.env)
            assert ran.code == 13, ran.out + ran.err
