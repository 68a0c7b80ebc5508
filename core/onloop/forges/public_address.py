"""Which addresses may be asked from inside: public ones, and those of hosts that an administrator has named.

A name is resolved once, all that it resolves to is checked, and whoever asks connects to what was checked.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from onloop.errors import BadInput, FailureKind
from onloop.forges.forge_errors import ForgeTrouble
from onloop.records import Record

MOST_ADDRESSES = 16
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
"""Where the last four bytes are an IPv4 address that a gateway connects to."""

_GIVEN_OUT, _EXAMPLES = IPv6Network("2000::/3"), IPv6Network("3fff::/20")
"""All of IPv6 that public hosts have, and what of it only examples have, which not every Python knows.

Outside are site-local addresses such as fec0::1, which it takes for global.
"""


class ClosedAddress(BadInput):
    """An address that is not public, and that nobody has allowed."""

    code = "closed_address"


class AddressRule(Record):
    """Public addresses, and whatever a host of `allowed` (`host` or `host:port`, in lower case) resolves to."""

    allowed: tuple[str, ...] = ()

    def allows(self, host: str, port: int) -> bool:
        """Whether an administrator has named this host, for this port or for all."""
        name = host.lower().rstrip(".")
        return name in self.allowed or f"{name}:{port}" in self.allowed

    def resolved(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses to connect to; ClosedAddress if one of them is not public and the host is not allowed."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            words = f"{host} has no address: {getattr(problem, 'strerror', None) or problem}"
            hint = "check the name; it is tried again"
            raise ForgeTrouble(words, hint=hint, kind=FailureKind.UNREACHABLE) from None
        addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))[:MOST_ADDRESSES]
        if not self.allows(host, port) and (closed := next(_closed(addresses), "")):
            raise ClosedAddress(
                f"{host} is {closed}, which is not a public address",
                hint=f'who runs the gateway may allow it: [http] allow = ["{host}:{port}"] in forges.toml of the store',
            )
        return addresses


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet, and hides none that is not."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(map(_is_open, _meant(address)))


def _is_open(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is of a space that is given out for the internet; other spaces of IPv6 are of no public host."""
    if isinstance(address, IPv6Address) and (address not in _GIVEN_OUT or address in _EXAMPLES):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _closed(addresses: Iterable[str]) -> Iterator[str]:
    return (address for address in addresses if not is_public(address))


def _meant(address: IPv4Address | IPv6Address) -> tuple[IPv4Address | IPv6Address, ...]:
    """An address, and the IPv4 address within it where it has one; such a one alone where it is just another form."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if any(address in net for net in _NAT64):
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    inner = (address.sixtofour, *(address.teredo or ()))
    return (address, *(each for each in inner if each is not None))
