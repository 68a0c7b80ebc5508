"""What is known of a task whose dossier is read aside."""

from __future__ import annotations

from dataclasses import dataclass

from onloop.views.dossier import Dossier


@dataclass(frozen=True, slots=True)
class DossierFound:
    """A dossier without its diff; or why it could not be read; or neither, as long as it is being read."""

    dossier: Dossier | None = None
    trouble: str = ""
