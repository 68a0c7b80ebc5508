"""What a person gives the agents of a run to read, and the labels by which workers choose its tasks."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from onloop.access.opening import GatewayHandle
from onloop.errors import BadInput
from onloop.gates.intake.manifest import LARGEST_ARTEFACT, MOST_ARTEFACTS, check_artefact_name
from onloop.gateway.upkeep import KeepContent
from onloop.known_secrets import known_secrets
from onloop.machine.artefacts import Artefact
from onloop.machine.budgets import NO_BUDGET, Budget
from onloop.records import Record
from onloop.redaction import redacted
from onloop.views.given_files import BRIEF

LARGEST_BRIEF = 262_144
MOST_LABELS = 20


class Attached(Record):
    """What comes with a run: files, of which `brief.md` is its brief, and labels."""

    files: tuple[Artefact, ...] = ()
    labels: tuple[str, ...] = ()
    budget: Budget = NO_BUDGET
    """What all tasks of the run may spend together."""


NOTHING_ATTACHED = Attached()


def attached(
    opened: GatewayHandle,
    brief: str | None,
    files: Sequence[str] | None,
    labels: Sequence[str] | None,
    budget: Budget = NO_BUDGET,
) -> Attached:
    """Store a brief (a file, or - for standard input) and files by digest; BadInput names what cannot be given."""
    found = tuple(_contents(brief, files or ()))
    names = [name for name, _ in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadInput(f"two attachments are called {twice}", hint="rename one; --brief is called brief.md")
    if len(found) > MOST_ARTEFACTS:
        raise BadInput(f"there are {len(found)} attachments", hint=f"give at most {MOST_ARTEFACTS}")
    kept = tuple(Artefact(name, opened.gateway.perform(KeepContent(text)), len(text)) for name, text in found)
    return Attached(kept, tuple(_label(label) for label in (labels or ())[:MOST_LABELS]), budget)


def _contents(brief: str | None, files: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    if brief is not None:
        source = sys.stdin.buffer.read(LARGEST_BRIEF + 1) if brief == "-" else _read(Path(brief), LARGEST_BRIEF)
        if len(source) > LARGEST_BRIEF:
            raise BadInput(f"the brief has more than {LARGEST_BRIEF} bytes", hint="attach long files: --attach FILE")
        try:
            yield BRIEF, redacted(source.decode("utf-8"), known_secrets()).encode()
        except UnicodeDecodeError:
            raise BadInput("the brief is not UTF-8", hint="save it as UTF-8, or: --attach FILE") from None
    for name in files:
        path = Path(name)
        check_artefact_name(path.name)
        yield path.name, _read(path, LARGEST_ARTEFACT)


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}", hint="give a file") from None
    if len(content) > most:
        raise BadInput(f"{path} has more than {most} bytes", hint="give a smaller file, or commit it")
    return content


def _label(label: str) -> str:
    if not label or len(label) > 100 or not label.isprintable() or label != label.strip():
        raise BadInput(f"{label[:60]!r} cannot be a label", hint="write a short word, such as security")
    return label
