"""Notifies a person through the terminal: bell, desktop notification, title. Nothing else is written directly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from onloop.attention.groups import Group
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.inbox.notice import NoticeState, is_approval_for, is_watched, notices_after, title_words
from onloop_tui.session import Session

BELL = "\x07"
KEEP_TITLE, GIVE_BACK_TITLE = "\x1b[22;2t", "\x1b[23;2t"
"""XTerm's stack of titles: it restores the previous title when we leave."""
_ST = "\x1b\\"
_BY_NAME_AND_BODY = ("foot", "rxvt", "ghostty")


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a terminal supports: OSC 777 or OSC 9, never both, and inside tmux only in a passthrough sequence.

    tmux forwards that sequence if its `allow-passthrough` is on; the bell and the title need no passthrough.
    """

    by_name_and_body: bool = False
    in_tmux: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Terminal:
        """The terminal that these environment variables describe."""
        name = environment.get("TERM", "")
        program = f"{name} {environment.get('TERM_PROGRAM', '')}".lower()
        known = "VTE_VERSION" in environment or any(word in program for word in _BY_NAME_AND_BODY)
        return cls(known, "TMUX" in environment or name.startswith("tmux"))

    def notification(self, words: str) -> str:
        """The sequence for a desktop notification of `words`, which are made safe."""
        body = safe(words).replace(";", ",")
        sequence = f"\x1b]777;notify;onloop;{body}{_ST}" if self.by_name_and_body else f"\x1b]9;{body}{_ST}"
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + _ST if self.in_tmux else sequence


def title(words: str) -> str:
    """The sequence that sets the terminal's title to `words`, which are made safe."""
    return f"\x1b]2;{safe(words)}{_ST}"


class Notices:
    """Sends notices through `write` when they are due, and remembers them, so that none is sent twice."""

    def __init__(self, session: Session, terminal: Terminal, write: Callable[[str], None]) -> None:
        self._session = session
        self._terminal = terminal
        self._write = write
        self._told = NoticeState()
        self._title = ""
        self._key_at: int | None = None

    def pressed(self) -> None:
        """Note that a key was pressed, which shows that somebody is looking."""
        self._key_at = self._session.now()

    def begin(self) -> None:
        """Save the terminal's title."""
        self._write(KEEP_TITLE)

    def end(self) -> None:
        """Restore the terminal's title."""
        self._write(GIVE_BACK_TITLE)

    def look(self, snapshot: Snapshot, *, focused: bool) -> None:
        """Update the title, and send a notice if there is news and nobody is looking."""
        now, settings = self._session.now(), self._session.settings
        self._told, words = notices_after(
            self._told,
            snapshot.groups,
            now,
            watched=is_watched(focused=focused, key_at=self._key_at, now=now),
            is_urgent=lambda group: self._is_mine(group, snapshot),
        )
        if words and settings.bell:
            self._write(BELL)
        if words and settings.osc:
            self._write(self._terminal.notification(words))
        wanted = title_words(snapshot.board.counts.needs_you)
        if wanted != self._title:
            self._title = wanted
            self._write(title(wanted))

    def _is_mine(self, group: Group, snapshot: Snapshot) -> bool:
        person = self._session.person
        name = person.name if person is not None else self._session.person_name
        enrolled = snapshot.house.people.get(name)
        return enrolled is not None and is_approval_for(f"human:{name}", enrolled.groups, group, snapshot.tasks)
