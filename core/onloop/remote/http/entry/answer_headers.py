"""The headers that everything has that the door answers: added where bytes are made, so that no answer goes round."""

from __future__ import annotations

from collections.abc import Iterable

import h11

Headers = list[tuple[bytes, bytes]]

ALWAYS: Headers = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
"""What every answer says, unless it says otherwise itself: nobody keeps it, and it is what it says it is."""


def with_always(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers, and those that are always there."""
    given = [(bytes(name), bytes(value)) for name, value in headers]
    names = {name.lower() for name, _ in given}
    return [*given, *(pair for pair in ALWAYS if pair[0] not in names)]


class AnsweringConnection(h11.Connection):
    """HTTP/1.1 at our end: whatever answers, uvicorn's own refusals too, has the headers of every answer."""

    def send(self, event: h11.Event) -> bytes | None:  # type: ignore[override]  # h11 says it twice
        """See Connection."""
        if isinstance(event, h11.Response):
            headers = with_always(event.headers.raw_items())
            event = h11.Response(
                status_code=event.status_code, headers=headers, http_version=event.http_version, reason=event.reason
            )
        return super().send(event)
