"""Calls people: called now and then by whoever looks after a store."""

from __future__ import annotations

from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.attention.groups import Group
from onloop.calls.call_operations import FinishCalls, TakeCalls, is_call_due
from onloop.calls.call_text import CallText, text_of
from onloop.calls.channels import Channels, declared_channels
from onloop.calls.sending import send
from onloop.calls.wanted_calls import CallBatch, by_cause
from onloop.errors import BadInput, OnloopError
from onloop.home import addressed
from onloop.machine.store_state import StoreState
from onloop.records import Record, replace
from onloop.text import safe
from onloop.views.overview_projector import ReadBoard
from onloop.views.queries.reads import ReadStoreState

FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 30_000, 1_800_000


class CallKeeper(Record):
    """Sends the calls that are due, as `who`; `say` tells the operator."""

    opened: GatewayHandle
    who: str
    say: Callable[[str], None]

    def keep(self) -> int:
        """Send what is due; the answer is how many messages went out."""
        gateway, channels = self.opened.gateway, self._channels()
        with gateway.store.reading() as reading:
            if not is_call_due(reading, gateway.clock(), channels):
                return 0
        taken = gateway.perform(TakeCalls(self.who, channels))
        if not taken:
            return 0
        house, sent, failed = gateway.perform(ReadStoreState()), 0, set[str]()
        for batch in taken:
            if batch.channel in failed:  # one wait for a channel that does not answer is enough
                self._put_off(batch, "the channel failed just now")
                continue
            is_sent = self._send(batch, house)
            sent += is_sent
            failed |= set() if is_sent else {batch.channel}
        return sent

    def _channels(self) -> tuple[str, ...]:
        """The channels that this machine declares; none where it says so in a way that cannot be read."""
        try:
            return tuple(declared_channels(self.opened.home.store).by_name)[:200]
        except OnloopError:
            return ()

    def _send(self, batch: CallBatch, house: StoreState) -> bool:
        gateway = self.opened.gateway
        now = gateway.clock()
        shown = by_cause(gateway.perform(ReadBoard(now)).shown)
        over = replace(batch, rows=tuple(row for row in batch.rows if row.cause not in shown))
        if over.rows:  # decided just now: the next look says so of its rows
            self._put_off(over, "")
        batch = replace(batch, rows=tuple(row for row in batch.rows if row.cause in shown))
        if not batch.rows:
            return True
        groups = tuple(shown[row.cause] for row in batch.rows)
        try:
            words = self._sent(batch, groups, house, now)
        except OnloopError as problem:
            self._put_off(batch, problem.message, problem.hint)
            self.say(safe(f"a call to {batch.recipient} by {batch.channel} fails: {problem.message}", 500))
            return False
        calls = tuple(row.id for row in batch.rows)
        gateway.perform(FinishCalls(batch.message, batch.channel, calls, sent=True, words=words))
        self.say(safe(f"called {batch.recipient} by {batch.channel} about {len(groups)} causes", 300))
        return True

    def _sent(self, batch: CallBatch, groups: tuple[Group, ...], house: StoreState, now: int) -> str:
        channels, name = declared_channels(self.opened.home.store), safe(batch.channel, 40)
        text = self._text(batch, channels, groups, now)
        channel = channels.by_name.get(batch.channel)
        if channel is None:
            words = f"this machine declares no channel {name}"
            raise BadInput(words, hint=f"add [channel.{name}] to calls.toml of the store")
        return send(channel, text, channel.addresses.get(batch.recipient) or _email_of(house, batch.recipient))

    def _text(self, batch: CallBatch, channels: Channels, groups: tuple[Group, ...], now: int) -> CallText:
        home = self.opened.home
        return text_of(batch.message, batch.recipient, groups, lambda way: addressed(home, way), channels.link, now)

    def _put_off(self, batch: CallBatch, words: str, way_out: str = "") -> None:
        attempts = max(row.attempts for row in batch.rows)
        pause = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << min(10, attempts - 1))
        calls = tuple(row.id for row in batch.rows)
        said = safe(words, 400)
        self.opened.gateway.perform(
            FinishCalls(batch.message, batch.channel, calls, sent=False, words=said, way_out=way_out, again_ms=pause)
        )


def _email_of(house: StoreState, recipient: str) -> str:
    """The address of an enrolled person of that name; empty where there is none."""
    person = house.people.get(recipient)
    return person.email if person is not None else ""
