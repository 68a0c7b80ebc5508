"""Tries to get out of the box that it runs in, and reports what happened. The probe runs this text in an interpreter.

`python -I -S -c TEXT TARGETS` prints one line of JSON: for each attempt, whether it was stopped (true, false, or null
if it could not be tried) and a few words. It imports only the standard library, because nothing else may be there.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import pwd
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWUSER = 0x10000000
_PR_GET_NO_NEW_PRIVS = 39
_PTRACE_ATTACH, _PTRACE_DETACH = 16, 17
_SECONDS = 2.0
_SETTINGS = ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/pid_max")

Found = tuple[bool | None, str]


def _open(what: str) -> Found:
    return False, what


def _refused(problem: OSError) -> Found:
    if problem.errno in {errno.ENOSYS, errno.ETIMEDOUT}:
        return None, problem.strerror or str(problem)
    return True, problem.strerror or str(problem)


def _each(targets: Iterable[Any], attempt: Callable[[Any], str]) -> Found:
    """The result for the first target that was reached, else how the last one was refused."""
    last: Found = (None, "there was no target to try")
    for target in targets:
        try:
            return _open(attempt(target))
        except OSError as problem:
            last = _refused(problem)
    return last


def _read(path: str) -> str:
    if Path(path).is_dir():
        return f"{path} holds {len(os.listdir(path))} entries"  # noqa: PTH208 - one call, which may be refused
    with Path(path).open("rb") as file:
        return f"{path}: {len(file.read(16))} bytes"


def _write(path: str) -> str:
    if not Path(path).is_dir():
        with Path(path).open("r+b"):
            return f"{path} can be written to"
    planted = Path(path) / f".box-{os.getpid()}"
    with planted.open("xb"):
        planted.unlink()
    return f"a file was made in {path}"


def _connect(address: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(_SECONDS)
        line.connect(address)
    return f"connected to {address.lstrip(chr(0))}"


def _connect_tcp(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=_SECONDS):
        return f"connected to 127.0.0.1:{port}"


def _send_udp(port: int) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(_SECONDS)
        line.connect(("127.0.0.1", port))
        line.send(b"box")
        line.send(b"box")
        if line.recv(3) != b"box":
            raise OSError(errno.ENOTCONN, "there was no answer")
    return f"127.0.0.1:{port} answered"


def _seen(halves: list[str]) -> Found:
    """Whether a process with a word in its command line is seen. The word comes in halves, so that ours lacks it."""
    word = "".join(halves).encode()
    if not Path("/proc/self").exists():
        return True, "there is no /proc"
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and word in (entry / "cmdline").read_bytes():
                return _open(f"process {entry.name} was seen")
    return True, "it is not in /proc"


def _signal(pid: int) -> str:
    os.kill(pid, signal.SIGCONT)
    return f"process {pid} was signalled"


def _trace(pid: int) -> str:
    _call(_LIBC.ptrace, _PTRACE_ATTACH, pid, None, None)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
    _LIBC.ptrace(_PTRACE_DETACH, pid, None, None)
    return f"process {pid} was traced"


def _call(function: Any, *arguments: Any) -> None:
    if function(*arguments) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _setting(path: str) -> str:
    os.close(os.open(path, os.O_WRONLY))
    return f"{path} can be written to"


def _mount(place: str) -> str:
    _call(_LIBC.mount, b"box", place.encode(), b"tmpfs", 0, None)
    _LIBC.umount2(place.encode(), 2)
    return "a file system was mounted"


def _nest(_: object) -> str:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        failed = _LIBC.unshare(_CLONE_NEWUSER) == -1
        os.write(writer, str(ctypes.get_errno() if failed else 0).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    if number := int(os.read(reader, 16)):
        raise OSError(number, os.strerror(number))
    return "a user namespace was made"


def _capabilities() -> Found:
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    _call(_LIBC.capget, ctypes.byref(header), ctypes.byref(sets))
    held = bin(sets[0] | sets[1]).count("1") + bin(sets[3] | sets[4]).count("1")
    return (True, "none") if held == 0 else _open(f"{held} capabilities are held")


def _set_user() -> Found:
    kept = _LIBC.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1
    return (True, "no_new_privs is set") if kept else _open("a setuid program gets its owner's rights")


def _root() -> Found:
    """Whether we are root, in the box or outside."""
    user = os.getuid()
    if 0 in {user, os.geteuid()}:
        return _open("it runs as root")
    if Path("/usr").stat().st_uid == user:  # root's files are ours, so our user id is root's outside
        return _open("it runs as root outside")
    with suppress(KeyError):
        return True, f"it runs as {pwd.getpwuid(user).pw_name}, user {user}"
    return True, f"it runs as user {user}, who has no account"


def _of_the_machine(attempt: Callable[[Any], str]) -> Found:
    """The result of an attempt at a feature that a kernel may lack: if it is missing, nobody can use it."""
    try:
        return _open(attempt(None))
    except OSError as problem:
        return True, problem.strerror or str(problem)


def _key(_: object) -> str:
    number = {"x86_64": 248, "aarch64": 217, "riscv64": 217}.get(os.uname().machine)
    if number is None:
        return "the call for keys is not known on this machine"
    _call(_LIBC.syscall, number, b"user", b"onloop", b"x", 1, -4)
    return "the user's keys can be written to"


def _machine_socket(_: object) -> str:
    socket.socket(40, socket.SOCK_STREAM).close()
    return "a virtual machine's socket was made"


def _ring(_: object) -> str:
    os.close(_descriptor(_LIBC.syscall(425, 1, ctypes.create_string_buffer(120))))
    return "a ring of requests was made"


def _descriptor(number: int) -> int:
    if number == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return number


def _outlive(name: str) -> Found:
    """Leaves a process behind; the probe checks from outside whether it stays."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            _LIBC.prctl(15, name.encode(), 0, 0, 0)
            for descriptor in range(3):
                os.close(descriptor)
            while True:
                signal.pause()
        os._exit(0)
    os.wait()
    return None, "the probe checks this from outside"


def attempts(targets: dict[str, Any]) -> dict[str, Found]:
    """The result of each attempt on the targets."""
    return {
        "store": _each(targets["store"], _read),
        "socket": _each(targets["socket"], _connect),
        "mirror_read": _each(targets["mirror"], _read),
        "mirror_write": _each(targets["mirror"], _write),
        "other_checkout": _each(targets["other_checkout"], _read),
        "secrets": _each(targets["secrets"], _read),
        "process_seen": _seen(targets["word"]),
        "process_signalled": _each(targets["process"], _signal),
        "process_traced": _each(targets["process"], _trace),
        "tcp": _each(targets["tcp"], _connect_tcp),
        "udp": _each(targets["udp"], _send_udp),
        "abstract_socket": _each(("\0" + name for name in targets["abstract"]), _connect),
        "toolchain_write": _each(targets["toolchain"], _write),
        "kernel_settings": _each(_SETTINGS, _setting),
        "mount": _each((os.environ.get("TMPDIR", "/tmp"),), _mount),  # noqa: S108
        "user_namespace": _each((None,), _nest),
        "capabilities": _capabilities(),
        "setuid_programs": _set_user(),
        "root": _root(),
        "kernel_keys": _of_the_machine(_key),
        "machine_sockets": _of_the_machine(_machine_socket),
        "request_rings": _of_the_machine(_ring),
        "outlives": _outlive(targets["name"]),
    }


if __name__ == "__main__":
    print(json.dumps(attempts(json.loads(sys.argv[1]))))  # noqa: T201 - this is what the probe reads
