"""What every box shows of the system: programs and libraries, read-only, and an /etc with only what programs need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

USER = 1000
"""The user and group id that code has inside a box with its own users."""

_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
_FILES = (
    "debian_version",
    "gai.conf",
    "host.conf",
    "ld.so.cache",
    "locale.alias",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "pki/tls/cert.pem",
    "protocols",
    "services",
    "ssl/cert.pem",
    "ssl/openssl.cnf",
    "timezone",
)
_ETC_FOLDERS = ("alternatives", "fonts", "java-*", "pki/ca-trust", "pki/tls/certs", "ssl/certs")
_NETWORK = ("hosts", "resolv.conf")
_LARGEST_FILE = 1024 * 1024


def folders() -> tuple[Path, ...]:
    """The folders of programs and libraries that exist here; some are links to others."""
    return tuple(path for path in map(Path, _FOLDERS) if path.exists())


def etc_files(network: bool) -> tuple[Path, ...]:
    """The files of /etc that a box shows unchanged."""
    places = (Path("/etc", name) for name in (*_FILES, *(_NETWORK if network else ())))
    return tuple(path for path in places if path.is_file() and path.stat().st_size <= _LARGEST_FILE)


def etc_folders() -> tuple[Path, ...]:
    """The folders of /etc that a box shows unchanged."""
    return tuple(path for name in _ETC_FOLDERS for path in sorted(Path("/etc").glob(name)) if path.is_dir())


def written_etc(user: int, home: str, network: bool) -> Mapping[str, str]:
    """The files of /etc that are written for a box, by name. Only the box's own user has an account with a home."""
    files = {
        "passwd": f"root:x:0:0:root:/nonexistent:/usr/sbin/nologin\nbox:x:{user}:{user}:box:{home}:/bin/sh\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        "group": f"root:x:0:\nbox:x:{user}:\nnogroup:x:65534:\n",
        "hostname": "box\n",
    }
    return files if network else files | {"hosts": "127.0.0.1 localhost box\n::1 localhost\n"}


def outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The paths that do not lie within another of the paths."""
    outer: list[Path] = []
    for path in sorted(set(paths)):
        if not any(path.is_relative_to(other) for other in outer):
            outer.append(path)
    return tuple(outer)
