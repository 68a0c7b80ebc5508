"""Requests and decisions: what is asked, of whom, and what an answer must name."""

from __future__ import annotations

from onloop.errors import Exit
from onloop.interop.conformance.levels import CaseList, Level
from onloop.interop.conformance.venue import TakenTask, Venue

DECIDING = CaseList(Level.HUMAN)
_ANOTHER = "not the passphrase"


def waiting(venue: Venue) -> str:
    """A task that waits for an approval, and about which nothing is decided."""
    return venue.once("waiting", venue.waiting)


def approved(venue: Venue) -> str:
    """A task that was approved, and so is completed."""

    def made() -> str:
        task = venue.waiting()
        venue.approve(task).ends(Exit.OK)
        return task

    return venue.once("approved", made)


def questioned(venue: Venue) -> TakenTask:
    """A task whose agent has asked a person something."""
    work = venue.taken()
    work.onloop("ask", "Which language?").ends(Exit.HELD)
    return work


def other_person(venue: Venue, group: str) -> str:
    """A second person, with the same passphrase, in this group."""

    def made() -> str:
        name = f"bo-{group}"
        venue.enrolled(name, group)
        return name

    return venue.once(f"person in {group}", made)


@DECIDING.case(101, "a human gate asks", "a task at a human gate is `input_required`, approval_required")
def _(venue: Venue) -> None:
    venue.fits(venue.shown(waiting(venue)), "show").has(state="input_required", reason="approval_required")


@DECIDING.case(102, "a request says what it asks", "`asked` has one request: its kind, its gate, who may answer")
def _(venue: Venue) -> None:
    asked = venue.asked(waiting(venue))
    found = (asked["kind"], asked["gate"], asked["from"], asked["quorum"])
    venue.shown(waiting(venue)).holds(found == ("approval", "release", ["approvers"], 1), "one approval of `release`")


@DECIDING.case(103, "a request names its digest", "`digest` is a sha256 in hex: what a decision gives back")
def _(venue: Venue) -> None:
    digest = str(venue.asked(waiting(venue))["digest"])
    is_sha256 = len(digest) == 64 and set(digest) <= set("0123456789abcdef")
    venue.shown(waiting(venue)).holds(is_sha256, "a digest of 64 hexadecimal digits")


@DECIDING.case(104, "a request says what each answer does", "`choices` says in words what approve and reject do")
def _(venue: Venue) -> None:
    choices = venue.asked(waiting(venue))["choices"]
    venue.shown(waiting(venue)).holds({"approve", "reject"} <= set(choices), "choices approve and reject")


@DECIDING.case(105, "what is decided about is named", "`subject` has head, tree and base of what was handed in")
def _(venue: Venue) -> None:
    reply = venue.shown(waiting(venue))
    reply.holds(reply.value("subject", "head") == reply.value("commit"), "the commit as the subject's head")


@DECIDING.case(106, "a decision must name what it is about", "`approve` without a digest is refused: 2")
def _(venue: Venue) -> None:
    venue.decided("approve", waiting(venue)).ends(Exit.USAGE)


@DECIDING.case(
    107, "another digest is another thing", "`approve` under a digest that is not shown is refused: 12, `stale`"
)
def _(venue: Venue) -> None:
    venue.decided("approve", waiting(venue), "--digest", "0" * 64).ends(Exit.REDO).has(error="stale")


@DECIDING.case(108, "a wrong passphrase decides nothing", "`approve` with a wrong passphrase ends with 13")
def _(venue: Venue) -> None:
    venue.approve(waiting(venue), passphrase=_ANOTHER).ends(Exit.NOT_YOURS)
    venue.shown(waiting(venue)).has(state="input_required")


@DECIDING.case(109, "who is not enrolled decides nothing", "`approve --as` an unknown person is refused: 2 or 13")
def _(venue: Venue) -> None:
    venue.approve(waiting(venue), person="mallory").ends(Exit.USAGE, Exit.NOT_YOURS)


@DECIDING.case(110, "an approval moves the task", "`approve` under the shown digest ends with 0, and the task goes on")
def _(venue: Venue) -> None:
    venue.shown(approved(venue)).has(state="completed")


@DECIDING.case(111, "a decision is recorded", "`decisions` of the task has the answer, who gave it, and the assurance")
def _(venue: Venue) -> None:
    reply = venue.shown(approved(venue))
    made = reply.value("decisions", 0)
    fits = made["answer"] == "approve" and str(made["by"]).endswith(venue.gateway.person) and made["assurance"] in {
        "A0", "A1", "A2", "A3", "A4"}  # fmt: skip
    reply.holds(fits, "the approval, by whom, with its assurance")


@DECIDING.case(112, "an approval is spent once", "a second `approve` of the same request is refused")
def _(venue: Venue) -> None:
    task = venue.waiting()
    digest = str(venue.asked(task)["digest"])
    venue.decided("approve", task, "--digest", digest).ends(Exit.OK)
    reply = venue.decided("approve", task, "--digest", digest)
    reply.holds(reply.code != Exit.OK, "a refusal")


@DECIDING.case(113, "a decision happens once under a key", "the same --key gives the same answer, and one decision")
def _(venue: Venue) -> None:
    task = venue.waiting()
    digest = str(venue.asked(task)["digest"])
    for _again in range(2):
        venue.decided("approve", task, "--digest", digest, "--key", f"approve-once-{task}").ends(Exit.OK)
    reply = venue.shown(task)
    reply.holds(len(reply.value("decisions")) == 1, "one decision")


@DECIDING.case(114, "a rejection needs a reason", "`reject` without --reason is refused: 2")
def _(venue: Venue) -> None:
    digest = str(venue.asked(waiting(venue))["digest"])
    venue.decided("reject", waiting(venue), "--digest", digest).ends(Exit.USAGE)


@DECIDING.case(
    115, "a rejection sends the work back", "`reject` puts the task at `on_reject`, and its reason in the brief"
)
def _(venue: Venue) -> None:
    task = venue.waiting()
    digest = str(venue.asked(task)["digest"])
    venue.decided("reject", task, "--digest", digest, "--reason", "say it in Latin").ends(Exit.OK)
    venue.shown(task).has(state="submitted", step="develop.write")
    reply = venue.taken(task, name="bob").onloop("next")
    reply.holds("say it in Latin" in str(reply.value("brief")), "the reason in the brief")


@DECIDING.case(116, "a changed task asks anew", "an approval under the digest of before a rejection is refused")
def _(venue: Venue) -> None:
    task = venue.waiting()
    digest = str(venue.asked(task)["digest"])
    venue.decided("reject", task, "--digest", digest, "--reason", "again").ends(Exit.OK)
    work = venue.taken(task, name="bob")
    work.commit({"hello.txt": "hello again\n"})
    work.onloop("submit").ends(Exit.OK)
    venue.decided("approve", task, "--digest", digest).ends(Exit.REDO).has(error="stale")


@DECIDING.case(117, "an answer reaches the agent", "`answer` gives the task back, and its words are in the next brief")
def _(venue: Venue) -> None:
    work = questioned(venue)
    venue.decided("answer", work.task, "in Latin, please").ends(Exit.OK)
    reply = venue.taken(work.task, name="bob").onloop("next")
    reply.holds("in Latin, please" in str(reply.value("brief")), "the answer in the brief")


@DECIDING.case(118, "what is not asked is not answered", "`answer` where nothing is asked is refused")
def _(venue: Venue) -> None:
    reply = venue.decided("answer", venue.begun(), "yes")
    reply.holds(reply.code not in {Exit.OK, Exit.INTERNAL}, "a refusal")


@DECIDING.case(119, "what needs a person is listed", "`attention` has a group with the task that waits")
def _(venue: Venue) -> None:
    reply = venue.fits(venue.look("attention").ends(Exit.OK), "attention")
    reply.holds(waiting(venue) in reply.text, "the task that waits")


@DECIDING.case(120, "what is decided needs nobody", "`attention` has no task that was approved and is completed")
def _(venue: Venue) -> None:
    task = approved(venue)
    reply = venue.look("attention")
    reply.holds(f'"{task}"' not in reply.text, "no word of the task that is done")


@DECIDING.case(121, "a quorum counts persons", "with `quorum: 2` the same person's second approval does not count")
def _(venue: Venue) -> None:
    work = venue.taken(workflow="pair")
    work.hello()
    work.onloop("submit").ends(Exit.OK)
    venue.approve(work.task).ends(Exit.OK)
    venue.shown(work.task).has(state="input_required")
    venue.decided("approve", work.task, "--digest", str(venue.asked(work.task)["digest"]))
    venue.shown(work.task).has(state="input_required")


@DECIDING.case(122, "a quorum is met by so many", "with `quorum: 2` the task goes on after two persons approved")
def _(venue: Venue) -> None:
    work = venue.taken(workflow="pair")
    work.hello()
    work.onloop("submit").ends(Exit.OK)
    venue.approve(work.task).ends(Exit.OK)
    venue.approve(work.task, person=other_person(venue, "approvers")).ends(Exit.OK)
    venue.shown(work.task).has(state="completed")


@DECIDING.case(123, "who is not asked does not decide", "`approve` of somebody outside of `from` ends with 13")
def _(venue: Venue) -> None:
    venue.approve(waiting(venue), person=other_person(venue, "guests")).ends(Exit.NOT_YOURS)
