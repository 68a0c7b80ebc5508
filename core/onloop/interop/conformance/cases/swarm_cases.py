"""Many agents at one intent: children, messages, and judgements of agents who did not write it."""

from __future__ import annotations

from onloop.errors import Exit
from onloop.interop.conformance.levels import CaseList, Level
from onloop.interop.conformance.venue import TakenTask, Venue

SWARMS = CaseList(Level.FLEET)


def divided(venue: Venue) -> tuple[TakenTask, str]:
    """A planner at work, and the child that it has made."""

    def made() -> tuple[TakenTask, str]:
        work = venue.taken(workflow="swarm", role="planner")
        reply = venue.fits(work.onloop("spawn", "--title", "the parser").ends(Exit.OK), "spawn")
        return work, str(reply.value("child"))

    return venue.once("divided", made)


def written(venue: Venue) -> str:
    """A task whose work is done, and waits for another agent's judgement."""
    work = venue.taken(workflow="reviewed", name="ada")
    work.hello()
    work.onloop("submit").ends(Exit.OK)
    return work.task


@SWARMS.case(220, "an agent can make a child", "`spawn` gives a child whose parent is the agent's task")
def _(venue: Venue) -> None:
    work, child = divided(venue)
    venue.shown(child).has(parent=work.task, title="the parser")


@SWARMS.case(221, "children have a bound", "more children than `most` says are refused")
def _(venue: Venue) -> None:
    work = venue.taken(workflow="swarm", role="planner")
    found = [work.onloop("spawn", "--title", f"part {at}") for at in range(4)]
    found[3].holds([reply.code == Exit.OK for reply in found] == [True] * 3 + [False], "three children, and a refusal")


@SWARMS.case(222, "where no child may be made none is", "`spawn` at a step that does not say so is refused")
def _(venue: Venue) -> None:
    reply = venue.taken().onloop("spawn", "--title", "a part")
    reply.holds(reply.code not in {Exit.OK, Exit.INTERNAL}, "a refusal")


@SWARMS.case(223, "agents of a run tell each other", "what `tell --to parent` says is in the parent's `inbox`")
def _(venue: Venue) -> None:
    work, child = divided(venue)
    part = venue.taken(child, role="builder")
    venue.fits(part.onloop("tell", "--to", "parent", "the lexer is odd").ends(Exit.OK), "tell")
    reply = venue.fits(work.onloop("inbox").ends(Exit.OK), "inbox")
    texts = [each["text"] for each in reply.value("untrusted", "messages")]
    reply.holds("the lexer is odd" in texts, "the message, under `untrusted`")


@SWARMS.case(224, "a message has a limit", "a message of more than 4 KiB is refused: 2")
def _(venue: Venue) -> None:
    divided(venue)[0].onloop("tell", "--to", "children", "x" * 5_000).ends(Exit.USAGE)


@SWARMS.case(225, "a message stays in its run", "`tell` to a task of another run is refused")
def _(venue: Venue) -> None:
    reply = divided(venue)[0].onloop("tell", "--to", venue.begun(), "psst")
    reply.holds(reply.code not in {Exit.OK, Exit.INTERNAL}, "a refusal")


@SWARMS.case(226, "another agent judges", "`review pass` moves the task on from a step that asks for a judgement")
def _(venue: Venue) -> None:
    task = written(venue)
    judge = venue.taken(task, role="reviewer", name="rex")
    venue.fits(judge.onloop("review", "pass", "--reason", "reads well").ends(Exit.OK).has(judged="pass"), "review")
    venue.shown(task).has(step="ship.approve")


@SWARMS.case(227, "nobody judges their own work", "whoever did the step that `not_by` names cannot claim the review")
def _(venue: Venue) -> None:
    reply = venue.claim(written(venue), "--role", "reviewer", "--name", "ada")
    reply.holds(reply.code not in {Exit.OK, Exit.INTERNAL}, "a refusal")


@SWARMS.case(
    228, "a judgement of fail sends it back", "`review fail` puts the task at `on_fail`, its reason in the brief"
)
def _(venue: Venue) -> None:
    task = written(venue)
    judge = venue.taken(task, role="reviewer", name="rex")
    judge.onloop("review", "fail", "--reason", "too short").ends(Exit.OK)
    reply = venue.taken(task, name="bob").onloop("next").has(step="develop.write")
    reply.holds("too short" in str(reply.value("brief")), "the reason in the brief")


@SWARMS.case(229, "a judgement is labelled", "`judgements` of the task are `agent-judged`, their words `untrusted`")
def _(venue: Venue) -> None:
    task = written(venue)
    venue.taken(task, role="reviewer", name="rex").onloop("review", "pass", "--reason", "reads well").ends(Exit.OK)
    reply = venue.shown(task)
    reply.holds(reply.value("judgements", 0, "label") == "agent-judged", "the label agent-judged")
    reply.holds(reply.value("judgements", 0, "untrusted", "reason") == "reads well", "its reason under `untrusted`")


@SWARMS.case(230, "a judgement needs a reason", "`review pass` without --reason ends with 2")
def _(venue: Venue) -> None:
    venue.taken(written(venue), role="reviewer", name="rex").onloop("review", "pass").ends(Exit.USAGE)


@SWARMS.case(231, "who is not asked to judge does not", "`review` at a step without such a gate is refused")
def _(venue: Venue) -> None:
    reply = venue.taken().onloop("review", "pass", "--reason", "mine is good")
    reply.holds(reply.code not in {Exit.OK, Exit.INTERNAL}, "a refusal")
