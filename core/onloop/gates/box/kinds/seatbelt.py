"""The profile for macOS's `sandbox-exec`: it allows reading the system and toolchain, and writing a run's folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from onloop.gates.box.visible import VisibleFiles

PROGRAM = "/usr/bin/sandbox-exec"
"""Where macOS has the program."""

_SYSTEM = (
    "/System",
    "/usr",
    "/bin",
    "/sbin",
    "/Library/Apple",
    "/Library/Developer/CommandLineTools",
    "/Applications/Xcode.app",
    "/opt/homebrew",
    "/private/etc/localtime",
    "/private/etc/passwd",
    "/private/etc/protocols",
    "/private/etc/services",
    "/private/etc/ssl",
    "/private/var/db/timezone",
    "/private/var/db/dyld",
    "/private/var/select",
)
_NETWORK_FILES = ("/private/etc/hosts", "/private/etc/resolv.conf", "/private/var/run/resolv.conf")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/dtracehelper")


def profile(view: VisibleFiles) -> str:
    """The rules for a view, in the language of `sandbox-exec`. Everything that they do not allow is denied."""
    return "\n".join(_rules(view)) + "\n"


def _rules(view: VisibleFiles) -> Iterator[str]:
    yield "(version 1)"
    yield "(deny default)"
    yield "(allow process-fork)"
    yield "(allow process-exec)"
    yield "(allow signal (target same-sandbox))"
    yield "(allow process-info* (target same-sandbox))"
    yield "(allow sysctl-read)"
    yield "(allow ipc-posix-sem)"
    yield "(allow file-read-metadata)"
    placed = (each.folder for each in view.placed)
    readable = (*_SYSTEM, *map(_real, view.read_only), *map(_real, placed), *(_NETWORK_FILES if view.network else ()))
    yield f'(allow file-read* (literal "/") {" ".join(map(_below, readable))})'
    yield f"(allow file-read* file-write* {' '.join(map(_below, map(_real, view.written)))})"
    devices = " ".join(f"(literal {json.dumps(path)})" for path in _DEVICES)
    yield f"(allow file-read* file-write-data file-ioctl {devices})"
    yield "(allow network*)" if view.network else "(deny network*)"
    if view.network:
        yield "(allow system-socket)"
        yield '(allow mach-lookup (global-name "com.apple.dnssd.service"))'


def _real(path: Path) -> str:
    return str(path.resolve())


def _below(path: str) -> str:
    """The rule for a path and everything below it. The profile quotes text as JSON does."""
    return f"(subpath {json.dumps(path, ensure_ascii=False)})"
