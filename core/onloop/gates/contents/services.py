"""Servers beside a gate's command, in the same box: how they are started, and what became of them."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from onloop.gates.command_process import Ending, Ran
from onloop.gates.contents import service_start
from onloop.machine.definition import ServiceSpec
from onloop.records import Record
from onloop.text import safe

FOLDER = "services"
"""The folder in the run's output folder that holds the services' output."""

LONGEST_OUTPUT = 8_192
"""How many bytes of each service's output are kept: its end."""

_REPORT = "report.json"
_LARGEST_REPORT = 65_536
_LONGEST_PROBLEM = 200
_SLACK_MS = 5_000

Words = Sequence[str]


class ServicesRun(Record):
    """What became of a gate's services. `problem` says what is wrong with one of them; `output` is what all wrote."""

    problem: str = ""
    output: str = ""
    ready_ms: int = 0


def started_with(
    services: Sequence[ServiceSpec],
    argv: Words,
    *,
    python: str,
    tmp: str,
    out: str,
    timeout_ms: int,
    filled: Callable[[Words, str], Words],
) -> tuple[str, ...]:
    """The command that starts services and then runs `argv` for at most `timeout_ms`, as it is given to a box.

    `python` is the interpreter in the box; `tmp` and `out` are folders of the run as the box names them. `filled`
    fills the placeholders of a service's command, for its data folder.
    """
    order = {
        "services": [_ordered(service, f"{tmp}/{FOLDER}/{service.name}", filled) for service in services],
        "folder": f"{out}/{FOLDER}",
        "report": _REPORT,
        "timeout_ms": timeout_ms,
    }
    text = Path(service_start.__file__).read_text(encoding="utf-8")
    return (python, "-I", "-S", "-c", text, json.dumps(order), *argv)


def longest_ms(services: Sequence[ServiceSpec], timeout_ms: int) -> int:
    """How long a command may take in all, with the time in which its services may become ready."""
    return timeout_ms + sum(service.timeout_ms for service in services) + _SLACK_MS


def services_run(services: Sequence[ServiceSpec], out: Path) -> tuple[ServicesRun, Callable[[Ran], Ran]]:
    """What became of the services, read from the run's output folder, and what that says about the command's outcome.

    Code in the box can have written all of it: it can make a run an error, and never one that passes.
    """
    report = _report(out)
    problem = ""
    if name := report.get("service"):
        problem = safe(f"the service {name} {report.get('problem')}", _LONGEST_PROBLEM)
    written = [(service.name, _text(out, f"{service.name}.log", LONGEST_OUTPUT)) for service in services]
    output = "".join(f"[onloop: the service {name} wrote]\n{text.rstrip()}\n" for name, text in written if text)
    ready_ms = report.get("ready_ms")
    found = ServicesRun(problem, output, ready_ms if isinstance(ready_ms, int) else 0)
    return found, lambda ran: _told(ran, report, found.ready_ms)


def _ordered(service: ServiceSpec, data: str, filled: Callable[[Words, str], Words]) -> dict[str, Any]:
    return {
        "name": service.name,
        "command": list(filled(service.command, data)),
        "prepare": [list(filled(argv, data)) for argv in service.prepare],
        "ready": list(filled(service.ready, data)),
        "port": service.port,
        "timeout_ms": service.timeout_ms,
        "data": data,
    }


def _told(ran: Ran, report: dict[str, Any], ready_ms: int) -> Ran:
    """The outcome of the command alone: what the report adds can make it worse, never better."""
    ran = dataclasses.replace(ran, duration_ms=max(0, ran.duration_ms - max(0, ready_ms)))
    if report.get("timed_out"):
        return dataclasses.replace(ran, ending=Ending.TIMED_OUT, exit_code=None)
    if reason := report.get("not_started"):
        return dataclasses.replace(ran, ending=Ending.NOT_STARTED, exit_code=None, problem=safe(str(reason), 200))
    return ran


def _report(out: Path) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        found = json.loads(_text(out, _REPORT, _LARGEST_REPORT) or "{}")
        if isinstance(found, dict):
            return found
    return {}


def _text(out: Path, name: str, most: int) -> str:
    """The end of a regular file of the services' folder; empty where a link or something else is in its place."""
    with suppress(OSError):
        folder = os.open(out / FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        finally:
            os.close(folder)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if stat.S_ISREG(status.st_mode):
                file.seek(max(0, status.st_size - most))
                return file.read(most).decode("utf-8", "backslashreplace")
    return ""
