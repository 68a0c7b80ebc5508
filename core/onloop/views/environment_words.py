"""Where an agent works, and how far it is separated, in words for people."""

from __future__ import annotations

from onloop.machine.agent_environment import MadeEnvironment
from onloop.machine.definition import Isolation
from onloop.machine.task import Task
from onloop.times import utc_words


def works_in(task: Task) -> MadeEnvironment | None:
    """The environment in which its holder works now; None where nobody holds it, or nothing was attested of it."""
    made = task.environment
    return made if made is not None and task.holder is not None and made.epoch == task.epoch else None


def where_words(task: Task) -> str:
    """The environment of its holder in a few words, such as `in container on host`; empty where none was attested."""
    made = works_in(task)
    return f"in {made.kind.value} on {made.host}" if made is not None else ""


def environment_lines(task: Task) -> tuple[str, ...]:
    """What was attested of the environment that its last holder had, what was asked for it, and who stepped in."""
    return (
        *_asked_lines(task),
        *_made_lines(task.environment, is_now=works_in(task) is not None),
        *_inside_lines(task),
    )


def _asked_lines(task: Task) -> tuple[str, ...]:
    """What its parent's agent asked for, beside what steps demand."""
    if task.isolation is Isolation.NONE:
        return ()
    return (f"works in isolation {task.isolation.value} at least, as the agent of {task.parent} asked",)


def _inside_lines(task: Task) -> tuple[str, ...]:
    """Who stepped in and has not left: in words that stay true when their time is over."""
    return tuple(
        f"{stay.person} stepped into {stay.place} on {stay.host} at {utc_words(stay.since)}, "
        f"until {utc_words(stay.until)} at the latest"
        for stay in task.inside
    )


def _made_lines(made: MadeEnvironment | None, *, is_now: bool) -> tuple[str, ...]:
    if made is None:
        return ()
    image = f" from {made.image}" if made.image else ""
    digest = f" {made.digest[:12]}" if made.digest else ""
    now = "works" if is_now else "worked"
    return (
        f"{now} in {made.kind.value} {made.id} on {made.host}{image}{digest}; isolation {made.isolation.value}",
        f"  attested by {made.by}, {made.trust}",
        *([f"  {', '.join(made.details)}"] if made.details else []),
    )
