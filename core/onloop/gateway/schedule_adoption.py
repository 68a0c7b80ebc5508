"""What a schedule may begin: what the store keeps, so that no commit changes it."""

from __future__ import annotations

from onloop.errors import BadInput
from onloop.machine.schedules import Schedule
from onloop.store.port import Reading
from onloop.store.rows import PinnedWorkflow
from onloop.text import safe

_FILES = (".yaml", ".yml")


def check_kept(reading: Reading, schedule: Schedule) -> None:
    """Refuse a schedule whose workflow, fleet file or targets the store does not keep; a built-in may go by name."""
    begins = schedule.begins
    is_named = not begins.definition and not begins.fleet and not begins.workflow.endswith(_FILES)
    missing = "" if is_named or reading.get(PinnedWorkflow, begins.definition) else "the workflow"
    for digest, what in ((begins.fleet_file, "the fleet file"), (begins.targets_file, "the list of targets")):
        if begins.fleet and reading.blob(digest) is None:
            missing = missing or what
    if missing:
        words = f"{missing} of {safe(schedule.name, 64)} is not kept: {safe(begins.fleet or begins.workflow, 200)}"
        raise BadInput(words, hint="onloop schedule adopt FILE keeps it")
