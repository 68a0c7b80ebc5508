"""What an agent's output says of tokens and cost, added up: of one run of its program, and of its session."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from onloop.agents.vendors.vendor import Heard, UsedBy
from onloop.machine.usage import Usage, grown, total
from onloop.records import values_of
from onloop.text import safe

MOST_MESSAGES = 64
"""How many messages are remembered, the latest: each may be told again, and counts once."""
LONGEST_MODEL = 100


@dataclass(slots=True)
class UsageMeter:
    """Adds up one run. What a vendor says at the end counts in the place of what its messages said before."""

    model: str = ""
    session: Usage = field(default_factory=Usage)
    """What its session used so far, earlier runs included; nothing where the vendor does not say that."""
    _run: Usage = field(default_factory=Usage)
    _past: Usage = field(default_factory=Usage)
    _messages: OrderedDict[str, Usage] = field(default_factory=OrderedDict)
    _unnamed: int = 0

    @property
    def run(self) -> Usage:
        """What this run used so far, as far as it was said."""
        said, ended = total((self._past, *self._messages.values())), self._run
        pairs = zip(values_of(ended), values_of(said), strict=True)
        return Usage(*(of_all if of_all is not None else so_far for of_all, so_far in pairs))

    def hear(self, heard: Heard) -> None:
        """Count what one line said."""
        self.model = safe(heard.model, LONGEST_MODEL) or self.model
        used = _checked(Usage(*heard.used))
        if not used.is_told:
            return
        match heard.by:
            case UsedBy.RUN:
                self._run = grown(self._run, used)
            case UsedBy.SESSION:
                self.session = grown(self.session, used)
            case UsedBy.MESSAGE:
                self._count(heard.message, used)

    def _count(self, message: str, used: Usage) -> None:
        self._unnamed += not message
        name = message or f"#{self._unnamed}"
        self._messages[name] = grown(self._messages.get(name, Usage()), used)
        self._messages.move_to_end(name)
        while len(self._messages) > MOST_MESSAGES:
            self._past = total((self._past, self._messages.popitem(last=False)[1]))


def _checked(used: Usage) -> Usage:
    """What was said, without more from a cache than went in."""
    if used.cached is None or used.input is None or used.cached <= used.input:
        return used if used.input is not None or used.cached is None else Usage(None, None, used.output, used.micro_usd)
    return Usage(used.input, used.input, used.output, used.micro_usd)
