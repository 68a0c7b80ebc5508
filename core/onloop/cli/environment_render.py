"""Where agents work, as JSON."""

from __future__ import annotations

from onloop.cli.json_models.work_models import EnvironmentJson
from onloop.machine.task import Task
from onloop.views.environment_words import works_in


def environment_json(task: Task) -> EnvironmentJson | None:
    """Where the last agent of a task worked, as its launcher attested it."""
    made = task.environment
    if made is None:
        return None
    return EnvironmentJson(
        made.id,
        made.kind.value,
        made.isolation.value,
        made.host,
        made.image,
        made.digest,
        made.details,
        made.by,
        made.trust,
        made.at,
        works_in(task) is not None,
    )
