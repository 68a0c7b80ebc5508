"""Override, security keys and attestations as one types them: a store of a person, a key in software, a real merge."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from support.soft_security_key import SoftKey
from support.world import PASSPHRASE, ROOT, Ran, World

WORKFLOW = """\
workflow: small
description: Make it say hello.
steps:
  - id: develop.write
    role: implementer
    gates:
      - {id: hello, file: {path: hello.txt}}
  - id: test.full
    run: [sh, -c, "exit 3"]
    overridable_by: [ana]
  - id: ship.approve
    gates: [{id: release, human: {from: [approvers], assurance: A3}}]
    on_reject: develop.write
  - id: ship.merge
    effect: merge
"""
AGENT = 'echo hello > hello.txt; git add -A; git commit -qm "Say hello"; onloop submit'


@pytest.fixture
def keyed(world: World) -> World:
    """A store of ana's, with a program in the place of ssh-keygen that signs with keys in files."""
    world.init(scripted=False)
    programs = world.folder / "programs"
    programs.mkdir()
    signer = programs / "ssh-keygen"
    signer.write_text(
        f"#!{sys.executable}\nimport sys\nfrom support.soft_security_key import main\nmain(sys.argv[1:])\n"
    )
    signer.chmod(0o755)
    world.extra["PATH"] = f"{programs}:{world.environment['PATH']}"
    world.extra["PYTHONPATH"] = f"{world.environment['PYTHONPATH']}:{ROOT / 'tests'}"
    for name, seed, flags, counter in (("key", 1, 5, 50), ("touched", 1, 1, 500), ("other", 2, 5, 50)):
        (world.folder / name).write_text(f"{seed} {flags} {counter}")
    (world.folder / "key.pub").write_text(SoftKey().line)
    return world


def told(world: World, *words: str) -> Ran:
    return world.onloop(words[0], "--json", *words[1:], "--as", "ana", passphrase=PASSPHRASE)


def held(world: World) -> str:
    """A task whose integration tests fail."""
    run = world.fleet(world.origin(), workflow=WORKFLOW)
    world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(AGENT))
    return str(world.until(f"{run}.1", "input_required", "gate_failed")["task"])


def digest(world: World, task: str) -> str:
    return str(world.task(task)["asked"][0]["digest"])


def test_a_gate_is_overridden_a_key_approves_the_merge_happens_and_all_of_it_is_attested(keyed: World) -> None:
    world, key = keyed, str(keyed.folder / "key")
    assert "nobody can prove A3" in world.onloop("people", "key").err
    added = told(world, "people", "key", "add", "ana", "--public-key", f"{key}.pub", "--label", "blue")
    assert added.json["id"] == SoftKey().id, added.err
    assert [each["label"] for each in world.onloop("people", "key", "--json").json["keys"]] == ["blue"]
    assert "ana can prove A3" in world.onloop("doctor").out
    task = held(world)

    shown = world.onloop("show", task).out
    assert f"ana may override run: onloop override {task} --gate run" in shown
    words = ("override", task, "--gate", "run", "--digest", digest(world, task), "--reason", "the runner is broken")
    assert told(world, *words).code == 13  # a passphrase of a file descriptor proves A0
    assert "decision: override" in told(world, *words, "--to-sign").json["text"]
    done = told(world, *words, "--sign", key)
    assert (done.code, done.json["step"]) == (0, "ship.approve"), done.err
    assert "BYPASSED" in done.err

    approvals(world, task, key)
    everywhere(world, task)
    attested(world, task)
    removed = told(world, "people", "key", "remove", SoftKey().id, "--reason", "lost")
    assert removed.code == 0 and world.onloop("people", "key", "--json").json["keys"] == []
    assert world.onloop("store", "verify").code == 0


def approvals(world: World, task: str, key: str) -> None:
    """Nothing less than touch and PIN, of an enrolled key, over what is shown, opens the gate."""
    assert "1 gate was bypassed by human:ana" in world.task(task)["asked"][0]["question"]
    words = ("approve", task, "--digest", digest(world, task))
    assert "no security key signed it" in told(world, *words).json["message"]
    touched = told(world, *words, "--sign", str(world.folder / "touched"))
    assert "the key says touch, no PIN" in touched.json["message"], touched.err
    assert "is no key of human:ana" in told(world, *words, "--sign", str(world.folder / "other")).json["message"]
    (world.folder / "old").write_text(SoftKey().sign(b"something else", counter=999))
    assert "not over this decision" in told(world, *words, "--signature", str(world.folder / "old")).json["message"]
    text = told(world, *words, "--to-sign").json["text"]
    (world.folder / "signature").write_text(SoftKey().sign(text.encode(), counter=1_000))
    done = told(world, *words, "--signature", str(world.folder / "signature"))
    assert done.code == 0, done.out
    world.until(task, "completed")


def everywhere(world: World, task: str) -> None:
    """A bypass is loud wherever decisions are looked at."""
    found = world.task(task)
    assert (found["bypasses"][0]["stood"], found["bypasses"][0]["presence"]) == ("fail", "touch and PIN")
    assert (found["decisions"][0]["assurance"], found["decisions"][0]["key"]) == ("A3", SoftKey().id)
    assert "BYPASSED by human:ana (A3, key: touch and PIN): the runner is broken" in world.onloop("show", task).out
    assert "1 BYPASSED" in world.onloop("list").err
    assert world.onloop("attention", "--json").json["counts"]["bypassed"] == 1
    assert "a gate was BYPASSED" in world.onloop("attention").out
    assert "override run" in world.onloop("decisions").out
    assert "Overridden" in world.onloop("log", task).out
    merged = world.git(world.folder / "origins" / "shop.git", "log", "-1", "--format=%B", "main")
    assert "Bypassed-by: human:ana (test.full:run)" in merged


def attested(world: World, task: str) -> None:
    """What was decided is signed, and verified by whoever has the public key, with no store."""
    file, pem = world.folder / "decision.dsse", world.folder / "onloop.pem"
    made = world.onloop("attest", "--json", task, "--out", str(file))
    assert made.code == 0, made.err
    pem.write_text(world.onloop("attest", "--json", "--public-key").json["public_key"])
    nowhere = {"XDG_STATE_HOME": str(world.folder / "nowhere"), "ONLOOP_STORE": ""}
    good = world.onloop("attest", "--json", "--verify", str(file), "--key", str(pem), env=nowhere)
    assert good.code == 0, good.err
    assert (good.json["commit"], good.json["merged"]) == (world.task(task)["result"], True)
    assert good.json["bypassed"] == ["test.full:run by human:ana: the runner is broken"]
    assert "BYPASSED" in world.onloop("attest", "--verify", str(file), "--key", str(pem), env=nowhere).out
    refuses(world, file, pem, nowhere)


def refuses(world: World, file: Path, pem: Path, nowhere: dict[str, str]) -> None:
    body: dict[str, Any] = json.loads(file.read_text())
    changed = world.folder / "changed.dsse"
    changed.write_text(json.dumps({**body, "payload": body["payload"][:-8] + "AAAAAAA="}))
    no = world.onloop("attest", "--verify", str(changed), "--key", str(pem), env=nowhere)
    assert no.code in {2, 12} and "Traceback" not in no.err, no.err
    assert world.onloop("attest", "--verify", str(file), env=nowhere).code == 2
    assert world.onloop("attest", "--verify", str(pem), "--key", str(pem), env=nowhere).code == 2
    assert world.onloop("attest", "--verify", str(file), "--key", str(file), env=nowhere).code == 2
    assert world.onloop("attest").code == 2


def test_an_agent_neither_overrides_nor_enrols_a_key_nor_attests(keyed: World) -> None:
    run = keyed.fleet(keyed.origin(), workflow=WORKFLOW)
    env = keyed.onloop("claim", f"{run}.1", "--role", "implementer", "--name", "alfa", "--json").json["env"]

    for words in (
        ("override", f"{run}.1", "--gate", "hello", "--reason", "trust me", "--digest", "0" * 64),
        ("people", "key", "add", "ana", "--public-key", str(keyed.folder / "key.pub")),
        ("people", "key", "remove", SoftKey().id, "--reason", "mine now"),
        ("attest", f"{run}.1"),
        ("attest", "--public-key"),
    ):
        ran = keyed.onloop(*words, env=env)
        assert ran.code == 13, (words, ran.err)
