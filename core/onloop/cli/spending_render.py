"""What a task took, as `--json` prints it."""

from __future__ import annotations

from onloop.cli.json_models.work_models import UsedJson
from onloop.machine.task import Task


def used_json(task: Task) -> UsedJson | None:
    """What it took; nothing where nobody was given it yet."""
    spent = task.spending.whole
    if not spent.claims and not spent.usage.is_told:
        return None
    used = spent.usage
    measured = (spent.claims, spent.held_ms, spent.telling, spent.priced)
    return UsedJson(used.input, used.cached, used.output, used.micro_usd, *measured)
