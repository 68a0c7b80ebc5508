"""What `onloop token` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.cli.json_models.envelope import AtMs
from onloop.records import Record, SecretRecord


class GrantJson(Record):
    """What a launcher may do."""

    roles: Sequence[str]
    repositories: Sequence[str]
    isolation: str
    at_most: Annotated[int, Meta(description="How many tasks it may hold at a time.")]
    starts: bool
    until: AtMs


class TokenMintedJson(SecretRecord):
    """A launcher that was let in."""

    name: str
    token: Annotated[str | None, Meta(description="The secret; null where it was written into a file.")]
    file: str | None
    grant: GrantJson


class TokenJson(Record):
    """A launcher that is let in."""

    name: str
    grant: Annotated[GrantJson | None, Meta(description="Null for the jobs of a CI: ci.toml says what they may.")]
    by: str
    at: AtMs
    used: Annotated[AtMs | None, Meta(description="When it proved itself last; null if it never did.")]
    holds: Annotated[int, Meta(description="How many tasks it holds.")]
    expired: bool


class TokensJson(Record):
    """Every launcher that nobody has revoked."""

    tokens: Sequence[TokenJson]


class TokenRevokedJson(Record):
    """A launcher that is let in no more."""

    revoked: str
    ended: Annotated[int, Meta(description="How many tasks it held.")]
