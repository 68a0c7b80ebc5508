"""What every released version said is kept, and replayed: old clients meet this gateway, this client reads old ones.

`ONLOOP_TRANSCRIPTS=0.1 python -m pytest -n 0 tests/interop/test_transcripts.py` records a version's answers
anew: only before it is released.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from onloop.gateway.operations import operation_named
from onloop.interop.conformance.replies import TrialReply
from onloop.interop.conformance.speakers import HandedSecret
from onloop.machine.operation import answer_type
from onloop.store.codec import from_plain
from support.conforming import ZygoteSpeaker, ours, wired
from support.far_machines import certified, far_gateway
from support.world import PASSPHRASE, World

KEPT = Path(__file__).parent / "transcripts"
VERSIONS = sorted(path.name for path in KEPT.iterdir())
RECORDED = os.environ.get("ONLOOP_TRANSCRIPTS", "")
SECRET = re.compile(r"(onl_[a-z]{3}_)[\w-]{20,}")
Step = dict[str, Any]


def filled(value: Any, saved: Mapping[str, Any]) -> Any:
    """A value with what an earlier answer gave in the place of `{name}`."""
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        return saved[value[1:-1]]
    if isinstance(value, list):
        return [filled(each, saved) for each in value]
    return {name: filled(each, saved) for name, each in value.items()} if isinstance(value, dict) else value


def reached(value: Any, path: str) -> Any:
    """What is at a path like `asked.0.digest`."""
    for name in path.split("."):
        value = value[int(name)] if name.isdigit() else value[name]
    return value


def lost(old: Any, new: Any, where: str = "it") -> list[str]:
    """What an old client relies on and does not find any more: fields, and the kinds of their values."""
    if isinstance(old, dict) and isinstance(new, dict):
        missing = [f"{where}.{name}" for name in old if name not in new]
        inner = [lost(old[name], new[name], f"{where}.{name}") for name in old if name in new]
        return [*missing, *(each for found in inner for each in found)]
    if isinstance(old, list) and isinstance(new, list):
        return lost(old[0], new[0], f"{where}.0") if old and new else [where] if old else []
    return [] if old is None or type(old) is type(new) else [f"{where} is no {type(old).__name__}"]


def replayed(version: str, name: str, play: Any) -> None:
    """Play each step, and compare what comes with what that version gave."""
    file = KEPT / version / f"{name}.json"
    steps: list[Step] = json.loads(file.read_text())
    saved: dict[str, Any] = {}
    for step in steps:
        reply: TrialReply = play(step, saved)
        saved |= {variable: reached(reply.data, path) for variable, path in step.get("saves", {}).items()}
        if version == RECORDED:
            step |= {"code": reply.code, "object": reply.data}
            continue
        assert reply.code == step["code"], (step, reply.came)
        assert lost(step["object"], reply.data) == [], (step, reply.came)
    if version == RECORDED:
        text = "[\n" + ",\n".join(json.dumps(step) for step in steps) + "\n]\n"
        file.write_text(SECRET.sub(r"\1" + "A" * 43, text))


@pytest.mark.parametrize("version", VERSIONS)
def test_scripts_of_a_released_version_find_what_its_verbs_printed(world: World, version: str) -> None:
    world.init()
    venue = ours(world).venue

    def play(step: Step, saved: Mapping[str, Any]) -> TrialReply:
        words = [*filled(step["words"], {**saved, "repository": str(venue.repository)}), "--json"]
        env, cwd = (saved["env"], Path(saved["place"])) if step["who"] == "agent" else ({}, None)
        for path, text in step.get("commit", {}).items():
            (Path(saved["place"]) / path).write_text(text)
            venue.git(Path(saved["place"]), "add", "--all")
            venue.git(Path(saved["place"]), "commit", "--quiet", "--message=Work", env=saved["env"])
        proof = [HandedSecret("--passphrase-fd", PASSPHRASE)] if step["who"] == "person" else []
        words += ["--as", "ana"] if proof else []
        return venue.spoken(ZygoteSpeaker(), words, env=env, cwd=cwd, secrets=proof)

    replayed(version, "verbs", play)


@pytest.mark.parametrize("version", VERSIONS)
def test_clients_of_a_released_version_are_answered_over_http(world: World, version: str) -> None:
    world.init()
    with far_gateway(world) as gateway:
        token = gateway.let_in(roles=("*",))
        stand = ours(world, wire=wired(gateway.url, certified() / "ca.pem"))
        wire, known = stand.venue.gateway.wire, {"launcher": token, "task": stand.venue.begun()}
        assert wire is not None

        def play(step: Step, saved: Mapping[str, Any]) -> TrialReply:
            fields = filled(step["fields"], {**known, **saved})
            return wire.ask(step["ask"], fields, filled(step["token"], {**known, **saved}))

        replayed(version, "http", play)


@pytest.mark.parametrize("version", VERSIONS)
def test_this_client_reads_what_a_released_gateway_answered(version: str) -> None:
    steps: list[Step] = json.loads((KEPT / version / "http.json").read_text())
    read = [step for step in steps if "ok" in step["object"]]
    assert len(read) > 5
    for step in read:
        kind = operation_named(step["ask"])
        assert kind is not None, f"{step['ask']} is gone"
        from_plain(answer_type(kind), step["object"]["ok"])


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"b": 2}, ["it.a"]),
        ({"a": {"b": "x"}}, {"a": {"b": 3}}, ["it.a.b is no str"]),
        ({"a": [{"b": 1}]}, {"a": [{}]}, ["it.a.0.b"]),
        ({"a": None}, {"a": "x"}, []),
        ({"a": [1]}, {"a": []}, ["it.a"]),
    ],
)
def test_what_an_old_client_would_miss_is_seen(old: object, new: object, found: list[str]) -> None:
    assert lost(old, new) == found
