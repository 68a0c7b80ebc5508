"""Names of steps, branches and workflows, made of names that others gave."""

from __future__ import annotations

import re

from onloop.workflow.model import STEP_ID

_ODD = re.compile(r"[^a-z0-9_-]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
LONGEST_SLUG = 40


def workflow_slug(name: str, otherwise: str) -> str:
    """A name for a workflow: words in small letters with `-` between them."""
    return slug(_HUMP.sub("-", name).replace("_", "-"), otherwise)


def slug(name: str, otherwise: str) -> str:
    """The name in small letters and digits, beginning with a letter; `otherwise` where nothing is left."""
    found = _ODD.sub("-", name.lower()).strip("-_")[:LONGEST_SLUG].rstrip("-_")
    if found and not found[0].isalpha():
        found = f"{otherwise}-{found}"[:LONGEST_SLUG]
    return found or otherwise


class GivenNames:
    """Ids of steps that are given out, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def step(self, phase: str, name: str, label: str = "") -> str:
        """An id for a step: its label where that is one already, else the phase and its name."""
        wanted = label if re.fullmatch(STEP_ID, label) else f"{phase}.{slug(name, 'step')}"
        found, number = wanted, 2
        while found in self._taken:
            found, number = f"{wanted[:60]}-{number}", number + 1
        self._taken.add(found)
        return found
