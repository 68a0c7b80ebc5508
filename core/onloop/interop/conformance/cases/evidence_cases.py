"""What evidence is bound to, what the log proves, and which input is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from onloop.errors import Exit
from onloop.interop.conformance.cases.deciding_cases import approved, waiting
from onloop.interop.conformance.cases.submitting_cases import achieved, failed
from onloop.interop.conformance.levels import CaseList, Level
from onloop.interop.conformance.venue import Venue

EVIDENCE = CaseList(Level.TRUST)
CHAINED = ("run", "run_seq", "task", "version", "name", "data", "at", "principal", "key")
"""The fields of an event that its hash covers, after the hash before it."""


def reports(venue: Venue, task: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The evidence of a task: who wrote it, and what it is."""
    events = venue.events(task)
    found = [
        (str(event["principal"]), json.loads(event["data"])) for event in events if event["name"] == "GateReported"
    ]
    return [(principal, data["evidence"]) for principal, data in found]


@EVIDENCE.case(
    280, "evidence names what it is about", "a gate's evidence has head, tree, base and the workflow's digest"
)
def _(venue: Venue) -> None:
    work, reply = achieved(venue)
    evidence = reports(venue, work.task)[-1][1]
    tree = venue.git(work.place, "rev-parse", "HEAD^{tree}")
    fits = (evidence["head"], evidence["tree"]) == (work.head, tree) and evidence["base"] and evidence["definition"]
    reply.holds(fits, f"evidence about {work.head} and its tree {tree}")


@EVIDENCE.case(281, "verifiers alone write evidence", "the principal of every `GateReported` is `verifier:…`")
def _(venue: Venue) -> None:
    for work, reply in (achieved(venue), failed(venue)):
        who = {principal.partition(":")[0] for principal, _ in reports(venue, work.task)}
        reply.holds(who == {"verifier"}, "evidence of verifiers alone")


@EVIDENCE.case(282, "evidence says pass or fail", "`verdict` is pass, fail, error or timed_out")
def _(venue: Venue) -> None:
    for (work, reply), verdict in ((achieved(venue), "pass"), (failed(venue), "fail")):
        reply.holds(reports(venue, work.task)[-1][1]["verdict"] == verdict, f"evidence with the verdict {verdict}")


@EVIDENCE.case(283, "new work needs new evidence", "after another commit the earlier pass counts no more")
def _(venue: Venue) -> None:
    task = venue.waiting()
    digest = str(venue.asked(task)["digest"])
    venue.decided("reject", task, "--digest", digest, "--reason", "again").ends(Exit.OK)
    work = venue.taken(task, name="bob")
    work.commit({"hello.txt": "good day\n"})
    work.onloop("submit").ends(Exit.REDO)


@EVIDENCE.case(
    284,
    "an agent's branch does not change its gates",
    "a commit that alters the workflow file is judged by the pinned one",
)
def _(venue: Venue) -> None:
    work = venue.taken()
    text = (work.place / ".onloop" / "one.yaml").read_text(encoding="utf-8")
    work.commit({".onloop/one.yaml": text.replace("contains: hello", "contains: ''").replace("hello.txt", "README.md")})
    work.onloop("submit").ends(Exit.REDO)


@EVIDENCE.case(
    285, "what agents say is under `untrusted`", "a statement is in `untrusted.statement` of `show`, nowhere else"
)
def _(venue: Venue) -> None:
    work = venue.taken(workflow="release")
    work.hello()
    work.onloop("submit", "--statement", "nothing-to-see-here").ends(Exit.OK)
    reply = venue.shown(work.task)
    reply.holds(reply.value("untrusted", "statement") == "nothing-to-see-here", "the statement under `untrusted`")
    trusted = {name: value for name, value in dict(reply.data or {}).items() if name != "untrusted"}
    reply.holds("nothing-to-see-here" not in json.dumps(trusted), "the statement nowhere else")


@EVIDENCE.case(286, "a token is shown to nobody else", "no `show`, `list` or `log` has the token of a lease")
def _(venue: Venue) -> None:
    work = venue.taken()
    for words in (("show", work.task), ("list",), ("log", "--limit", "100000")):
        reply = venue.look(*words)
        reply.holds(work.env["ONLOOP_TOKEN"] not in reply.text + reply.err, "no token in what is printed")


@EVIDENCE.case(287, "the log is in order", "`seq` grows, and `version` of a task counts its events from 1 on")
def _(venue: Venue) -> None:
    events = venue.events(approved(venue))
    sequences, versions = [e["seq"] for e in events], [e["version"] for e in events]
    is_in_order = sequences == sorted(set(sequences)) and versions == list(range(1, len(events) + 1))
    venue.look("log", approved(venue)).holds(is_in_order, "an ordered log without a gap")


@EVIDENCE.case(288, "an event has its shape", "the object of `log` fits `log`")
def _(venue: Venue) -> None:
    venue.fits(venue.look("log", approved(venue)), "log")


@EVIDENCE.case(289, "events are chained", "`hash` is the sha256 over the hash before it in its run, and the event")
def _(venue: Venue) -> None:
    reply, before = venue.look("log", "--run", approved(venue), "--limit", "10000"), "0" * 64
    for event in reply.value("events"):
        row = json.dumps([before, *(event[name] for name in CHAINED)], ensure_ascii=False, separators=(",", ":"))
        reply.holds(event["hash"] == sha256(row.encode()).hexdigest(), f"the chain's hash at {event['run_seq']}")
        before = event["hash"]


@EVIDENCE.case(290, "a decision is a person's", "the principal of an approval's event is `human:…`")
def _(venue: Venue) -> None:
    who = [str(event["principal"]) for event in venue.events(approved(venue)) if event["name"] == "Decided"]
    venue.look("log", approved(venue)).holds(who == [f"human:{venue.gateway.person}"], "one event of that person")


@EVIDENCE.case(291, "a write tells the end of the log", "`log_head` of a write has `seq` and `hash`, and `seq` grows")
def _(venue: Venue) -> None:
    work = venue.taken()
    first, second = work.onloop("heartbeat", "--context", "10%"), work.onloop("release")
    second.holds(second.value("log_head", "seq") > first.value("log_head", "seq"), "a later end of the log")


@EVIDENCE.case(292, "a digest is of one thing", "two tasks that wait alike have two digests")
def _(venue: Venue) -> None:
    other = venue.waiting()
    digests = {str(venue.asked(task)["digest"]) for task in (waiting(venue), other)}
    venue.shown(other).holds(len(digests) == 2, "another digest for another task")


BAD_FILES: Mapping[str, str] = {
    "a field that is not known": "workflow: x\ndescription: x\nsteps: []\nmerge: yes please\n",
    "a name that comes twice": "workflow: x\nworkflow: y\ndescription: x\nsteps: []\n",
    "an alias": "workflow: &a x\ndescription: *a\nsteps: []\n",
    "a tag": "workflow: !!python/object:os.system x\ndescription: x\nsteps: []\n",
    "more than 1 MiB": "# " + "x" * (1 << 20) + "\nworkflow: x\n",
    "more than 64 levels": "workflow: x\nsteps: " + "[" * 100 + "]" * 100 + "\n",
    "no steps": "workflow: x\ndescription: x\n",
    "nothing": "",
}
"""Workflow files that cannot be used; each is a case of its own."""


def _add(number: int, what: str, text: str) -> None:
    @EVIDENCE.case(number, f"a workflow file with {what} is refused", f"`validate` of a file with {what} ends with 2")
    def _(venue: Venue) -> None:
        file = venue.folder / f"{venue.fresh('bad')}.yaml"
        file.write_text(text, encoding="utf-8")
        venue.nobody("validate", str(file)).ends(Exit.USAGE).has(exit=2)


for _at, (_what, _text) in enumerate(BAD_FILES.items()):
    _add(293 + _at, _what, _text)
