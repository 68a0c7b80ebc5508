"""Accounts: in whose name connections, requests and denials are counted.

The kernel or a credential names it, never the caller: `uid:1000`, `address:10.0.0.3`, `launcher:ci`, `agent:…`.
"""

from __future__ import annotations

from onloop.machine.limits import NETWORK_UID as NETWORK_UID
from onloop.text import safe

_WORDS = {
    "uid": "user {}",
    "address": "somebody at {}",
    "launcher": "launcher {}",
    "agent": "agent {}",
    "session": "{}'s session",
    "person": "{}",
}


def user_account(uid: int) -> str:
    """The account of a user of this machine."""
    return f"uid:{uid}"


def address_account(address: str) -> str:
    """The account of whoever calls from an address and has proved nothing.

    Of IPv6 it is that of their network, /64: everybody there has as many addresses as they like.
    """
    import ipaddress  # here: only a gateway on the network needs it

    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return f"address:{address}"
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    if isinstance(found, ipaddress.IPv4Address) or found.is_loopback:
        return f"address:{found}"
    return f"address:{ipaddress.ip_network((found, 64), strict=False)}"


def account_words(account: str) -> str:
    """An account as people read it."""
    kind, _, name = account.partition(":")
    return _WORDS.get(kind, "{}").format(safe(name if kind in _WORDS else account, 80))
