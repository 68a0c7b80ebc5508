"""Every route and every kind of caller, over real HTTP: what the access table does not give is refused, and untold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.openapi import from_dict

from gateway.letting_in import revoke
from gateway.shop import passphrase_of
from network.far import Caller, Far
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.operations import OPERATIONS
from onloop.machine.commands import TakeBack
from onloop.machine.principal import PrincipalKind
from onloop.remote.http.answers.openapi import openapi_document
from onloop.remote.network_access import NETWORK, OPENING

UPLOADED = "submit"
"""Is about an upload that a header names: there is none without an agent's `hand_in`."""

Bodies = Mapping[str, dict[str, Any]]


@cache
def _bodies() -> Bodies:
    """For each operation some fields that are valid, as its schema says."""
    found: dict[str, dict[str, Any]] = {}
    for known in from_dict(openapi_document()).get_all_operations():
        assert isinstance(known, Ok)
        operation = known.ok()
        name = operation.path.rpartition("/")[2]
        if name in OPERATIONS:
            found[name] = _some(operation.as_strategy(generation_mode=GenerationMode.POSITIVE)).body
    assert found.keys() == OPERATIONS.keys()
    return found


def _some(strategy: SearchStrategy[Any]) -> Any:
    """One of what a strategy gives, the same in every run."""
    found: list[Any] = []

    @settings(max_examples=1, database=None, derandomize=True, phases=[Phase.generate])
    @given(strategy)
    def note(case: Any) -> None:
        found.append(case)

    note()
    return found[-1]


@pytest.fixture
def bodies() -> Bodies:
    """For each operation some fields that are valid, as its schema says."""
    return _bodies()


def _callers(far: Far) -> dict[PrincipalKind, Caller]:
    return {
        PrincipalKind.NOBODY: far.caller(),
        PrincipalKind.AGENT: far.caller(far.agent("r1")),
        PrincipalKind.LAUNCHER: far.caller(far.launcher()),
        PrincipalKind.SESSION: far.caller(far.session()),
    }


def test_what_the_table_does_not_give_to_a_kind_of_caller_is_refused_on_every_route(far: Far, bodies: Bodies) -> None:
    seen = 0
    for kind, caller in _callers(far).items():
        for name, body in bodies.items():
            if name in {*OPENING, UPLOADED} or kind in NETWORK.get(name, {}):
                continue
            answer = caller.post(name, body)
            seen += 1
            expected = 401 if kind is PrincipalKind.NOBODY else 403
            assert answer.status_code == expected, f"{kind} {name} {json.dumps(body)}: {answer.text}"
    assert seen > 100


def test_somebody_who_was_let_in_no_more_is_refused_on_every_route(far: Far, bodies: Bodies) -> None:
    secret, session = far.launcher(), far.session("ben")
    launcher, reader = far.caller(secret), far.caller(session)
    assert launcher.post("waiting", {"roles": ["implementer"]}).status_code != 401
    assert reader.post("state").status_code == 200
    revoke(far.shop)
    assert reader.post("end_session", {"token": session}).json()["ok"] is True
    for name, body in bodies.items():
        if name not in {*OPENING, UPLOADED}:
            for caller in (launcher, reader):
                answer = caller.post(name, body)
                assert answer.status_code in {401, 403, 429}, f"{name}: {answer.text}"


@pytest.mark.parametrize("kind", [PrincipalKind.AGENT, PrincipalKind.LAUNCHER])
def test_a_task_of_others_is_answered_as_one_that_does_not_exist(far: Far, bodies: Bodies, kind: PrincipalKind) -> None:
    far.shop.begin(run="r2", repo="secret", origin="/srv/secret.git")
    token = far.agent("r1") if kind is PrincipalKind.AGENT else far.launcher(repositories=("billing",))
    caller, told = far.caller(token), 0
    for name, body in bodies.items():
        if kind not in NETWORK.get(name, {}) or "task" not in body:
            continue
        answers = [caller.post(name, {**body, "task": task}) for task in ("r2", "r9")]
        texts = [answer.text.replace("r2", "TASK").replace("r9", "TASK") for answer in answers]
        assert texts[0] == texts[1], f"{name}: {texts}"
        assert answers[0].status_code != 200, name
        told += answers[0].status_code == 404
    assert told >= 3


def test_nothing_of_a_credential_is_repeated_or_kept(far: Far, tmp_path: Path) -> None:
    secrets = [far.agent("r1"), far.launcher(), far.session(), "onl_agt_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"]
    told = "".join(far.caller(secret).post(name).text for secret in secrets for name in ("perform", "board", "nothing"))
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in secrets:
        assert secret not in told
        assert secret.encode() not in kept
        assert secret not in "".join(far.words)


def test_looking_back_is_for_people_and_an_agent_takes_nothing_back(far: Far) -> None:
    far.shop.waiting()
    far.shop.approve()
    voice = far.shop.voice()
    far.shop.begin(run="r2")
    agent, reader = far.caller(far.agent("r2")), far.caller(far.session())
    assert reader.post("store_at", {"seq": 1}).json()["ok"]["seq"] == 1
    assert agent.post("store_at", {"seq": 1}).status_code == 403
    for caller in (agent, reader):
        assert caller.ask(PerformCommand(far.shop.person(), "r1", TakeBack(voice))).status_code in {401, 403, 404}
    assert far.shop.task().decisions
    line = far.person()
    try:
        person = line.person("ana", passphrase_of("ana"), typed=True)
        assert person.voice is not None
        taken = line.ask(PerformCommand(person, "r1", TakeBack(person.voice)))
        assert taken.decisions == ()
    finally:
        line.close()
