"""Whether the rows that find a task by what it is linked to agree with the tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from onloop.machine.task import Task
from onloop.store.port import Reading
from onloop.store.rows import LinkRow
from onloop.text import safe


def link_faults(reading: Reading, tasks: Mapping[str, Task]) -> Iterator[str]:
    """Each difference in words: a row names a task that has the link, and each link has a row."""
    rows = {row.key: row.task for row in reading.select(LinkRow)}
    linked = {(link.key, task.id) for task in tasks.values() for link in task.links}
    for key, task in rows.items():
        if (key, task) not in linked:
            yield f"link {safe(key, 200)}: a row that the log does not explain"
    for key in sorted({key for key, _ in linked} - rows.keys()):
        yield f"link {safe(key, 200)}: a task is linked to it, and no row says so"
