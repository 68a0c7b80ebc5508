"""The handles of one process with many threads to a gateway elsewhere: a worker's, and those that its agents use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from onloop.access.opening import GatewayHandle
from onloop.home import Home, apart_from
from onloop.records import Record, field
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.http_client.carriers import PooledCarrier
from onloop.remote.http_client.far_place import FarPlace, trusted_file
from onloop.remote.http_client.http_line import HttpLine
from onloop.remote.line import RETRY_S, Line
from onloop.remote.stamp_follower import StampFollower
from onloop.views.queries.reads import ReadStoreState

AWAY_PAUSE_S = 2.0
MOST_PAUSES = 150
"""How often a worker asks again while its gateway is away: over about five minutes."""

MOST_FOR_AGENTS = 20
"""As often an agent's request is asked again, before the agent is told: in less time than it waits for an answer."""


class FarHandles(Record):
    """They share what carries requests, who follows the news, and the credential of a launcher; agents' lines do not.

    A gateway that is away is waited for, for some minutes, or until `stopped`.
    """

    home: Home
    place: FarPlace
    follower: StampFollower
    stopped: Callable[[], bool]
    bearer: str = field(default="")

    @classmethod
    def of(cls, home: Home, bearer: str, stopped: Callable[[], bool]) -> FarHandles:
        """Open the gateway that has the home's URL, as whoever has the credential; OnloopError says why it cannot."""
        place = FarPlace(home.url, PooledCarrier(home.url, trusted_file()))
        line = place.line(Credentials(bearer=bearer))
        try:
            known = line.ask_until_told(ReadStoreState())
            follower = StampFollower(place.line(Credentials(bearer=bearer))).begin()
        except BaseException:
            place.carrier.close()
            raise
        return cls(apart_from(home, known.id), place, follower, stopped, bearer)

    def handle(self) -> GatewayHandle:
        """One for a thread."""
        line = self.place.line(Credentials(bearer=self.bearer), Patience(self.stopped))
        client = GatewayClient(line, _FollowingStore(line, self.follower), line.clock)
        return GatewayHandle(self.home, client, client)

    def agents_line(self) -> HttpLine:
        """A line on which nothing is proved, and nothing of the launcher's goes along."""
        return self.place.line(Credentials(), Patience(self.stopped, MOST_FOR_AGENTS))

    def close(self) -> None:
        """Hang up."""
        self.follower.close()
        self.place.carrier.close()


class Patience(Sequence[float]):
    """The pauses between tries to reach a gateway that is away, in seconds: some minutes, or until `stopped`."""

    def __init__(self, stopped: Callable[[], bool], more: int = MOST_PAUSES) -> None:
        self._stopped = stopped
        self._pauses = (*RETRY_S, *[AWAY_PAUSE_S] * more)

    def __len__(self) -> int:
        return len(self._pauses)

    @overload
    def __getitem__(self, index: int) -> float: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[float]: ...

    def __getitem__(self, index: int | slice) -> float | Sequence[float]:
        return self._pauses[index]

    def __iter__(self) -> Iterator[float]:
        for pause_s in self._pauses:
            if self._stopped():
                return
            yield pause_s


class _FollowingStore(ClientStore):
    """See Store: whose stamp is followed by somebody else."""

    def __init__(self, line: Line, follower: StampFollower) -> None:
        super().__init__(line)
        self._follower = follower

    def stamp(self) -> int:
        """See Store.stamp."""
        return self._follower.stamp()
