"""Gates that ask a forge or an address of the web, as a workflow file says them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from onloop.workflow.model.field_values import Wait, WorkflowPart

_LINE = r"^[^\x00-\x1f\x7f]+$"
LOGIN = r"^(id:[1-9][0-9]{0,14}|[A-Za-z0-9][A-Za-z0-9-]{0,38}(\[bot\])?)$"
POINTER = r"^(/([^~/\x00-\x1f]|~[01])*){0,20}$"

Line = Annotated[str, Field(min_length=1, max_length=255, pattern=_LINE)]
Login = Annotated[str, Field(pattern=LOGIN, examples=["octocat", "id:583231"])]
HttpStatus = Annotated[int, Field(ge=100, le=599)]
JsonNumber = Annotated[int, Field(ge=-1_000_000_000_000, le=1_000_000_000_000)]
JsonValue = Annotated[str, Field(max_length=1_000)] | JsonNumber | bool | None


class CheckPart(WorkflowPart):
    """A check run of the exact commit; its app is named, because a name alone anybody can give."""

    name: Annotated[Line, Field(description="the name of the check run")]
    app: Annotated[
        Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,98}$")] | Annotated[int, Field(ge=1, le=1_000_000_000)],
        Field(description="the app that must say it: its slug, such as github-actions, or its number"),
    ]


class StatusPart(WorkflowPart):
    """A commit status; who sets it is named, because whoever may write can set one."""

    context: Annotated[Line, Field(description="the context of the status")]
    from_: Annotated[
        Annotated[list[Login], Field(alias="from", min_length=1, max_length=20)],
        Field(description="the accounts that may set it: logins, or id:NUMBER, which no renaming changes"),
    ]


class ReviewsPart(WorkflowPart):
    """Approving reviews on the forge, of the exact commit; the newest of each reviewer counts."""

    from_: Annotated[list[Login], Field(alias="from", max_length=50)] = Field(
        default=[], description="whose reviews count: logins or id:NUMBER; without it, whoever may write there"
    )
    count: Annotated[int, Field(ge=1, le=10)] = Field(default=1, description="how many of them must approve")


class ForgePart(WorkflowPart):
    """What the forge must say of the exact commit that was handed in."""

    checks: Annotated[list[CheckPart], Field(max_length=50)] = Field(
        default=[], description="check runs that must have succeeded, each with its app"
    )
    statuses: Annotated[list[StatusPart], Field(max_length=50)] = Field(
        default=[], description="statuses that must be success, each with who sets it"
    )
    reviews: ReviewsPart | None = Field(default=None, description="reviews that must approve")
    every: Wait | None = Field(default=None, description="how often it is asked while it is not there yet: 30s")
    within: Wait | None = Field(
        default=None, description="after how long a person is told that it is still not there: 1d"
    )


class HttpJsonPart(WorkflowPart):
    """What a place of the answer's JSON must be."""

    pointer: Annotated[
        Annotated[str, Field(pattern=POINTER, max_length=500)],
        Field(description="where to look, as a JSON pointer such as /status"),
    ]
    equals: Annotated[JsonValue, Field(description="what must be there: a text, a whole number, true, false or null")]
    waits: Annotated[list[JsonValue], Field(max_length=20)] = Field(
        default=[], description="what means not yet, such as [pending, running]"
    )


class HttpPart(WorkflowPart):
    """An address that is asked, without following redirects; never one that is not public, unless allowed."""

    url: Annotated[
        Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"^[\x21-\x7e]+$")],
        Field(description="what is asked (GET); {commit} and {task} in its path or query are filled in"),
    ]
    status: HttpStatus = Field(default=200, description="the status that is a pass")
    waits: Annotated[list[HttpStatus], Field(max_length=20)] = Field(
        default=[], description="statuses that mean not yet, such as [202, 404]"
    )
    json_: Annotated[HttpJsonPart | None, Field(alias="json")] = Field(
        default=None, description="what the JSON that it answers must say"
    )
    every: Wait | None = Field(default=None, description="how often it is asked while it is not there yet: 30s")
    within: Wait | None = Field(
        default=None, description="after how long a person is told that it is still not there: 1d"
    )
