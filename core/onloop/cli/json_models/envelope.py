"""What every object that a verb prints has around its model: the exit code, and the end of the log after a write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from msgspec import Meta, to_builtins
from msgspec.structs import asdict

from onloop.errors import Exit
from onloop.records import Record

AtMs = Annotated[int, Meta(description="Milliseconds since the epoch, UTC.")]

ModelT = TypeVar("ModelT", bound=Record)


class LogHeadJson(Record):
    """The end of the log after what this call changed: whoever keeps it can tell an old copy of the store."""

    seq: Annotated[int, Meta(description="How many events the log had.")]
    hash: Annotated[str, Meta(description="The hash of the chain there.")]
    run: Annotated[str, Meta(description="The run that it is the end of, where the whole log's is not known yet.")] = ""


class ErrorJson(Record):
    """Why a verb was refused or could not be carried out, and what would work."""

    exit: Exit
    error: Annotated[str, Meta(description="The kind of error: one of those in the guide `protocol`.")]
    message: Annotated[str, Meta(description="What happened, with the offending value.")]
    hint: Annotated[str, Meta(description="What would work.")]


def plain(model: Record) -> Mapping[str, Any]:
    """A model as what `json` can write, its fields in their order."""
    found: Mapping[str, Any] = to_builtins(model)
    return found


def extended(kind: Callable[..., ModelT], model: Record, **more: object) -> ModelT:
    """A record of `kind` with the fields of another model, and with what is given besides or in their place."""
    return kind(**asdict(model) | more)
