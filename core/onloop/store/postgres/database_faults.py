"""Errors of PostgreSQL and of the way to it in our own words: which can be waited for, and what would work."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import psycopg

from onloop.errors import BadInput, FailureKind, OnloopError, StoreError, Unavailable
from onloop.records import Record
from onloop.text import safe

WIDEST = 300


class DatabaseFault(Record):
    """What a state of PostgreSQL means: the words, what would work, and whether it passes by itself."""

    words: str
    hint: str
    passes: bool = False
    kind: FailureKind | None = None

    def error(self, name: str, said: str) -> OnloopError:
        """The error for the database called `name`, which said so itself."""
        message = f"{name} {self.words}{f': {said}' if said else ''}"
        return (Unavailable if self.passes else StoreError)(message, hint=self.hint, kind=self.kind)


_AWAY = DatabaseFault(
    "cannot be reached", "try again; look whether the server runs, and listens there", passes=True,
    kind=FailureKind.UNREACHABLE,
)  # fmt: skip
_RESTARTING = DatabaseFault(
    "is starting, stopping or failing over", "try again in a moment", passes=True, kind=FailureKind.UNREACHABLE
)
_FULL = DatabaseFault(
    "has no room left", "make room on the disk of the database server; what was answered is kept",
    kind=FailureKind.NO_SPACE,
)  # fmt: skip
_CROWDED = DatabaseFault(
    "takes no more connections", "try again; a gateway keeps at most 4: look at max_connections and the role's limit",
    passes=True, kind=FailureKind.BUSY,
)  # fmt: skip
_READ_ONLY = DatabaseFault(
    "takes no changes now: it is a standby, or set to read only",
    "name the primary, or all hosts with ?target_session_attrs=read-write", passes=True, kind=FailureKind.UNREACHABLE,
)  # fmt: skip
_UNTRUSTED = DatabaseFault(
    "does not let us in", "check the role, pg_hba.conf, and ~/.pgpass or PGPASSWORD", kind=FailureKind.AUTH
)
_NO_DATABASE = DatabaseFault(
    "is not there", "createdb makes a database; then: onloop init --store URL", kind=FailureKind.MISSING
)
_NO_STORE = DatabaseFault(
    "holds no store of this version", "onloop init --store URL makes one; onloop store migrate changes one"
)
_NOT_GRANTED = DatabaseFault(
    "lets our role do too little",
    "as the owner: onloop store migrate --runtime-role ROLE grants it",
    kind=FailureKind.AUTH,
)
_BUSY = DatabaseFault("is busy", "try again", passes=True, kind=FailureKind.BUSY)
_DAMAGED = DatabaseFault("is damaged", "onloop store verify; restore a backup", kind=FailureKind.DAMAGED)
_OTHER = DatabaseFault("refuses", "onloop doctor looks at the database; onloop store verify at the store")

_BY_STATE: Mapping[str, DatabaseFault] = MappingProxyType(
    {
        "08": _AWAY,
        "25P03": _BUSY,
        "25006": _READ_ONLY,
        "28": _UNTRUSTED,
        "3D000": _NO_DATABASE,
        "3F000": _NO_STORE,
        "40": _BUSY,
        "42P01": _NO_STORE,
        "42703": _NO_STORE,
        "42883": _NO_STORE,
        "42501": _NOT_GRANTED,
        "53100": _FULL,
        "53200": _BUSY,
        "53300": _CROWDED,
        "55P03": _BUSY,
        "57014": _BUSY,
        "57P04": _NO_DATABASE,
        "57P": _RESTARTING,
        "58030": _FULL,
        "XX001": _DAMAGED,
        "XX002": _DAMAGED,
    }
)
"""By the code that PostgreSQL gives with an error, or how such codes begin."""

_BY_WORDS: tuple[tuple[str, DatabaseFault], ...] = (
    (r"starting up|shutting down|recovery mode|not (yet )?accepting connections", _RESTARTING),
    (r"terminating connection due to administrator command|crash of another server process", _RESTARTING),
    (r"session is (not )?read-only|hot standby", _READ_ONLY),
    (r"too many (clients|connections)|connection slots are reserved", _CROWDED),
    (r'database ".*" does not exist', _NO_DATABASE),
    (r"password|authentication|pg_hba\.conf|role \".*\" does not exist|not permitted to log in", _UNTRUSTED),
    (r"certificate|SSL", _UNTRUSTED),
    (r"No space left", _FULL),
)
"""What a connection that was not made says: libpq gives no code with it."""


@contextmanager
def database_faults(name: str) -> Iterator[None]:
    """Turn an error of psycopg into ours, about the database called `name`: never a traceback, never a password."""
    try:
        yield
    except OnloopError:
        raise
    except psycopg.Error as problem:
        raise error_of(problem, name) from None


def error_of(problem: psycopg.Error, name: str) -> OnloopError:
    """What an error of psycopg is for our callers."""
    said = _said(problem)
    if isinstance(problem, psycopg.ProgrammingError) and problem.sqlstate is None:
        return BadInput(f"{name} cannot be used: {said}", hint="postgresql://USER@HOST/DATABASE, as libpq takes it")
    return _fault(problem, said).error(name, said)


def _fault(problem: psycopg.Error, said: str) -> DatabaseFault:
    state = problem.sqlstate
    if state is not None:
        known = (_BY_STATE.get(state[:length]) for length in (5, 3, 2))
        return next((fault for fault in known if fault is not None), _OTHER)
    found = next((fault for pattern, fault in _BY_WORDS if re.search(pattern, said, re.IGNORECASE)), None)
    return found or (_AWAY if isinstance(problem, psycopg.OperationalError) else _OTHER)


def _said(problem: psycopg.Error) -> str:
    """The first thing that the server or libpq says, in one line."""
    primary = problem.diag.message_primary or str(problem)
    lines = [line.strip() for line in primary.splitlines() if line.strip()]
    return safe("; ".join(lines[:3]), WIDEST)
