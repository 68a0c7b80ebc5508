"""What a person or an agent gives a verb in a file, or on standard input."""

from __future__ import annotations

import sys

from onloop.errors import BadInput


def content_of(source: str, most: int) -> bytes:
    """The bytes of the file `source`, or of standard input where it is `-`; BadInput if there are more than `most`."""
    try:
        if source == "-":
            content = sys.stdin.buffer.read(most + 1)
        else:
            with open(source, "rb") as file:  # noqa: PTH123 - a name as given, which pathlib would change
                content = file.read(most + 1)
    except OSError as problem:
        raise BadInput(f"{source} cannot be read: {problem.strerror}", hint="give a file, or - for stdin") from None
    if len(content) > most:
        named = "standard input" if source == "-" else source
        raise BadInput(f"{named} holds more than can be passed on", hint=f"say it in 1 to {most} bytes")
    return content
