"""One decision for all marked tasks: which tasks can take it, and the command for each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onloop.machine.commands import Command, Voice
from onloop.views.dossier import Asked, Dossier
from onloop_tui.dialogs.bulk_dialog import BulkPlan
from onloop_tui.dialogs.questions import fields_for
from onloop_tui.model.decide.actions import action_of, asked_for, command_for
from onloop_tui.model.decide.bulk_lines import BulkEntry
from onloop_tui.model.diff.line_comments import LineComments
from onloop_tui.model.drawing.signs import VERBS, sign_of
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.model.ground.acts import Act
from onloop_tui.model.ground.looks import Looks
from onloop_tui.model.sheet.change_lines import totals

_PLURALS: Mapping[Act, str] = {
    Act.APPROVE: "Approve {count}: each one, on exactly what is listed here",
    Act.REJECT: "Reject {count}: the reason goes into every agent's brief",
    Act.ANSWER: "Answer {count}: the same words go into every agent's brief",
    Act.NO_WORSE: "Go on with {count} no worse than the base: gates allow what fails there, and nothing more",
    Act.RETRY: "Retry {count}: the note goes into every agent's brief",
    Act.REASSIGN: "Reassign {count}: only whom you name may take them, or is told",
    Act.CANCEL: "Cancel {count}: each one ends, and nothing of it is merged",
    Act.PAUSE: "Pause {count}: they stop where they are, until somebody resumes them",
    Act.EXCLUDE: "Exclude {count}: their runs can end without them",
    Act.TAKE_BACK: "Take back what was decided last of {count}: each is asked again about the same",
    Act.NOTE: "Note to {count}: every agent is shown it once, under your name; it approves nothing",
}
MOST_REMARKS = 6
ABOUT_CHANGES = frozenset({Act.APPROVE, Act.REJECT})
"""Acts on a commit: for these the diff is read, too."""


@dataclass(frozen=True, slots=True)
class DecisionTarget:
    """One task as it was read, and the request that the decision answers."""

    dossier: Dossier
    asked: Asked | None


def decision_plan(
    act: Act,
    dossiers: Sequence[Dossier],
    unread: Mapping[str, str],
    voice: Voice | None,
    looks: Looks,
    like: Dossier | None = None,
    comments: LineComments | None = None,
) -> BulkPlan | str:
    """The plan for all tasks that can take the decision, with a remark on the others; an explanation if none can.

    Each command is bound to what was read here: the task's request and digest. With `like`, only tasks that ask for
    exactly the same are taken. An approval names what of its change `looks` did not show, a rejection takes along the
    `comments` on lines of its own change, as of when it is sent.
    """
    said = comments if comments is not None and act is Act.REJECT else LineComments()
    targets, left_out = _sorted_out(act, dossiers, voice, like)
    for task, words in unread.items():
        left_out[words].append(task)
    remarks = [f"left out: {_some(tasks)}: {why}" for why, tasks in left_out.items()]
    if not targets:
        return f"{VERBS[act]} is not possible for what is marked: {'; '.join(remarks[:1]) or 'nothing is marked'}"
    count = f"{len(targets)} task{'s' if len(targets) != 1 else ''}"

    def make(task: str, voice: Voice, words: Mapping[str, str]) -> Command:
        target = targets[task]
        if told := said.added_to(target.dossier.task, words.get("words", "")):
            words = {**words, "words": told}
        return command_for(act, target.dossier.task, target.asked, voice, words, looks.unseen(target.dossier))

    return BulkPlan(
        _PLURALS[act].format(count=count),
        tuple(BulkEntry(task, _entry_words(target)) for task, target in targets.items()),
        make,
        fields_for(act),
        tuple((words, Tone.WARN) for words in remarks[:MOST_REMARKS]),
        {task: target.dossier for task, target in targets.items()} if act in ABOUT_CHANGES else {},
        is_approval=act is Act.APPROVE,
        along=lambda task: _along(len(said.of(targets[task].dossier.task))),
        sent=lambda task: said.sent(targets[task].dossier.task),
    )


def _sorted_out(
    act: Act, dossiers: Sequence[Dossier], voice: Voice | None, like: Dossier | None
) -> tuple[dict[str, DecisionTarget], defaultdict[str, list[str]]]:
    """The tasks that can take the decision, and those that cannot, by why not."""
    targets: dict[str, DecisionTarget] = {}
    left_out: defaultdict[str, list[str]] = defaultdict(list)
    for dossier in dossiers:
        asked = asked_for(dossier, voice)
        action = action_of(act, dossier, asked, read_only=False)
        if action.why_not:
            left_out[action.why_not].append(dossier.task.id)
        elif like is not None and not is_alike(dossier, like):
            left_out["what it asks to approve is not the same"].append(dossier.task.id)
        else:
            targets[dossier.task.id] = DecisionTarget(dossier, asked)
    return targets, left_out


def _along(count: int) -> str:
    return f"✎ {count} comment{'s' if count != 1 else ''} on its lines" if count else ""


def is_alike(one: Dossier, other: Dossier) -> bool:
    """Whether two tasks submit exactly the same change."""
    return bool(one.content) and one.content == other.content


def _entry_words(target: DecisionTarget) -> str:
    """The repository, the state, the digest that the decision is bound to, and the size of the change."""
    task = target.dossier.task
    pieces = [
        task.repo or task.title,
        sign_of(task).word,
        f"digest {target.asked.digest[:12]}" if target.asked is not None else f"version {task.version}",
        f"head {task.submission.head[:12]}" if task.submission else "",
        f"diff {target.dossier.content[:12]}" if target.dossier.files else "",
        totals(target.dossier.files) if target.dossier.files else "",
    ]
    return " · ".join(piece for piece in pieces if piece)


def _some(tasks: Sequence[str]) -> str:
    more = f" and {len(tasks) - 3} more" if len(tasks) > 3 else ""
    return f"{', '.join(tasks[:3])}{more}"
