"""The secrets that this process knows: values of its environment whose names or form say so, and what it was told."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache

_NAMES = re.compile(
    r"TOKEN|SECRET|PASS(?:WORD|WD|PHRASE|CODE)?(?:_|$)|PWD$|CREDENTIAL|DSN|COOKIE|(?:^|_|API|ACCESS|PRIVATE)KEY(?:_|$)|_AUTH$"
)
_NO_SECRET = frozenset({"PWD", "OLDPWD"})
_WITH_USER = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^/\s:@]{0,200}:([^/\s@]{1,500})@")


_KEPT: set[str] = set()
_SHORTEST_KEPT = 6


def keep_secret(value: str) -> None:
    """Count a value as a secret from now on, unless it is so short that ordinary words would be masked."""
    if len(value) >= _SHORTEST_KEPT:
        _KEPT.add(value)


def known_secrets() -> tuple[str, ...]:
    """What must never be stored, the longest first; of a URL with a password in it, also the password alone."""
    return _known(tuple(os.environ.items()), frozenset(_KEPT))


@lru_cache(maxsize=4)
def _known(environment: tuple[tuple[str, str], ...], kept: frozenset[str]) -> tuple[str, ...]:
    return _longest_first({*secrets_among(dict(environment)), *kept})


def secrets_among(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values that are secrets by their names, and those that hold a password for a user at some address."""
    found = set()
    for name, value in environment.items():
        if name not in _NO_SECRET and _NAMES.search(name.upper()) and not _is_place(value):
            found.add(value)
        for match in _WITH_USER.finditer(value[:4096]):
            found |= {value, match[1]}
    return _longest_first({value for value in found if value})


def _longest_first(values: set[str]) -> tuple[str, ...]:
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


def _is_place(value: str) -> bool:
    """Whether a value is a path to something that exists, as in SSH_AUTH_SOCK's kin: a place is no secret."""
    return value.startswith("/") and os.path.exists(value)  # noqa: PTH110 - a value of any form
