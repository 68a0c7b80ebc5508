"""Why a forge did not do what it was asked: for now, or for good. Neither says anything about the work."""

from __future__ import annotations

from onloop.errors import Exit, FailureKind, OnloopError, Unavailable


class ForgeTrouble(Unavailable):
    """It passes: an outage, a limit, an answer without sense. Tried again from `until` (ms), where that is known."""

    code = "forge_trouble"

    def __init__(
        self, message: str, *, hint: str, kind: FailureKind = FailureKind.UNREACHABLE, until: int | None = None
    ) -> None:
        super().__init__(message, hint=hint, kind=kind)
        self.until = until


class ForgeRefused(OnloopError):
    """It does not pass by itself: there is no such thing, the token may not, or the forge's rules say no.

    `status` is that of HTTP. A 404 is also what a forge says to a token that may not see the thing.
    """

    code = "forge_refused"
    exit = Exit.UNAVAILABLE

    def __init__(self, message: str, *, hint: str, status: int, kind: FailureKind = FailureKind.REFUSED) -> None:
        super().__init__(message, hint=hint, kind=kind)
        self.status = status
