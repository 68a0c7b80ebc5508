"""The text that a security key signs for a decision, which people can read, and what a verified signature says."""

from __future__ import annotations

from onloop.records import Record

NAMESPACE = "onloop"
"""The namespace of SSH signatures over decisions: one made for git, or for a file, is none."""


class SignedSubject(Record):
    """What a decision is about: all that its signature is bound to.

    `verb` is approve or override; `version` is of the task, as the person saw it, and `digest` of what was shown.
    """

    verb: str
    store: str
    task: str
    gate: str
    request: str
    digest: str
    version: int
    person: str


def signed_text(subject: SignedSubject) -> bytes:
    """What is signed, line by line. No value can hold a line break, so that no two subjects share a text."""
    lines = (
        "onloop decision, version 1",
        f"decision: {subject.verb}",
        f"store: {subject.store}",
        f"task: {subject.task}",
        f"gate: {subject.gate}",
        f"request: {subject.request}",
        f"digest: {subject.digest}",
        f"version: {subject.version}",
        f"person: {subject.person}",
    )
    return _joined(lines)


def key_text(store: str, person: str, added: str) -> bytes:
    """What a person's enrolled key signs for another key of theirs, which is `added` (its fingerprint)."""
    return _joined(("onloop key, version 1", f"store: {store}", f"person: {person}", f"adds: {added}"))


def _joined(lines: tuple[str, ...]) -> bytes:
    safe = (line.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r") for line in lines)
    return ("\n".join(safe) + "\n").encode("utf-8", "surrogateescape")


class KeyProof(Record):
    """What a security key proved: that it signed exactly what is decided, and what its holder did for that.

    `present`: somebody touched it. `verified`: it checked a PIN or a finger. `counter` is how far it has counted.
    """

    key: str
    present: bool
    verified: bool
    counter: int

    @property
    def words(self) -> str:
        """What was proved, in words."""
        touched = "touch" if self.present else "no touch"
        return f"{touched} and PIN" if self.verified else f"{touched}, no PIN"

    @property
    def is_whole(self) -> bool:
        """Whether it proves a person at the key: touch and PIN."""
        return self.present and self.verified
