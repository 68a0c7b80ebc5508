"""What came back from a gateway, and how it is held to what the standard says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onloop.records import Record, field
from onloop.text import safe

LONGEST_SHOWN = 400
"""How much of what came is shown of a case that fails, in characters."""


class Deviation(Exception):
    """Something other came than the standard says."""

    def __init__(self, sent: str, came: str, expected: str) -> None:
        super().__init__(f"sent {sent}: came {came}: expected {expected}")
        self.sent = sent
        self.came = came
        self.expected = expected


class TrialReply(Record):
    """One answer: of a command its exit code and output, over HTTP its status, headers and body."""

    sent: str
    code: int
    text: str
    err: str = ""
    data: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def came(self) -> str:
        """What came, in one line."""
        return safe(f"{self.code} {self.text.strip() or self.err.strip() or '(nothing)'}", LONGEST_SHOWN)

    def wrong(self, expected: str) -> Deviation:
        """What to raise where this is not as expected."""
        return Deviation(self.sent, self.came, expected)

    def ends(self, *codes: int) -> TrialReply:
        """Itself, if it ended with one of these codes."""
        if self.code not in codes:
            raise self.wrong("exit code or status " + " or ".join(str(int(code)) for code in codes))
        return self

    def has(self, **wanted: object) -> TrialReply:
        """Itself, if its object has these fields with these values."""
        for name, value in wanted.items():
            if (found := self.value(name)) != value:
                raise self.wrong(f"{name} is {value!r}, not {safe(repr(found), 80)}")
        return self

    def value(self, *names: str | int) -> Any:
        """What its object has under these names, one inside the other."""
        found: Any = self.data
        for depth, name in enumerate(names):
            is_there = (
                name in found if isinstance(found, Mapping) else isinstance(found, list) and name in range(len(found))
            )
            if not is_there:
                raise self.wrong(f"an object with {'.'.join(str(each) for each in names[: depth + 1])}")
            found = found[name]
        return found

    def holds(self, condition: object, expected: str) -> TrialReply:
        """Itself, if the condition holds; `expected` says it in words."""
        if not condition:
            raise self.wrong(expected)
        return self
