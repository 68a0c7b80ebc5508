"""What people declared of the world outside, file by file: one that cannot be read hides nothing of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from onloop.errors import OnloopError
from onloop.forges.forge_settings import FILE as FORGES
from onloop.forges.forge_settings import read_settings
from onloop.gates.credentials.declared import declared
from onloop.home import Home
from onloop.identity.ci.ci_settings import FILE as CI
from onloop.identity.ci.ci_settings import issuers_in
from onloop.insight.permissions.permission_graph import Goal
from onloop.insight.permissions.permission_grounds import HeldCredential
from onloop.records import Record
from onloop.text import safe
from onloop.triggers.declared_hooks import FILE as HOOKS
from onloop.triggers.declared_hooks import declared_hooks

REACHES = "reach origins for the gateway"
_OF_GIT = ("token_file", "netrc", "ssh_key", "client_key")


class SecretFile(Record):
    """A file that holds a secret, by which it is declared, and what whoever reads it has."""

    path: str
    held_as: str
    grants: Goal


class DeclaredOutside(Record):
    """What one file declares; `problem` says why it was not read."""

    credentials: tuple[HeldCredential, ...] = ()
    secrets: tuple[SecretFile, ...] = ()
    problem: str = ""


def declared_outside(home: Home) -> Iterator[DeclaredOutside]:
    """What each file of the store's folder declares."""
    for file, read in (
        (home.git_settings, _git),
        (home.store / FORGES, _forges),
        (home.store / CI, _ci),
        (home.store / HOOKS, _hooks),
    ):
        yield _read(file, read)


def _read(file: Path, read: Callable[[Path], DeclaredOutside]) -> DeclaredOutside:
    try:
        return read(file)
    except OnloopError as problem:
        return DeclaredOutside(problem=f"{file} was not read: {safe(problem.message, 300)}")


def _git(file: Path) -> DeclaredOutside:
    known = declared(file)
    held = tuple(HeldCredential(str(file), f"{each.address.words}: {each.words}", REACHES) for each in known)
    places = [place for each in known for place in each.places if place[0] in _OF_GIT]
    return DeclaredOutside(held, tuple(SecretFile(path, field, Goal.ORIGIN) for field, path in places))


def _forges(file: Path) -> DeclaredOutside:
    held, secrets = list[HeldCredential](), list[SecretFile]()
    for each in read_settings(file.parent).forges:
        token, app = each.token, each.app
        shown = token.words if token is not None else "an app"
        held.append(HeldCredential(str(file), f"{each.host}: {shown}", REACHES))
        if token is not None and token.file:
            secrets.append(SecretFile(token.file, f"token of {each.host}", Goal.ORIGIN))
        if app is not None:
            secrets.append(SecretFile(app.key_file, f"key of {each.host}", Goal.ORIGIN))
    return DeclaredOutside(tuple(held), tuple(secrets))


def _ci(file: Path) -> DeclaredOutside:
    held = list[HeldCredential]()
    for name, issuer in issuers_in(file.parent).items():
        roles = ", ".join(dict.fromkeys(role for rule in issuer.jobs for role in rule.roles))
        held.append(HeldCredential(str(file), f"jobs of {name}, signed by {issuer.issuer}", f"claim for {roles}"))
    return DeclaredOutside(tuple(held))


def _hooks(file: Path) -> DeclaredOutside:
    hooks = declared_hooks(file.parent)
    held = tuple(HeldCredential(str(file), f"{each.name}: {each.kind.value}", "bring events") for each in hooks)
    places = [(each, place.value[0]) for each in hooks for place in each.places if place.kind == "file"]
    return DeclaredOutside(
        held, tuple(SecretFile(path, f"secret of the hook {each.name}", Goal.CLAIM) for each, path in places)
    )
