"""A person's own settings: what can be set, where the file is, and what is said of one that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from onloop.errors import BadInput
from onloop_tui.bindings import KEYS, Key, Where

PROOF_MS = 300_000

WORDS_WITH_AN_OBJECT = frozenset({"theme"})
"""What may stand after `:` beside the words of the registry and the names of filters."""


class ThemeName(StrEnum):
    """How the dashboard is coloured; MONO has no colour at all."""

    DARK = "dark"
    LIGHT = "light"
    ANSI = "ansi"
    MONO = "mono"


class StartView(StrEnum):
    """The view that is in front at the start."""

    INBOX = "inbox"
    TREE = "tree"
    FLEET = "fleet"
    AGENTS = "agents"
    LOG = "log"

    @property
    def where(self) -> Where:
        """The view."""
        return Where[self.name]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person wants: `theme` None leaves it to the terminal, `keys` is the registry as it is for them.

    `proof_ms` is how long after it was typed a passphrase decides.
    """

    theme: ThemeName | None = None
    bell: bool = True
    osc: bool = True
    keys: tuple[Key, ...] = KEYS
    filters: Mapping[str, str] = field(default_factory=dict)
    start: Where = Where.INBOX
    proof_ms: int = PROOF_MS


class SettingsError(BadInput):
    """Settings that cannot be used; `problems` holds every `file:line:col: what; what would work`."""

    code = "bad_settings"

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems), hint="mend the file; until then the settings before it hold")
        self.problems = problems


def settings_file(environment: Mapping[str, str]) -> Path:
    """Where a person's settings are, by the XDG base directory specification."""
    given = environment.get("XDG_CONFIG_HOME", "")
    config = Path(given) if given.startswith("/") else Path("~/.config").expanduser()
    return config / "onloop" / "dashboard.yaml"
