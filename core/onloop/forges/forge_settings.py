"""What a person declares of forges: `forges.toml` in the store, a table for each host, read as strictly as `git.toml`.

[forge."github.com"]
kind = "github"
token = { file = "/home/me/.onloop-github" }

[http]
allow = ["ci.internal:8443"]
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from onloop.errors import BadInput
from onloop.forges.forge_records import RepositoryName
from onloop.gates.credentials.declared import private_text
from onloop.records import Record

FILE = "forges.toml"
KINDS = ("github",)
MOST_HOSTS = 100

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:[0-9]{1,5})?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,200}")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_SCP_LIKE = re.compile(r"(?:[^@/]+@)?([^:/@]+):(?!//)(.*)", re.DOTALL)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_FIELDS = ("kind", "api", "token", "app", "ca_file", "origins")


class TokenSource(Record):
    """Where a token is: one of a variable, a file and a command that prints it."""

    env: str = ""
    file: str = ""
    command: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Where it is, without what it is."""
        return f"${self.env}" if self.env else self.file or (self.command[0] if self.command else "nowhere")


class AppKey(Record):
    """A GitHub App as it is installed for somebody: its id, the installation's, and the file of its private key."""

    id: int
    installation: int
    key_file: str


class ForgeSettings(Record):
    """One forge: its host as origins name it, its API, and what we show it.

    `origins` are other beginnings of the addresses of its repositories, such as an alias of ssh or a folder of mirrors.
    """

    host: str
    kind: str = "github"
    api: str = ""
    token: TokenSource | None = None
    app: AppKey | None = None
    ca_file: str = ""
    origins: tuple[str, ...] = ()


class OutsideSettings(Record):
    """All that is declared: forges by host, and the hosts that `http:` gates may ask though they are not public."""

    file: Path
    forges: tuple[ForgeSettings, ...] = ()
    http_allow: tuple[str, ...] = ()

    def forge(self, host: str) -> ForgeSettings | None:
        """What is declared for a host."""
        return next((each for each in self.forges if each.host == host), None)

    def repository(self, origin: str) -> RepositoryName | None:
        """Which repository of a declared forge an origin is; None if it is none."""
        for settings in self.forges:
            for start in settings.origins:
                if origin.startswith(start) and (named := _named(settings.host, origin.removeprefix(start))):
                    return named
        host, path = _host_and_path(origin)
        return _named(host, path) if self.forge(host) is not None else None


def read_settings(folder: Path) -> OutsideSettings:
    """What the file in a store's folder declares; nothing if there is none. BadInput names what is wrong."""
    file = folder / FILE
    text = private_text(file)
    if text is None:
        return OutsideSettings(file)
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise BadInput(f"{file}: {problem}", hint='write TOML: a table [forge."HOST"] for each forge') from None
    _known_keys(file, "the file", given, ("forge", "http"))
    forges, http = _table(file, "forge", given.get("forge", {})), _table(file, "http", given.get("http", {}))
    if len(forges) > MOST_HOSTS:
        raise _wrong(file, f"{len(forges)} forges are declared", f"declare {MOST_HOSTS} at most")
    _known_keys(file, "[http]", http, ("allow",))
    allow = _texts(file, "[http] allow", http.get("allow", []))
    if odd := next((host for host in allow if not _HOST.fullmatch(host)), None):
        raise _wrong(file, f"[http] allow names {odd[:60]!r}", "name hosts in lower case, such as ci.internal:8443")
    return OutsideSettings(file, tuple(_forge(file, host, table) for host, table in forges.items()), allow)


def _forge(file: Path, host: str, given: Any) -> ForgeSettings:
    where = f'[forge."{host[:60]}"]'
    if not _HOST.fullmatch(host):
        raise _wrong(file, f"{where} is headed by no host", 'head it [forge."github.com"], in lower case')
    table = _table(file, where, given)
    _known_keys(file, where, table, _FIELDS)
    kind = table.get("kind", "github")
    if kind not in KINDS:
        raise _wrong(file, f"{where} kind is {str(kind)[:40]!r}", f"kinds that there are: {', '.join(KINDS)}")
    if ("token" in table) == ("app" in table):
        raise _wrong(
            file, f"{where} needs a token or an app, and not both", 'token = { env = "GITHUB_TOKEN" }, or app = { … }'
        )
    return ForgeSettings(
        host,
        kind,
        _api(file, where, host, table.get("api", "")),
        _token(file, where, table["token"]) if "token" in table else None,
        _app(file, where, table["app"]) if "app" in table else None,
        _place(file, f"{where} ca_file", table["ca_file"]) if "ca_file" in table else "",
        _texts(file, f"{where} origins", table.get("origins", [])),
    )


def _api(file: Path, where: str, host: str, given: Any) -> str:
    if given == "":
        return "https://api.github.com" if host == "github.com" else f"https://{host}/api/v3"
    parts = urlsplit(given) if isinstance(given, str) else urlsplit("")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_safe or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise _wrong(file, f"{where} api is no https address", 'write api = "https://HOST/api/v3", without a user')
    return str(given).rstrip("/")


def _token(file: Path, where: str, given: Any) -> TokenSource:
    table = _table(file, f"{where} token", given)
    _known_keys(file, f"{where} token", table, ("env", "file", "command"))
    if len(table) != 1:
        raise _wrong(file, f"{where} token names {len(table)} places", 'name one: { file = "/path" }')
    if "env" in table:
        name = table["env"]
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name) or name.startswith("ONLOOP_"):
            raise _wrong(file, f"{where} token env is {str(name)[:40]!r}", "name a variable, such as GITHUB_TOKEN")
        return TokenSource(env=name)
    if "file" in table:
        return TokenSource(file=_place(file, f"{where} token file", table["file"]))
    words = _texts(file, f"{where} token command", table["command"])
    if not words:
        raise _wrong(file, f"{where} token command is empty", 'write it as ["gh", "auth", "token"]')
    return TokenSource(command=words)


def _app(file: Path, where: str, given: Any) -> AppKey:
    table = _table(file, f"{where} app", given)
    _known_keys(file, f"{where} app", table, ("id", "installation", "key_file"))
    numbers = (table.get("id"), table.get("installation"))
    if any(type(number) is not int or not 0 < number < 1 << 53 for number in numbers):
        raise _wrong(file, f"{where} app needs the numbers id and installation", "the App's settings page shows them")
    return AppKey(table["id"], table["installation"], _place(file, f"{where} app key_file", table.get("key_file")))


def _place(file: Path, what: str, given: Any) -> str:
    if not isinstance(given, str) or not given.startswith("/") or not given.isprintable():
        raise _wrong(file, f"{what} is {str(given)[:60]!r}", "give an absolute path")
    return given


def _texts(file: Path, what: str, given: Any) -> tuple[str, ...]:
    fits = isinstance(given, list) and len(given) <= 50
    if not fits or not all(isinstance(each, str) and each and each.isprintable() and len(each) < 500 for each in given):
        raise _wrong(file, f"{what} is no list of texts", 'write it as ["…", "…"], 50 at most')
    return tuple(given)


def _table(file: Path, what: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise _wrong(file, f"{what} is no table", "write a line for each of its fields")
    return given


def _known_keys(file: Path, where: str, given: Mapping[str, Any], valid: tuple[str, ...]) -> None:
    if unknown := next((key for key in given if key not in valid), None):
        raise _wrong(file, f"{where} has an unknown field {unknown[:40]!r}", f"fields: {', '.join(valid)}")


def _wrong(file: Path, what: str, hint: str) -> BadInput:
    return BadInput(f"{file}: {what}", hint=hint)


def _host_and_path(origin: str) -> tuple[str, str]:
    if "://" not in origin:
        found = None if origin.startswith("/") else _SCP_LIKE.fullmatch(origin)
        return (found[1].lower(), found[2]) if found else ("", "")
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return "", ""
    usual = {"https": 443, "ssh": 22, "http": 80}.get(parts.scheme)
    host = (parts.hostname or "") if port in {None, usual} else f"{parts.hostname}:{port}"
    return host, parts.path


def _named(host: str, path: str) -> RepositoryName | None:
    words = path.strip("/").removesuffix(".git").split("/")
    if len(words) != 2 or not all(_SLUG.fullmatch(word) for word in words):
        return None
    return RepositoryName(host, *words)
