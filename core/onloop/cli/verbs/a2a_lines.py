"""Tasks in A2A's words, as JSON on standard output: what a program prints that passes them on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from onloop.errors import BadInput
from onloop.interop.a2a.a2a_tasks import a2a_task
from onloop.views.effective_status import TaskNow


def show_lines(found: TaskNow, *, is_json_asked: bool) -> tuple[str, ...]:
    """One task, whole."""
    return _lines(a2a_task(found), is_json_asked=is_json_asked)


def list_lines(found: Sequence[TaskNow], *, is_json_asked: bool) -> tuple[str, ...]:
    """Every task on one page, the newest first, without artifacts."""
    newest = sorted(found, key=lambda each: (each.task.since, each.task.id), reverse=True)
    tasks = [a2a_task(each, artifacts=False) for each in newest]
    told = {"tasks": tasks, "nextPageToken": "", "pageSize": len(tasks), "totalSize": len(tasks)}
    return _lines(told, is_json_asked=is_json_asked)


def _lines(told: dict[str, Any], *, is_json_asked: bool) -> tuple[str, ...]:
    if is_json_asked:
        raise BadInput("--a2a and --json are two forms", hint="leave one of them out: both are JSON")
    return tuple(json.dumps(told, indent=2).splitlines())
