"""PURE: what a piece of evidence says of the box that its command ran in, in words for a sheet."""

from __future__ import annotations

from onloop.machine.task import Evidence

_MOST_CELLS = 6
_MOST_FILES = 10


def ran_in(evidence: Evidence) -> tuple[str, ...]:
    """Where a command ran, and which program it was; nothing where no command was run, or that was not recorded yet."""
    if not evidence.box:
        return ()
    setup = f"setup {evidence.cache_key[:12]}" if evidence.cache_key else ""
    digest = f" {evidence.program_digest[:12]}" if evidence.program_digest else ""
    program = f"{evidence.program}{digest}" if evidence.program else ""
    return tuple(word for word in (_box(evidence), program, setup) if word)


def _box(evidence: Evidence) -> str:
    if evidence.isolation == "none":
        return "isolation: none"
    return f"in {evidence.box}, {'with the network' if evidence.network else 'no network'}"


def reachable(evidence: Evidence) -> tuple[str, ...]:
    """What an approver must know that the command could reach: no box, the network, what its box leaves open."""
    if not evidence.box:
        return ()
    if evidence.isolation == "none":
        return ("ran in no box: its code could reach whatever its verifier can, this store too",)
    return tuple(_holes(evidence))


def kept_words(evidence: Evidence) -> str:
    """The files that a command left, which chose what is in them; empty where none is kept."""
    names = [f"{file.name} ({file.size} bytes)" for file in evidence.attachments[:_MOST_FILES]]
    more = f" and {len(evidence.attachments) - _MOST_FILES} more" if len(evidence.attachments) > _MOST_FILES else ""
    return f"left {', '.join(names)}{more}" if names else ""


def _holes(evidence: Evidence) -> list[str]:
    shown = ", ".join(evidence.open_cells[:_MOST_CELLS])
    more = f" and {len(evidence.open_cells) - _MOST_CELLS} more" if len(evidence.open_cells) > _MOST_CELLS else ""
    network = ["had the network"] if evidence.network else []
    return [*network, *([f"its box was not seen to stop: {shown}{more}"] if shown else [])]
