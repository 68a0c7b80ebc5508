"""With what a submitted commit is compared: its base, or an earlier commit that the same task has handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onloop.machine.events import Submitted
from onloop.machine.task import Task
from onloop.store.codec import event_from_text
from onloop.store.port import Recorded


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the shown commit is compared with: `since` is that commit, empty for the base."""

    since: str = ""
    words: str = ""


WHOLE = Comparison()
"""All that the submission changes."""


def comparisons(task: Task, events: Sequence[Recorded], looked_at: str) -> tuple[Comparison, ...]:
    """The whole change first, then what changed since the person looked, then since each earlier round, newest first.

    `looked_at` is the commit that they saw last, empty where that is none or the same.
    """
    work = task.submission
    if work is None:
        return (WHOLE,)
    facts = [event_from_text(event.name, event.data) for event in events if event.name == Submitted.__name__]
    rounds = [fact.submission for fact in facts if isinstance(fact, Submitted)]
    found: dict[str, Comparison] = {}
    for number, each in reversed(list(enumerate(rounds, 1))):
        if each.head != work.head and each.head not in found:
            moved = "" if each.base == work.base else "; its base moved, so what others changed is in it too"
            seen = ", which you looked at" if each.head == looked_at else ""
            found[each.head] = Comparison(each.head, f"since round {number} of {len(rounds)}{seen}{moved}")
    first = [found.pop(looked_at)] if looked_at in found else []
    return (WHOLE, *first, *found.values())
