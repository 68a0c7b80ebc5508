"""PURE: how many agents a worker runs at once, and for which roles it claims next."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.records import Record


class CrewSize(Record):
    """How many agents may work at once: at least this many as long as tasks wait, and never more than `most`."""

    least: int = 1
    most: int = 1


def agents_wanted(crew: CrewSize, at_work: int, waiting: int) -> int:
    """How many agents should work now: past the least, one more for as long as at least as many wait as work."""
    if at_work < crew.least:
        return min(crew.least, at_work + waiting)
    return min(crew.most, at_work + (1 if waiting >= at_work else 0)) if waiting else at_work


def claims_for(role: str, name: str, waiting: Sequence[tuple[str, int]]) -> tuple[tuple[str, str], ...]:
    """As which agent to claim for which role, in order: the fullest queue first.

    A worker with a role claims for that. One without claims for every role that waits, under a name for each, so that
    whoever reviews is not called like whoever did the work. A task that waits for an agent by name is claimed by it,
    and one that waits for people by no agent.
    """
    if role:
        return ((name, role),)
    queues = sorted(waiting, key=lambda queue: (-queue[1], queue[0]))
    own = [(wanted.removeprefix("agent:"), _role_in(wanted, name)) for wanted, _ in queues if _is_ours(wanted, name)]
    return (*own, *((f"{name}.{wanted}", wanted) for wanted, _ in queues if ":" not in wanted))


def _is_ours(wanted: str, name: str) -> bool:
    return wanted.startswith(f"agent:{name}.")


def _role_in(wanted: str, name: str) -> str:
    return wanted.removeprefix(f"agent:{name}.")
