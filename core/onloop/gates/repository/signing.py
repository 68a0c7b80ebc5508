"""Whose commits the gateway makes, and the key that signs them, as the table `[signing]` of `git.toml` says."""

from __future__ import annotations

import tomllib
from pathlib import Path

from onloop.errors import BadInput
from onloop.gates.credentials.declared import SIGNING, private_text
from onloop.gates.repository.mirror import Mirror
from onloop.records import Record

_FIELDS = ("key", "name", "email")


class Signer(Record):
    """The gateway as a committer; `key` is the file of an SSH key without a passphrase, empty where none signs."""

    key: str = ""
    name: str = "onloop"
    email: str = "gateway@onloop.invalid"

    @property
    def settings(self) -> tuple[str, ...]:
        """What makes git sign with it."""
        return ("gpg.format=ssh", f"user.signingKey={self.key}") if self.key else ()

    def variables(self, moment: str) -> dict[str, str]:
        """The gateway as author and committer at a moment, as git takes it."""
        return {
            "GIT_AUTHOR_NAME": self.name,
            "GIT_AUTHOR_EMAIL": self.email,
            "GIT_AUTHOR_DATE": moment,
            "GIT_COMMITTER_NAME": self.name,
            "GIT_COMMITTER_EMAIL": self.email,
            "GIT_COMMITTER_DATE": moment,
        }


def signer_of(mirror: Mirror) -> Signer:
    """Who makes the gateway's commits. BadInput where what is declared fits no key."""
    file = mirror.credentials
    text = private_text(file) if file is not None else None
    given = _table(file, text) if file is not None and text else {}
    if unknown := [name for name in given if name not in _FIELDS or not isinstance(given[name], str)]:
        words = f"{file}: [{SIGNING}] says {unknown[0]!r}"
        raise BadInput(words, hint=f"it takes texts: {', '.join(_FIELDS)}")
    signer = Signer(**given)
    if signer.key and not Path(signer.key).is_file():
        raise BadInput(f"{file}: [{SIGNING}] names {signer.key}, which is no file", hint="name a private SSH key")
    if any(char in f"{signer.name}{signer.email}" for char in "<>\n\0"):
        raise BadInput(f"{file}: [{SIGNING}] has a name or address with < or >", hint="write them without")
    return signer


def _table(file: Path, text: str) -> dict[str, str]:
    try:
        found = tomllib.loads(text).get(SIGNING, {})
    except tomllib.TOMLDecodeError as problem:
        raise BadInput(f"{file}: {problem}", hint="write TOML") from None
    if not isinstance(found, dict):
        raise BadInput(f"{file}: {SIGNING} is no table", hint=f"write [{SIGNING}], and key = below it")
    return found
