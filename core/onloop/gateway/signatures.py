"""Signatures of security keys that come with what people ask: checked where it is decided, in the same transaction."""

from __future__ import annotations

import base64

from onloop.errors import BadInput, Exit, NotAllowed, Refused
from onloop.identity.keys.key_proofs import proof_from
from onloop.identity.keys.ssh_wire import key_from_blob, signature_from
from onloop.machine import commands as c
from onloop.machine.person_keys import KeyEnrolled, KeyUsed
from onloop.machine.signed_text import KeyProof, SignedSubject, key_text, signed_text
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import replace

VERBS: dict[type[c.Command], str] = {c.Approve: "approve", c.Override: "override"}
"""The decisions that a security key may sign."""


def subject_of(house: StoreState, task: Task, command: c.Approve | c.Override) -> SignedSubject:
    """What a signature of the decision is bound to; BadInput where it does not name the version that was seen."""
    if command.version is None:
        raise BadInput("a decision that is signed names the version that was seen", hint="give --version")
    asked = task.request(command.request)
    gate = command.gate if isinstance(command, c.Override) else (asked.gate or "" if asked is not None else "")
    verb, voice = VERBS[type(command)], command.voice
    return SignedSubject(verb, house.id, task.id, gate, command.request, command.digest, command.version, voice.person)


def proved_by_key(house: StoreState, task: Task | None, command: c.Command) -> KeyProof | None:
    """What the signature that came with a command proves; None where none came.

    In a store in which a script may decide, a key would prove nothing, because the store was made so.
    """
    if task is None or not isinstance(command, c.Approve | c.Override) or not command.signature:
        return None
    if house.scripted:
        raise Refused("in this store a script may decide: a key proves nothing", exit=Exit.USAGE, hint="onloop init")
    if task.request(command.request) is None:
        return None  # what is not asked any more is said by the rules, in their own words
    message = signed_text(subject_of(house, task, command))
    return proof_from(signature_from(command.signature), message, house.keys, command.voice.person)


def use_of(proof: KeyProof | None, task: str, now: int) -> KeyUsed | None:
    """That a key signed something, so that its counter never goes back."""
    return None if proof is None else KeyUsed(proof.key, task, proof.counter, now)


def attested_key(house: StoreState, event: KeyEnrolled) -> KeyEnrolled:
    """The enrolment of a key as the gateway knows it: what the key is, and which key of the person signed for it.

    Nothing of that is believed as it was sent.
    """
    try:
        key = key_from_blob(base64.b64decode(event.blob, validate=True))
    except ValueError:
        raise BadInput(
            "the public key is not base64", hint="onloop people key add NAME --public-key FILE.pub"
        ) from None
    plain = replace(event, id=key.id, kind=key.kind, vouched="", counter=0)
    if not event.signature:
        return plain
    message = key_text(house.id, event.person, key.id)
    proof = proof_from(signature_from(event.signature), message, house.keys, event.person)
    if not proof.is_whole:
        raise NotAllowed(f"the key that vouches says {proof.words}", hint="sign with touch and PIN")
    return replace(plain, vouched=proof.key, counter=proof.counter)
