"""What a brief says besides the workflow and the task: read in one moment of the store."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.machine.task import Task
from onloop.records import Record, field
from onloop.store.port import Reading
from onloop.views.children import Result, results
from onloop.views.dossier import GateLine, failure_tails, step_lines
from onloop.views.given_files import BRIEF, Given, given
from onloop.views.message_text import Letter, checkpoint_text, letters
from onloop.views.pinned_workflow import definition_of


class BriefFacts(Record):
    """`tails` maps a failed gate to the end of its output; that, letters, checkpoint and statements are untrusted.

    `intent` is the brief that came with the run, and `given` what is in `$ONLOOP_IN`.
    """

    tails: Mapping[str, str] = field(default_factory=dict)
    gates: tuple[GateLine, ...] = ()
    letters: tuple[Letter, ...] = ()
    checkpoint: str = ""
    results: tuple[Result, ...] = ()
    intent: str = ""
    given: tuple[Given, ...] = ()


def brief_facts(reading: Reading, task: Task) -> BriefFacts:
    """The facts for the brief of the task's current step."""
    files = given(reading, task)
    intent = next((each.artefact.digest for each in files if each.name == BRIEF), "")
    left = task.checkpoints.get(task.step or "")
    gates = step_lines(definition_of(reading, task), task, task.step)
    return BriefFacts(
        tails=failure_tails(reading, gates),
        gates=gates,
        letters=letters(reading, task),
        checkpoint="" if left is None else checkpoint_text(reading, left),
        results=results(reading, task),
        intent="" if not intent else _text(reading.blob(intent)),
        given=files,
    )


def _text(content: bytes | None) -> str:
    return "" if content is None else content.decode("utf-8", "replace")
