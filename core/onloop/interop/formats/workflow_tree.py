"""Parts of a workflow's plain data, as far as they are what they should be."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.machine.definition import END

Part = Mapping[str, object]


def parts(value: object) -> list[Part]:
    """The mappings of a list; none where it is no list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def text(part: Part, name: str) -> str:
    """A field that is text, or nothing."""
    found = part.get(name)
    return found if isinstance(found, str) else ""


def words(value: object) -> list[str]:
    """A list of text; none where it is anything else."""
    return [str(word) for word in value] if isinstance(value, list) else []


def reject_target(step: Part) -> str:
    """Where a rejection leads: as the step says, else back to who works there, else to the end."""
    works = "role" in step or "effect" in step or "fan_out" in step
    return text(step, "on_reject") or (text(step, "id") if works else END)


def has_human(step: Part) -> bool:
    """Whether people are asked."""
    return any("human" in gate for gate in parts(step.get("gates")))
