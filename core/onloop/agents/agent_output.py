"""What an agent prints, read as it comes: lines for its log, its session, how full its context is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from onloop.agents.usage_meter import UsageMeter
from onloop.agents.vendors.vendor import Hear, Heard
from onloop.gates.cause import tells_of_failure
from onloop.gates.cause_names import named

LONGEST_LINE = 4 * 1_048_576
"""How long a line of JSON may be, in bytes; of a longer one the rest is kept as plain text."""

LONGEST_WORDS = 20_000
"""How much of one thing that an agent said or saw is kept in its log, in characters."""

LONGEST_LAST_WORDS = 400
_ESCAPES = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


@dataclass(slots=True)
class AgentOutput:
    """Reads an agent's output. With `hear`, lines that are JSON objects are a vendor's; all else is plain text.

    `session` is the vendor's own name of the session, `tokens` how much of a context of `window` is in use; empty and
    0 where the vendor does not say. `works` says that the agent's model has answered.
    """

    hear: Hear | None = None
    session: str = ""
    tokens: int = 0
    window: int = 0
    works: bool = False
    meter: UsageMeter = field(default_factory=UsageMeter)
    _rest: bytes = b""

    def feed(self, chunk: bytes) -> bytes:
        """What the log keeps of the output so far."""
        if self.hear is None:
            return chunk
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines, self._rest = [*lines, self._rest], b""
        return b"".join(self._kept(line) for line in lines)

    def end(self) -> bytes:
        """What the log keeps of a last line without an end."""
        rest, self._rest = self._rest, b""
        return self._kept(rest) if rest else b""

    @property
    def percent(self) -> int | None:
        """How full the context is, in per cent; None where the vendor does not say enough."""
        return min(100, self.tokens * 100 // self.window) if self.tokens and self.window else None

    def _kept(self, line: bytes) -> bytes:
        fields = _object(line)
        if fields is None or self.hear is None:
            return line + b"\n"
        return "".join(self._noted(heard) for heard in self.hear(fields)).encode("utf-8", "replace")

    def _noted(self, heard: Heard) -> str:
        self.session = heard.session or self.session
        self.tokens = heard.tokens or self.tokens
        self.window = heard.window or self.window
        self.works = self.works or heard.works
        self.meter.hear(heard)
        words = heard.words.strip("\n")
        if len(words) > LONGEST_WORDS:
            words = f"{words[:LONGEST_WORDS]}\n[onloop: {len(words) - LONGEST_WORDS} characters more were not kept]"
        return f"{words}\n" if words.strip() else ""


def _object(line: bytes) -> dict[str, object] | None:
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


LAST_LINES = 8
"""Among how many of its last lines the one is looked for that says why an agent ended."""


def quoting(how: str, words: str) -> str:
    """How an agent ended, with its own words in quotes, out of which they cannot lead."""
    inner = words.replace('"', "'")
    return f'{how}, saying "{inner}"' if inner else how


def last_words(printed: bytes) -> str:
    """Why a program ended, in its own words, as one line: the last of its last lines that tells of a failure.

    Where none does, it is the last line that says something; empty where there is none.
    """
    said = [line for line in _said(printed) if not _IS_FRAME.match(line)]
    lines = said[-LAST_LINES:]
    if not lines:
        return ""
    told = [number for number, line in enumerate(lines) if tells_of_failure(line)]
    number = told[-1] if told else len(lines) - 1
    return " ".join(named(lines[number], lines[:number], lines[number + 1 :]).split())[:LONGEST_LAST_WORDS]


_IS_FRAME = re.compile(r"at \S.*[:(]\d|File \".*\", line \d+|Node\.js v\d")
"""Lines of a stack, and what a program says of itself when it ends."""


def _said(printed: bytes) -> list[str]:
    lines = (_ESCAPES.sub("", line).strip() for line in printed.decode("utf-8", "replace").splitlines())
    return [line for line in lines if any(character.isalnum() for character in line)]
