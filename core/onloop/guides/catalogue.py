"""The guides, in the order in which they are listed."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from onloop.errors import UnknownThing

FOLDER = Path(__file__).parent
TOPICS = (
    *("tutorial", "engineer", "approver", "operator", "agents", "administrator"),
    *("agent-protocols", "a2a", "remote", "web", "elsewhere", "machines", "environments", "ci"),
    *(
        "workflows",
        "built-ins",
        "formats",
        "gates",
        "policies",
        "approvals",
        "attestation",
        "swarms",
        "fleets",
        "lifecycle",
    ),
    *("schedules", "calling", "recipes", "measures", "lessons", "benches"),
    *("forges", "effects", "triggers", "feedback"),
    *("storage", "teams", "audits", "protocol", "standard", "http"),
    *("verbs", "keys", "figures", "words", "design"),
)
"""The names of the guides: first those to read from the start, then reference. No guide has the name of a verb."""


class Guide(NamedTuple):
    """One guide: its title is the first line of its Markdown, its summary the first paragraph."""

    name: str
    title: str
    summary: str
    text: str


def guides() -> tuple[Guide, ...]:
    """All guides, in the order of TOPICS."""
    return tuple(guide(name) for name in TOPICS)


def guide(name: str) -> Guide:
    """The guide called `name`; UnknownThing lists the guides."""
    if name not in TOPICS:
        raise UnknownThing(f"there is no guide {name[:60]!r}", hint=f"guides: {', '.join(TOPICS)}")
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    title, _, rest = text.partition("\n")
    summary = rest.strip().partition("\n\n")[0]
    return Guide(name, title.removeprefix("# "), " ".join(summary.split()), text)
