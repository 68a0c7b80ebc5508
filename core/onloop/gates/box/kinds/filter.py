"""A filter of system calls that refuses what namespaces do not separate: kernel keys, and sockets of a virtual machine.

Keys belong to a user, and a box in a user namespace has our keys. A virtual machine's sockets (AF_VSOCK) reach its
host and each of its processes, even without a network. A ring of requests (io_uring) could make sockets unfiltered.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16
"""The offsets of the number, machine and first argument in the data that the kernel gives the filter."""

_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_AF_VSOCK = 40
_X32 = 0x40000000
"""The bit that marks system calls of the x32 machine kind, which nobody uses."""


@dataclass(frozen=True, slots=True)
class _Machine:
    """One kind of machine code, by its audit number: the calls it refuses, and `socket`, whose argument is checked."""

    audit: int
    refused: tuple[int, ...]
    socket: int


_X86_64 = _Machine(0xC000003E, (248, 249, 250, 425), 41)
_I386 = _Machine(0x40000003, (286, 287, 288, 425, 102), 359)  # 102 is `socketcall`: a filter cannot see its arguments
_AARCH64 = _Machine(0xC00000B7, (217, 218, 219, 425), 198)
_ARM = _Machine(0x40000028, (309, 310, 311, 425), 281)
_RISCV64 = _Machine(0xC00000F3, (217, 218, 219, 425), 198)

_OF_THIS: dict[str, tuple[_Machine, ...]] = {
    "x86_64": (_X86_64, _I386),
    "aarch64": (_AARCH64, _ARM),
    "riscv64": (_RISCV64,),
}


def program(machine: str | None = None) -> bytes:
    """The filter as BPF code for the kernel; empty for a machine whose call numbers we do not know.

    Code for a kind of machine that is not listed is refused entirely.
    """
    machines = _OF_THIS.get(os.uname().machine if machine is None else machine, ())
    parts = [list(_part(each)) for each in machines]
    words = [_word(_LOAD, _MACHINE)]
    for each, part in zip(machines, parts, strict=True):
        words += [_word(_EQUAL, each.audit, 0, len(part)), *part]
    return b"".join([*words, _word(_RETURN, _REFUSE)]) if machines else b""


def _part(machine: _Machine) -> Iterator[bytes]:
    """The checks for one kind of machine code. Every path through them ends in a return."""
    yield _word(_LOAD, _NUMBER)
    jumps = [*((_AT_LEAST, _X32) for _ in range(machine is _X86_64)), *((_EQUAL, each) for each in machine.refused)]
    for place, (kind, number) in enumerate(jumps):
        yield _word(kind, number, len(jumps) - 1 - place + 4, 0)
    yield _word(_EQUAL, machine.socket, 0, 2)
    yield _word(_LOAD, _FIRST_ARGUMENT)
    yield _word(_EQUAL, _AF_VSOCK, 1, 0)
    yield _word(_RETURN, _ALLOW)
    yield _word(_RETURN, _REFUSE)


def _word(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_so, if_not, value)
