"""What every box shows of the system: programs and libraries to read, and an /etc with no more than programs need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

USER = 1000
"""The user and group that code finds itself to be in a box that has users of its own."""

_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
_ETC = (
    "alternatives",
    "ca-certificates.conf",
    "debian_version",
    "fonts",
    "gai.conf",
    "host.conf",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "perl",
    "pki/ca-trust",
    "pki/tls/cert.pem",
    "pki/tls/certs",
    "protocols",
    "services",
    "ssl/cert.pem",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
)
_JAVA = "java-*"
_NETWORK = ("hosts", "resolv.conf")


def folders() -> tuple[Path, ...]:
    """The folders of programs and libraries that are there; some are links to others."""
    return tuple(path for path in map(Path, _FOLDERS) if path.exists())


def etc(network: bool) -> tuple[Path, ...]:
    """The files and folders of /etc that are shown as they are."""
    root = Path("/etc")
    names = (*_ETC, *(path.name for path in sorted(root.glob(_JAVA))), *(_NETWORK if network else ()))
    return tuple(root / name for name in names if (root / name).exists())


def written_etc(user: int, home: str, network: bool) -> Mapping[str, str]:
    """The files of /etc that a box has of its own, by name: code has an account with a home, and no one else does."""
    files = {
        "passwd": f"root:x:0:0:root:/nonexistent:/usr/sbin/nologin\nbox:x:{user}:{user}:box:{home}:/bin/sh\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        "group": f"root:x:0:\nbox:x:{user}:\nnogroup:x:65534:\n",
        "hostname": "box\n",
    }
    return files if network else files | {"hosts": "127.0.0.1 localhost box\n::1 localhost\n"}


def outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The paths that are not within another one of them."""
    found: list[Path] = []
    for path in sorted(set(paths)):
        if not any(path.is_relative_to(other) for other in found):
            found.append(path)
    return tuple(found)
