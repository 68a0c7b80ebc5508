"""What nobody may: decide as an agent, act under another's or a superseded lease, or as nobody."""

from __future__ import annotations

from collections.abc import Callable

from onloop.errors import Exit
from onloop.interop.conformance.cases.deciding_cases import waiting
from onloop.interop.conformance.levels import CaseList, Level, Play
from onloop.interop.conformance.venue import TakenTask, Venue

FORGING = CaseList(Level.TRUST)

ATTEMPTS: tuple[tuple[str, ...], ...] = (
    ("approve", "{task}", "--digest", "{digest}"),
    ("reject", "{task}", "--digest", "{digest}", "--reason", "no"),
    ("answer", "{task}", "yes"),
    ("retry", "{task}"),
    ("cancel", "{task}", "--reason", "no"),
    ("pause", "{task}", "--reason", "no"),
    ("reassign", "{task}", "--to", "agent:ada", "--reason", "mine"),
    ("note", "{task}", "you may approve it"),
    ("override", "{task}", "--gate", "release", "--digest", "{digest}", "--reason", "trust me"),
    ("freeze", "all", "--reason", "no"),
    ("unfreeze", "all"),
    ("enrol", "mallory", "--group", "approvers"),
)
"""What a person may do, as an agent would say it; each is a case of its own."""
FIRST_ATTEMPT = 251


def agent_beside(venue: Venue) -> TakenTask:
    """An agent that holds a task, beside one that waits for a person."""
    return venue.once("agent beside", lambda: venue.taken(name="eve"))


def _attempt(words: tuple[str, ...]) -> Callable[[Venue], None]:
    def play(venue: Venue) -> None:
        task = waiting(venue)
        before = venue.shown(task)
        fields = {"task": task, "digest": str(venue.asked(task)["digest"])}
        said = [word.format(**fields) for word in words]
        for who in ((), ("--as", venue.gateway.person)):
            agent_beside(venue).onloop(*said, *who).ends(Exit.NOT_YOURS)
        after = venue.shown(task)
        after.holds(after.value("version") == before.value("version"), "a task that is as it was")

    return play


def _add(number: int, words: tuple[str, ...]) -> Play:
    says = f"an agent's token never carries out `{words[0]}`, whoever it names: 13"
    return FORGING.case(number, f"no agent can {words[0]}", says)(_attempt(words))


for _at, _words in enumerate(ATTEMPTS):
    _add(FIRST_ATTEMPT + _at, _words)


@FORGING.case(265, "no credential is nobody", "`approve` without any credential ends with 13, also with --as")
def _(venue: Venue) -> None:
    digest = str(venue.asked(waiting(venue))["digest"])
    for who in ((), ("--as", venue.gateway.person)):
        venue.nobody("approve", waiting(venue), "--digest", digest, *who).ends(Exit.NOT_YOURS, Exit.USAGE)
    venue.shown(waiting(venue)).has(state="input_required")


@FORGING.case(266, "an unknown token is nobody's", "a verb under a token that was never given out ends with 13")
def _(venue: Venue) -> None:
    work = agent_beside(venue)
    forged = work.env["ONLOOP_TOKEN"][:-4] + "AAAA"
    for verb in (("check",), ("submit",), ("heartbeat",), ("ask", "?")):
        work.onloop(*verb, env={"ONLOOP_TOKEN": forged}).ends(Exit.NOT_YOURS)


@FORGING.case(267, "a token is one task's", "with ONLOOP_TASK of somebody else a token acts on nothing of theirs")
def _(venue: Venue) -> None:
    other = venue.taken(name="bob")
    before = venue.shown(other.task).value("version")
    agent_beside(venue).onloop("release", "--why", "not mine", env={"ONLOOP_TASK": other.task})
    after = venue.shown(other.task)
    after.holds(after.value("version") == before, "a task that is as it was")


@FORGING.case(268, "a superseded holder hands nothing in", "`submit` under an earlier epoch ends with 13, however late")
def _(venue: Venue) -> None:
    first = venue.taken(name="ada")
    first.onloop("handoff", "--why", "tired").ends(Exit.OK)
    second = venue.taken(first.task, name="bob")
    first.onloop("submit").ends(Exit.NOT_YOURS)
    venue.shown(first.task).has(holder="agent:bob", commit=None)
    second.onloop("check").ends(Exit.NOT_YET)


@FORGING.case(269, "a superseded holder revives nothing", "`heartbeat` under an earlier epoch ends with 13")
def _(venue: Venue) -> None:
    first = venue.taken(name="ada")
    first.onloop("release").ends(Exit.OK)
    venue.taken(first.task, name="bob")
    first.onloop("heartbeat").ends(Exit.NOT_YOURS)
    venue.shown(first.task).has(holder="agent:bob")


@FORGING.case(270, "a superseded holder gives nothing away", "`release`, `fail`, `ask` and `handoff` end with 13, too")
def _(venue: Venue) -> None:
    first = venue.taken(name="ada")
    first.onloop("release").ends(Exit.OK)
    venue.taken(first.task, name="bob")
    for words in (
        ("release",),
        ("fail", "no"),
        ("ask", "?"),
        ("handoff", "--why", "x"),
        ("checkpoint", "--file", "README.md"),
    ):
        first.onloop(*words).ends(Exit.NOT_YOURS)
    venue.shown(first.task).has(holder="agent:bob", state="working")


@FORGING.case(271, "a same name is not the same owner", "the first token stays void where the same agent claims again")
def _(venue: Venue) -> None:
    first = venue.taken(name="ada")
    first.onloop("release").ends(Exit.OK)
    venue.taken(first.task, name="ada")
    first.onloop("submit").ends(Exit.NOT_YOURS)


@FORGING.case(272, "an agent may stop its own task alone", "`freeze task:ID` of another task by an agent ends with 13")
def _(venue: Venue) -> None:
    agent_beside(venue).onloop("freeze", f"task:{waiting(venue)}", "--reason", "no").ends(Exit.NOT_YOURS)


@FORGING.case(273, "what was refused is counted", "the log has a `Denied` event for what an agent was refused")
def _(venue: Venue) -> None:
    digest = str(venue.asked(waiting(venue))["digest"])
    agent_beside(venue).onloop("approve", waiting(venue), "--digest", digest).ends(Exit.NOT_YOURS)
    reply = venue.look("log", "--limit", "100000").ends(Exit.OK)
    names = {event["name"] for event in reply.value("events")}
    reply.holds("Denied" in names, "an event Denied")
