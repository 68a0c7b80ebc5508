"""What this dashboard has shown of changes: which diffs, and which files whole. Equal changes count as one."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from onloop.views.changes import handed_words, unseen
from onloop.views.dossier import Dossier

MOST = 2_000
"""How many changes are remembered; after that, the one that came first is forgotten."""


class Looks:
    """What was shown since the dashboard began, by the digest of what changes."""

    def __init__(self) -> None:
        self._opened: dict[str, set[str]] = {}
        self._handed: dict[str, None] = {}

    def showed(self, dossier: Dossier) -> None:
        """A change's diff was on the screen, as far as its budget goes, and what was handed over with it."""
        self._handed |= {each.digest: None for each in dossier.artefacts}
        for oldest in list(self._handed)[:-MOST]:
            del self._handed[oldest]
        if dossier.content:
            self._opened.setdefault(dossier.content, set())
            for oldest in list(self._opened)[:-MOST]:
                del self._opened[oldest]

    def open(self, dossier: Dossier, path: str) -> None:
        """One file of a change was opened whole."""
        if dossier.content:
            self._opened.setdefault(dossier.content, set()).add(path)

    def has_shown(self, dossier: Dossier) -> bool:
        """Whether the change's diff was shown; where nothing changes, there is nothing to show."""
        return not dossier.content or dossier.content in self._opened

    def opened(self, dossier: Dossier) -> AbstractSet[str]:
        """The files of a change that were opened whole."""
        return self._opened.get(dossier.content, set())

    def unseen(self, dossier: Dossier) -> tuple[str, ...]:
        """What of a task's work was not shown here: of its change, file by file, and of what was handed over."""
        if dossier.trouble:
            return (dossier.trouble,)
        work = dossier.task.submission
        handed = [each for each in (work.artefacts if work else ()) if each.digest not in self._handed]
        left = unseen(dossier.files, self.opened(dossier), diff_shown=self.has_shown(dossier))
        return (*left, *handed_words(handed))
