"""What no namespace keeps apart is refused in every kind of box: keys of our user's, sockets of the whole machine's."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path

import pytest

from onloop.gates.box.kind import BoxKind
from onloop.gates.box.kinds import bubblewrap
from onloop.gates.box.kinds.filter import program as filtering
from onloop.gates.box.kinds.landlock import version
from security.box_trials import PYTHON, as_user, box_of, empty, run_in

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="these kinds are Linux's"),
    pytest.mark.skipif(not Path(PYTHON).exists(), reason="the system has no Python of its own"),
    pytest.mark.skipif(not filtering(), reason="no numbers of this machine's system calls are known"),
]
KINDS = [
    pytest.param(
        BoxKind.BUBBLEWRAP,
        marks=pytest.mark.skipif(bubblewrap.program() is None, reason="bubblewrap is not installed"),
    ),
    BoxKind.NAMESPACES,
    pytest.param(BoxKind.LANDLOCK, marks=pytest.mark.skipif(version() < 1, reason="the kernel has no Landlock")),
]
TRIED = """
import ctypes, json, os, socket
libc, found = ctypes.CDLL(None, use_errno=True), {}
numbers = {"x86_64": (248, 250, 425), "aarch64": (217, 219, 425), "riscv64": (217, 219, 425)}[os.uname().machine]
asked = {"add_key": (numbers[0], b"user", b"box", b"x", 1, -4), "keyctl": (numbers[1], 0, -4, 1),
         "io_uring": (numbers[2], 1, ctypes.create_string_buffer(200))}
for name, words in asked.items():
    found[name] = os.strerror(ctypes.get_errno()) if libc.syscall(*words) == -1 else "done"
try:
    socket.socket(40, socket.SOCK_STREAM).close()
    found["vsock"] = "done"
except OSError as problem:
    found["vsock"] = problem.strerror
socket.socket(socket.AF_UNIX).close()
socket.socket(socket.AF_INET).close()
print(json.dumps(found))
"""
REFUSED = dict.fromkeys(("add_key", "keyctl", "io_uring", "vsock"), "Operation not permitted")


@pytest.mark.parametrize("kind", KINDS)
def test_an_ordinary_users_box_reaches_no_key_of_that_user_and_no_socket_of_the_machine(kind: BoxKind) -> None:
    said = as_user("run", kind, PYTHON, "-c", TRIED)
    assert json.loads(str(said["output"])) == REFUSED


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give code a user of its own")
@pytest.mark.parametrize("kind", KINDS)
def test_a_box_that_root_makes_reaches_no_key_and_no_socket_of_the_machine(kind: BoxKind) -> None:
    with empty() as (_, view):
        ran = run_in(box_of(kind), view, [PYTHON, "-c", TRIED])
    assert json.loads(ran.output) == REFUSED


def answer(program: bytes, audit: int, number: int, argument: int = 0) -> int:
    """What a filter answers, by the rules of the kernel's machine."""
    words, at, held = list(struct.iter_unpack("=HBBI", program)), 0, 0
    while True:
        code, so, not_so, value = words[at]
        if code == 0x06:
            return int(value)
        if code == 0x20:
            held = {0: number, 4: audit, 16: argument}[value]
            at += 1
        else:
            at += 1 + (so if (held >= value if code == 0x35 else held == value) else not_so)


@pytest.mark.parametrize(
    ("machine", "audit", "refused", "socket"),
    [
        ("x86_64", 0xC000003E, (248, 249, 250, 425, 0x40000000 | 41), 41),
        ("x86_64", 0x40000003, (286, 287, 288, 425, 102), 359),
        ("aarch64", 0xC00000B7, (217, 218, 219, 425), 198),
        ("aarch64", 0x40000028, (309, 310, 311, 425), 281),
        ("riscv64", 0xC00000F3, (217, 218, 219, 425), 198),
    ],
)
def test_the_filter_refuses_the_same_whichever_code_a_machine_runs(
    machine: str, audit: int, refused: tuple[int, ...], socket: int
) -> None:
    program, no, yes = filtering(machine), 0x00050001, 0x7FFF0000
    assert {answer(program, audit, number) for number in refused} == {no}
    assert answer(program, audit, socket, 40) == no
    assert {answer(program, audit, socket, family) for family in (1, 2, 10, 16)} == {yes}
    assert {answer(program, audit, number, 40) for number in (0, 1, 3, 56, 59, 202)} == {yes}
    assert answer(program, 0xC0000016, 0) == no, "code of a machine that this one is not"
    assert filtering("m68k") == b""
