"""What `validate` says of files that are no workflows: they are known by the field that each of them must have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from onloop.errors import BadInput
from onloop.workflow.document import read
from onloop.workflow.positioned_tree import MapNode

_LARGEST = 1_048_576


def other_file(name: str) -> str | None:
    """What a file of another kind holds, in words; None for a workflow. WorkflowError names every problem."""
    try:
        with Path(name).open("rb") as file:
            source = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None  # whoever reads it as a workflow says which built-ins there are
    except OSError as problem:
        raise BadInput(f"{name} cannot be read: {problem.strerror}", hint="give a file") from None
    root = read(source).root
    fields = root.fields if isinstance(root, MapNode) else {}
    check = next((check for field, check in _KINDS.items() if field in fields), None)
    return None if check is None else check(source, name)


def _schedules(source: bytes, name: str) -> str:
    from onloop.schedules.schedule_file import load_schedules  # here: few files are of this kind

    return f"{name}: {len(load_schedules(source, name))} schedules"


def _calls(source: bytes, name: str) -> str:
    from onloop.calls.call_file import load_calls  # here: few files are of this kind

    plan = load_calls(source, name)
    return f"{name}: {len(plan.rules)} rules of calls, {len(plan.recipients)} recipients"


def _triggers(_: bytes, name: str) -> str:
    from onloop.triggers.trigger_sources import triggers_at_hand  # here: few files are of this kind

    triggers = triggers_at_hand(name).triggers()
    return f"{name}: {len(triggers)} {'trigger' if len(triggers) == 1 else 'triggers'}"


_KINDS: Mapping[str, Callable[[bytes, str], str]] = {
    "schedules": _schedules,
    "recipients": _calls,
    "triggers": _triggers,
}
