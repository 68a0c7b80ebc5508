"""A report as bytes. The work under test writes it, so nothing but a regular file of a sane size is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

LARGEST_REPORT = 32 * 1024 * 1024


class ReportRefused(Exception):
    """Why a report is not read, although it may be well-formed."""


def content_of(report: Path, what: str) -> bytes | str:
    """The report's bytes, or in words why there are none; `what` is what it is called, such as `test report`."""
    try:
        content = _read(report)
    except FileNotFoundError:
        return f"no {what} was written"
    except OSError as problem:
        return f"the {what} cannot be read: {problem.strerror}"
    return f"the {what} is not a regular file of at most {LARGEST_REPORT} bytes" if content is None else content


def _read(report: Path) -> bytes | None:
    """The content; None for a pipe, device or folder in its place, and for a file that is too large."""
    handle = os.open(report, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_REPORT:
            return None
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(LARGEST_REPORT)
    finally:
        os.close(handle)
