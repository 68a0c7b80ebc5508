"""What each kind of box stops, as data. The probe tests every cell."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from onloop.gates.box.kind import BoxKind


class Attempt(StrEnum):
    """Something that code in a gate must not be able to do."""

    STORE = "store"
    SOCKET = "socket"
    MIRROR_READ = "mirror_read"
    MIRROR_WRITE = "mirror_write"
    OTHER_CHECKOUT = "other_checkout"
    SECRETS = "secrets"
    PROCESS_SEEN = "process_seen"
    PROCESS_SIGNALLED = "process_signalled"
    PROCESS_TRACED = "process_traced"
    TCP = "tcp"
    UDP = "udp"
    ABSTRACT_SOCKET = "abstract_socket"
    TOOLCHAIN_WRITE = "toolchain_write"
    KERNEL_SETTINGS = "kernel_settings"
    MOUNT = "mount"
    USER_NAMESPACE = "user_namespace"
    CAPABILITIES = "capabilities"
    SETUID_PROGRAMS = "setuid_programs"
    ROOT = "root"
    KERNEL_KEYS = "kernel_keys"
    MACHINE_SOCKETS = "machine_sockets"
    REQUEST_RINGS = "request_rings"
    OUTLIVES = "outlives"

    @property
    def words(self) -> str:
        """The attempt in words, as the sheet shows it."""
        return _WORDS[self]


_WORDS: Mapping[Attempt, str] = {
    Attempt.STORE: "read the store",
    Attempt.SOCKET: "connect to the gateway's socket",
    Attempt.MIRROR_READ: "read a mirror",
    Attempt.MIRROR_WRITE: "write to a mirror",
    Attempt.OTHER_CHECKOUT: "read another checkout",
    Attempt.SECRETS: "read keys and home folders",
    Attempt.PROCESS_SEEN: "see other processes",
    Attempt.PROCESS_SIGNALLED: "signal other processes",
    Attempt.PROCESS_TRACED: "trace other processes",
    Attempt.TCP: "connect over TCP",
    Attempt.UDP: "send over UDP",
    Attempt.ABSTRACT_SOCKET: "connect to abstract sockets",
    Attempt.TOOLCHAIN_WRITE: "write to the toolchain",
    Attempt.KERNEL_SETTINGS: "write to /proc/sys",
    Attempt.MOUNT: "mount a file system",
    Attempt.USER_NAMESPACE: "make user namespaces",
    Attempt.CAPABILITIES: "hold capabilities",
    Attempt.SETUID_PROGRAMS: "gain rights by setuid programs",
    Attempt.ROOT: "run as root",
    Attempt.KERNEL_KEYS: "use the kernel's keys of its user",
    Attempt.MACHINE_SOCKETS: "use a virtual machine's sockets",
    Attempt.REQUEST_RINGS: "make sockets by io_uring",
    Attempt.OUTLIVES: "outlive the end of the order",
}

_NETWORK = frozenset({Attempt.TCP, Attempt.UDP, Attempt.ABSTRACT_SOCKET})

STOPS: Mapping[BoxKind, frozenset[Attempt]] = {
    BoxKind.BUBBLEWRAP: frozenset(Attempt),
    BoxKind.NAMESPACES: frozenset(Attempt),
    BoxKind.LANDLOCK: frozenset(Attempt)
    - {Attempt.SOCKET, Attempt.UDP, Attempt.PROCESS_SEEN, Attempt.USER_NAMESPACE, Attempt.ROOT},
    BoxKind.SEATBELT: frozenset(Attempt)
    - {Attempt.PROCESS_SEEN, Attempt.CAPABILITIES, Attempt.USER_NAMESPACE, Attempt.ABSTRACT_SOCKET, Attempt.ROOT}
    - {Attempt.KERNEL_KEYS, Attempt.MACHINE_SOCKETS, Attempt.REQUEST_RINGS},
    BoxKind.NONE: frozenset({Attempt.OUTLIVES}),
}
"""What each kind stops on a machine that supports it, for a view without holes."""


def stopped(kind: BoxKind, *, network: bool = False, nested: bool = False) -> frozenset[Attempt]:
    """What a kind of box stops for a view with these holes."""
    holes = (_NETWORK if network else frozenset()) | ({Attempt.USER_NAMESPACE} if nested else frozenset())
    return STOPS[kind] - holes
