"""A brief as a scripted agent reads it: leniently, and only what people and gates said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from onloop.demo.edits import Replacement
from onloop.records import Record


class Came(StrEnum):
    """What kind of thing came back to the agent."""

    GATE = "gate"
    REJECT = "reject"
    REVIEW = "review"
    NOTE = "note"
    ANSWER = "answer"
    ATTEMPT = "attempt"
    OTHER = "other"


class Remark(Record):
    """One thing that came back; `by` is the person who said it, or empty."""

    kind: Came
    by: str
    text: str


class ReadBrief(Record):
    """A brief's title and what came back, oldest first."""

    title: str
    remarks: tuple[Remark, ...]

    @property
    def wanted(self) -> str:
        """What the last person or reviewing agent who sent the work back had to say; empty when nobody did."""
        back = [remark for remark in self.remarks if remark.kind in (Came.REVIEW, Came.REJECT, Came.NOTE)]
        return " ".join(back[-1].text.split()) if back else ""

    def has(self, *kinds: Came) -> bool:
        """Whether anything of one of these kinds came back."""
        return any(remark.kind in kinds for remark in self.remarks)

    @property
    def from_people(self) -> tuple[Remark, ...]:
        """What people said. A gate's output may name the same words; it decides nothing."""
        return tuple(remark for remark in self.remarks if remark.by)

    @property
    def replacement(self) -> tuple[Replacement, str] | None:
        """What a person wants in place of `scan()`, and who; the last word counts."""
        for remark in reversed(self.from_people):
            wanted = _wanted(remark.text)
            if wanted is not None:
                return wanted, remark.by
        return None

    @property
    def migrates(self) -> bool:
        """Whether old records are to be brought over: yes, unless the last person to speak wants to start empty."""
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
    (Came.REJECT, "reject"),
    (Came.REVIEW, "judged by"),
    (Came.NOTE, "note from"),
    (Came.ANSWER, "answer from"),
    (Came.ATTEMPT, "attempt"),
    (Came.GATE, "gate"),
)


def read(text: str) -> ReadBrief:
    """The brief in `text`. What it does not recognise is kept as `other`; nothing in it is an error."""
    title = next((line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#")), "")
    return ReadBrief(title, tuple(_remark(item) for item in _items(text)))


def _items(text: str) -> Iterator[str]:
    """The items of the section on what came back, each with the lines that belong to it."""
    item: list[str] = []
    within = fenced = False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if line.startswith(("# ", "## ")) and not fenced:
            within = _SECTION.match(line) is not None
        elif within and not fenced and (found := _ITEM.match(line)):
            yield from ["\n".join(item)] if item else []
            item = [found["text"]]
        elif within and item:
            item.append(line)
    yield from ["\n".join(item)] if item else []


def _remark(item: str) -> Remark:
    first_line = item.partition("\n")[0]
    head = first_line.partition(":")[0].lower()
    kind = next((kind for kind, words in _KINDS if words in head), Came.OTHER)
    person = _PERSON.search(first_line) if kind not in (Came.GATE, Came.REVIEW, Came.ATTEMPT) else None
    if person is None:
        said = item.partition("another agent: ")[2] if kind is Came.REVIEW else ""
        return Remark(kind, "", said.strip() or item.strip())
    _, arrow, answer = item[person.end() :].partition(" → ")
    said = answer if arrow and kind is Came.ANSWER else item[person.end() :]  # the question names every way out
    return Remark(kind, person["by"], said.strip())


def _wanted(text: str) -> Replacement | None:
    for mention in _MENTION.finditer(text):
        if not mention["no"]:
            return Replacement(mention["word"].lower())
    return None
