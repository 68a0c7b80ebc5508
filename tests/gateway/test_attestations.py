"""What is attested of a decision: what is in it, and that nothing of it can be changed unseen."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.shop import Shop
from gateway.test_authority import failed, overridden
from onloop.errors import BadInput, OnloopError, Refused, StoreError
from onloop.gateway.command_operations import PerformCommand
from onloop.identity.keys.signed_envelope import (
    FILE,
    attestation_key,
    enveloped,
    key_id,
    opened_envelope,
    public_from,
    public_pem,
)
from onloop.machine import commands as c
from onloop.machine.digest import Json
from onloop.machine.principal import EFFECTS
from onloop.records import replace
from onloop.views.attested_decision import PREDICATE, STATEMENT, statement_of
from support.scenario import BASE, HEAD, OTHER_HEAD, work

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
SAID: Json = {"_type": STATEMENT, "predicateType": PREDICATE, "predicate": {"task": "r1"}, "subject": []}


def said(shop: Shop, task: str = "r1") -> Any:
    known = shop.task(task)
    with shop.store.reading() as at:
        return json.loads(json.dumps(statement_of(at, known, 9, "1.0")))


def merged(shop: Shop) -> None:
    shop.approve()
    effect = shop.task().effect
    assert effect is not None
    for command in (c.StartEffect(effect.id, BASE, OTHER_HEAD), c.FinishEffect(effect.id, OTHER_HEAD)):
        shop.gateway.perform(PerformCommand(EFFECTS, "r1", command))


def test_a_merged_decision_names_commit_workflow_gates_approvals_effects_and_the_logs_end(shop: Shop) -> None:
    shop.begin()
    shop.waiting()
    merged(shop)

    statement = said(shop)
    about = statement["predicate"]

    assert (statement["_type"], statement["predicateType"]) == (STATEMENT, PREDICATE)
    assert statement["subject"] == [{"name": "billing", "digest": {"gitCommit": OTHER_HEAD}}]
    assert (about["store"], about["merged"], about["workflow"]["digest"]) == ("s1", True, {"sha256": "d" * 64})
    tests = next(each for each in about["gates"] if each["gate"] == "tests")
    assert (tests["standing"], tests["evidence"]["verdict"], tests["evidence"]["head"]) == ("passed", "pass", HEAD)
    assert tests["evidence"]["verifier"] == "verifier:tests"
    (approval,) = about["approvals"]
    assert approval["counted"][0]["by"] == "human:ana"
    assert approval["counted"][0]["shown"] == shop.task().decisions[0].digest
    assert about["effects"] == [{"id": "r1/ship.merge/1", "from": BASE, "to": OTHER_HEAD, "at": shop.clock()}]
    assert about["log"]["hash"] and about["log"]["run"]["events"] == shop.task().version
    assert about["bypasses"] == []


def test_a_bypass_is_in_it_and_its_gate_is_not_passed(shop: Shop) -> None:
    failed(shop)
    overridden(shop)
    merged(shop)

    about = said(shop)["predicate"]

    assert next(each for each in about["gates"] if each["gate"] == "tests")["standing"] == "bypassed"
    assert next(each for each in about["gates"] if each["gate"] == "tests")["evidence"]["verdict"] == "fail"
    (bypass,) = about["bypasses"]
    assert (bypass["by"], bypass["stood"], bypass["reason"]) == ("human:cleo", "fail", "known to be broken")


def test_nothing_that_an_agent_wrote_is_attested(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim("r1"), replace(work(), statement="the agent swears"))
    shop.report()

    assert "swears" not in json.dumps(said(shop))


def test_a_task_without_a_commit_is_not_attested(shop: Shop) -> None:
    shop.begin()

    with pytest.raises(Refused, match="has no submission"):
        said(shop)


def test_what_was_signed_is_read_with_its_key_and_with_no_other() -> None:
    content = enveloped(SAID, KEY)

    assert opened_envelope(content, KEY.public_key()) == SAID
    with pytest.raises(Refused, match=f"signed by {key_id(KEY.public_key())[:16]}, and the key given is"):
        opened_envelope(content, OTHER.public_key())


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_byte_of_an_envelope_is_changed_unseen(at: int, by: int) -> None:
    content = bytearray(enveloped(SAID, KEY))
    at %= len(content) - 1
    content[at] ^= by

    try:
        read = opened_envelope(bytes(content), KEY.public_key())
    except OnloopError as no:
        assert no.hint
    else:
        assert read == SAID  # what changed says nothing: the name of the key, or a space


def test_another_type_and_a_statement_put_in_its_place_are_refused() -> None:
    body = json.loads(enveloped(SAID, KEY))
    lie = base64.b64encode(json.dumps({"predicate": {"task": "r2"}}).encode()).decode()

    with pytest.raises(Refused, match="was changed after it was made"):
        opened_envelope(json.dumps({**body, "payload": lie}).encode(), KEY.public_key())
    with pytest.raises(BadInput, match="holds 'text/plain', not"):
        opened_envelope(json.dumps({**body, "payloadType": "text/plain"}).encode(), KEY.public_key())
    with pytest.raises(Refused, match="signed by nobody"):
        opened_envelope(json.dumps({**body, "signatures": []}).encode(), KEY.public_key())


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"payload": 1}'])
def test_what_is_no_envelope_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(BadInput) as no:
        opened_envelope(content, KEY.public_key())
    assert no.value.hint


def test_the_stores_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first, again = attestation_key(tmp_path), attestation_key(tmp_path)

    assert public_pem(first) == public_pem(again)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert key_id(public_from(public_pem(first).encode())) == key_id(first.public_key())


def test_a_key_file_that_is_none_or_a_link_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"k" * 32)
    (tmp_path / FILE).symlink_to(tmp_path / "target")
    with pytest.raises(StoreError, match="cannot be read"):
        attestation_key(tmp_path)
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).write_bytes(b"short")
    with pytest.raises(StoreError, match="does not hold a key"):
        attestation_key(tmp_path)


def test_a_public_key_of_another_kind_is_refused() -> None:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    other = rsa.generate_private_key(65_537, 2_048).public_key().public_bytes(serialization.Encoding.PEM, form)

    with pytest.raises(BadInput, match="not an ed25519 key"):
        public_from(other)
    with pytest.raises(BadInput, match="not a public key in PEM"):
        public_from(b"hello")
