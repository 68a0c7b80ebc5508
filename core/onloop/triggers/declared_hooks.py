"""What a person declares of webhooks: `hooks.toml` in the store's folder, a table for each hook.

As strict and as private as `git.toml`: ours and closed to others. Secrets stay in this process.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from onloop.errors import BadInput, Unavailable
from onloop.gates.credentials.declared import private_text
from onloop.known_secrets import keep_secret
from onloop.records import Record, SecretRecord
from onloop.text import safe
from onloop.triggers.hook_proofs import HookKind

FILE = "hooks.toml"
RESERVED = frozenset({"claude"})
"""Names below `/v1/hooks/` that are something else's."""

COMMAND_S = 30.0
LEAST_SECRET = 8
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FIELDS = ("kind", "secret", "auth")
_SOURCES = ("file", "env", "command")
_EXAMPLE = 'write: secret = {file = "/path"}, {env = "NAME"} or {command = ["program", "word"]}, or a list of them'


class SecretPlace(Record):
    """Where one secret is; never the secret itself."""

    kind: str
    value: tuple[str, ...]


class DeclaredHook(Record):
    """A hook as declared: whose it is, how it is proved, and where its secrets are, while one is changed several."""

    name: str
    kind: HookKind
    places: tuple[SecretPlace, ...]
    bearer: bool = False


class Hook(SecretRecord):
    """A hook with its secrets."""

    name: str
    kind: HookKind
    secrets: tuple[bytes, ...]
    bearer: bool = False


def declared_hooks(folder: Path) -> tuple[DeclaredHook, ...]:
    """Every hook that the store's folder declares; none where there is no file. BadInput names file and hook."""
    file = folder / FILE
    text = private_text(file)
    if text is None:
        return ()
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise BadInput(f"{file}: {problem}", hint="write TOML: a table [github] for each hook") from None
    return tuple(_hook(file, name, table) for name, table in tables.items())


def hook_with_secrets(declared: DeclaredHook) -> Hook:
    """The hook with what its places hold now; BadInput or Unavailable say what is missing, without a secret."""
    return Hook(
        declared.name, declared.kind, tuple(_secret(declared, each) for each in declared.places), declared.bearer
    )


def _hook(file: Path, name: str, table: Any) -> DeclaredHook:
    if not _NAME.fullmatch(name) or name in RESERVED:
        taken = "is taken" if name in RESERVED else "is no name of a hook"
        raise BadInput(f"{file}: {safe(name, 60)!r} {taken}", hint="use small letters, digits and -, such as github")
    if not isinstance(table, Mapping):
        raise BadInput(f"{file}: {name} is no table", hint=f"head it [{name}]")
    unknown = [key for key in table if key not in _FIELDS]
    if unknown:
        raise BadInput(
            f"{file}: [{name}] has an unknown field {unknown[0][:40]!r}", hint=f"fields: {', '.join(_FIELDS)}"
        )
    kinds = [kind.value for kind in HookKind]
    if table.get("kind") not in kinds:
        raise BadInput(f"{file}: [{name}] has no kind", hint=f"kind is one of {', '.join(kinds)}")
    kind, auth = HookKind(table["kind"]), table.get("auth", "signature")
    if auth not in {"signature", "bearer"} or (auth == "bearer" and kind is not HookKind.CLOUDEVENTS):
        raise BadInput(
            f"{file}: [{name}] cannot be proved by {str(auth)[:40]!r}", hint="bearer is for cloudevents alone"
        )
    return DeclaredHook(name, kind, tuple(_places(file, name, table.get("secret"))), auth == "bearer")


def _places(file: Path, name: str, told: Any) -> Iterator[SecretPlace]:
    given = told if isinstance(told, list) else [told]
    if not 1 <= len(given) <= 5:
        raise BadInput(f"{file}: [{name}] has {len(given)} secrets", hint="give 1 to 5")
    for each in given:
        if not isinstance(each, Mapping) or len(each) != 1 or next(iter(each)) not in _SOURCES:
            raise BadInput(f"{file}: [{name}] does not say where its secret is", hint=_EXAMPLE)
        kind, value = next(iter(each.items()))
        words = tuple(value) if kind == "command" and isinstance(value, list) else (value,)
        if not words or not all(isinstance(word, str) and word and word.isprintable() for word in words):
            raise BadInput(f"{file}: [{name}] has a secret whose {kind} is no text", hint=_EXAMPLE)
        if kind in {"file", "command"} and not words[0].startswith("/"):
            raise BadInput(f"{file}: [{name}]: {words[0][:60]!r} is no absolute path", hint=_EXAMPLE)
        if kind == "env" and not _VARIABLE.fullmatch(words[0]):
            raise BadInput(f"{file}: [{name}]: {words[0][:60]!r} is no variable", hint=_EXAMPLE)
        yield SecretPlace(kind, words)


def _secret(hook: DeclaredHook, place: SecretPlace) -> bytes:
    match place.kind:
        case "file":
            text = private_text(Path(place.value[0]))
            if text is None:
                raise BadInput(f"hook {hook.name}: there is no file {place.value[0]}", hint="write its secret there")
        case "env":
            text = os.environ.get(place.value[0], "")
        case _:
            text = _printed(hook, place.value)
    text = text.strip()
    if len(text) < LEAST_SECRET:
        words = f"hook {hook.name}: its secret ({place.kind}) is empty or has fewer than {LEAST_SECRET} characters"
        raise BadInput(words, hint="openssl rand -hex 32 makes one")
    keep_secret(text)
    return text.encode("utf-8", "surrogateescape")


def _printed(hook: DeclaredHook, argv: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        words = f"hook {hook.name}: {argv[0]} gave no secret: {type(problem).__name__}"
        raise Unavailable(words, hint="run it by hand") from None
    if done.returncode != 0:
        raise Unavailable(f"hook {hook.name}: {argv[0]} ended with {done.returncode}", hint="run it by hand")
    return done.stdout.decode("utf-8", "surrogateescape")
