"""What a sheet says of the box that a gate's command ran in, and which level a machine reaches."""

from __future__ import annotations

import pytest

from onloop.machine.box_facts import BoxProved, ProbeAsked, ProvedCell
from onloop.machine.definition import Assurance
from onloop.machine.store_state import StoreState, evolve_store
from onloop.machine.task import Evidence, Verdict
from onloop.records import replace
from onloop.views.assurance import FRESH_MS, Grounds, assurance_reached
from onloop.views.box_words import ran_in, reachable

FOUND = Evidence(
    *("tests", Verdict.PASS, "passed", "1" * 40, "2" * 40, "3" * 40, "4" * 64, "verifier:v", 1),
    argv=("make",),
    isolation="bubblewrap",
    box="bubblewrap, own user",
    program="/usr/bin/make",
    program_digest="ab" * 32,
)
PROOF = BoxProved(
    *("bubblewrap", "bubblewrap", "cgroup"),
    strong=True,
    cells=(ProvedCell("read the store", True),),
    verifier="v",
    at=1,
)
GROUNDS = Grounds(scripted=False, apart=True, shut_out=True, proof=PROOF, now=2)


def test_a_sheet_names_the_box_the_network_the_program_and_what_setup_went_by() -> None:
    assert ran_in(FOUND) == ("in bubblewrap, own user, no network", "/usr/bin/make abababababab")
    assert ran_in(replace(FOUND, network=True, cache_key="cd" * 32)) == (
        *("in bubblewrap, own user, with the network", "/usr/bin/make abababababab", "setup cdcdcdcdcdcd"),
    )
    assert reachable(FOUND) == ()
    assert reachable(replace(FOUND, network=True)) == ("had the network",)


def test_a_sheet_warns_of_what_a_command_could_reach() -> None:
    bare = replace(FOUND, isolation="none", box="none", network=True)
    assert "isolation: none" in ran_in(bare)
    assert reachable(bare) == ("ran in no box: its code could reach whatever its verifier can, this store too",)
    cells = tuple(f"cell {number}" for number in range(8))
    (words,) = reachable(replace(FOUND, open_cells=cells))
    assert words == f"its box was not seen to stop: {', '.join(cells[:6])} and 2 more"


def test_evidence_of_a_file_and_of_an_older_onloop_says_nothing_of_a_box() -> None:
    old = replace(FOUND, isolation="process", box="", program="", program_digest="")
    assert (ran_in(old), reachable(old)) == ((), ())


def test_a2_is_reached_only_where_everything_was_proved() -> None:
    reached = assurance_reached(GROUNDS)
    assert (reached.level, reached.reasons) == (Assurance.A2, ())


WEAK = replace(PROOF, strong=False, box="landlock", cells=(ProvedCell("send over UDP", False), ProvedCell("x", None)))
LESS = {
    "no proof": (replace(GROUNDS, proof=None), "no verifier has shown yet"),
    "an old proof": (replace(GROUNDS, now=FRESH_MS + 2), "the last proof of the box of gates is 7 days old"),
    "a weak box": (replace(GROUNDS, proof=WEAK), "(landlock) keeps code from: send over UDP, x"),
    "one user": (replace(GROUNDS, apart=False), "the store is open to the user who asks"),
    "an open store": (replace(GROUNDS, shut_out=False), "agents' user can open the store"),
}


@pytest.mark.parametrize(("grounds", "why"), LESS.values(), ids=LESS)
def test_anything_less_is_a1_and_says_why(grounds: Grounds, why: str) -> None:
    reached = assurance_reached(grounds)
    assert reached.level is Assurance.A1
    assert why in reached.reasons[0]


def test_a_scripted_store_reaches_nothing() -> None:
    assert assurance_reached(replace(GROUNDS, scripted=True)).level is Assurance.A0


def test_the_house_knows_the_last_proof_and_whether_another_one_is_wanted() -> None:
    house = StoreState()
    assert house.wants_probe
    house = evolve_store(house, PROOF)
    assert (house.proof, house.wants_probe) == (PROOF, False)
    house = evolve_store(house, ProbeAsked("p1", "launcher:ana"))
    assert house.wants_probe
    assert not evolve_store(house, replace(PROOF, asked="p1")).wants_probe
    assert PROOF.says_the_same(replace(PROOF, at=9, verifier="w")) and not PROOF.says_the_same(WEAK)
