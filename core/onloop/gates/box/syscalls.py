"""Linux system calls for which Python has no function; each raises OSError if the kernel refuses."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from typing import Any

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_SLAVE = 1, 2, 4, 8, 4096, 16384, 1 << 19
MNT_DETACH = 2

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 4, 24, 38, 47
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION = 0x20080522
_AT_RECURSIVE, _AT_FDCWD = 0x8000, -100
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41}
_KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219}
_KEYCTL_JOIN_SESSION_KEYRING = 1
_MOUNT_SETATTR = 442
_MOST_CAPABILITIES = 64

_LIBC = ctypes.CDLL(None, use_errno=True)


def call(function: Any, *arguments: Any) -> int:
    """The result of a C library function; OSError if it is -1."""
    result = int(function(*arguments))
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def system_call(number: int, *arguments: Any) -> int:
    """The result of a system call, given by its number; OSError if the kernel refuses."""
    words = (item if not isinstance(item, int) else ctypes.c_long(item) for item in arguments)
    return call(_LIBC.syscall, ctypes.c_long(number), *words)


def unshare(kinds: int) -> None:
    """Puts this process into new namespaces."""
    try:
        call(_LIBC.unshare, kinds)
    except OSError as problem:
        raise OSError(problem.errno, f"{problem.strerror}, for new namespaces") from None


def join(namespace: int, kind: int) -> None:
    """Puts this process into the namespace that a descriptor refers to."""
    call(_LIBC.setns, namespace, kind)


def mount(source: str, place: str, kind: str | None, flags: int, words: str | None = None) -> None:
    """Mounts something at a place."""
    encoded = (None if item is None else os.fsencode(item) for item in (source, place, kind))
    try:
        call(_LIBC.mount, *encoded, ctypes.c_ulong(flags), None if words is None else words.encode())
    except OSError as problem:
        raise OSError(problem.errno, f"{problem.strerror}, for a mount of {source} at {place}") from None


def unmount(place: str) -> None:
    """Removes a mount and everything below it, even while it is in use."""
    call(_LIBC.umount2, os.fsencode(place), MNT_DETACH)


def pivot_root(new: str, old: str) -> None:
    """Makes `new` the root of this mount namespace; the old root moves to `old`."""
    system_call(_PIVOT_ROOT[os.uname().machine], os.fsencode(new), os.fsencode(old))


def restrict_mount(place: str, flags: int, *, below: bool) -> None:
    """Adds flags (read-only, no devices, no setuid programs) to a mount, and with `below` to the mounts below it."""
    wanted = (ctypes.c_uint64 * 4)(flags, 0, 0, 0)
    where = (_AT_FDCWD, os.fsencode(place), _AT_RECURSIVE if below else 0)
    system_call(_MOUNT_SETATTR, *where, ctypes.byref(wanted), ctypes.sizeof(wanted))


def control(option: int, value: int = 0, third: int = 0) -> None:
    """Sets something about this process by `prctl`."""
    call(_LIBC.prctl, option, ctypes.c_ulong(value), ctypes.c_ulong(third), ctypes.c_ulong(0), ctypes.c_ulong(0))


def end_with_parent() -> None:
    """Makes the kernel kill this process when its parent ends."""
    control(_PR_SET_PDEATHSIG, 9)


def open_own_files(*, ours: bool) -> None:
    """Makes this process's files in /proc ours, or root's: then other processes of our user cannot read its memory."""
    control(_PR_SET_DUMPABLE, int(ours))


def gain_nothing() -> None:
    """Sets no_new_privs: no program that this process starts gains rights, not even a setuid program."""
    control(_PR_SET_NO_NEW_PRIVS, 1)


def filter_calls(program: bytes) -> None:
    """Makes the kernel apply this filter to every system call of this process and its children, permanently."""
    if program:
        words = (_Filter * (len(program) // ctypes.sizeof(_Filter))).from_buffer_copy(program)
        filters = _Filters(len(words), ctypes.cast(words, ctypes.c_void_p))
        call(_LIBC.prctl, _PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.byref(filters), 0, 0)


class _Filter(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("so", ctypes.c_uint8),
        ("not_so", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Filters(ctypes.Structure):
    _fields_ = (("count", ctypes.c_uint16), ("words", ctypes.c_void_p))


def leave_keyrings() -> None:
    """Puts this process into a new session keyring, so that it finds no key of ours; without keyrings, does nothing."""
    with suppress(OSError, KeyError):
        system_call(_KEYCTL[os.uname().machine], _KEYCTL_JOIN_SESSION_KEYRING, None)


def drop_capabilities() -> None:
    """Gives up every capability permanently."""
    for number in range(_MOST_CAPABILITIES):
        try:
            control(_PR_CAPBSET_DROP, number)
        except OSError:  # there are no more; or we may not drop them, and no_new_privs has to be enough
            break
    control(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    call(_LIBC.capset, ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
