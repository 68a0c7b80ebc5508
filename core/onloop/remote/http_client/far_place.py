"""A gateway that is reached by its URL: what carries requests there, and what goes along with them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from onloop.errors import BadInput
from onloop.home import Home
from onloop.records import Record, field
from onloop.remote.client_credentials import Credentials
from onloop.remote.http_client.carriers import BorrowedCarrier, Carrier, PooledCarrier, SmallCarrier
from onloop.remote.http_client.gateway_clock import GatewayClock
from onloop.remote.http_client.http_line import HttpLine
from onloop.remote.http_client.login_file import login_session
from onloop.remote.line import RETRY_S

ONCE_MORE = (0.0,)


class FarPlace(Record):
    """One gateway, and the one carrier that all lines to it share."""

    url: str
    carrier: Carrier
    clock: GatewayClock = field(default_factory=GatewayClock)

    @classmethod
    def of(cls, home: Home) -> FarPlace:
        """The gateway of a home that has a URL; what an agent asks is carried by what loads little."""
        is_agents = bool(os.environ.get("ONLOOP_TOKEN")) and not os.environ.get("ONLOOP_PROXY")
        made = SmallCarrier(home.url, trusted_file()) if is_agents else PooledCarrier(home.url, trusted_file())
        return cls(home.url, made)

    def line(self, credentials: Credentials, patience: Sequence[float] = RETRY_S) -> HttpLine:
        """A line that leaves the carrier open; see LineMaker.

        A kept connection that the gateway has dropped is found out by asking: so each line asks twice at least.
        """
        return HttpLine(self.url, BorrowedCarrier(self.carrier), credentials, patience or ONCE_MORE, clock=self.clock)

    def only_line(self, credentials: Credentials) -> HttpLine:
        """The one line there is, which closes the carrier with itself."""
        return HttpLine(self.url, self.carrier, credentials, clock=self.clock)


def far_credentials(home: Home, bearer: str = "") -> Credentials:
    """What goes along with requests: what was given, else the agent's token, else the session that reads."""
    token = bearer or os.environ.get("ONLOOP_TOKEN", "")
    if token:
        return Credentials(bearer=token)
    kept = login_session(home.url)
    return Credentials(bearer=kept.secret if kept is not None else "")


def trusted_file() -> str:
    """The file that `$ONLOOP_CA` names, with the one authority to trust; empty where the system's count."""
    given = os.environ.get("ONLOOP_CA", "")
    if given and not Path(given).is_absolute():
        raise BadInput(f"ONLOOP_CA is {given[:200]!r}, which is no absolute path", hint="ONLOOP_CA=/path/to/ca.pem")
    return given
