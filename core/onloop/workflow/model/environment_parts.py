"""What commands find around them, as a workflow file says it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from onloop.workflow.model.field_values import (
    Argv,
    Attached,
    BoxKind,
    CacheName,
    FilePath,
    Timeout,
    Tools,
    VariableName,
    WorkflowPart,
)


class CachePart(WorkflowPart):
    """Downloads that setup reads in `{cache}`: `fetch` has the network and sees no file but those in `key`."""

    name: Annotated[CacheName, Field(description="what `{cache:NAME}` calls it; `{cache}` where it is the only one")]
    fetch: Annotated[
        Annotated[list[Argv], Field(min_length=1, max_length=20)],
        Field(description="commands that fill it, with the network, once for the content of the files in `key`"),
    ]
    key: Annotated[list[FilePath], Field(max_length=50)] = Field(
        default=[], description="files of the base whose content decides when it is fetched again"
    )


class ServicePart(WorkflowPart):
    """A server beside the gates, in the same box and on its own loopback; `{data}` is an empty folder for it.

    It is ready when the command `ready` exits 0, or when `port` accepts a connection.
    """

    name: Annotated[CacheName, Field(description="what it is called in evidence and messages")]
    command: Annotated[
        Argv, Field(description="the server, as a list of words; it runs beside the gates, in their box")
    ]
    prepare: Annotated[list[Argv], Field(max_length=20)] = Field(
        default=[], description="commands that run before it, such as one that makes its data folder"
    )
    ready: Argv | None = Field(default=None, description="a command that ends with 0 once the service answers")
    port: Annotated[int, Field(ge=1, le=65_535)] | None = Field(
        default=None, description="a port on its own loopback: it is ready when a connection is accepted"
    )
    timeout: Timeout | None = Field(default=None, description="how long it may take until it is ready")


class EnvironmentPart(WorkflowPart):
    """What commands find: `setup` once per content of the files in `cache_key`, `build` once per commit.

    `network` lets setup reach the network; `box` is the weakest kind of box for setup and every gate; `tools` names
    programs, `{python}` for python; `secrets` are seen by setup alone; `git`, `submodules` and `lfs` fill the checkout;
    `attach` are patterns of files that are kept as evidence.
    """

    setup: Annotated[list[Argv], Field(max_length=20)] = Field(
        default=[],
        description="commands that make ready what gates need, once for the content of the files in `cache_key`",
    )
    build: Annotated[list[Argv], Field(max_length=20)] = Field(
        default=[], description="commands that run once for each commit, without a network"
    )
    cache_key: Annotated[list[FilePath], Field(max_length=50)] = Field(
        default=[], description="files whose content decides when `setup` runs again, such as a lock file"
    )
    caches: Annotated[list[CachePart], Field(max_length=10)] = Field(
        default=[], description="downloads that `setup` reads in `{cache}`"
    )
    tools: Tools = Field(
        default={}, description="programs by name: `{python}` in a command is what `python` names here"
    )
    services: Annotated[list[ServicePart], Field(max_length=10)] = Field(
        default=[], description="servers that run beside the gates, such as a database"
    )
    secrets: Annotated[list[VariableName], Field(max_length=20)] = Field(
        default=[],
        description="names from the store's secrets.toml whose values `setup` and fetches see, and gates do not",
    )
    variables: Annotated[dict[VariableName, Annotated[str, Field(max_length=10_000)]], Field(max_length=50)] = Field(
        default={}, description="environment variables of every command"
    )
    network: bool = Field(default=False, description="whether `setup` may reach the network")
    git: bool = Field(
        default=False, description="whether the checkout has a `.git` of its own, with exactly this commit and its tags"
    )
    submodules: bool = Field(
        default=False, description="whether submodules are filled at the commits that are recorded"
    )
    lfs: bool = Field(default=False, description="whether files in Git LFS are filled")
    attach: Attached = Field(
        default=[], description="patterns of files that are kept with the evidence of every gate, such as reports/*.xml"
    )
    box: BoxKind | None = Field(
        default=None, description="the weakest kind of box in which anything of this workflow may run"
    )
