"""What an agent's user, and code under test, try in a set-up of four users; run as scripts by those users.

`python four_attacks.py agent STORE TASK` prints one JSON object: for each attempt, how it ended.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onloop.machine.store_state import PersonEnrolled

REACHED = "REACHED"


def agent(store: str, task_id: str) -> dict[str, str]:
    """The attempts of an agent that holds a task, over the socket and on files."""
    from onloop.access.opening import wall_clock
    from onloop.gateway.command_operations import PerformCommand
    from onloop.gateway.jobs import TakeJob
    from onloop.gateway.upkeep import KeepContent, RecogniseAgent
    from onloop.machine import commands as c
    from onloop.machine.definition import Assurance
    from onloop.machine.principal import Principal, PrincipalKind, verifier
    from onloop.machine.task import Evidence, Submission, Verdict
    from onloop.remote.client import ClientStore, GatewayClient
    from onloop.remote.connection import Connection
    from onloop.views.queries.reads import ReadStoreState, ReadTask

    home = Path(store)
    line = Connection(home.parent / "serve" / "gateway.sock", home)
    gateway = GatewayClient(line, ClientStore(line), wall_clock)
    me = gateway.perform(RecogniseAgent(os.environ["ONLOOP_TOKEN"]))
    task, people = gateway.perform(ReadTask(task_id)), gateway.perform(ReadStoreState()).people
    assert task is not None
    base = task.submission.base if task.submission else "0" * 40
    ana = c.Voice("human:ana", ("approvers",), Assurance.A4)
    person = Principal(PrincipalKind.HUMAN, "ana", voice=ana)
    effects = Principal(PrincipalKind.GATEWAY, "effects")
    intake = Principal(PrincipalKind.GATEWAY, "intake")
    false = Submission("f" * 40, "e" * 40, base)
    passed = Evidence("tests", Verdict.PASS, "ok", "f" * 40, "e" * 40, base, task.definition, "verifier:v1", 1)

    def reads(path: Path) -> object:
        return path.read_bytes()[:16] if path.is_file() else list(path.iterdir())

    attempts: dict[str, Callable[[], object]] = {
        "read the store": lambda: reads(home / "onloop.db"),
        "list the store": lambda: reads(home),
        "read the logs": lambda: reads(home.parent / "logs"),
        "read the store's secret": lambda: reads(home / "own.key"),
        "a submission of its own (F2)": lambda: gateway.perform(
            PerformCommand(me, task_id, c.Submit(me.id, me.epoch, false))
        ),
        "a submission as the gateway": lambda: gateway.perform(
            PerformCommand(intake, task_id, c.Submit(me.id, me.epoch, false))
        ),
        "evidence as a verifier": lambda: gateway.perform(
            PerformCommand(verifier("v1"), task_id, c.ReportGate(passed))
        ),
        "evidence as itself": lambda: gateway.perform(PerformCommand(me, task_id, c.ReportGate(passed))),
        "an approval as itself": lambda: gateway.perform(PerformCommand(me, task_id, c.Approve("x", "", ana))),
        "an approval as a person": lambda: gateway.perform(PerformCommand(person, task_id, c.Approve("x", "", ana))),
        "an effect": lambda: gateway.perform(PerformCommand(effects, task_id, c.FinishEffect("x", "f" * 40))),
        "a verifier's job": lambda: gateway.perform(TakeJob(verifier("v1"), 1_000, effects=False)),
        "others' tokens": lambda: gateway.store.reading(),
        "keys of passphrases": lambda: keys_in(people.values()),
        "a run of its own": lambda: gateway.perform(KeepContent(b"x")),
    }
    return {name: _outcome(attempt) for name, attempt in attempts.items()}


def keys_in(people: Iterable[PersonEnrolled]) -> list[PersonEnrolled]:
    """The people whose keys can be seen; LookupError where there are none."""
    found = [person for person in people if person.salt or person.stored_key or person.server_key]
    if not found:
        raise LookupError("nobody's keys are there")
    return found


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except Exception as problem:
        return type(problem).__name__
    return REACHED


GATE = """
import json, os, pathlib, socket, subprocess, unittest

TARGETS = json.loads({targets!r})

def reached():
    found = []
    for path in TARGETS["paths"]:
        try:
            os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)
            found.append("read " + path)
        except OSError:
            pass
    for path in TARGETS["sockets"]:
        with socket.socket(socket.AF_UNIX) as line:
            try:
                line.connect(path)
                found.append("connect " + path)
            except OSError:
                pass
    for port in TARGETS["ports"]:
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
            found.append("tcp %d" % port)
        except OSError:
            pass
    for place in TARGETS["written"]:
        try:
            pathlib.Path(place, "planted.pth").write_text("import os")
            found.append("wrote " + place)
        except OSError:
            pass
    for pid in TARGETS["pids"]:
        try:
            os.kill(pid, 0)
            found.append("process %d" % pid)
        except OSError:
            pass
    if os.getuid() == 0 or os.geteuid() == 0:
        found.append("root")
    return found

class T(unittest.TestCase):
    def test_reach(self):
        self.fail("reached: " + json.dumps(reached()))
"""


def gate_module(targets: dict[str, Any]) -> str:
    """The source of a test module that tries for the targets and prints what it reached."""
    return GATE.replace("{targets!r}", repr(json.dumps(targets)))


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        print(json.dumps(agent(*sys.argv[2:])))  # noqa: T201 - this is what the test reads
