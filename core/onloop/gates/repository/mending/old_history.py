"""PURE: what git's checks find in old commits of public history, and what of it a person may tolerate."""

from __future__ import annotations

from collections.abc import Iterable

from onloop.errors import BadInput

HARMLESS_IN_OLD_HISTORY = ("badTimezone", "missingSpaceBeforeDate", "zeroPaddedDate", "zeroPaddedFilemode")
"""What is found in old commits of well-known repositories: allowed from origins, refused in submissions."""

TOLERABLE = (
    *("badDate", "badDateOverflow", "badEmail", "badName", "badTagName", "badTimezone", "missingEmail"),
    *("missingNameBeforeEmail", "missingSpaceBeforeDate", "missingSpaceBeforeEmail", "missingTaggerEntry"),
    *("multipleAuthors", "zeroPaddedDate", "zeroPaddedFilemode"),
)
"""What a person may tolerate for an origin: it is about names and dates, and changes no file and no history."""


def check_tolerable(names: Iterable[str]) -> None:
    """BadInput unless all of these may be tolerated."""
    wrong = [name for name in names if name not in TOLERABLE]
    if wrong:
        raise BadInput(f"{wrong[0][:60]!r} cannot be tolerated", hint=f"only what is harmless: {', '.join(TOLERABLE)}")


def lenient(section: str, tolerated: Iterable[str]) -> tuple[str, ...]:
    """Settings that let git pass over what is harmless and what is tolerated (`section`: fsck or fetch.fsck)."""
    return tuple(f"{section}.{name}=ignore" for name in dict.fromkeys((*HARMLESS_IN_OLD_HISTORY, *tolerated)))
