"""Whether a person who decides is apart from everybody who claims, so that no code of agents could decide for them."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from onloop.machine.limits import NETWORK_UID
from onloop.machine.task import Hand
from onloop.store.port import Reading
from onloop.store.rows import Token


class KnowsTheBox(Protocol):
    """What knows whether code under test sees nothing of the gateway's."""

    @property
    def box_is_strong(self) -> Callable[[], bool]:
        """Whether a verifier has shown so of late."""
        ...


def why_not_apart(at: Reading, person: Hand, keeper: KnowsTheBox) -> str:
    """Why a person at this user, or at this address, is not apart; empty if they are.

    The store's owner must not be one who claims either: then the gateway is not apart. A claimer of whom nothing is
    known could be anybody.
    """
    owner = os.getuid()
    if person.uid == owner:
        return "you ask as the user who owns the store, and whose code could forge a decision"
    if not keeper.box_is_strong():
        return "no verifier has shown of late that the box of its gates keeps code from the gateway"
    claimers = [(token.uid, token.address) for token in at.select(Token)]
    if any(uid is None for uid, _ in claimers):
        return "a task was claimed by nobody knows whom"
    if any(uid == owner for uid, _ in claimers):
        return "agents work as the user who owns the store"
    if person.uid == NETWORK_UID:
        return _why_not_there(person.address, claimers)
    return "agents work as your user" if any(uid == person.uid for uid, _ in claimers) else ""


def _why_not_there(address: str, claimers: list[tuple[int | None, str]]) -> str:
    if not address:
        return "nobody says from where you call"
    if any(uid == NETWORK_UID and place == address for uid, place in claimers):
        return f"agents work at the address from which you call, {address}"
    if _is_here(address):
        return "you call from the gateway's own machine, and over the network nobody says as which user"
    return ""


def _is_here(address: str) -> bool:
    """Whether the address is one of this machine's, or the network is that it names.

    Only addresses of this machine can be listened at; IPv6 callers are known by their network alone.
    """
    if "/" in address:
        return any(own in ipaddress.ip_network(address) for own in _own_addresses())
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as made:
            made.bind((address, 0))
    except (OSError, ValueError, OverflowError):
        return False
    return True


def _own_addresses() -> list[ipaddress.IPv6Address]:
    """The IPv6 addresses of this machine, as the kernel lists them."""
    try:
        lines = Path("/proc/net/if_inet6").read_text("ascii").splitlines()
    except OSError:
        return []
    return [ipaddress.IPv6Address(int(line.split()[0], 16)) for line in lines]
