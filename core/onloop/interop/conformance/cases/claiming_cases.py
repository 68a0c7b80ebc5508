"""Taking work: what a claim gives, and what is refused."""

from __future__ import annotations

import time
from pathlib import Path

from onloop.errors import Exit
from onloop.interop.conformance.levels import CaseList, Level
from onloop.interop.conformance.venue import TakenTask, Venue

CLAIMING = CaseList(Level.AGENT)
VARIABLES = (
    *("ONLOOP_TOKEN", "ONLOOP_TASK", "ONLOOP_OUT", "ONLOOP_IN"),
    *("ONLOOP_REPO", "ONLOOP_STEP", "ONLOOP_ATTEMPT", "ONLOOP_ROUND"),
)


def held(venue: Venue) -> TakenTask:
    """A task that an agent holds, with which nothing was done yet."""
    return venue.once("held", lambda: venue.taken(name="ada"))


@CLAIMING.case(1, "a claim gives a lease", "`claim TASK --role ROLE` ends with 0 and its object fits `claim`")
def _(venue: Venue) -> None:
    venue.fits(held(venue).claimed.ends(Exit.OK), "claim")


@CLAIMING.case(2, "a claim names task and step", "`task` and `step` are those of the task that was claimed")
def _(venue: Venue) -> None:
    held(venue).claimed.has(task=held(venue).task, step="develop.write")


@CLAIMING.case(3, "a lease has an epoch", "`epoch` is a whole number from 1 on")
def _(venue: Venue) -> None:
    reply = held(venue).claimed
    reply.holds(type(reply.value("epoch")) is int and held(venue).epoch >= 1, "an epoch from 1 on")


@CLAIMING.case(4, "a lease ends in the future", "`expires` is in milliseconds since the epoch, and later than now")
def _(venue: Venue) -> None:
    reply = venue.taken().claimed
    reply.holds(reply.value("expires") > (time.time() - 5) * 1000, "an end of the lease that is to come")


@CLAIMING.case(5, "a claim says what to export", "`env` has " + ", ".join(VARIABLES))
def _(venue: Venue) -> None:
    reply = held(venue).claimed
    missing = [name for name in VARIABLES if not held(venue).env.get(name)]
    reply.holds(not missing, f"a value for {', '.join(missing)}")


@CLAIMING.case(6, "what is exported says where the agent is", "ONLOOP_TASK and ONLOOP_STEP are the task and its step")
def _(venue: Venue) -> None:
    env = held(venue).env
    fits = (env["ONLOOP_TASK"], env["ONLOOP_STEP"]) == (held(venue).task, "develop.write")
    held(venue).claimed.holds(fits, "the task and the step in the environment")


@CLAIMING.case(7, "the first try is counted", "ONLOOP_ATTEMPT is 1 and ONLOOP_ROUND is 0 in the first attempt")
def _(venue: Venue) -> None:
    env = held(venue).env
    held(venue).claimed.holds((env["ONLOOP_ATTEMPT"], env["ONLOOP_ROUND"]) == ("1", "0"), "attempt 1, round 0")


@CLAIMING.case(8, "a claim gives a clone", "`place` is a git work tree at the base, with nothing changed in it")
def _(venue: Venue) -> None:
    place, base = held(venue).place, venue.git(venue.repository, "rev-parse", "main")
    is_clean = venue.git(place, "status", "--porcelain") == ""
    held(venue).claimed.holds(is_clean and held(venue).head == base, f"a clean clone at {base}")


@CLAIMING.case(9, "the folder for artefacts is there", "ONLOOP_OUT is a folder in which the agent may write")
def _(venue: Venue) -> None:
    folder = Path(held(venue).env["ONLOOP_OUT"])
    held(venue).claimed.holds(folder.is_dir(), f"a folder {folder}")


@CLAIMING.case(10, "one task has one holder", "a task that is held cannot be claimed: 15, and nobody gets its token")
def _(venue: Venue) -> None:
    reply = venue.claim(held(venue).task, "--role", "implementer", "--name", "bob")
    reply.ends(Exit.NOTHING, Exit.NOT_YOURS).has(error="refused")


@CLAIMING.case(
    11, "a role for which nothing waits gives nothing", "`claim` ends with 15 where nothing waits for the role"
)
def _(venue: Venue) -> None:
    venue.claim("--role", "nobody-waits-for-this").ends(Exit.NOTHING, Exit.USAGE)


@CLAIMING.case(12, "a role must be named", "`claim` without --role ends with 2")
def _(venue: Venue) -> None:
    venue.claim().ends(Exit.USAGE)


@CLAIMING.case(13, "an unknown task is unknown", "`claim` of a task that is not there ends with 2, error `unknown`")
def _(venue: Venue) -> None:
    venue.claim("zz9zz9.99", "--role", "implementer").ends(Exit.USAGE).has(error="unknown")


@CLAIMING.case(14, "a task waits for one role", "a task is not given to a role that its step does not name")
def _(venue: Venue) -> None:
    reply = venue.claim(venue.begun(), "--role", "careful").ends(Exit.NOTHING, Exit.NOT_YOURS, Exit.USAGE)
    reply.holds("env" not in (reply.data or {}), "no lease")


@CLAIMING.case(15, "a claim that is asked again is the same", "under the same --key a claim gives the same lease again")
def _(venue: Venue) -> None:
    task, key = venue.begun(), "conformance-key-of-a-claim-0001"
    words = (task, "--role", "implementer", "--name", "ada", "--key", key)
    first, second = venue.claim(*words).ends(Exit.OK), venue.claim(*words).ends(Exit.OK)
    second.has(epoch=first.value("epoch"), task=task)
    second.holds(second.value("env", "ONLOOP_TOKEN") == first.value("env", "ONLOOP_TOKEN"), "the same token")


@CLAIMING.case(16, "a lease has limits", "a --lease of more than a day is refused: 2")
def _(venue: Venue) -> None:
    venue.claim(venue.begun(), "--role", "implementer", "--lease", "900d").ends(Exit.USAGE)


@CLAIMING.case(17, "what is no duration is refused", "a --lease that is no duration is refused: 2")
def _(venue: Venue) -> None:
    venue.claim(venue.begun(), "--role", "implementer", "--lease", "soon").ends(Exit.USAGE)


@CLAIMING.case(18, "people read what to export", "without --json `claim` prints lines `export NAME=VALUE` for a shell")
def _(venue: Venue) -> None:
    reply = venue.claim(venue.begun(), "--role", "implementer", json=False).ends(Exit.OK)
    reply.holds("export ONLOOP_TOKEN" in reply.text, "a line that exports ONLOOP_TOKEN")
