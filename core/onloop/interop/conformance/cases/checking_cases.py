"""Asking: the brief, the verdict, and what both promise."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.errors import Exit
from onloop.interop.conformance.cases.claiming_cases import held
from onloop.interop.conformance.levels import CaseList, Level
from onloop.interop.conformance.replies import TrialReply
from onloop.interop.conformance.venue import Venue

CHECKING = CaseList(Level.AGENT)

VERDICT_CODES: Mapping[str, Exit] = {
    "yes": Exit.OK,
    "not_yet": Exit.NOT_YET,
    "held": Exit.HELD,
    "redo": Exit.REDO,
    "not_yours": Exit.NOT_YOURS,
    "spent": Exit.SPENT,
    "nothing": Exit.NOTHING,
    "ended": Exit.ENDED,
    "unavailable": Exit.UNAVAILABLE,
}
"""The word of each exit code that an agent can meet."""


def checked(venue: Venue) -> TrialReply:
    """The answer to `check` before anything was submitted."""
    return venue.once("checked", lambda: held(venue).onloop("check"))


@CHECKING.case(20, "nothing is achieved before a submission", "`check` ends with 10 where nothing was submitted")
def _(venue: Venue) -> None:
    checked(venue).ends(Exit.NOT_YET).has(verdict="not_yet")


@CHECKING.case(21, "a verdict has its shape", "the object of `check` fits `check`")
def _(venue: Venue) -> None:
    venue.fits(checked(venue), "check")


@CHECKING.case(22, "a verdict names what it is about", "`task`, `step` and `state` are the agent's, `commit` is null")
def _(venue: Venue) -> None:
    checked(venue).has(task=held(venue).task, step="develop.write", state="working", commit=None)


@CHECKING.case(23, "the exit code is in the object", "`exit` is the exit code, of an answer and of an error")
def _(venue: Venue) -> None:
    for reply in (checked(venue), venue.nobody("check"), held(venue).claimed):
        reply.has(exit=reply.code)


@CHECKING.case(24, "a verdict's word is its exit code", "`verdict` is the word of the exit code")
def _(venue: Venue) -> None:
    reply = checked(venue)
    reply.holds(VERDICT_CODES.get(str(reply.value("verdict"))) == reply.code, "the word of the exit code")


@CHECKING.case(25, "each gate of the step is listed", "`gates` has each gate of the step, none of them passed yet")
def _(venue: Venue) -> None:
    reply = checked(venue).has()
    found = [(gate["gate"], gate["mark"] in {"passed", "bypassed"}) for gate in reply.value("gates")]
    reply.holds(found == [("hello", False)], "the gate hello, which has not passed")


@CHECKING.case(26, "the next command is named", "`next` says which command would work, or that nothing is asked")
def _(venue: Venue) -> None:
    reply = checked(venue)
    reply.holds("submit" in str(reply.value("next")), "a `next` that names submit")


@CHECKING.case(27, "a check changes nothing", "asked twice, `check` gives the same answer")
def _(venue: Venue) -> None:
    first, second = held(venue).onloop("check"), held(venue).onloop("check")
    second.holds(second.data == first.data, "the same answer as before")


@CHECKING.case(28, "one object, and nothing else", "with --json stdout is exactly one JSON object")
def _(venue: Venue) -> None:
    for reply in (checked(venue), venue.nobody("check"), held(venue).onloop("next")):
        reply.holds(reply.data is not None, "one JSON object on stdout")


@CHECKING.case(29, "people read a verdict's first word", "without --json the first word of `check` is the verdict")
def _(venue: Venue) -> None:
    reply = held(venue).onloop("check", json=False).ends(Exit.NOT_YET)
    reply.holds(reply.text.split()[:1] == ["not_yet"], "not_yet as the first word")


@CHECKING.case(30, "the brief says what is asked", "`next` ends as `check` does, and `brief` quotes the step's brief")
def _(venue: Venue) -> None:
    reply = held(venue).onloop("next").ends(Exit.NOT_YET)
    reply.holds("Write hello.txt that says hello." in str(reply.value("brief")), "the step's brief")


@CHECKING.case(31, "the brief names the gates", "`brief` says what each gate of the step wants")
def _(venue: Venue) -> None:
    reply = held(venue).onloop("next")
    reply.holds("hello.txt" in str(reply.value("brief")).partition("ates")[2], "the gate's wish in the brief")


@CHECKING.case(32, "the brief has its shape", "the object of `next` fits `next`")
def _(venue: Venue) -> None:
    venue.fits(held(venue).onloop("next"), "next")


@CHECKING.case(33, "who is no agent is told so", "`check` without a token ends with 2 or 13, and says what would work")
def _(venue: Venue) -> None:
    reply = venue.nobody("check").ends(Exit.USAGE, Exit.NOT_YOURS)
    reply.holds(reply.value("hint"), "a hint")


@CHECKING.case(34, "an error has its shape", "an error's object fits `error`: exit, error, message, hint")
def _(venue: Venue) -> None:
    venue.fits(venue.nobody("check"), "error")
    venue.fits(venue.claim("zz9zz9.99", "--role", "implementer"), "error")


@CHECKING.case(35, "an error is on stderr, too", "why something was refused is on stderr in words")
def _(venue: Venue) -> None:
    reply = venue.claim("zz9zz9.99", "--role", "implementer")
    reply.holds("zz9zz9.99" in reply.err, "the offending value on stderr")


@CHECKING.case(36, "an unknown verb is a mistake in usage", "an unknown verb ends with 2")
def _(venue: Venue) -> None:
    venue.nobody("achieve").ends(Exit.USAGE)


@CHECKING.case(37, "an unknown option is a mistake in usage", "an unknown option of a verb ends with 2")
def _(venue: Venue) -> None:
    held(venue).onloop("check", "--as-if-passed").ends(Exit.USAGE)


@CHECKING.case(38, "nothing from outside is a fault inside", "whatever is given, no call ends with 1 or a traceback")
def _(venue: Venue) -> None:
    for words in (("claim", "\x00x".replace("\x00", "\x01"), "--role", "a" * 3000), ("check", "--store", "/dev/null"),
                  ("submit", "--ref", "--upload-pack=x"), ("checkpoint", "--file", "/nowhere/at/all")):  # fmt: skip
        reply = held(venue).onloop(*words)
        reply.holds(reply.code not in {1, -9} and "Traceback" not in reply.err, "an answer other than 1")
