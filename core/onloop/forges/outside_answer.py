"""What a gate that asks outside was answered, before it is evidence."""

from __future__ import annotations

from enum import StrEnum

from onloop.records import Record


class Meant(StrEnum):
    """What an answer means. *Not yet* is no verdict: it is asked again."""

    YES = "yes"
    NO = "no"
    NOT_YET = "not_yet"


class OutsideAnswer(Record):
    """An answer, why in one sentence, and what was read, as lines."""

    said: Meant
    words: str
    read: str = ""


def together(answers: tuple[OutsideAnswer, ...]) -> OutsideAnswer:
    """One answer of several: a no counts before a not yet, and that before a yes."""
    for said in (Meant.NO, Meant.NOT_YET):
        found = [answer.words for answer in answers if answer.said is said]
        if found:
            return OutsideAnswer(said, "; ".join(found), _read(answers))
    return OutsideAnswer(Meant.YES, "; ".join(answer.words for answer in answers), _read(answers))


def _read(answers: tuple[OutsideAnswer, ...]) -> str:
    return "\n".join(f"{answer.said.value}: {answer.words}" for answer in answers)
