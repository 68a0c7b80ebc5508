"""`ci.toml` of the store: whose signed tokens let jobs of a CI in, and what those may claim.

A field that is unknown, or missing where it is needed, is an error with its place in the file. Nothing is let in by
default: each entry says which claims of a token must have which values.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from onloop.errors import BadInput
from onloop.gates.credentials.declared import private_text
from onloop.machine.launchers import MOST_AT_ONCE, USUAL_AT_ONCE
from onloop.workflow.duration import milliseconds

FILE = "ci.toml"
MOST_ISSUERS = 20
LONGEST_WORK = "24h"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CLAIM = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")

Text = Annotated[str, Field(min_length=1, max_length=500)]
Patterns = Annotated[list[Text], Field(min_length=1, max_length=50)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class JobRule(_Strict):
    """Which jobs are meant, by the claims of their token, and what those may claim here."""

    claims: Annotated[dict[Text, Patterns], Field(min_length=1, max_length=20)]
    """Each claim that the token must have, and the patterns of which one must fit."""
    roles: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(min_length=1, max_length=50)]
    repositories: Patterns
    """Patterns of repositories; `{claim}` stands for what the token says of it."""
    isolation: Literal["none", "clone", "box", "container", "vm"] = "clone"

    @model_validator(mode="after")
    def _names_what_it_uses(self) -> JobRule:
        used = {name for pattern in self.repositories for name in _CLAIM.findall(pattern)}
        if unknown := sorted(used - self.claims.keys()):
            raise ValueError(f"repositories name {{{unknown[0]}}}, and claims do not say which values it may have")
        return self


class Issuer(_Strict):
    """A CI: what it calls itself, for whom its tokens must be, and where its keys are."""

    issuer: Text
    audience: Text
    keys: Text
    """The URL of its keys (JWKS), or a file with them."""
    ca: str = ""
    """A file with the certificates by which that URL is believed, in the place of the system's."""
    run: Text = "run_id"
    """The claim that names the run of the CI; the log keeps it."""
    at_most: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] = USUAL_AT_ONCE
    work: str = "6h"
    """How long agents may work on what a job claimed, whatever becomes of its token."""
    jobs: Annotated[list[JobRule], Field(min_length=1, max_length=50)]

    @field_validator("keys")
    @classmethod
    def _is_place(cls, keys: str) -> str:
        parts = urlsplit(keys)
        if "://" not in keys and keys.startswith("/"):
            return keys
        if parts.scheme not in {"https", "http"} or not parts.hostname or "@" in parts.netloc:
            raise ValueError("it is neither an https URL nor the absolute path of a file")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError("keys that come over http could be anybody's: use https")
        return keys

    @field_validator("work")
    @classmethod
    def _is_duration(cls, work: str) -> str:
        try:
            fits = 0 < milliseconds(work) <= milliseconds(LONGEST_WORK)
        except BadInput as problem:
            raise ValueError(problem.message) from None
        if not fits:
            raise ValueError(f"use more than 0 and at most {LONGEST_WORK}")
        return work

    @property
    def digest(self) -> str:
        """What changes with anything that is said of this CI."""
        return sha256(self.model_dump_json().encode()).hexdigest()


Issuers = Mapping[str, Issuer]


def issuers_in(folder: Path) -> Issuers:
    """Whom the file in the store's folder lets in, by the names that it gives them; BadInput names file and line."""
    text = private_text(folder / FILE)
    return {} if text is None else _read(folder / FILE, text)


@lru_cache(maxsize=4)
def _read(file: Path, text: str) -> Issuers:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise BadInput(f"{file}: {problem}", hint="write TOML: a table [github] for each CI") from None
    if len(tables) > MOST_ISSUERS:
        raise BadInput(f"{file}: {len(tables)} tables", hint=f"at most {MOST_ISSUERS}")
    found = dict[str, Issuer]()
    for name, table in tables.items():
        if not _NAME.fullmatch(name):
            where = _line(text, (name,))
            raise BadInput(f"{file}:{where}: {name[:40]!r} cannot name a CI", hint="small letters, digits and '-'")
        try:
            found[name] = Issuer.model_validate(table)
        except ValidationError as problem:
            raise BadInput("; ".join(_words(file, text, name, problem)), hint="onloop help ci") from None
    return found


def _words(file: Path, text: str, name: str, problem: ValidationError) -> Iterator[str]:
    for each in problem.errors()[:5]:
        place = tuple(each["loc"])
        path = ".".join(str(part) for part in (name, *place))
        yield f"{file}:{_line(text, (name, *place))}: {path[:200]}: {each['msg'].removeprefix('Value error, ')}"


def _line(text: str, place: tuple[Any, ...]) -> int:
    """The line of a table or of the innermost key of a path that is written out; 1 where none is."""
    name, keys = str(place[0]), [part for part in place[1:] if isinstance(part, str)]
    wanted = next((part for part in place[1:] if isinstance(part, int)), 0)
    inside, heading, jobs = False, 1, -1
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith("["):
            table = bare.strip("[]").strip().replace('"', "").replace("'", "")
            inside = table == name or table.startswith(f"{name}.")
            jobs += inside and bare.startswith("[[")
            heading = number if inside and (heading == 1 or ("jobs" in keys and jobs == wanted)) else heading
        ours = inside and ("jobs" not in keys or jobs == wanted)
        if ours and keys and re.match(rf"[\"']?{re.escape(keys[-1])}[\"']?\s*[=.]", bare):
            return number
    return heading
