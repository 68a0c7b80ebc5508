"""What an effect changes outside, and how: each kind with what a workflow says of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from onloop.records import Record


class Effect(StrEnum):
    """A change to the world outside, made by the gateway, once."""

    MERGE = "merge"
    FUNNEL = "funnel"
    """Children's commits become one, in the mirror only; no workflow file asks for it, a fan-out does."""
    PUSH_BRANCH = "push_branch"
    PULL_REQUEST = "pull_request"
    COMMENT = "comment"
    STATUS = "status"
    CHECK_RUN = "check_run"
    RELEASE_TAG = "release_tag"
    DISPATCH = "dispatch"


OWN_CHECK = "onloop"
"""The name of the gateway's own check run, which says how a task stands on the head of its pull request."""

OUTSIDE_WORDS = ("task", "run", "title", "target", "head", "result")
"""What texts of an effect may name in braces."""

REPORTS = frozenset({Effect.STATUS, Effect.CHECK_RUN})
"""Those that only say how the work stands: nothing has to be verified before them."""

PUSHES = frozenset({Effect.PUSH_BRANCH, Effect.PULL_REQUEST})
"""Those that move the task's own branch."""


class MergeStyle(StrEnum):
    """What a merge leaves in the target's history."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


class MergeWay(StrEnum):
    """How the target moves: by a push of ours, or by the forge, which merges the task's pull request."""

    PUSH = "push"
    PULL_REQUEST = "pull_request"


class MergeSpec(Record, tag=True, tag_field="kind"):
    """With `auto`, the forge merges, or queues, the pull request as soon as its own rules are met."""

    style: MergeStyle = MergeStyle.MERGE
    via: MergeWay = MergeWay.PUSH
    auto: bool = False


class PushBranchSpec(Record, tag=True, tag_field="kind"):
    """The task's own branch, which the gateway names, gets the work."""


class OnClosed(StrEnum):
    """What follows when people close a pull request without merging it."""

    ASK = "ask"
    CANCEL = "cancel"


class PullRequestSpec(Record, tag=True, tag_field="kind"):
    """A pull request from the task's branch to its target; `title` is empty for the task's."""

    title: str = ""
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    """Logins, and teams as `org/team`."""
    draft: bool = False
    on_closed: OnClosed = OnClosed.ASK


class CommentSpec(Record, tag=True, tag_field="kind"):
    """One comment at the task's pull request, or else its issue, kept up to date; without `text`, what is proved."""

    text: str = ""


class StatusSpec(Record, tag=True, tag_field="kind"):
    """A status of the work's commit under a name of its own: `onloop/STEP` where `context` is empty."""

    context: str = ""
    description: str = ""


class CheckRunSpec(Record, tag=True, tag_field="kind"):
    """A check run of the work's commit, which an app alone may make."""

    name: str = "onloop/work"
    title: str = ""


class ReleaseTagSpec(Record, tag=True, tag_field="kind"):
    """A tag at what was merged, or at the work where nothing was."""

    tag: str
    message: str = ""


class DispatchSpec(Record, tag=True, tag_field="kind"):
    """A workflow of the forge's CI, started on `ref` (the target where none is given), whose end is waited for."""

    workflow: str
    ref: str = ""
    inputs: tuple[tuple[str, str], ...] = ()
    correlation: str = ""
    """The input that carries our word for this run, where the workflow has one: then no other run is taken for it."""
    timeout_ms: int = 3_600_000


EffectSpec = (
    MergeSpec
    | PushBranchSpec
    | PullRequestSpec
    | CommentSpec
    | StatusSpec
    | CheckRunSpec
    | ReleaseTagSpec
    | DispatchSpec
)

PLAIN: Mapping[Effect, EffectSpec] = {
    Effect.MERGE: MergeSpec(),
    Effect.PUSH_BRANCH: PushBranchSpec(),
    Effect.PULL_REQUEST: PullRequestSpec(),
    Effect.COMMENT: CommentSpec(),
    Effect.STATUS: StatusSpec(),
    Effect.CHECK_RUN: CheckRunSpec(),
}
"""What each kind does where a workflow says no more than its name."""

_WORDS: Mapping[str, str] = {
    Effect.PUSH_BRANCH.value: "push of its branch",
    Effect.COMMENT.value: "comment",
    Effect.STATUS.value: "status of its commit",
    Effect.CHECK_RUN.value: "check run of its commit",
    Effect.RELEASE_TAG.value: "release tag",
    Effect.DISPATCH.value: "dispatch to the forge",
}


def deed_words(kind: str, target: str) -> str:
    """What an effect of that kind does, as people say it."""
    return _WORDS.get(kind, f"{kind.replace('_', ' ')} into {target}")


def is_own_check(name: str) -> bool:
    """Whether a forge may take what is said under that name for the gateway's own check."""
    return name.strip().casefold() == OWN_CHECK


def own_branch(task: str) -> str:
    """The branch of a task, which nobody else's work is on."""
    return f"onloop/{task}"
