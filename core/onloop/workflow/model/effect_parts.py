"""Effects of a step: a word, or the kind of the effect with what it is to do in particular."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from onloop.workflow.model.field_values import Timeout, WorkflowPart, complaint

Line = Annotated[str, Field(min_length=1, max_length=200)]
Message = Annotated[str, Field(min_length=1, max_length=10_000)]
REF_NAME = r"^[A-Za-z0-9{][A-Za-z0-9._/{}+-]{0,119}$"
LOGIN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,38}(/[A-Za-z0-9][A-Za-z0-9_.-]{0,99})?$"
INPUT_NAME = r"^[A-Za-z_][A-Za-z0-9_-]{0,99}$"
CI_FILE = r"^[A-Za-z0-9_.-]{1,100}$"
RefName = Annotated[str, Field(pattern=REF_NAME)]
Login = Annotated[str, Field(pattern=LOGIN)]
InputName = Annotated[str, Field(pattern=INPUT_NAME)]


class MergePart(WorkflowPart):
    """How the target gets the work."""

    style: Literal["merge", "squash", "rebase"] = Field(
        default="merge", description="`merge` keeps every commit, `squash` makes one, `rebase` puts them on the target"
    )
    via: Literal["push", "pull_request"] = Field(
        default="push", description="`pull_request`: the forge merges, because the target takes no push"
    )
    auto: bool = Field(
        default=False, description="of a pull request: the forge merges or queues it once its own rules are met"
    )


class PushBranchPart(WorkflowPart):
    """The task's own branch, `onloop/TASK`, gets the work."""


class PullRequestPart(WorkflowPart):
    """A pull request from the task's branch to its target, opened once and kept up to date."""

    title: Line | None = Field(default=None, description="its title; without it, the task's")
    labels: Annotated[list[Line], Field(max_length=20)] = Field(default=[], description="labels that it gets")
    reviewers: Annotated[list[Login], Field(max_length=15)] = Field(
        default=[], description="who is asked for a review: logins, and teams as `org/team`"
    )
    draft: bool = Field(default=False, description="whether it is opened as a draft")
    on_closed: Literal["ask", "cancel"] = Field(
        default="ask", description="what follows when people close it: a person is asked, or the task is canceled"
    )


class CommentPart(WorkflowPart):
    """One comment at the task's pull request, or its issue; it is changed, and never made a second time."""

    text: Message | None = Field(default=None, description="what it says; without it, what is proved")


class CommitStatusPart(WorkflowPart):
    """A status of the commit: how the work stands."""

    context: Line | None = Field(default=None, description="the name under which it is said; without it, `onloop/STEP`")
    description: Annotated[str, Field(max_length=140)] = Field(default="", description="what people read")


class CommitCheckPart(WorkflowPart):
    """A check run of the commit: how the work stands. A forge lets an app alone make one."""

    name: Line = Field(default="onloop/work", description="its name; `onloop` is kept for the gateway's own")
    title: Annotated[str, Field(max_length=140)] = Field(default="", description="the title that people see")


class ReleaseTagPart(WorkflowPart):
    """A tag at what was merged."""

    tag: RefName = Field(description="its name, such as `v{run}`")
    message: Message | None = Field(default=None, description="its message; without it, the task's title")


class DispatchPart(WorkflowPart):
    """A workflow of the forge's CI, such as a deployment, whose end is waited for."""

    workflow: Annotated[str, Field(pattern=CI_FILE, examples=["deploy.yml"])] = Field(description="its file's name")
    ref: RefName | None = Field(default=None, description="the branch or tag on which it runs; without it, the target")
    inputs: Annotated[dict[InputName, Annotated[str, Field(max_length=1_000)]], Field(max_length=20)] = Field(
        default={}, description="its inputs"
    )
    correlation: InputName | None = Field(
        default=None, description="the input that gets a word of ours, which the run must show in its name"
    )
    timeout: Timeout | None = Field(default=None, description="how long its end is waited for, an hour if not given")


class EffectPart(WorkflowPart):
    """A change to the world outside, made by the gateway, once: exactly one of these."""

    merge: MergePart | None = Field(default=None, description="the target gets the work")
    push_branch: PushBranchPart | None = Field(default=None, description="the task's own branch gets the work")
    pull_request: PullRequestPart | None = Field(default=None, description="a pull request, opened or kept up to date")
    comment: CommentPart | None = Field(default=None, description="one comment, made or kept up to date")
    status: CommitStatusPart | None = Field(default=None, description="a status of the commit")
    check_run: CommitCheckPart | None = Field(default=None, description="a check run of the commit")
    release_tag: ReleaseTagPart | None = Field(default=None, description="a tag at what was merged")
    dispatch: DispatchPart | None = Field(default=None, description="a workflow of the forge's CI is run")

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return next(iter(self.model_fields_set))

    @model_validator(mode="after")
    def _is_one(self) -> EffectPart:
        if len(self.model_fields_set) != 1:
            given = ", ".join(name for name in EFFECT_KINDS if name in self.model_fields_set) or "none"
            raise complaint(f"an effect is of one kind, and this is {given}", "make a step for each")
        return self


EFFECT_KINDS = tuple(EffectPart.model_fields)
SHORT_KINDS = tuple(kind for kind in EFFECT_KINDS if kind not in {"release_tag", "dispatch"})
"""Those that a workflow may name with a word, because they need nothing else."""


def _effect_words(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    if given not in SHORT_KINDS:
        more = f"write {{{given}: …}}" if given in EFFECT_KINDS else f"write {', '.join(SHORT_KINDS)} or a mapping"
        raise complaint(f"{given[:60]!r} is no effect by itself", more)
    return {given: {}}


_EFFECT_SCHEMA = WithJsonSchema(
    {"anyOf": [{"enum": list(SHORT_KINDS)}, {"type": "object", "minProperties": 1, "maxProperties": 1}]}
)
Effecting = Annotated[EffectPart, BeforeValidator(_effect_words), _EFFECT_SCHEMA]
