"""What the routes of one door share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from onloop.errors import OnloopError
from onloop.remote.http.answers.door_metrics import DoorMetrics
from onloop.remote.http.door_settings import DoorLimits, DoorSettings
from onloop.remote.http.entry.certificates import Certificates
from onloop.remote.http.entry.door_rates import Allowance, Places, UnderWay
from onloop.remote.http.entry.request_checks import ArrivedRequest, RequestChecks
from onloop.remote.http.lines.adopted_line import Adopt
from onloop.remote.http.lines.kept_lines import KeptLines
from onloop.remote.http.lines.kept_uploads import KeptUploads
from onloop.remote.http.lines.shared_watch import SharedWatch

SAME_AGAIN_S = 60.0
"""How long the same trouble is not spoken of again."""


@dataclass(slots=True)
class DoorState:
    """One door: made on its loop, used by it alone. `clock` is the wall's, in ms; `now` only goes on, in seconds."""

    settings: DoorSettings
    limits: DoorLimits
    checks: RequestChecks
    adopt: Adopt
    say: Callable[[str], None]
    clock: Callable[[], int]
    now: Callable[[], float]
    certificates: Certificates | None = None
    metrics: DoorMetrics = field(default_factory=DoorMetrics)
    is_draining: bool = False
    lines: KeptLines = field(init=False)
    uploads: KeptUploads = field(init=False)
    watch: SharedWatch = field(init=False)
    connections: Places = field(init=False)
    proxied: Places = field(init=False)
    requests: Places = field(init=False)
    waits: Places = field(init=False)
    unread: UnderWay = field(init=False)
    streams: Places = field(init=False)
    rates: Allowance = field(init=False)
    _complaint: tuple[str, float] = ("", 0.0)

    def __post_init__(self) -> None:
        limits = self.limits
        self.lines = KeptLines(self.adopt, limits, self.now)
        self.uploads = KeptUploads(self.lines, limits, self.now)
        self.watch = SharedWatch(self.adopt, limits.polls_per_s, self.complain)
        self.connections = Places(limits.connections, limits.connections_of_one, limits.connections_kept)
        self.proxied = Places(limits.connections, limits.connections)
        self.requests = Places(limits.requests, limits.requests_of_one, limits.requests_kept)
        self.waits = Places(limits.waits, limits.waits_of_one)
        self.unread = UnderWay(limits.unread, limits.unread_of_one)
        self.streams = Places(limits.streams, limits.streams_of_one)
        self.rates = Allowance(limits.rate, limits.burst)

    def is_of_people(self, arrived: ArrivedRequest) -> bool:
        """Whether it comes from a person who has proved themselves here of late."""
        if arrived.session:
            return self.lines.is_proved(arrived.session)
        bearer = arrived.bearer
        return bearer.startswith("onl_ses_") and self.lines.is_known(bearer)

    def complain(self, failure: Exception) -> None:
        """Say what went wrong, once a minute for the same."""
        words = failure.message if isinstance(failure, OnloopError) else f"{type(failure).__name__}: {failure}"
        if words != self._complaint[0] or self.now() - self._complaint[1] > SAME_AGAIN_S:
            self._complaint = (words, self.now())
            self.say(f"trouble: {words}"[:300])

    def sweep(self) -> None:
        """What is done each second."""
        self.lines.sweep()
        self.uploads.sweep()
        self.rates.forget_rested(self.now())
        if self.certificates is not None:
            self.certificates.look()
