"""A run in a box keeps within its bounds over all that it starts together, or is ended and told so in words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from onloop.gates.box.kind import BoxKind
from onloop.gates.box.kinds import bubblewrap
from onloop.gates.box.limits.bounds import Bounds
from onloop.gates.box.limits.cgroup import ControlGroup
from onloop.gates.box.limits.measured_use import Room
from onloop.gates.command_process import Ending
from onloop.gates.strongest_box import kept_by, strongest_box
from security.box_trials import PYTHON, SMALL, as_user, box_of, empty, run_in

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="boxes are counted in /proc"),
    pytest.mark.skipif(not Path(PYTHON).exists(), reason="the system has no Python of its own"),
]
WATCHES = [
    pytest.param("cgroup", marks=pytest.mark.skipif(kept_by() != "cgroup", reason="no control group can be made here")),
    "watcher",
]
BOMB = """
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.05)
"""
HOG = """
import os, time
for _ in range(6):
    if os.fork() == 0:
        held = bytearray(b"x") * (64 << 20)
        time.sleep(60)
time.sleep(60)
"""
SHARED_HOG = """
import mmap, os, time
held = mmap.mmap(-1, 64 << 20)
held.write(b"x" * len(held))
for _ in range(6):
    if os.fork() == 0:
        assert held[::4096] and not time.sleep(0.5)
        os._exit(0)
for _ in range(6):
    os.wait()
"""
MEMORY_FILE = """
import os, time
held = os.memfd_create("held")
for _ in range(24):
    os.write(held, b"x" * (8 << 20))
time.sleep(60)
"""
FILLER = """
import os, time
for place in (".", os.environ["TMPDIR"], os.environ["HOME"]):
    with open(place + "/filler", "wb") as file:
        file.write(b"x" * (24 << 20))
time.sleep(60)
"""
SPARSE = "open('sparse', 'wb').truncate(10 << 30)"
UNNAMED = """
import os, time
file = open("unnamed", "wb")
os.unlink("unnamed")
file.write(b"x" * (80 << 20))
file.flush()
time.sleep(60)
"""
HIDDEN = """
import os, time
os.mkdir("hidden")
with open("hidden/file", "wb") as file:
    file.write(b"x" * (80 << 20))
os.chmod("hidden", 0)
time.sleep(60)
"""
OUTGROWN = {
    "processes": (BOMB, "it had more than 40 processes and threads at once"),
    "memory": (HOG, "its processes used more than 192 MiB of memory in all"),
    "disk": (FILLER, "its files came to more than 64 MiB"),
    "sparse": (SPARSE, "its files came to more than 64 MiB"),
    "unnamed": (UNNAMED, "its files came to more than 64 MiB"),
}


@pytest.mark.parametrize("watch", WATCHES)
@pytest.mark.parametrize("bound", OUTGROWN)
def test_a_run_that_outgrows_a_bound_is_ended_in_words(bound: str, watch: str) -> None:
    program, words = OUTGROWN[bound]
    box = box_of(strongest_box().kind, watch)
    with empty() as (_, view):
        ran = run_in(box, view, [PYTHON, "-c", program], limits=SMALL)
    assert (ran.ending, ran.exit_code, ran.problem) == (Ending.OUTGREW, None, words), ran.output


@pytest.mark.parametrize("program", [BOMB, HOG, HIDDEN], ids=["processes", "memory", "hidden"])
@pytest.mark.parametrize("kind", [BoxKind.BUBBLEWRAP, BoxKind.NAMESPACES])
def test_a_run_of_an_ordinary_user_is_ended_as_well(kind: BoxKind, program: str) -> None:
    if kind is BoxKind.BUBBLEWRAP and bubblewrap.program() is None:
        pytest.skip("bubblewrap is not installed")
    said = as_user("limits", kind, program)
    assert said["ending"] == Ending.OUTGREW, said


def test_memory_that_is_written_to_without_being_mapped_counts_as_well() -> None:
    with empty() as (_, view):
        ran = run_in(box_of(strongest_box().kind, "watcher"), view, [PYTHON, "-c", MEMORY_FILE], limits=SMALL)
    assert ran.ending is Ending.OUTGREW


@pytest.mark.parametrize("watch", WATCHES)
def test_memory_that_processes_share_counts_once(watch: str) -> None:
    with empty() as (_, view):
        ran = run_in(box_of(strongest_box().kind, watch), view, [PYTHON, "-c", SHARED_HOG], limits=SMALL)
    assert (ran.ending, ran.exit_code) == (Ending.EXITED, 0), (ran.problem, ran.output)


@pytest.mark.parametrize("watch", WATCHES)
def test_a_run_within_its_bounds_is_left_alone(watch: str) -> None:
    program = "import os\nopen('f', 'wb').write(b'x' * (8 << 20))\nfor _ in range(10):\n    os.fork() or os._exit(0)"
    with empty() as (_, view):
        ran = run_in(box_of(strongest_box().kind, watch), view, [PYTHON, "-c", program], limits=SMALL)
    assert (ran.ending, ran.exit_code, ran.problem) == (Ending.EXITED, 0, "")


@pytest.mark.skipif(kept_by() != "cgroup", reason="no control group can be made here")
def test_a_control_group_is_taken_away_and_so_is_one_that_a_killed_warden_left_behind() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    group = ControlGroup.made()
    assert group is not None
    left = [folder.with_name(f"onloop-box-{gone.pid}") for folder in group.folders]
    for folder in left:
        folder.mkdir()
    group.remove()
    assert not any(folder.exists() for folder in group.folders)
    with empty() as (_, view):
        assert run_in(box_of(strongest_box().kind, "cgroup"), view, ["true"]).exit_code == 0
    assert not any(folder.exists() for folder in left)


def test_room_is_counted_through_no_link_and_to_any_depth(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "large").write_bytes(b"x" * 200_000)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    leaf = os.open("leaf", os.O_CREAT | os.O_WRONLY, dir_fd=here)
    room = Room((str(folder),))
    before = room.taken((), 10**12)
    os.truncate(leaf, 150_000_000)
    os.close(leaf)
    os.close(here)
    assert before < 150_000_000
    assert room.taken((), 10**12) - before == 150_000_000
    subprocess.run(["rm", "-rf", str(folder)], check=True)  # shutil gives up at such a depth


def test_bounds_say_their_sizes_as_people_do() -> None:
    bounds = Bounds(512, 8 * 1024**3, 1536, ())
    assert bounds.too_large == "its processes used more than 8 GiB of memory in all"
    assert bounds.too_full == "its files came to more than 1.5 KiB"
