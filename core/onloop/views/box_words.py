"""PURE: what a piece of evidence says of the box that its command ran in, in words for a sheet."""

from __future__ import annotations

from onloop.machine.gate_facts import TimeSpent
from onloop.machine.task import Evidence

PARTS = ("waited", "checkout", "setup", "build", "services", "command", "teardown")
"""The parts of a gate's time, in the order in which they come."""

_MOST_CELLS = 6
_MOST_FILES = 10


def ran_in(evidence: Evidence) -> tuple[str, ...]:
    """Where a command ran, and which program it was; nothing where no command was run, or that was not recorded yet."""
    if not evidence.box:
        return ()
    cached = ", was there" if evidence.spent is not None and evidence.spent.setup_cached else ""
    setup = f"setup {evidence.cache_key[:12]}{cached}" if evidence.cache_key else ""
    digest = f" {evidence.program_digest[:12]}" if evidence.program_digest else ""
    program = f"{evidence.program}{digest}" if evidence.program else ""
    tools = (f"{{{tool.name.strip('{}')}}} {tool.path} {tool.digest[:12]}" for tool in evidence.tools)
    return tuple(word for word in (_box(evidence), program, *tools, setup, time_words(evidence.spent)) if word)


def time_words(spent: TimeSpent | None) -> str:
    """Where the time of a gate went, the parts that took any; empty for evidence that does not say."""
    if spent is None:
        return ""
    parts = ((name, getattr(spent, f"{name}_ms")) for name in PARTS)
    return "time: " + (", ".join(f"{name} {_length(took)}" for name, took in parts if took) or "0 ms")


def _length(took_ms: int) -> str:
    return f"{took_ms} ms" if took_ms < 1000 else f"{took_ms / 1000:.1f} s"


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
