"""Handing in: only the commit counts, what is said proves nothing, and a gate's failure is a round."""

from __future__ import annotations

from onloop.errors import Exit
from onloop.interop.conformance.cases.checking_cases import VERDICT_CODES
from onloop.interop.conformance.levels import CaseList, Level
from onloop.interop.conformance.replies import TrialReply
from onloop.interop.conformance.venue import TakenTask, Venue

SUBMITTING = CaseList(Level.AGENT)


def failed(venue: Venue) -> tuple[TakenTask, TrialReply]:
    """A task whose first submission failed its gate, and the answer."""

    def made() -> tuple[TakenTask, TrialReply]:
        work = venue.taken()
        work.commit({"hello.txt": "good day\n"})
        return work, work.onloop("submit", "--statement", "All gates passed.")

    return venue.once("failed", made)


def achieved(venue: Venue) -> tuple[TakenTask, TrialReply]:
    """A task whose one step was achieved, and the answer."""

    def made() -> tuple[TakenTask, TrialReply]:
        work = venue.taken()
        work.hello()
        return work, work.onloop("submit")

    return venue.once("achieved", made)


@SUBMITTING.case(40, "work that fails a gate comes back", "`submit` ends with 12 where a gate failed")
def _(venue: Venue) -> None:
    failed(venue)[1].ends(Exit.REDO).has(verdict="redo")


@SUBMITTING.case(41, "a statement proves nothing", "what --statement says moves no gate: the mark is `failed`")
def _(venue: Venue) -> None:
    reply = failed(venue)[1]
    reply.holds(reply.value("gates", 0, "mark") == "failed", "a gate marked failed")


@SUBMITTING.case(42, "a failed gate says why", "`gates[].summary` and `why` say in words what was not true")
def _(venue: Venue) -> None:
    reply = failed(venue)[1]
    reply.holds(reply.value("gates", 0, "summary") and reply.value("why"), "why the gate failed")


@SUBMITTING.case(43, "the answer to a submission has its shape", "the object of `submit` fits `submit`")
def _(venue: Venue) -> None:
    venue.fits(failed(venue)[1], "submit")
    venue.fits(achieved(venue)[1], "submit")


@SUBMITTING.case(44, "the commit is named", "`commit` is the whole id of the commit that was handed in")
def _(venue: Venue) -> None:
    work, reply = achieved(venue)
    reply.has(commit=work.head)


@SUBMITTING.case(45, "work that passes is achieved", "`submit` ends with 0 where every gate passed")
def _(venue: Venue) -> None:
    reply = achieved(venue)[1].ends(Exit.OK).has(verdict="yes")
    reply.holds(reply.value("gates", 0, "mark") == "passed", "a gate marked passed")


@SUBMITTING.case(46, "what is achieved stays achieved", "`check` ends with 0 for the agent whose step was achieved")
def _(venue: Venue) -> None:
    achieved(venue)[0].onloop("check").ends(Exit.OK).has(verdict="yes", state="completed")


@SUBMITTING.case(47, "the lease ends with the step", "a heartbeat after the step was achieved ends with 13")
def _(venue: Venue) -> None:
    achieved(venue)[0].onloop("heartbeat").ends(Exit.NOT_YOURS, Exit.ENDED)


@SUBMITTING.case(
    48, "a task that has ended takes nothing more", "`submit` to a task that has ended is refused: 13 or 16"
)
def _(venue: Venue) -> None:
    achieved(venue)[0].onloop("submit").ends(Exit.NOT_YOURS, Exit.ENDED).has(
        exit=achieved(venue)[0].onloop("submit").code
    )


@SUBMITTING.case(49, "a task that has ended is not claimed", "`claim` of a task that has ended gives no lease")
def _(venue: Venue) -> None:
    reply = venue.claim(achieved(venue)[0].task, "--role", "implementer")
    reply.ends(Exit.NOTHING, Exit.ENDED, Exit.NOT_YOURS, Exit.USAGE)


@SUBMITTING.case(
    50, "a commit that was not handed in does not count", "`check` ends with 10 where HEAD is another commit"
)
def _(venue: Venue) -> None:
    work = venue.taken()
    first = work.commit({"hello.txt": "no\n"})
    work.onloop("submit").ends(Exit.REDO)
    work.hello()
    work.onloop("check").ends(Exit.NOT_YET).has(commit=first)


@SUBMITTING.case(51, "the base alone achieves nothing", "a `submit` of the base, whose gate fails there, ends with 12")
def _(venue: Venue) -> None:
    venue.taken().onloop("submit").ends(Exit.REDO)


@SUBMITTING.case(52, "what is not committed is not handed in", "`uncommitted` names it, and the gates do not see it")
def _(venue: Venue) -> None:
    work = venue.taken()
    (work.place / "hello.txt").write_text("hello\n", encoding="utf-8")
    (work.place / "README.md").write_text("changed\n", encoding="utf-8")
    reply = work.onloop("submit").ends(Exit.REDO)
    reply.holds("README.md" in reply.value("uncommitted"), "README.md among `uncommitted`")


@SUBMITTING.case(53, "the reason is in the next brief", "after a failure `brief` of `next` says what the gate found")
def _(venue: Venue) -> None:
    work, reply = failed(venue)
    brief = work.onloop("next").value("brief")
    reply.holds(str(reply.value("gates", 0, "summary")) in str(brief), "the gate's words in the next brief")


@SUBMITTING.case(54, "mended work is achieved", "the same agent mends it under the same lease: `submit` ends with 0")
def _(venue: Venue) -> None:
    work = venue.taken()
    work.commit({"hello.txt": "no\n"})
    work.onloop("submit").ends(Exit.REDO)
    work.hello()
    work.onloop("submit").ends(Exit.OK)


@SUBMITTING.case(55, "rounds run out", "when a gate fails more often than `rounds` allows, `submit` ends with 14")
def _(venue: Venue) -> None:
    work = venue.taken(workflow="strict", role="careful")
    for text, code in (("one\n", Exit.REDO), ("two\n", Exit.SPENT)):
        work.commit({"hello.txt": text})
        work.onloop("submit").ends(code)


@SUBMITTING.case(56, "a submission happens once under a key", "the same --key hands in once: no second round is spent")
def _(venue: Venue) -> None:
    work = venue.taken(workflow="strict", role="careful")
    work.commit({"hello.txt": "one\n"})
    for _again in range(3):
        work.onloop("submit", "--key", "conformance-submit-once").ends(Exit.REDO)


@SUBMITTING.case(57, "another branch can be handed in", "`submit --ref BRANCH` hands in that branch's commit")
def _(venue: Venue) -> None:
    work = venue.taken()
    venue.git(work.place, "switch", "--quiet", "--create", "aside")
    wanted = work.hello()
    venue.git(work.place, "switch", "--quiet", "-")
    work.onloop("submit", "--ref", "aside").has(commit=wanted)


@SUBMITTING.case(58, "a branch that is not there is refused", "`submit --ref` of an unknown branch ends with 2")
def _(venue: Venue) -> None:
    venue.taken().onloop("submit", "--ref", "no-such-branch").ends(Exit.USAGE)


@SUBMITTING.case(
    60, "every answer to a submission is a verdict", "`verdict` is the word of the exit code after `submit`"
)
def _(venue: Venue) -> None:
    for _work, reply in (failed(venue), achieved(venue)):
        reply.holds(VERDICT_CODES.get(str(reply.value("verdict"))) == reply.code, "the word of the exit code")
