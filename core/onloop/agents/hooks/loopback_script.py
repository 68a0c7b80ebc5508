"""What a model on loopback is to say, turn by turn, and what it heard."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from onloop.records import Record

MODEL = "loopback"


class Say(Record):
    """A turn in which the model says something and ends."""

    text: str


class Run(Record):
    """A turn in which the model asks for one shell command."""

    command: str


class Delegate(Record):
    """A turn in which the model asks for a sub-agent, which then takes turns of its own."""

    prompt: str


Turn = Say | Run | Delegate


@dataclass(slots=True)
class Script:
    """The turns in order; after the last one, it is repeated. `heard` are the requests received, as JSON.

    `sub_turns` are those of a sub-agent: a request without the words `told` comes from one. Each request is said to
    have had `tokens`.
    """

    turns: Sequence[Turn]
    sub_turns: Sequence[Turn] = ()
    told: str = ""
    tokens: int = 1
    heard: list[dict[str, Any]] = field(default_factory=list)
    sub_heard: list[dict[str, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_turn(self, request: dict[str, Any]) -> Turn:
        """The turn that answers this request."""
        is_sub = bool(self.sub_turns) and self.told not in json.dumps(request)
        turns, heard = (self.sub_turns, self.sub_heard) if is_sub else (self.turns, self.heard)
        with self._lock:
            heard.append(request)
            return turns[min(len(heard), len(turns)) - 1]

    @property
    def count(self) -> int:
        """How many turns have been taken."""
        return len(self.heard) + len(self.sub_heard)
