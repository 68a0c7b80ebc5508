"""A brief as a scripted agent reads it: leniently, and only what came back from people, gates and reviewers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from onloop.demo.edits import Replacement
from onloop.records import Record


class RemarkKind(StrEnum):
    """What kind of thing came back to the agent."""

    GATE = "gate"
    REJECT = "reject"
    REVIEW = "review"
    NOTE = "note"
    ANSWER = "answer"
    ATTEMPT = "attempt"
    OTHER = "other"


class Remark(Record):
    """One thing that came back; `by` is the person who said it, empty if it was no person."""

    kind: RemarkKind
    by: str
    text: str


class ReadBrief(Record):
    """A brief's title and what came back, oldest first."""

    title: str
    remarks: tuple[Remark, ...]

    @property
    def wanted(self) -> str:
        """The last review, rejection or note in one line; empty if there is none."""
        back = [
            remark for remark in self.remarks if remark.kind in (RemarkKind.REVIEW, RemarkKind.REJECT, RemarkKind.NOTE)
        ]
        return " ".join(back[-1].text.split()) if back else ""

    def has(self, *kinds: RemarkKind) -> bool:
        """Whether anything of one of these kinds came back."""
        return any(remark.kind in kinds for remark in self.remarks)

    @property
    def from_people(self) -> tuple[Remark, ...]:
        """The remarks of people only. A gate's output may contain the same words, but it decides nothing."""
        return tuple(remark for remark in self.remarks if remark.by)

    @property
    def replacement(self) -> tuple[Replacement, str] | None:
        """The replacement of `scan()` that a person chose last, and the person; None if nobody chose."""
        for remark in reversed(self.from_people):
            replacement = _wanted(remark.text)
            if replacement is not None:
                return replacement, remark.by
        return None

    @property
    def migrates(self) -> bool:
        """Whether to migrate old records: yes, unless the last remark of a person asks to start empty."""
        last = self.from_people[-1].text if self.from_people else ""
        return _START_EMPTY.search(last) is None


_SECTION = re.compile(r"##?\s+what came back", re.IGNORECASE)
_ITEM = re.compile(r" {0,3}[-*] +(?P<text>.*)")
_PERSON = re.compile(r"(?P<by>human:[^\s:,;]+)[:,]?\s*")
_START_EMPTY = re.compile(r"\b(fresh|empty)\b|(\bnot|n't|\bno|\bwithout)( \w+)? migrat", re.IGNORECASE)
_MENTION = re.compile(
    r"(?P<no>(?:\bnot|n't)(?: use| take)? |\binstead of |\bthan |\bover )?`?\b(?P<word>snapshot|stream)\b",
    re.IGNORECASE,
)
_KINDS = (
    (RemarkKind.REJECT, "reject"),
    (RemarkKind.REVIEW, "judged by"),
    (RemarkKind.NOTE, "note from"),
    (RemarkKind.ANSWER, "answer from"),
    (RemarkKind.ATTEMPT, "attempt"),
    (RemarkKind.GATE, "gate"),
)


def read(text: str) -> ReadBrief:
    """The brief in `text`. An item of an unknown kind is kept as `other`; nothing in the text is an error."""
    title = next((line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#")), "")
    return ReadBrief(title, tuple(_remark(item) for item in _items(text)))


def _items(text: str) -> Iterator[str]:
    """The items of the section "what came back", each with its following lines."""
    item: list[str] = []
    within = fenced = False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if line.startswith(("# ", "## ")) and not fenced:
            within = _SECTION.match(line) is not None
        elif within and not fenced and (start := _ITEM.match(line)):
            yield from ["\n".join(item)] if item else []
            item = [start["text"]]
        elif within and item:
            item.append(re.sub(r"^  > ?", "", line))
    yield from ["\n".join(item)] if item else []


def _remark(item: str) -> Remark:
    first_line = item.partition("\n")[0]
    head = first_line.partition(":")[0].lower()
    kind = next((kind for kind, words in _KINDS if words in head), RemarkKind.OTHER)
    person = (
        _PERSON.search(first_line)
        if kind not in (RemarkKind.GATE, RemarkKind.REVIEW, RemarkKind.ATTEMPT) and not head.startswith("question of")
        else None
    )
    if person is None:
        text = item.partition("another agent:")[2] if kind is RemarkKind.REVIEW else ""
        return Remark(kind, "", text.strip() or item.strip())
    return Remark(kind, person["by"], item[person.end() :].strip())


def _wanted(text: str) -> Replacement | None:
    for mention in _MENTION.finditer(text):
        if not mention["no"]:
            return Replacement(mention["word"].lower())
    return None
