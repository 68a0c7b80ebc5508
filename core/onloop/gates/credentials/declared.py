"""What a person declares for the gateway's git: `git.toml` in the store, a table for each host or part of one.

The file is read strictly: it must be ours and closed to others (0600), and every problem names file and line.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from onloop.errors import BadInput

FILE = "git.toml"
SIGNING = "signing"
"""The table that is about commits of ours, and about no address."""
LARGEST = 262_144
MOST_WORDS = 50

SOURCES = ("helper", "token_file", "token_env", "netrc", "askpass")
"""Where a user and a password can come from; at most one for each table."""

_OF_HTTPS = (*SOURCES, "user", "ca_file", "ca_path", "client_cert", "client_key", "proxy")
_OF_SSH = ("ssh_key", "ssh_agent", "known_hosts")
_PLACES = (
    "token_file",
    "netrc",
    "askpass",
    "ca_file",
    "ca_path",
    "client_cert",
    "client_key",
    "ssh_key",
    "known_hosts",
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SCP_LIKE = re.compile(r"(?:[^@/]+@)?([^:/@]+):(.*)", re.DOTALL)
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]+")
_PORTS = {"https": 443, "ssh": 22}


@dataclass(frozen=True, slots=True)
class Address:
    """Where an origin is: transport, host, port and path."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def words(self) -> str:
        """The address as a URL, without a port that is the usual one."""
        port = "" if self.port == _PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}/{self.path}".rstrip("/")

    @property
    def netloc(self) -> str:
        """Host and port as git's credential protocol writes them."""
        return self.host if self.port == _PORTS.get(self.scheme) else f"{self.host}:{self.port}"

    def covers(self, other: Address) -> bool:
        """Whether `other` is on the same host and below the same path."""
        place = (self.scheme, self.host, self.port)
        below = not self.path or f"{other.path}/".startswith(f"{self.path}/")
        return place == (other.scheme, other.host, other.port) and below


@dataclass(frozen=True, slots=True, repr=False)
class Access:
    """What is declared for one address: names and places of secrets, never a secret itself."""

    address: Address
    helper: tuple[str, ...] = ()
    token_file: str = ""
    token_env: str = ""
    netrc: str = ""
    askpass: str = ""
    user: str = ""
    ca_file: str = ""
    ca_path: str = ""
    client_cert: str = ""
    client_key: str = ""
    proxy: str = ""
    ssh_key: str = ""
    ssh_agent: bool = False
    known_hosts: str = ""

    @property
    def words(self) -> str:
        """What is declared, in one line and without a secret."""
        given = ((name, getattr(self, name)) for name in (*_OF_HTTPS, *_OF_SSH))
        shown = [f"{name} {_shown(name, value)}" for name, value in given if value]
        return ", ".join(shown) or "nothing beside the address"

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """The files and folders that are named, each with the field that names it."""
        return tuple((name, getattr(self, name)) for name in _PLACES if getattr(self, name))


def _shown(name: str, value: Any) -> str:
    if name == "helper":
        return str(value[0])
    return "yes" if value is True else str(value)


def address_of_origin(origin: str) -> Address | None:
    """Where an origin is; None for a path and for transports that take no credentials."""
    if "://" not in origin:
        found = None if origin.startswith("/") else _SCP_LIKE.fullmatch(origin)
        return Address("ssh", found[1].lower(), _PORTS["ssh"], _path(found[2])) if found else None
    try:
        parts = urlsplit(origin)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return Address(parts.scheme, parts.hostname, port, _path(parts.path))


def _path(text: str) -> str:
    return text.strip("/").removesuffix(".git")


def access_for(file: Path | None, origin: str) -> Access | None:
    """What the file declares for an origin, the longest path first; None if it declares nothing."""
    address = address_of_origin(origin)
    if file is None or address is None:
        return None
    fitting = [access for access in declared(file) if access.address.covers(address)]
    return max(fitting, key=lambda access: len(access.address.path), default=None)


def declared(file: Path) -> tuple[Access, ...]:
    """Everything that the file declares; nothing if there is no file. BadInput names file and line."""
    text = private_text(file)
    if text is None:
        return ()
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise BadInput(f"{file}: {problem}", hint='write TOML: a table ["https://HOST"] for each host') from None
    lines = _Lines(file, text)
    return tuple(_access(url, table, lines) for url, table in tables.items() if url != SIGNING)


def private_text(file: Path) -> str | None:
    """The text of a file with something secret in it, or None if it does not exist.

    BadInput if it is another user's, open to others, no plain file, or too large.
    """
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise BadInput(f"{file} cannot be read: {problem.strerror}", hint="give a plain file of yours") from None
    with os.fdopen(handle, "rb") as opened:
        status = os.fstat(opened.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(f"{file} is not a plain file", hint="give a plain file of yours")
        if status.st_uid != os.getuid():
            raise BadInput(f"{file} belongs to user {status.st_uid}", hint=f"make it yours: chown {os.getuid()} {file}")
        if status.st_mode & 0o077:
            raise BadInput(f"{file} is open to others", hint=f"chmod 600 {file}")
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BadInput(f"{file} has more than {LARGEST} bytes", hint="keep in it what git needs alone")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise BadInput(f"{file} is not UTF-8", hint="write it in UTF-8") from None


@dataclass(frozen=True, slots=True)
class _Lines:
    """Where the tables and keys of a TOML text are."""

    file: Path
    text: str

    def problem(self, url: str, key: str, what: str, hint: str) -> BadInput:
        """The error about a key of a table, or, without a key, about the table."""
        return BadInput(f"{self.file}:{self._number(url, key)}: {what}", hint=hint)

    def _number(self, url: str, key: str) -> int:
        inside, heading = False, 1
        for number, line in enumerate(self.text.splitlines(), 1):
            bare = line.strip()
            if bare.startswith("[") or url not in self.text:
                inside = url in bare
                heading = number if inside else heading
            if key and (inside or bare.startswith(url)) and re.match(rf"[\"']?{re.escape(key)}[\"']?\s*[=.]", bare):
                return number
        return heading


def _access(url: str, table: Any, lines: _Lines) -> Access:
    address = address_of_origin(url)
    if address is None or "@" in urlsplit(url).netloc:
        what = f"{re.sub('//.*@', '//***@', url)[:100]!r} is no address of a host"
        raise lines.problem(url, "", what, 'head a table ["https://HOST/PATH"] or ["ssh://HOST"], without a user')
    if not isinstance(table, Mapping):
        raise lines.problem(url, "", f"{url!r} is no table", f'head it ["{url}"] and write a line for each field')
    valid = _OF_HTTPS if address.scheme == "https" else _OF_SSH
    for key, value in table.items():
        if key not in valid:
            kind = (
                "unknown field"
                if key not in (*_OF_HTTPS, *_OF_SSH)
                else f"a field that {address.scheme} has no use for:"
            )
            raise lines.problem(url, key, f"{kind} {key[:40]!r}", f"fields for {address.scheme}: {', '.join(valid)}")
        if wrong := _wrong(key, value):
            raise lines.problem(url, key, f"{key} {wrong[0]}", wrong[1])
    given: dict[str, Any] = {key: tuple(value) if key == "helper" else value for key, value in table.items()}
    access = Access(address, **given)
    _check_together(access, url, lines)
    return access


def _wrong(key: str, value: Any) -> tuple[str, str] | None:
    """What is wrong with a value, and what would work; None if it is fine."""
    if key == "ssh_agent":
        return None if isinstance(value, bool) else ("is neither true nor false", "write ssh_agent = true")
    if key == "helper":
        is_argv = (
            isinstance(value, list) and value and all(_is_text(word) for word in value) and len(value) <= MOST_WORDS
        )
        return (
            None if is_argv else ("is no list of words", 'write it as helper = ["cache"] or ["/usr/bin/gh", "auth", …]')
        )
    if not _is_text(value):
        return "is no text in printable characters", f'write {key} = "…"'
    if key in _PLACES and not value.startswith("/"):
        return f"is {value[:60]!r}", "give an absolute path"
    if key == "token_env" and (not _VARIABLE.fullmatch(value) or value.startswith(("GIT_", "ONLOOP_"))):
        return f"is {value[:60]!r}", "name a variable, such as GITHUB_TOKEN; GIT_* and ONLOOP_* are never read"
    if key == "proxy" and ("@" in value or "://" not in value):
        return "holds a credential or is no URL", "write a URL without a user, such as http://proxy.example.org:3128"
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 2_000 and _PRINTABLE.fullmatch(value) is not None


def _check_together(access: Access, url: str, lines: _Lines) -> None:
    given = [name for name in SOURCES if getattr(access, name)]
    if len(given) > 1:
        raise lines.problem(url, given[1], f"both {given[0]} and {given[1]} are given", "keep one of them")
    if access.client_key and not access.client_cert:
        raise lines.problem(url, "client_key", "client_key has no client_cert", "give both, or neither")
    if access.address.scheme == "ssh" and not access.known_hosts:
        raise lines.problem(
            url, "", f"{url} has no known_hosts", "name a file with the host's keys; ssh-keyscan HOST prints them"
        )
    if access.address.scheme == "ssh" and not (access.ssh_key or access.ssh_agent):
        raise lines.problem(url, "", f"{url} has no key", 'give ssh_key = "/path", or ssh_agent = true')
