"""Whose an account of a forge is: `people.toml` in the store's folder, which no repository and no agent writes.

[ana]
"github.com" = { login = "ana-codes", id = 583231 }
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from onloop.errors import BadInput
from onloop.forges.port import Person
from onloop.gates.credentials.declared import private_text
from onloop.machine.people import PERSON
from onloop.records import Record

FILE = "people.toml"
MOST_ACCOUNTS = 10_000
_HINT = '"github.com" = { login = "LOGIN", id = NUMBER }; the id: gh api users/LOGIN --jq .id'


class AccountOutside(Record):
    """An enrolled person's account at a host. The number decides, for a login may become somebody else's."""

    person: str
    host: str
    id: int
    login: str = ""


class AccountsOutside(Record):
    """Every account that is known to be an enrolled person's."""

    known: tuple[AccountOutside, ...] = ()
    enrolled: frozenset[str] = frozenset()

    def owner(self, host: str, account: Person) -> str:
        """The enrolled person whose account it is, as a principal's id; empty for a stranger's.

        An account under a known login with another number is a stranger's, and so is that of a person who left.
        """
        found = next((each for each in self.known if (each.host, each.id) == (host, account.id)), None)
        return found.person if found is not None and account.id and found.person in self.enrolled else ""

    def login_of(self, host: str, person: str) -> str:
        """The login by which a person is addressed at a host; empty where none is known."""
        return next((each.login for each in self.known if (each.host, each.person) == (host, person)), "")


def read_accounts(folder: Path, enrolled: Iterable[str]) -> AccountsOutside:
    """What `people.toml` in a store's folder says; nobody if there is none. BadInput names what is wrong."""
    file = folder / FILE
    text = private_text(file)
    if text is None:
        return AccountsOutside(enrolled=frozenset(enrolled))
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise BadInput(f"{file}: {problem}", hint=f"write TOML: [NAME], and below it {_HINT}") from None
    known = tuple(account for name, table in given.items() for account in _accounts(file, name, table))
    if len(known) > MOST_ACCOUNTS:
        raise BadInput(f"{file} has {len(known)} accounts", hint=f"declare {MOST_ACCOUNTS} at most")
    places = [(each.host, each.id) for each in known]
    twice = next((place for place in places if places.count(place) > 1), None)
    if twice is not None:
        raise BadInput(f"{file}: account {twice[1]} at {twice[0]} is declared twice", hint="an account is one person's")
    return AccountsOutside(known, frozenset(enrolled))


def _accounts(file: Path, name: str, table: Any) -> Iterable[AccountOutside]:
    if not isinstance(table, Mapping):
        raise BadInput(f"{file}: {name[:60]!r} is no table", hint=f"[{name[:60]}], and below it {_HINT}")
    for host, account in table.items():
        if not isinstance(account, Mapping) or set(account) - {"login", "id"}:
            raise BadInput(f"{file}: [{name[:60]}] {host[:60]!r} is no account", hint=_HINT)
        number, login = account.get("id"), account.get("login", "")
        if type(number) is not int or number < 1 or not isinstance(login, str):
            raise BadInput(f"{file}: [{name[:60]}] {host[:60]!r} has no id", hint=_HINT)
        yield AccountOutside(f"{PERSON}{name}", host, number, login[:100])
