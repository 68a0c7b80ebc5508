"""Whom a shop lets in over the network: launchers by their tokens."""

from __future__ import annotations

from typing import Any

from gateway.shop import Shop
from onloop.gateway.claims import ClaimTask
from onloop.gateway.credential_operations import RecogniseLauncher
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.identity.network_credentials import OF_LAUNCHER, new_secret
from onloop.identity.resolution import token_digest
from onloop.machine.launchers import Grant, LauncherMinted, LauncherRevoked
from onloop.machine.limits import NETWORK_UID
from onloop.machine.principal import Principal
from onloop.machine.task import Hand
from support.steps import MINUTE


def let_in(
    shop: Shop,
    name: str = "farm",
    roles: tuple[str, ...] = ("implementer",),
    repositories: tuple[str, ...] = ("*",),
    lasts_ms: int = 24 * 60 * MINUTE,
    by: str = "ana",
    **more: Any,
) -> str:
    """Mint a launcher; the answer is its secret."""
    secret, person = new_secret(OF_LAUNCHER), shop.person(by)
    grant = Grant(roles, repositories, shop.clock() + lasts_ms, **more)
    shop.gateway.perform(RecordStoreEvent(person, LauncherMinted(name, token_digest(secret), grant, person.id)))
    return secret


def revoke(shop: Shop, name: str = "farm", by: str = "ana", why: str = "lost") -> None:
    """A person ends a launcher."""
    person = shop.person(by)
    shop.gateway.perform(RecordStoreEvent(person, LauncherRevoked(name, person.id, why)))


def launcher_at(shop: Shop, secret: str, address: str = "10.0.0.3") -> Principal:
    """The launcher with that secret, as it calls over the network."""
    return shop.gateway.perform(RecogniseLauncher(secret, Hand(NETWORK_UID, address=address)))


def claim_as(
    shop: Shop, launcher: Principal, role: str = "implementer", agent: str = "agent:alfa", task: str | None = None
) -> Principal:
    """The agent of what the launcher claims."""
    got = shop.gateway.perform(ClaimTask(launcher, agent, role, task=task))
    shop.secrets[got.task.id] = got.secret
    return shop.agent(got.secret)
