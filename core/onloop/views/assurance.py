"""PURE: which level of assurance a machine reaches, from what is known about it, with the reasons in words."""

from __future__ import annotations

from onloop.machine.box_facts import BoxProved
from onloop.machine.definition import Assurance
from onloop.records import Record

FRESH_MS = 7 * 24 * 3_600_000
"""For how long a proof of the box counts; a verifier shows it again at every start, and every day."""


class Grounds(Record):
    """What the level is computed from.

    `scripted` is for ever true of a store in which a script may decide. `apart` says that whoever asks is another user
    than the store's, and `shut_out` that they were seen to fail at opening it. `proof` is the last one on record.
    Who asks over the network is `far`.
    """

    scripted: bool
    apart: bool
    shut_out: bool
    proof: BoxProved | None
    now: int
    far: bool = False


class Reached(Record):
    """The highest level that a decision can have here, and why it is no higher; no reasons where it is A2."""

    level: Assurance
    reasons: tuple[str, ...]


def assurance_reached(grounds: Grounds) -> Reached:
    """The level that a machine reaches: A2 needs a gateway that agents cannot open, and a box that was proved."""
    if grounds.scripted:
        return Reached(Assurance.A0, ("a script may decide in this store, for ever",))
    reasons = tuple(reason for reason in (_why_not_apart(grounds), why_no_proof(grounds.proof, grounds.now)) if reason)
    return Reached(Assurance.A1 if reasons else Assurance.A2, reasons)


def _why_not_apart(grounds: Grounds) -> str:
    if grounds.far:
        return "who claims at your address is looked at when you decide: A2 is where nobody does"
    if not grounds.apart:
        return "the store is open to the user who asks: code that runs as this user could forge a decision"
    return "" if grounds.shut_out else "agents' user can open the store"


def why_no_proof(proof: BoxProved | None, now: int) -> str:
    """Why gates are not known to run in a strong box; empty where they are."""
    if proof is None:
        return "no verifier has shown yet what the box of its gates stops"
    if now - proof.at > FRESH_MS:
        return f"the last proof of the box of gates is {(now - proof.at) // 86_400_000} days old"
    if not proof.strong:
        return f"no proof shows that the box of gates ({proof.box}) keeps code from: {', '.join(proof.open)}"
    return ""
