"""Landlock rules about what a process may open and connect to, for machines that allow no namespaces.

They hide nothing: a process still sees other processes, and can use sockets with a path, UDP and user namespaces.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from onloop.gates.box import syscalls

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1, 2, 4, 8
_TRUNCATE, _DEVICE_CONTROL = 1 << 14, 1 << 15
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE_CONTROL
_READ = _EXECUTE | _READ_FILE | _READ_FOLDER
_TCP = 1 | 2
_ABSTRACT, _SIGNALS = 1, 2
_SCOPES = _ABSTRACT | _SIGNALS
_FS_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_NEWEST_FS_RIGHTS = 16
_TCP_SINCE, _SCOPES_SINCE = 4, 6


def version() -> int:
    """The kernel's version of Landlock; 0 if it has none."""
    with suppress(OSError):
        return syscalls.system_call(_CREATE, None, 0, _VERSION)
    return 0


class Rules(NamedTuple):
    """What a process and its children may still do: read below some paths, write below others."""

    readable: tuple[str, ...]
    writable: tuple[str, ...]
    devices: tuple[str, ...]
    network: bool

    def obey(self) -> None:
        """Applies the rules to this process from now on; OSError if the kernel has no Landlock."""
        abi = version()
        if abi < 1:
            raise OSError(os.EX_UNAVAILABLE, "the kernel has no Landlock")
        rights = (1 << _FS_RIGHTS.get(abi, _NEWEST_FS_RIGHTS)) - 1
        attributes = [rights]
        if abi >= _TCP_SINCE:
            attributes.append(0 if self.network else _TCP)
        if abi >= _SCOPES_SINCE:
            attributes.append(_SCOPES)
        words = (ctypes.c_uint64 * len(attributes))(*attributes)
        rules = syscalls.system_call(_CREATE, ctypes.byref(words), ctypes.sizeof(words), 0)
        _allow(rules, self.readable, rights & _READ)
        _allow(rules, self.writable, rights)
        _allow(rules, self.devices, rights & (_READ_FILE | _WRITE_FILE | _DEVICE_CONTROL))
        syscalls.gain_nothing()
        syscalls.system_call(_RESTRICT, rules, 0)
        os.close(rules)


def keep_to_own_sockets() -> None:
    """Keeps this process from abstract sockets of others; on a kernel that is too old it does nothing."""
    if version() >= _SCOPES_SINCE:
        syscalls.gain_nothing()
        words = (ctypes.c_uint64 * 3)(0, 0, _ABSTRACT)
        rules = syscalls.system_call(_CREATE, ctypes.byref(words), ctypes.sizeof(words), 0)
        syscalls.system_call(_RESTRICT, rules, 0)
        os.close(rules)


def _allow(rules: int, paths: Iterable[str], rights: int) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            fitting = rights if Path(path).is_dir() else rights & _FILE_RIGHTS
            rule = fitting.to_bytes(8, "little") + place.to_bytes(4, "little", signed=True)
            syscalls.system_call(_ADD, rules, _PATH_BENEATH, ctypes.create_string_buffer(rule, len(rule)), 0)
            os.close(place)
