"""Each kind of box stops what its table says, and what it leaves open is known: code inside tries."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.box.kinds import bubblewrap
from onloop.gates.box.kinds.landlock import version
from onloop.gates.box.promises import STOPS, Attempt, stopped
from onloop.gates.box.proof.probe import Targets, probe
from onloop.gates.strongest_box import strongest_box
from security.box_trials import PYTHON, as_user, box_of, proof_of

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="these kinds are Linux's"),
    pytest.mark.skipif(not Path(PYTHON).exists(), reason="the system has no Python of its own"),
]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give code a user of its own")
NEEDS_BUBBLEWRAP = pytest.mark.skipif(bubblewrap.program() is None, reason="bubblewrap is not installed")
NEEDS_LANDLOCK = pytest.mark.skipif(version() < 6, reason="the kernel's Landlock has no scopes")
KINDS = [
    pytest.param(BoxKind.BUBBLEWRAP, marks=NEEDS_BUBBLEWRAP),
    BoxKind.NAMESPACES,
    pytest.param(BoxKind.LANDLOCK, marks=NEEDS_LANDLOCK),
]


def stopped_cells(said: dict[str, object]) -> set[str]:
    cells = said["cells"]
    assert isinstance(cells, dict)
    return {name for name, was_stopped in cells.items() if was_stopped}


@pytest.mark.parametrize("kind", KINDS)
def test_a_box_of_an_ordinary_user_stops_exactly_what_its_table_says(kind: BoxKind) -> None:
    said = as_user("probe", kind)
    assert stopped_cells(said) | {Attempt.ROOT} == STOPS[kind] | {Attempt.ROOT}
    assert said["strong"] is kind.moves_paths


@AS_ROOT
@pytest.mark.parametrize("kind", KINDS)
def test_a_box_that_root_makes_stops_what_its_table_says_and_runs_as_a_user_of_its_own(kind: BoxKind) -> None:
    box = box_of(kind)
    proof = proof_of(box)
    assert box.user is not None
    assert {cell.name for cell in proof.cells if cell.stopped} >= STOPS[kind]
    assert proof.is_strong is kind.moves_paths
    assert all(cell.words for cell in proof.cells)


def test_where_there_is_no_box_the_probe_reaches_everything_that_an_ordinary_user_can() -> None:
    rights = {Attempt.TOOLCHAIN_WRITE, Attempt.KERNEL_SETTINGS, Attempt.MOUNT, Attempt.CAPABILITIES, Attempt.ROOT}
    assert stopped_cells(as_user("probe", BoxKind.NONE)) - rights == STOPS[BoxKind.NONE]


@AS_ROOT
def test_where_there_is_no_box_the_probe_reaches_everything_that_root_can() -> None:
    proof = proof_of(Box(BoxKind.NONE))
    assert {cell.name for cell in proof.cells if cell.stopped} == STOPS[BoxKind.NONE]


@pytest.mark.parametrize("kind", KINDS[:2])
def test_a_hole_that_a_view_has_is_open_and_nothing_else_is(kind: BoxKind) -> None:
    for holes in ({"network": True}, {"nested": True}):
        proof = proof_of(box_of(kind), **holes)
        found = {cell.name for cell in proof.cells if cell.stopped}
        assert found - {Attempt.ABSTRACT_SOCKET} == stopped(kind, **holes) - {Attempt.ABSTRACT_SOCKET}
        assert Attempt.ABSTRACT_SOCKET in found or version() < 6
        assert not proof.is_strong


@pytest.mark.parametrize("kind", KINDS[:2])
def test_a_probe_that_is_not_answered_proves_nothing(kind: BoxKind) -> None:
    class Silent:
        output = b"bwrap: no"

    proof = probe(Box(kind), lambda _: Silent(), Targets())
    assert not proof.is_strong
    assert all(cell.stopped is None for cell in proof.cells)


def test_where_namespaces_are_denied_a_weaker_box_is_had_and_the_knob_is_named() -> None:
    denied = ("unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh")
    said = as_user("strongest", before=denied)
    assert said["box"] == "landlock" if version() else "none"
    assert said["strong"] is False
    assert isinstance(said["refusals"], dict)
    assert "user.max_user_namespaces" in said["refusals"][BoxKind.NAMESPACES][1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_where_proc_is_masked_a_box_without_one_is_had_before_a_weaker_kind() -> None:
    masked = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc/driver && exec "$@"', "sh")
    said = as_user("strongest", first=masked)
    assert said["box"] in {"bubblewrap, no /proc", "namespaces, no /proc"}
    assert said["strong"] is True


@NEEDS_BUBBLEWRAP
def test_bubblewrap_is_never_looked_for_where_a_path_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = tmp_path / "bwrap"
    planted.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    planted.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("bwrap") == str(planted)
    assert proof_of(box_of(BoxKind.BUBBLEWRAP)).is_strong
    assert not (tmp_path / "ran").exists()


def test_the_strongest_box_is_one_in_which_a_program_ran() -> None:
    assert strongest_box().kind.reaches(BoxKind.LANDLOCK if version() else BoxKind.NONE)


def test_kinds_are_ordered_from_none_to_bubblewrap() -> None:
    assert BoxKind.BUBBLEWRAP.reaches(BoxKind.NAMESPACES)
    assert BoxKind.LANDLOCK.reaches(BoxKind.NONE)
    assert not BoxKind.LANDLOCK.reaches(BoxKind.NAMESPACES)
