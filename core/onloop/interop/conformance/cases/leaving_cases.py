"""Staying and leaving: heartbeats, questions, checkpoints, hand-offs, and the ways to give a task back."""

from __future__ import annotations

from hashlib import sha256

from onloop.errors import Exit
from onloop.interop.conformance.levels import CaseList, Level
from onloop.interop.conformance.replies import TrialReply
from onloop.interop.conformance.venue import TakenTask, Venue

LEAVING = CaseList(Level.AGENT)


def released(venue: Venue) -> tuple[TakenTask, TrialReply]:
    """A task that its agent gave back, and the answer."""

    def made() -> tuple[TakenTask, TrialReply]:
        work = venue.taken()
        return work, work.onloop("release", "--why", "changed my mind")

    return venue.once("released", made)


@LEAVING.case(61, "a heartbeat keeps the lease", "`heartbeat` ends with 0, and `expires` is no earlier than before")
def _(venue: Venue) -> None:
    work = venue.taken()
    reply = venue.fits(work.onloop("heartbeat").ends(Exit.OK), "heartbeat")
    reply.holds(reply.value("expires") >= work.claimed.value("expires"), "a lease that ends no earlier")


@LEAVING.case(62, "a heartbeat says how full the context is", "`heartbeat --context 0.6` gives `context` 60")
def _(venue: Venue) -> None:
    venue.taken().onloop("heartbeat", "--context", "0.6").ends(Exit.OK).has(context=60)


@LEAVING.case(63, "a context is at most full", "`heartbeat --context 400%` is refused: 2")
def _(venue: Venue) -> None:
    venue.taken().onloop("heartbeat", "--context", "400%").ends(Exit.USAGE)


@LEAVING.case(64, "a task can be given back", "`release` ends with 0, and the task waits again: `submitted`")
def _(venue: Venue) -> None:
    venue.fits(released(venue)[1].ends(Exit.OK).has(state="submitted"), "release")


@LEAVING.case(65, "who gave it back holds nothing", "`check` after `release` ends with 13")
def _(venue: Venue) -> None:
    released(venue)[0].onloop("check").ends(Exit.NOT_YOURS).has(verdict="not_yours")


@LEAVING.case(66, "who gave it back hands nothing in", "`submit` after `release` ends with 13")
def _(venue: Venue) -> None:
    work = released(venue)[0]
    work.hello()
    work.onloop("submit").ends(Exit.NOT_YOURS)


@LEAVING.case(67, "the next owner has a greater epoch", "a claim after `release` gives a greater epoch")
def _(venue: Venue) -> None:
    first = venue.taken()
    first.onloop("release").ends(Exit.OK)
    second = venue.taken(first.task, name="bob")
    second.claimed.holds(second.epoch > first.epoch, f"an epoch above {first.epoch}")


@LEAVING.case(68, "a failure needs a reason", "`fail` without words ends with 2")
def _(venue: Venue) -> None:
    venue.taken().onloop("fail").ends(Exit.USAGE)


@LEAVING.case(69, "an agent can say that it cannot", "`fail WHY` ends with 0, and its holder has lost the lease")
def _(venue: Venue) -> None:
    work = venue.taken()
    venue.fits(work.onloop("fail", "no compiler here").ends(Exit.OK), "fail")
    work.onloop("check").ends(Exit.NOT_YOURS, Exit.HELD, Exit.SPENT)


@LEAVING.case(
    70, "attempts run out", "when `attempts` are spent a person is asked: `input_required`, attempts_exhausted"
)
def _(venue: Venue) -> None:
    work = venue.taken(workflow="strict", role="careful")
    work.onloop("fail", "I cannot").ends(Exit.OK).has(state="input_required", reason="attempts_exhausted")
    work.onloop("check").ends(Exit.SPENT)


@LEAVING.case(71, "not now, but later", "`release --until 45m` ends with 0, and nobody can claim the task until then")
def _(venue: Venue) -> None:
    work = venue.taken()
    work.onloop("release", "--until", "45m", "--why", "usage limit").ends(Exit.OK).has(state="submitted")
    venue.claim(work.task, "--role", "implementer").ends(Exit.NOTHING, Exit.NOT_YET, Exit.NOT_YOURS)


@LEAVING.case(72, "later is a time", "`release --until` with what is no time is refused: 2")
def _(venue: Venue) -> None:
    venue.taken().onloop("release", "--until", "when it suits").ends(Exit.USAGE)


@LEAVING.case(73, "an agent can ask a person", "`ask` ends with 11, verdict `held`: the turn is over")
def _(venue: Venue) -> None:
    work = venue.taken()
    venue.fits(work.onloop("ask", "Which language?").ends(Exit.HELD).has(verdict="held"), "ask")
    work.onloop("check").ends(Exit.HELD).has(state="input_required", reason="question")


@LEAVING.case(74, "a question has words", "`ask` with nothing in it is refused: 2")
def _(venue: Venue) -> None:
    venue.taken().onloop("ask", "").ends(Exit.USAGE)


@LEAVING.case(75, "a checkpoint is kept by its digest", "`checkpoint --file` gives size and sha256 of what was kept")
def _(venue: Venue) -> None:
    work, text = venue.taken(), "half of it is done\n"
    (work.place / "left.md").write_text(text, encoding="utf-8")
    reply = work.onloop("checkpoint", "--file", "left.md").ends(Exit.OK)
    venue.fits(reply.has(size=len(text), digest=sha256(text.encode()).hexdigest()), "checkpoint")


@LEAVING.case(76, "a checkpoint reaches the successor", "the brief of whoever goes on quotes the checkpoint")
def _(venue: Venue) -> None:
    work = venue.taken()
    (work.place / "left.md").write_text("the parser is half done\n", encoding="utf-8")
    work.onloop("checkpoint", "--file", "left.md").ends(Exit.OK)
    work.onloop("release").ends(Exit.OK)
    reply = venue.taken(work.task, name="bob").onloop("next")
    reply.holds("the parser is half done" in str(reply.value("brief")), "the checkpoint in the brief")


@LEAVING.case(77, "a checkpoint has a limit", "a checkpoint of more than 64 KiB is refused: 2")
def _(venue: Venue) -> None:
    work = venue.taken()
    (work.place / "left.md").write_text("x" * (64 * 1024 + 1), encoding="utf-8")
    work.onloop("checkpoint", "--file", "left.md").ends(Exit.USAGE)


@LEAVING.case(78, "a hand-off costs no attempt", "after `handoff` the next holder's ONLOOP_ATTEMPT is the same")
def _(venue: Venue) -> None:
    work = venue.taken()
    venue.fits(work.onloop("handoff", "--why", "my context is full").ends(Exit.OK), "handoff")
    after = venue.taken(work.task, name="bob")
    after.claimed.holds(after.env["ONLOOP_ATTEMPT"] == work.env["ONLOOP_ATTEMPT"], "the same attempt")


@LEAVING.case(79, "a hand-off needs a reason", "`handoff` without --why ends with 2")
def _(venue: Venue) -> None:
    venue.taken().onloop("handoff").ends(Exit.USAGE)


@LEAVING.case(80, "what agents write is inert", "no control byte of an agent's text is printed")
def _(venue: Venue) -> None:
    work = venue.taken()
    said = work.onloop("fail", "\x1b]0;owned\x07 \x1b[31mred", json=False)
    said.holds("\x1b" not in said.text + said.err and "\x07" not in said.text, "no control bytes in what is printed")
