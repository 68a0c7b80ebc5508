"""The verb of harness gaps, as data."""

from __future__ import annotations

from onloop.cli.arguments import PersonArguments
from onloop.cli.verb import AS, KEY, RUN, Reach, Verb, arg


class HarnessArguments(PersonArguments, frozen=True, kw_only=True):
    """Of harness."""

    what: str
    name: str | None
    since: str | None
    run: str | None
    workflow: str | None
    step: str | None
    lesson: str
    kind: str
    repo: str | None
    branch: str | None
    reason: str
    key: str


HARNESS = Verb(
    "harness",
    "build",
    "where agents get lost again and again, what to encode against it, and whether that helped",
    "harness_verbs:harness",
    HarnessArguments,
    (
        arg(
            "what",
            nargs="?",
            choices=("report", "lessons", "propose", "adopt", "drop"),
            default="report",
            help="report (where agents get lost), lessons (how they do), propose one, adopt or drop it",
        ),
        arg("name", nargs="?", help="of propose: a failure's id; of adopt and drop: a lesson's"),
        arg("--since", help="only failures since: 14d for so long ago, or 2026-01-31", metavar="WHEN"),
        RUN,
        arg("--workflow", help="only failures in this workflow; of propose --kind: what the change walks"),
        arg("--step", help="only failures at this step"),
        arg(
            "--lesson",
            help="of propose: what that refusal is to say (default: what the report suggests)",
            default="",
            metavar="WORDS",
        ),
        arg(
            "--kind",
            choices=("lesson", "agents-md", "test", "linter", "gate"),
            default="lesson",
            help="of propose: words in the refusal, or a task that changes files (default: lesson)",
        ),
        arg("--repo", help="of propose --kind: the repository to change (default: as of start)"),
        arg("--branch", help="the branch that a merge moves (default: the one that HEAD of the repository names)"),
        arg("--reason", help="of adopt and drop: why; it goes into the log", default=""),
        *AS,
        KEY,
    ),
    prints=(
        "insight.harness_models:HarnessJson",
        "insight.harness_models:LessonsJson",
        "insight.harness_models:LessonProposedJson",
        "insight.harness_models:LessonChangeJson",
        "work_models:TaskJson",
    ),
    reach=Reach.GATEWAY,
)
