"""People of a simulated day: a server on the loopback at which all calls end; what it took is what they were told."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from onloop.calls.call_keeper import CallKeeper
from support.channel_servers import http_channel

CHANNELS = """\
[channel.hook]
kind = "webhook"
url = "{url}hook"
secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
[channel.room]
kind = "webhook"
url = "{url}room"
secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
"""


@dataclass(frozen=True)
class ToldCause:
    """Somebody was told of a cause: who, by which channel, why, and about which tasks."""

    who: str
    channel: str
    reason: str
    tasks: tuple[str, ...]


class ToldPeople:
    """Whoever is called, by two channels."""

    def __init__(self, store: Path) -> None:
        self._stack = ExitStack()
        self._server = self._stack.enter_context(http_channel())
        file = store / "calls.toml"
        file.touch(0o600)
        file.write_text(CHANNELS.format(url=self._server.url()))
        self.told: list[ToldCause] = []
        self.messages, self.failed = 0, 0

    def close(self) -> None:
        self._stack.close()

    def answer(self, status: int) -> None:
        """Let the server answer so from now on."""
        self._server.status = status

    def hear(self, keeper: CallKeeper) -> None:
        """Calls go out; what the server took was heard."""
        keeper.keep()
        for posted in self._server.got:
            if self._server.status != 200:
                self.failed += 1
                continue
            self.messages += 1
            said = json.loads(posted.body)["data"]
            channel = posted.path.strip("/")
            self.told += [
                ToldCause(said["recipient"], channel, each["reason"], tuple(each["tasks"])) for each in said["causes"]
            ]
        self._server.got.clear()
