"""Which paths of a store and a machine grant something, to whoever reads or writes them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import onloop
from onloop.access.elsewhere.accounts_outside import FILE as ACCOUNTS
from onloop.agents.hooks.forms.hook_places import HookFolders, place_of, scopes_of
from onloop.agents.vendors.known_vendors import VENDORS
from onloop.forges.forge_settings import FILE as FORGES
from onloop.gates.toolchain import FILE as TOOLCHAIN
from onloop.home import Home
from onloop.identity.ci.ci_settings import FILE as CI
from onloop.identity.keys.signed_envelope import FILE as ATTESTATIONS
from onloop.identity.own_key import FILE as OWN_KEY
from onloop.insight.permissions.declared_outside import SecretFile
from onloop.insight.permissions.path_access import path_fact, places_of
from onloop.insight.permissions.permission_graph import Goal
from onloop.insight.permissions.permission_grounds import GuardedPath, PathUse
from onloop.store.sqlite.database import FILE as DATABASE
from onloop.triggers.declared_hooks import FILE as HOOKS

HOOK = "a hook that is gone"
"""What writing a vendor's settings gives: the fast loop is off, and the ledger goes on to decide."""

_DOCKER = ("/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock")


def guarded_paths(home: Home, secrets: Sequence[SecretFile], project: Path, user_home: Path) -> Iterator[GuardedPath]:
    """Every path that matters, also where nothing is there: of the store if its folder is known, then the machine's."""
    if home.is_known and not home.url:
        yield from _of_the_store(home)
        yield from _credentials(home, secrets)
    for what, place in (("onloop's own program", Path(onloop.__file__).parent), ("its Python", Path(sys.executable))):
        why = "whoever changes it changes what people decide with"
        yield from _paths(f"{what} ({place})", PathUse.WRITE, Goal.APPROVAL.value, why, f"chmod go-w {place}", place)
    for place in map(Path, _DOCKER):
        why = "whoever reaches it can start a container as root"
        yield from _paths(str(place), PathUse.WRITE, "root", why, "take that user out of the socket's group", place)
    yield from _hooks(project, user_home)


def _of_the_store(home: Home) -> Iterator[GuardedPath]:
    store, closed = home.store, f"chmod 700 {home.store}, and run agents as another user: onloop init --isolate"
    rows = (
        (DATABASE, PathUse.WRITE, Goal.APPROVAL, "whoever writes the log can write a decision into it"),
        (f"{DATABASE}-wal", PathUse.WRITE, Goal.APPROVAL, "whoever writes the log can write a decision into it"),
        (OWN_KEY, PathUse.READ, Goal.VERDICT, "whoever has it speaks as the store's owner, verifiers too"),
        (TOOLCHAIN, PathUse.WRITE, Goal.VERDICT, "it says where gates find their programs"),
        ("mirrors", PathUse.WRITE, Goal.MERGE, "what is merged comes from there"),
        (FORGES, PathUse.WRITE, Goal.VERDICT, "it says which forge is asked whether a check passed"),
        (CI, PathUse.WRITE, Goal.CLAIM, "it says whose jobs may claim"),
        (HOOKS, PathUse.WRITE, Goal.CLAIM, "it says whose webhooks begin work"),
        (ACCOUNTS, PathUse.WRITE, Goal.CLAIM, "it says whose comments count as whose"),
        (ATTESTATIONS, PathUse.READ, Goal.VERDICT, "whoever has it can sign attestations"),
    )
    for name, use, goal, why in rows:
        place = store / name
        yield from _paths(f"{place} ({use.value})", use, goal.value, why, closed, place)


def _credentials(home: Home, secrets: Sequence[SecretFile]) -> Iterator[GuardedPath]:
    """Files that hold secrets by which something outside is reached or believed, and what declares them for git."""
    for each in dict.fromkeys(secrets):
        why = "whoever has it can push, past every gate" if each.grants is Goal.ORIGIN else "whoever has it is believed"
        close, place = f"chmod 600 {each.path}, and run agents as another user", Path(each.path)
        yield from _paths(f"{each.path} ({each.held_as})", PathUse.READ, each.grants.value, why, close, place)
    place = home.git_settings
    written = "it says which program hands out passwords"
    yield from _paths(f"{place} (write)", PathUse.WRITE, Goal.ORIGIN.value, written, f"chmod 600 {place}", place)


def _hooks(project: Path, user_home: Path) -> Iterator[GuardedPath]:
    for vendor in VENDORS.values():
        for scope in scopes_of(vendor):
            place = place_of(vendor, scope, HookFolders(project, user_home)).path
            why = f"{vendor.title} can be freed of its hook there"
            yield from _paths(f"{place} ({scope.value} hook)", PathUse.WRITE, HOOK, why, "", place)


def _paths(name: str, use: PathUse, grants: str, why: str, close: str, place: Path) -> Iterator[GuardedPath]:
    """A path, and each link on the way to it: whoever may replace a link says what is found there."""
    places = tuple(places_of(place))
    for each in places[-1:] if use is PathUse.READ else places:
        said = name if each == place else f"{name}, {each}"
        yield GuardedPath(said, use, grants, why, close, path_fact(each), str(each))
