"""What a machine declares of its channels: `calls.toml` in the store's folder, and where its secrets come from.

Rules, which people adopt, name channels; where these lead is only said here, by whoever owns the machine.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from onloop.errors import BadInput, Unavailable
from onloop.gates.credentials.declared import private_text
from onloop.inherited import NEVER
from onloop.known_secrets import keep_secret
from onloop.records import Record, SecretRecord
from onloop.text import safe

FILE = "calls.toml"
ANSWER_S = 30.0
"""How long a program that gives a secret may take, in seconds."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]+")
_TEXT, _SECRET, _WORDS, _NUMBER, _TABLE = "a text", "a secret", "a list of words", "a number", "a table of texts"
_FIELDS: Mapping[str, Mapping[str, str]] = {
    "ntfy": {"url": _SECRET, "token": _SECRET},
    "slack": {"url": _SECRET},
    "webhook": {"url": _SECRET, "secret": _SECRET},
    "command": {"argv": _WORDS},
    "email": {
        "host": _TEXT,
        "port": _NUMBER,
        "security": _TEXT,
        "user": _TEXT,
        "password": _SECRET,
        "from": _TEXT,
        "to": _TABLE,
        "ca_file": _TEXT,
    },
}
"""By kind: its fields, and what each of them is."""

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "ntfy": ("url",),
    "slack": ("url",),
    "webhook": ("url", "secret"),
    "command": ("argv",),
    "email": ("host", "from"),
}
SECURITIES = ("tls", "starttls", "none")


class SecretSource(SecretRecord):
    """Where a secret comes from: given as it is, or one of a file, a variable, and what a program prints."""

    text: str = ""
    file: str = ""
    env: str = ""
    command: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Where it comes from, without the secret."""
        if self.file or self.env:
            return f"file {self.file}" if self.file else f"variable {self.env}"
        return f"command {self.command[0]}" if self.command else "calls.toml"


class CallChannel(SecretRecord):
    """One way to reach people, as `calls.toml` says it."""

    name: str
    kind: str
    secrets: Mapping[str, SecretSource]
    texts: Mapping[str, str]
    argv: tuple[str, ...] = ()
    port: int = 0
    addresses: Mapping[str, str] = {}

    def secret(self, field: str) -> str:
        """The secret of that field, read now; empty where none is declared. BadInput or Unavailable say why not."""
        source = self.secrets.get(field)
        return "" if source is None else secret_from(source, f"{field} of channel {self.name}")


class Channels(Record):
    """All channels by name; `link` leads to a task where something serves it: `{task}` stands for its id."""

    by_name: Mapping[str, CallChannel]
    link: str = ""


def declared_channels(store: Path) -> Channels:
    """The channels that `calls.toml` in the store's folder declares; none without a file. BadInput says why not."""
    file = store / FILE
    text = private_text(file)
    if text is None:
        return Channels({})
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise BadInput(f"{file}: {problem}", hint="write TOML: a table [channel.NAME] for each channel") from None
    unknown = [key for key in tables if key not in {"link", "channel"}]
    if unknown:
        raise BadInput(f"{file}: unknown field {safe(unknown[0], 40)!r}", hint="fields: link, channel.NAME")
    link = tables.get("link", "")
    if not isinstance(link, str) or (link and not link.startswith(("https://", "http://"))):
        raise BadInput(f"{file}: link is no URL", hint='link = "https://onloop.example/tasks/{task}"')
    made = tables.get("channel", {})
    if not isinstance(made, dict):
        raise BadInput(f"{file}: channel is no table", hint="head a table [channel.NAME]")
    return Channels({name: _channel(file, name, table) for name, table in made.items()}, link)


def _channel(file: Path, name: str, table: Any) -> CallChannel:
    where = f"{file}: channel {safe(name, 40)}"
    if not _NAME.fullmatch(name) or not isinstance(table, dict):
        raise BadInput(f"{where} is no channel", hint="head a table [channel.NAME], with letters, digits, . _ and -")
    kind = str(table.get("kind"))
    if kind not in _FIELDS:
        raise BadInput(f"{where} has no kind that is known", hint=f"kind = one of: {', '.join(_FIELDS)}")
    fields = _FIELDS[kind]
    for field, value in table.items():
        if field != "kind":
            _check(where, field, value, fields)
    missing = next((field for field in _NEEDED[kind] if field not in table), None)
    if missing is not None:
        raise BadInput(f"{where} lacks {missing}", hint=f"fields of {kind}: {', '.join(fields)}")
    if kind == "email" and table.get("security", "starttls") not in SECURITIES:
        raise BadInput(f"{where}: security is not known", hint=f"give one of: {', '.join(SECURITIES)}")
    return CallChannel(
        name=name,
        kind=kind,
        secrets={f: _source(table[f]) for f, what in fields.items() if what == _SECRET and f in table},
        texts={f: table[f] for f, what in fields.items() if what == _TEXT and f in table},
        argv=tuple(table.get("argv", ())),
        port=table.get("port", 0),
        addresses=dict(table.get("to", {})),
    )


def _check(where: str, field: str, value: Any, fields: Mapping[str, str]) -> None:
    if field not in fields:
        raise BadInput(f"{where}: unknown field {safe(field, 40)!r}", hint=f"fields: kind, {', '.join(fields)}")
    what = fields[field]
    if not _IS[what](value):
        hint = '{file = "/…"}, {env = "…"}, {command = ["…"]} or a text' if what == _SECRET else f"give {what}"
        raise BadInput(f"{where}: {field} is not {what}", hint=hint)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 4_000 and _PRINTABLE.fullmatch(value) is not None


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= 50 and all(_is_text(word) for word in value)


def _is_program(value: Any) -> bool:
    return _is_words(value) and str(value[0]).startswith("/")


def _is_secret(value: Any) -> bool:
    if not isinstance(value, dict):
        return _is_text(value)
    if len(value) != 1:
        return False
    ((field, inner),) = value.items()
    if field == "command":
        return _is_program(inner)
    return field in {"file", "env"} and _is_text(inner) and (field == "env" or str(inner).startswith("/"))


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65_536


def _is_addresses(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_text(each) and "@" in each for each in value.values())


_IS: Mapping[str, Callable[[Any], bool]] = {
    _TEXT: _is_text,
    _SECRET: _is_secret,
    _WORDS: _is_program,
    _NUMBER: _is_port,
    _TABLE: _is_addresses,
}


def _source(value: Any) -> SecretSource:
    if isinstance(value, str):
        return SecretSource(text=value)
    (field, inner), *_ = value.items()
    if field == "command":
        return SecretSource(command=tuple(inner))
    return SecretSource(file=inner) if field == "file" else SecretSource(env=inner)


def secret_from(source: SecretSource, what: str) -> str:
    """The secret, which from now on is masked in all that is stored. Errors name where it comes from, never itself."""
    found = source.text or _from_file(source, what) or _from_variable(source) or _from_program(source, what)
    found = found.strip()
    if not found or not _PRINTABLE.fullmatch(found):
        raise Unavailable(f"{what} is empty, or no line of text ({source.words})", hint="put the secret there")
    keep_secret(found)
    return found


def _from_file(source: SecretSource, what: str) -> str:
    if not source.file:
        return ""
    text = private_text(Path(source.file))
    if text is None:
        raise BadInput(f"{what}: there is no file {source.file}", hint="write it, with mode 0600")
    return text


def _from_variable(source: SecretSource) -> str:
    return os.environ.get(source.env, "") if source.env else ""


def _from_program(source: SecretSource, what: str) -> str:
    if not source.command:
        return ""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NEVER)}
    try:
        done = subprocess.run(source.command, capture_output=True, cwd="/", env=kept, timeout=ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise Unavailable(f"{what}: {source.command[0]} gives nothing: {problem}", hint="run it by hand") from None
    if done.returncode:
        words = f"{what}: {source.command[0]} ended with exit code {done.returncode}"
        raise Unavailable(words, hint="run it by hand")
    return done.stdout[:65_536].decode("utf-8", "replace")


def host_of(url: str) -> str:
    """The host of a URL, for messages: its path may be a secret. BadInput for what is no URL of HTTP."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadInput("the URL of a channel is none of HTTP", hint='url = "https://…"')
    return parts.hostname
