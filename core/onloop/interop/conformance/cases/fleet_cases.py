"""Many tasks: runs, waves, one row per cause, and agents that claim at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from onloop.errors import Exit
from onloop.interop.conformance.levels import CaseList, Level
from onloop.interop.conformance.replies import TrialReply
from onloop.interop.conformance.venue import Venue

FLEETS = CaseList(Level.FLEET)


def fleet(venue: Venue, workflow: str = "one", count: int = 3, *words: str) -> str:
    """The id of a new fleet over so many repositories."""
    name = venue.fresh("fleet")
    origins = venue.once("origins", lambda: [venue.new_repository(f"member-{at}") for at in (1, 2, 3)])[:count]
    targets = venue.folder / f"{name}.txt"
    targets.write_text("".join(f"{origin}\n" for origin in origins), encoding="utf-8")
    said = ("fleet", f".onloop/{workflow}.yaml", "--control", str(venue.repository), "--targets", str(targets))
    reply = venue.spoken(venue.gateway.owner, (*said, "--no-base-check", *words, "--json")).ends(Exit.OK, Exit.HELD)
    return str(reply.value("task"))


def members(venue: Venue, run: str) -> TrialReply:
    """The tasks of a run."""
    return venue.look("list", "--run", run).ends(Exit.OK)


def standing(venue: Venue) -> str:
    """A fleet over three repositories, with which nothing was done."""
    return venue.once("fleet", lambda: fleet(venue))


@FLEETS.case(201, "a fleet is a task for each repository", "`fleet` begins a run: a root, and a task for each target")
def _(venue: Venue) -> None:
    reply = venue.fits(members(venue, standing(venue)), "list")
    parents = [each["parent"] for each in reply.value("tasks")]
    reply.holds(
        sorted(map(str, parents)) == sorted(["None", *[standing(venue)] * 3]), "a root with three tasks below it"
    )


@FLEETS.case(202, "a parent works while its children do", "the root is `working`, children_running")
def _(venue: Venue) -> None:
    venue.shown(standing(venue)).has(state="working", reason="children_running")


@FLEETS.case(203, "a parent ends after its children", "the root never is `completed` while a child lives, and is after")
def _(venue: Venue) -> None:
    run = fleet(venue, "one", 2)
    for number in (1, 2):
        venue.shown(run).has(state="working")
        work = venue.taken(f"{run}.{number}")
        work.hello()
        work.onloop("submit").ends(Exit.OK)
    venue.shown(run).has(state="completed")


@FLEETS.case(204, "one task has one owner in a race", "of eight claims of one task at a time exactly one gets it")
def _(venue: Venue) -> None:
    task = venue.begun()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda at: venue.claim(task, "--role", "implementer", "--name", f"a{at}"), range(8)))
    got = sum(reply.code == Exit.OK for reply in found)
    found[0].holds(got == 1, f"one lease, not {got}")


@FLEETS.case(205, "claims give different tasks", "two claims for a role give two tasks")
def _(venue: Venue) -> None:
    run = fleet(venue, "strict", 2)
    found = {str(venue.claim("--role", "careful").ends(Exit.OK).value("task")) for _ in (1, 2)}
    members(venue, run).holds(len(found) == 2, "two different tasks")


@FLEETS.case(206, "a wave waits for the one before", "with --waves 1,rest the others are `submitted`, wave_held")
def _(venue: Venue) -> None:
    run = fleet(venue, "one", 3, "--waves", "1,rest")
    reply = members(venue, run)
    held = sorted(str(each["reason"]) for each in reply.value("tasks") if each["parent"])
    reply.holds(held == ["ready", "wave_held", "wave_held"], "one ready task, and two that are held")


@FLEETS.case(207, "a held wave is not claimed", "a task whose wave has not begun cannot be claimed")
def _(venue: Venue) -> None:
    run = fleet(venue, "one", 3, "--waves", "1,rest")
    reply = venue.claim(f"{run}.3", "--role", "implementer")
    reply.holds(reply.code not in {Exit.OK, Exit.INTERNAL}, "a refusal")


@FLEETS.case(208, "a wave begins after the one before", "once the first wave has completed, the rest are ready")
def _(venue: Venue) -> None:
    run = fleet(venue, "one", 2, "--waves", "1,rest")
    work = venue.taken(f"{run}.1")
    work.hello()
    work.onloop("submit").ends(Exit.OK)
    venue.shown(f"{run}.2").has(state="submitted", reason="ready")


@FLEETS.case(209, "a fleet can end without a task", "`exclude` takes a task out: the fleet completes without it")
def _(venue: Venue) -> None:
    run = fleet(venue, "one", 2)
    venue.decided("exclude", f"{run}.2", "--reason", "archived").ends(Exit.OK)
    venue.shown(f"{run}.2").has(state="paused", reason="excluded")
    work = venue.taken(f"{run}.1")
    work.hello()
    work.onloop("submit").ends(Exit.OK)
    venue.shown(run).has(state="completed")


@FLEETS.case(210, "one cause is one row", "tasks that fail alike are one group of `attention`")
def _(venue: Venue) -> None:
    run = fleet(venue, "strict", 2)
    for number in (1, 2):
        venue.taken(f"{run}.{number}", role="careful").onloop("fail", "the registry is away").ends(Exit.OK)
    reply = venue.look("attention").ends(Exit.OK, Exit.HELD)
    found = [sorted(member["task"] for member in group["members"]) for group in reply.value("groups")]
    rows = [tasks for tasks in found if f"{run}.1" in tasks]
    reply.holds(len(rows) == 1 and f"{run}.2" in rows[0], "one group with both tasks")


@FLEETS.case(211, "a run is canceled with all below", "`cancel` of a run cancels its tasks")
def _(venue: Venue) -> None:
    run = fleet(venue, "one", 2)
    venue.decided("cancel", run, "--reason", "not wanted").ends(Exit.OK)
    reply = members(venue, run)
    reply.holds({each["state"] for each in reply.value("tasks")} == {"canceled"}, "canceled tasks alone")


@FLEETS.case(212, "a run is frozen with all below", "in `freeze run:ID` the agents of its tasks are told 11")
def _(venue: Venue) -> None:
    run = fleet(venue, "one", 1)
    work = venue.taken(f"{run}.1")
    venue.decided("freeze", f"run:{run}", "--reason", "look at it").ends(Exit.OK)
    work.onloop("check").ends(Exit.HELD)
    venue.decided("unfreeze", f"run:{run}").ends(Exit.OK)


@FLEETS.case(213, "a fleet says how it stands", "`report` of a fleet fits its schema")
def _(venue: Venue) -> None:
    venue.fits(venue.look("report", standing(venue)).ends(Exit.OK), "report")
