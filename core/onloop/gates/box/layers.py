"""Mounts layered folders for one run. This code runs in a warden's child, and what it mounts ends with that child.

Root mounts them in a mount namespace of the child; everybody else in a user namespace as well, which the kernel allows
since version 5.11.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from onloop.gates.box import syscalls

_HARMLESS = syscalls.MS_NOSUID | syscalls.MS_NODEV
_PLAIN = "redirect_dir=off,metacopy=off,index=off"
_OURS = "userxattr"
_NAMES = "lower"


def mount_layers(folders: Sequence[Sequence[str]], links: str) -> None:
    """Mounts each folder: its place, its room, and the folders below it; OSError if the kernel does not allow it.

    `links` is an empty folder for short names of the folders: the kernel splits what it is told at colons.
    """
    if not folders:
        return
    way = _own_space()
    for number, (place, room, *lowers) in enumerate(folders):
        names = [f"{_NAMES}{number}.{level}" for level in range(len(lowers))]
        for name, lower in zip((*names, f"room{number}"), (*lowers, room), strict=True):
            Path(links, name).symlink_to(lower)
        os.chdir(links)
        words = f"lowerdir={':'.join(names)},upperdir=room{number}/upper,workdir=room{number}/work,{way}"
        syscalls.mount("overlay", place, "overlay", _HARMLESS, words)
    os.chdir("/")


def _own_space() -> str:
    """Enters a mount namespace whose mounts nobody else sees; the answer is what to tell the kernel of each mount."""
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        syscalls.unshare(syscalls.CLONE_NEWNS)
        syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_SLAVE)
        return _PLAIN
    syscalls.open_own_files(ours=True)
    syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    syscalls.open_own_files(ours=False)
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_SLAVE)
    return _OURS
