"""What the agent of a pull request is told: one comment of ours on it, kept up to date, never a second one."""

from __future__ import annotations

import re

from onloop.access.elsewhere.foreign_words import said
from onloop.access.elsewhere.pull_work import ForgeView, SeenThere, place_repository, readable
from onloop.forges.port import ForgeComment
from onloop.machine.state import Reason, State
from onloop.machine.task import Feedback, Task
from onloop.machine.work_elsewhere import PlaceKind
from onloop.records import Record

MOST_TOLD = 5
_TICKS = re.compile(r"`+")


class _Stance(Record):
    """How a task stands, in a sentence, and what is added to it."""

    words: str
    feedback: tuple[Feedback, ...] = ()


def marker(task_id: str) -> str:
    """The mark by which our comment about a task is found again; it counts only in a comment of our account's."""
    return f"<!-- onloop:{task_id} -->"


def answer_there(task: Task, view: ForgeView, seen: SeenThere) -> bool:
    """Say on the pull request what must change, or that people are asked; whether anything was written.

    A comment of ours that says so already stays as it is.
    """
    place = task.elsewhere
    body = answer(task, is_told=bool(seen.told))
    if place is None or place.kind is not PlaceKind.PULL_REQUEST or not body or body == seen.told:
        return False
    repo = place_repository(place)
    comments = readable(view.forge.comments, repo, place.number, seen)
    if comments is None:  # nobody could say whether one of ours is among them
        return False
    ours = _ours(view, task, comments)
    is_said = ours is not None and ours.body.strip() == body
    if ours is None:
        view.forge.create_comment(repo, place.number, body)
    elif not is_said:
        view.forge.update_comment(repo, ours.id, body)
    seen.told = body
    return not is_said


def _ours(view: ForgeView, task: Task, comments: tuple[ForgeComment, ...]) -> ForgeComment | None:
    mark = marker(task.id)
    return next((each for each in comments if mark in each.body and each.author.login.lower() == view.us), None)


def answer(task: Task, *, is_told: bool = False) -> str:
    """What our comment says now; empty while there is nothing to say, and nothing was said before."""
    stance = _stance(task, is_told=is_told)
    if stance is None:
        return ""
    head = task.submission.head[:12] if task.submission is not None else "nothing"
    told = "".join(f"\n\n{_quoted(each)}" for each in stance.feedback[-MOST_TOLD:])
    return f"{marker(task.id)}\n**onloop** task `{task.id}`, commit `{head}`: {stance.words}{told}"


def _stance(task: Task, *, is_told: bool) -> _Stance | None:
    back = tuple(each for each in task.feedback if each.kind != "push")
    if task.reason is Reason.ELSEWHERE and back:
        return _Stance(f"this must change before it can be merged (round {task.round + 1}). Push a fix.", back)
    if task.state is State.INPUT_REQUIRED and task.reason is not Reason.APPROVAL_REQUIRED:
        return _Stance("its people are asked how it goes on.")
    if not is_told:  # nobody is called for what needs nothing of them
        return None
    return _Stance(f"it has ended here: {task.state.value}." if task.ended else "nothing must change for now.")


def _quoted(item: Feedback) -> str:
    """Foreign text in a block of code, in which the forge sees no mention, keyword, link or image."""
    text = said(item.text)
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{item.kind}, by {item.by}:\n{fence}text\n{text}\n{fence}"
