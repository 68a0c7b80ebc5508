"""What people may do to work: pause, cancel, freeze, reassign, retry, and tell its agent something."""

from __future__ import annotations

from onloop.errors import Exit
from onloop.interop.conformance.cases.deciding_cases import approved, waiting
from onloop.interop.conformance.levels import CaseList, Level
from onloop.interop.conformance.venue import Venue

SUPERVISING = CaseList(Level.HUMAN)


@SUPERVISING.case(130, "a paused task stands still", "`pause` makes it `paused`, and its holder has lost the lease: 13")
def _(venue: Venue) -> None:
    work = venue.taken()
    venue.decided("pause", work.task, "--reason", "wait").ends(Exit.OK)
    venue.shown(work.task).has(state="paused", reason="paused", holder=None)
    work.onloop("check").ends(Exit.NOT_YOURS)


@SUPERVISING.case(131, "a paused task is not claimed", "`claim` of a paused task gives no lease")
def _(venue: Venue) -> None:
    task = venue.begun()
    venue.decided("pause", task, "--reason", "wait").ends(Exit.OK)
    reply = venue.claim(task, "--role", "implementer")
    reply.holds(reply.code not in {Exit.OK, Exit.INTERNAL}, "a refusal")


@SUPERVISING.case(132, "a paused task goes on where it stood", "`resume` puts it at its step again")
def _(venue: Venue) -> None:
    task = venue.begun()
    venue.decided("pause", task, "--reason", "wait").ends(Exit.OK)
    venue.decided("resume", task).ends(Exit.OK)
    venue.shown(task).has(state="submitted", step="develop.write")


@SUPERVISING.case(133, "a canceled task has ended", "`cancel` makes it `canceled`; its agent's `check` ends with 16")
def _(venue: Venue) -> None:
    work = venue.taken()
    venue.decided("cancel", work.task, "--reason", "not wanted").ends(Exit.OK)
    venue.shown(work.task).has(state="canceled", reason=None)
    work.onloop("check").ends(Exit.ENDED).has(verdict="ended")


@SUPERVISING.case(
    134, "a task that has ended never starts again", "`retry` and `resume` of a task that has ended are refused"
)
def _(venue: Venue) -> None:
    for verb in ("retry", "resume", "pause"):
        reply = venue.decided(verb, approved(venue))
        venue.shown(approved(venue)).has(state="completed")
        reply.holds(reply.code != Exit.INTERNAL, "a refusal, or nothing done")


@SUPERVISING.case(135, "a freeze holds", "after `freeze task:ID` its agent's `check` ends with 11")
def _(venue: Venue) -> None:
    work = venue.taken()
    venue.decided("freeze", f"task:{work.task}", "--reason", "look at it").ends(Exit.OK)
    work.onloop("check").ends(Exit.HELD).has(verdict="held")
    venue.decided("unfreeze", f"task:{work.task}").ends(Exit.OK)
    work.onloop("check").ends(Exit.NOT_YET)


@SUPERVISING.case(136, "nothing moves in a freeze", "work that is handed in while frozen does not leave its step")
def _(venue: Venue) -> None:
    work = venue.taken()
    venue.decided("freeze", f"task:{work.task}", "--reason", "look at it").ends(Exit.OK)
    work.hello()
    reply = work.onloop("submit", "--wait", "2s")
    reply.holds(reply.code != Exit.OK, "no yes while frozen")
    venue.shown(work.task).has(step="develop.write")
    venue.decided("unfreeze", f"task:{work.task}").ends(Exit.OK)


@SUPERVISING.case(137, "a reassigned task has another owner", "`reassign` revokes the lease: its holder is told 13")
def _(venue: Venue) -> None:
    work = venue.taken()
    venue.decided("reassign", work.task, "--to", "agent:zoe", "--reason", "zoe knows it").ends(Exit.OK)
    work.onloop("heartbeat").ends(Exit.NOT_YOURS)


@SUPERVISING.case(138, "a reassigned task waits for whom it was given to", "only the named agent can claim it")
def _(venue: Venue) -> None:
    work = venue.taken()
    venue.decided("reassign", work.task, "--to", "agent:zoe", "--reason", "zoe knows it").ends(Exit.OK)
    reply = venue.claim(work.task, "--role", "implementer", "--name", "bob")
    reply.holds(reply.code not in {Exit.OK, Exit.INTERNAL}, "a refusal")
    venue.taken(work.task, name="zoe").claimed.has(step="develop.write")


@SUPERVISING.case(
    139, "a person can let it be tried again", "`retry` after attempts ran out makes it claimable, from 1 on"
)
def _(venue: Venue) -> None:
    work = venue.taken(workflow="strict", role="careful")
    work.onloop("fail", "I cannot").ends(Exit.OK)
    venue.decided("retry", work.task).ends(Exit.OK)
    after = venue.taken(work.task, role="careful")
    after.claimed.holds(after.env["ONLOOP_ATTEMPT"] == "1", "attempts that count from 1 again")


@SUPERVISING.case(140, "a note reaches the agent", "what `note` says is in `notes` of the agent's next answer, by whom")
def _(venue: Venue) -> None:
    work = venue.taken()
    venue.decided("note", work.task, "mind the umlauts").ends(Exit.OK)
    reply = work.onloop("check")
    reply.holds(reply.value("notes", 0, "text") == "mind the umlauts", "the note in `notes`")
    reply.ends(Exit.NOT_YET)


@SUPERVISING.case(141, "what was seen may have changed", "a decision with an older --version is refused: 12, `stale`")
def _(venue: Venue) -> None:
    reply = venue.decided("cancel", waiting(venue), "--reason", "x", "--version", "1").ends(Exit.REDO)
    reply.has(error="stale")


@SUPERVISING.case(142, "it is said why a task stands", "`why` fits its schema, and has sentences")
def _(venue: Venue) -> None:
    reply = venue.fits(venue.look("why", waiting(venue)).ends(Exit.OK), "why")
    reply.holds(reply.value("why"), "sentences")


@SUPERVISING.case(143, "tasks are listed by state", "`list --state` has the tasks in that state, and no others")
def _(venue: Venue) -> None:
    waiting(venue), approved(venue)
    reply = venue.fits(venue.look("list", "--state", "completed").ends(Exit.OK), "list")
    states = {each["state"] for each in reply.value("tasks")}
    reply.holds(states == {"completed"}, "tasks that are completed")


@SUPERVISING.case(144, "what people decided is listed", "`decisions` has the approval, newest first, by whom")
def _(venue: Venue) -> None:
    task = approved(venue)
    reply = venue.fits(venue.look("decisions").ends(Exit.OK), "decisions")
    mine = [each["answer"] for each in reply.value("decisions") if each["task"] == task]
    reply.holds(mine == ["approve"], "the approval")
