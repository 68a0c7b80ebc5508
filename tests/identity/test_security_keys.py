"""Signatures of security keys: what OpenSSH writes is read, and nothing else than a touch and a PIN counts as both."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import BadInput, NotAllowed, OnloopError
from onloop.identity.keys.key_proofs import proof_from
from onloop.identity.keys.ssh_wire import key_from_blob, key_from_line, signature_from
from onloop.machine.person_keys import KeyEnrolled, PersonKey, PersonKeys
from onloop.machine.signed_text import KeyProof, SignedSubject, signed_text
from onloop.records import replace
from support.soft_security_key import ECDSA, ED25519, SoftKey

ANA = "human:ana"
SUBJECT = SignedSubject("approve", "s1", "r1.1", "release", "r1.1/release/9", "f" * 64, 12, ANA)
MESSAGE = signed_text(SUBJECT)


def enrolled(key: SoftKey, person: str = ANA, counter: int = 0) -> PersonKeys:
    made = KeyEnrolled(key.id, person, key.kind, base64.b64encode(key.blob).decode(), "human:ben")
    return {key.id: PersonKey(made, counter)}


def proved(armoured: str, keys: PersonKeys, message: bytes = MESSAGE, person: str = ANA) -> KeyProof:
    return proof_from(signature_from(armoured), message, keys, person)


def refused(armoured: str, keys: PersonKeys, message: bytes = MESSAGE, person: str = ANA) -> NotAllowed:
    with pytest.raises(NotAllowed) as no:
        proved(armoured, keys, message, person)
    assert no.value.hint
    return no.value


@pytest.mark.parametrize("kind", [ED25519, ECDSA])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize(
    ("flags", "words"), [(0x05, "touch and PIN"), (0x01, "touch, no PIN"), (0x00, "no touch, no PIN"), (0x04, None)]
)
def test_what_a_key_says_of_touch_and_pin_is_what_is_proved(
    kind: str, algorithm: str, flags: int, words: str | None
) -> None:
    key = SoftKey(kind)

    proof = proved(key.sign(MESSAGE, flags=flags, algorithm=algorithm), enrolled(key))

    assert (proof.key, proof.counter) == (key.id, 1)
    assert proof.words == (words or "no touch and PIN")
    assert proof.is_whole == (flags == 0x05)


@pytest.mark.parametrize("kind", [ED25519, ECDSA])
def test_the_flags_cannot_be_changed_after_it_was_signed(kind: str) -> None:
    key = SoftKey(kind)
    body = base64.b64decode("".join(key.sign(MESSAGE, flags=0x01).splitlines()[1:-1]))
    forged = body[:-5] + b"\x05" + body[-4:]
    armoured = f"-----BEGIN SSH SIGNATURE-----\n{base64.b64encode(forged).decode()}\n-----END SSH SIGNATURE-----"

    assert signature_from(armoured).flags == 0x05
    assert "not over this decision" in refused(armoured, enrolled(key)).message


@pytest.mark.parametrize("name", ["verb", "store", "task", "gate", "request", "digest", "version", "person"])
def test_a_signature_over_another_decision_proves_nothing(name: str) -> None:
    key = SoftKey()
    other = replace(SUBJECT, version=13) if name == "version" else replace(SUBJECT, **{name: "other"})  # type: ignore[arg-type]

    assert "not over this decision" in refused(key.sign(signed_text(other)), enrolled(key)).message


def test_a_signature_for_git_or_a_file_is_none_over_a_decision() -> None:
    key = SoftKey()

    assert "made for 'git', not for 'onloop'" in refused(key.sign(MESSAGE, namespace="git"), enrolled(key)).message


def test_a_key_that_nobody_enrolled_or_of_somebody_else_proves_nothing() -> None:
    key, other = SoftKey(), SoftKey(seed=2)

    assert "is no key of human:ana" in refused(key.sign(MESSAGE), {}).message
    assert "is no key of human:ana" in refused(key.sign(MESSAGE), enrolled(other)).message
    assert "is no key of human:ana" in refused(key.sign(MESSAGE), enrolled(key, "human:ben")).message


def test_the_same_key_made_for_another_application_is_another_key() -> None:
    key, elsewhere = SoftKey(), SoftKey(application="ssh:elsewhere")

    assert "is no key of human:ana" in refused(elsewhere.sign(MESSAGE), enrolled(key)).message


def test_a_key_of_a_web_site_is_none_of_ssh() -> None:
    with pytest.raises(BadInput, match="not for SSH"):
        key_from_blob(SoftKey(application="https://example.org").blob)


@pytest.mark.parametrize(("before", "now"), [(7, 7), (7, 6), (7, 0), (1, 1)])
def test_a_counter_that_does_not_go_on_is_an_old_signature_or_a_copied_key(before: int, now: int) -> None:
    key = SoftKey()

    assert f"has counted to {before}" in refused(key.sign(MESSAGE, counter=now), enrolled(key, counter=before)).message


def test_a_key_that_never_counts_is_taken() -> None:
    key = SoftKey()

    assert proved(key.sign(MESSAGE, counter=0), enrolled(key)).counter == 0


def test_two_subjects_never_share_a_text_whatever_a_gate_is_called() -> None:
    sly = replace(SUBJECT, gate="release\nrequest: r1.1/other/9", request="x")

    assert len(signed_text(sly).splitlines()) == len(MESSAGE.splitlines())


def test_a_public_key_file_is_read_and_a_key_on_disk_is_refused(tmp_path: Path) -> None:
    key = SoftKey()

    assert key_from_line(key.line).id == key.id
    plain = "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + b"k" * 32).decode()
    with pytest.raises(BadInput, match="'ssh-ed25519' is not the key of a security key"):
        key_from_line(plain)
    with pytest.raises(BadInput, match="is not a public key"):
        key_from_line("hello")


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen")
def test_openssh_agrees_with_our_signer_so_the_tests_speak_its_format(tmp_path: Path) -> None:
    key = SoftKey()
    (tmp_path / "signers").write_text(f"ana {key.line}\n")
    (tmp_path / "key.pub").write_text(key.line)
    signature = tmp_path / "signature"
    signature.write_text(key.sign(MESSAGE, flags=0x00))
    said = ["-Y", "verify", "-f", str(tmp_path / "signers"), "-I", "ana", "-n", "onloop", "-s", str(signature)]
    ran = subprocess.run(["ssh-keygen", *said], input=MESSAGE, capture_output=True, check=False)
    named = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(tmp_path / "key.pub")], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert key.id in named.stdout
    assert not proved(signature.read_text(), enrolled(key)).present


@given(st.integers(0, 2_000), st.binary(max_size=40))
def test_whatever_is_cut_out_of_or_put_into_a_signature_is_refused_in_words(at: int, put: bytes) -> None:
    key = SoftKey()
    body = base64.b64decode("".join(key.sign(MESSAGE).splitlines()[1:-1]))
    at %= len(body)
    broken = body[:at] + put + body[at + 1 :]
    armoured = f"-----BEGIN SSH SIGNATURE-----\n{base64.b64encode(broken).decode()}\n-----END SSH SIGNATURE-----"
    if broken == body:
        return

    with pytest.raises(OnloopError) as no:
        proved(armoured, enrolled(key))
    assert no.value.hint


@given(st.text(max_size=300))
def test_no_text_makes_the_reader_fail_otherwise(text: str) -> None:
    for read in (signature_from, key_from_line):
        with pytest.raises(BadInput):
            read(text)
