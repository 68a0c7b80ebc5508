"""The moment that `--since` means."""

from __future__ import annotations

from onloop.errors import BadInput
from onloop.times import moment_of
from onloop.workflow.duration import milliseconds


def past_moment(text: str | None, now: int) -> int | None:
    """That moment (ms), so long ago or a time; None where none is given; BadInput where it is none, or is to come."""
    if text is None:
        return None
    moment = moment_of(text, now)
    try:
        since = moment if moment is not None else now - milliseconds(text)
    except BadInput as problem:
        hint = "14d, 12h, 2026-01-31 or 2026-01-31T18:30Z"
        raise BadInput(f"--since {text[:40]!r} is no time", hint=hint) from problem
    if not 0 <= since <= now:
        raise BadInput(f"--since {text[:40]!r} is not in the past", hint="14d, 12h or 2026-01-31")
    return since
