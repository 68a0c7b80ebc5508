"""A person's settings: their values, the place of the file, and the error for an invalid one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from onloop.attention.viewer import Scope
from onloop.errors import BadInput
from onloop_tui.bindings import KEYS, Key, Where

PROOF_MS = 300_000

WORDS_WITH_AN_OBJECT = frozenset({"theme", "save", "forget"})
"""The words allowed after `:` besides the registry's words and the names of filters."""


class ThemeName(StrEnum):
    """The colours of the dashboard; MONO uses no colour."""

    DARK = "dark"
    LIGHT = "light"
    ANSI = "ansi"
    MONO = "mono"
    EVENING = "evening"


class StartView(StrEnum):
    """The view shown at the start."""

    INBOX = "inbox"
    TREE = "tree"
    FLEET = "fleet"
    AGENTS = "agents"
    LOG = "log"
    LOOP = "loop"

    @property
    def where(self) -> Where:
        """The view's place in the registry."""
        return Where[self.name]


MOST_VIEWS = 30
"""The most views that can be saved."""
FIRST_TAB, MOST_TABS = 7, 3
"""The number key of the first saved view, and how many have one."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """How the dashboard was when it was saved: the view, its filter, the run that all was narrowed to, whose work.

    `columns` and `sort` are those that a person chose; empty: as the view has them by itself.
    """

    name: str
    view: Where
    filter: str = ""
    run: str = ""
    scope: Scope = Scope.MAY_ACT
    columns: str = ""
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """A person's settings: `theme` None follows the terminal, `keys` is the registry with the person's keys.

    `start` None begins at the last place; `views` come from a file of their own. `proof_ms` is how long a typed
    passphrase stays valid for decisions. `plain` talks in lines.
    """

    theme: ThemeName | None = None
    bell: bool = True
    osc: bool = True
    keys: tuple[Key, ...] = KEYS
    filters: Mapping[str, str] = field(default_factory=dict)
    start: Where | None = None
    proof_ms: int = PROOF_MS
    views: tuple[SavedView, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By view: the columns that it begins with."""
    plain: bool = False


ROLE_VIEWS: Mapping[str, Where] = {"engineer": Where.TREE, "approver": Where.INBOX, "operator": Where.FLEET}
"""The view that each role begins with."""


class SettingsError(BadInput):
    """Invalid settings; `problems` holds every `file:line:col: what; what would work`."""

    code = "bad_settings"

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems), hint="fix the file; until then the previous settings stay in force")
        self.problems = problems


def settings_file(environment: Mapping[str, str]) -> Path:
    """The path of a person's settings, by the XDG base directory specification."""
    given = environment.get("XDG_CONFIG_HOME", "")
    config = Path(given) if given.startswith("/") else Path("~/.config").expanduser()
    return config / "onloop" / "dashboard.yaml"


def views_file(settings: Path) -> Path:
    """The file of saved views that belongs to a settings file: beside it, so that no comment in that is ever lost."""
    return settings.with_name(f"{settings.stem}-views.yaml")


def plain_is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether the environment asks for the plain dashboard, or for a terminal that can show no other."""
    return environment.get("ONLOOP_PLAIN", "") not in {"", "0"} or environment.get("TERM") == "dumb"
