"""Agents and people over HTTP: a lease, an upload, a proof of a passphrase, and a decision under its code."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Mapping
from hashlib import scrypt, sha256
from http import HTTPStatus
from secrets import token_urlsafe
from typing import Any

from onloop.interop.conformance.cases.door_cases import problem, wire
from onloop.interop.conformance.levels import CaseList, End, Level
from onloop.interop.conformance.replies import TrialReply
from onloop.interop.conformance.venue import LONGEST_REST_S, Venue
from onloop.records import MutableRecord, Record

AGENTS = CaseList(Level.AGENT, End.URL)
PROVING = CaseList(Level.HUMAN, End.URL)
MOST_MEMORY = 2**31 - 1
LONGEST_GATES_S = 90.0


class FarAgent(Record):
    """An agent that holds a task over HTTP: its token, and who the gateway says it is."""

    task: str
    token: str
    principal: Mapping[str, Any]


def launcher(venue: Venue) -> Mapping[str, Any]:
    """Who the gateway says the launcher is."""

    def asked() -> Mapping[str, Any]:
        token = venue.gateway.launcher
        return dict(wire(venue).ask("launcher", {"token": token}, token).ends(200).value("ok"))

    return venue.once("launcher", asked)


def claimed(venue: Venue, workflow: str = "one", key: str = "") -> TrialReply:
    """The answer to a claim of a new task."""
    return claim(venue, venue.begun(workflow), key)


def claim(venue: Venue, task: str, key: str = "") -> TrialReply:
    """The answer to a claim of a task."""
    fields = {"principal": launcher(venue), "agent": "agent:ada", "role": "implementer", "task": task}
    more = {"idempotency_key": key} if key else {}
    return wire(venue).ask("claim", fields, venue.gateway.launcher, **more)


def rested(venue: Venue, task: str) -> TrialReply:
    """The answer to a claim of a task that was given back, which may rest a little."""
    until = time.monotonic() + LONGEST_REST_S
    while (reply := claim(venue, task)).code == HTTPStatus.CONFLICT and time.monotonic() < until:
        time.sleep(0.3)
    return reply


def agent(venue: Venue, granted: TrialReply) -> FarAgent:
    """The agent that a claim made."""
    token = str(granted.ends(200).value("ok", "secret"))
    principal = wire(venue).ask("agent", {"token": token}, token).ends(200).value("ok")
    return FarAgent(str(granted.value("ok", "task", "id")), token, dict(principal))


def at_work(venue: Venue) -> FarAgent:
    """An agent that holds a task, with which nothing was done yet."""
    return venue.once("far agent", lambda: agent(venue, claimed(venue)))


def asked_as(venue: Venue, who: FarAgent, operation: str, **fields: object) -> TrialReply:
    """The answer to an operation that the agent asks for."""
    return wire(venue).ask(operation, {"principal": dict(who.principal), **fields}, who.token)


@AGENTS.case(440, "a claim over HTTP gives a secret", "POST /v1/claim answers the task, `secret` and `expires`")
def _(venue: Venue) -> None:
    reply = claimed(venue).ends(200)
    fits = str(reply.value("ok", "secret")).startswith("onl_agt_") and type(reply.value("ok", "expires")) is int
    reply.holds(fits, "a secret that begins with onl_agt_, and when the lease ends")


@AGENTS.case(441, "a claim happens once under a key", "the same Idempotency-Key gives the same secret again")
def _(venue: Venue) -> None:
    task, key = venue.begun(), f"conformance-{token_urlsafe(16)}"
    first, second = claim(venue, task, key).ends(200), claim(venue, task, key).ends(200)
    second.holds(second.value("ok", "secret") == first.value("ok", "secret"), "the same secret")


@AGENTS.case(442, "a token says who it is", "POST /v1/agent answers the agent's kind, task, epoch and step")
def _(venue: Venue) -> None:
    who = at_work(venue).principal
    fits = (who["kind"], who["task"], who["step"]) == ("agent", at_work(venue).task, "develop.write") and who[
        "epoch"
    ] >= 1
    asked_as(venue, at_work(venue), "check").holds(fits, "the agent of that task and step")


@AGENTS.case(
    443, "a verdict is the verbs' own", "`ok` of POST /v1/check is what `check --json` prints, with its exit code"
)
def _(venue: Venue) -> None:
    reply = asked_as(venue, at_work(venue), "check").ends(200)
    reply.holds("not_yet" in reply.text, "the verdict not_yet")


@AGENTS.case(444, "a heartbeat says until when", "POST /v1/heartbeat answers when the lease ends, in ms")
def _(venue: Venue) -> None:
    reply = asked_as(venue, at_work(venue), "heartbeat").ends(200)
    reply.holds(type(reply.value("ok")) is int, "a time in ms")


@AGENTS.case(425, "an error says what would work", "a problem has `hint`, and the verbs' exit code as `exit`")
def _(venue: Venue) -> None:
    reply = problem(wire(venue).ask("task", {"task": "zz9zz9.99"}, at_work(venue).token), 404)
    reply.has(exit=2).holds(reply.value("hint"), "a `hint`")


def release(venue: Venue, token: str, principal: Mapping[str, Any], task: str, epoch: int) -> TrialReply:
    """The answer to a release of a task under a token, in the name of that principal."""
    command = ["Release", {"agent": f"agent:{principal['name']}", "epoch": epoch, "cause": "returned"}]
    return wire(venue).ask("perform", {"principal": dict(principal), "task": task, "command": command}, token)


@AGENTS.case(445, "a token is one agent's", "with another agent's principal a token gives back nothing of theirs")
def _(venue: Venue) -> None:
    other = agent(venue, claimed(venue))
    problem(release(venue, at_work(venue).token, other.principal, other.task, 1), 400, 401, 403, 404)
    venue.shown(other.task).has(state="working")


@AGENTS.case(446, "an epoch is not chosen", "a superseded token with the present epoch gives back nothing")
def _(venue: Venue) -> None:
    first = agent(venue, claimed(venue))
    release(venue, first.token, first.principal, first.task, int(first.principal["epoch"])).ends(200)
    second = agent(venue, rested(venue, first.task))
    problem(
        release(venue, first.token, second.principal, first.task, int(second.principal["epoch"])), 400, 401, 403, 404
    )
    venue.shown(first.task).has(state="working")


@AGENTS.case(447, "the tasks of others are not there", "an agent that asks for another's task is answered with 404")
def _(venue: Venue) -> None:
    who = at_work(venue)
    problem(wire(venue).ask("task", {"task": venue.begun()}, who.token), 403, 404)


@AGENTS.case(448, "an agent decides nothing over HTTP", "`perform` of Cancel by an agent's token is answered with 403")
def _(venue: Venue) -> None:
    who = at_work(venue)
    voice = {"person": venue.gateway.person, "groups": ["approvers"], "assurance": "A4"}
    command = ["Cancel", {"reason": "no", "voice": voice}]
    problem(asked_as(venue, who, "perform", task=who.task, command=command), 403)


@AGENTS.case(449, "a launcher decides nothing", "`perform` by a launcher's token is answered with 403")
def _(venue: Venue) -> None:
    who = at_work(venue)
    problem(release(venue, venue.gateway.launcher, who.principal, who.task, int(who.principal["epoch"])), 403, 404)


def lines_of(text: str, name: str) -> list[str]:
    """The values of a field in a stream of events."""
    return [line.partition(": ")[2] for line in text.splitlines() if line.startswith(f"{name}: ")]


def stream(venue: Venue, query: str = "", **headers: str) -> TrialReply:
    """The beginning of the event stream, as an agent reads it of its own task."""
    who = at_work(venue)
    return wire(venue).send("GET", f"/v1/events?task={who.task}{query}", None, who.token, headers, is_stream=True)


@AGENTS.case(427, "the log is a stream", "GET /v1/events is text/event-stream; each event has id, event and data")
def _(venue: Venue) -> None:
    reply = stream(venue).ends(200)
    reply.holds(reply.headers.get("content-type", "").startswith("text/event-stream"), "text/event-stream")
    names, data = lines_of(reply.text, "event"), lines_of(reply.text, "data")
    fits = (
        names[:1] == ["Created"] and json.loads(data[0])["task"] == at_work(venue).task and lines_of(reply.text, "id")
    )
    reply.holds(fits, "an event Created of the task, with its id")


@AGENTS.case(428, "a stream goes on where it was cut off", "with `Last-Event-ID` it begins after that event")
def _(venue: Venue) -> None:
    ids = [int(each) for each in lines_of(stream(venue).text, "id")]
    after = stream(venue, **{"Last-Event-ID": str(ids[0])})
    found = [int(each) for each in lines_of(after.text, "id")]
    after.holds(found == ids[1:] and found, "the events after it, and none twice")


@AGENTS.case(429, "a place in the log is a number", "`Last-Event-ID` or `after=` that is none is answered with 400")
def _(venue: Venue) -> None:
    problem(stream(venue, "&after=soon"), 400)
    problem(stream(venue, **{"Last-Event-ID": "-1"}), 400)


def handed_in(venue: Venue, text: str, pieces: int = 1) -> tuple[FarAgent, TrialReply]:
    """The answer to a submission of a commit that was uploaded in so many pieces."""
    who = agent(venue, claimed(venue))
    commit, bundle = bundled(venue, who.task, text)
    announced = asked_as(venue, who, "hand_in", commit=commit, bundle=len(bundle)).ends(200)
    upload = announced.headers.get("onloop-upload", "")
    announced.holds(upload, "a header Onloop-Upload")
    step = -(-len(bundle) // pieces)
    for at in range(0, len(bundle), step):
        put(venue, who, upload, bundle[at : at + step], at).ends(200).has(received=min(at + step, len(bundle)))
    submitted = {"principal": dict(who.principal), "statement": ""}
    return who, wire(venue).ask("submit", submitted, who.token, onloop_upload=upload)


def put(venue: Venue, who: FarAgent, upload: str, piece: bytes, at: int) -> TrialReply:
    """The answer to one piece of an upload."""
    kind = {"Content-Type": "application/octet-stream"}
    return wire(venue).send("PUT", f"/v1/uploads/{upload}?offset={at}", piece, who.token, kind)


def bundled(venue: Venue, task: str, text: str) -> tuple[str, bytes]:
    """A commit on main that has `hello.txt` with that text, and the git bundle that carries it."""
    clone = venue.folder / "clones" / task
    clone.parent.mkdir(exist_ok=True)
    venue.git(venue.folder, "clone", "--quiet", str(venue.repository), str(clone))
    (clone / "hello.txt").write_text(text, encoding="utf-8")
    who = {
        f"GIT_{k}_{w}": v for k in ("AUTHOR", "COMMITTER") for w, v in (("NAME", "ada"), ("EMAIL", "ada@example.org"))
    }
    venue.git(clone, "add", "--all")
    venue.git(clone, "commit", "--quiet", "--message=Work", env=who)
    venue.git(clone, "bundle", "create", "--quiet", "work.bundle", "main", "^origin/main")
    return venue.git(clone, "rev-parse", "main"), (clone / "work.bundle").read_bytes()


@AGENTS.case(450, "work is handed in over HTTP", "hand_in, uploads and submit end in the task, whose gates are asked")
def _(venue: Venue) -> None:
    who, reply = handed_in(venue, "hello\n")
    reply.ends(200)
    reply.holds(reply.value("ok", "id") == who.task, "the task")
    settled(venue, who.task).has(state="completed")


@AGENTS.case(451, "an upload comes in pieces", "pieces are taken in order; `received` says how many bytes have come")
def _(venue: Venue) -> None:
    who, reply = handed_in(venue, "good day\n", pieces=3)
    reply.ends(200)
    settled(venue, who.task).has(state="working")


@AGENTS.case(452, "a piece begins where the last ended", "a PUT at another offset is refused, and changes nothing")
def _(venue: Venue) -> None:
    who = agent(venue, claimed(venue))
    commit, bundle = bundled(venue, who.task, "hello\n")
    upload = asked_as(venue, who, "hand_in", commit=commit, bundle=len(bundle)).headers.get("onloop-upload", "")
    put(venue, who, upload, bundle[:10], 5).ends(400, 409, 416)
    wire(venue).send("GET", f"/v1/uploads/{upload}", None, who.token).ends(200).has(received=0)


@AGENTS.case(
    453, "an upload is whose it is", "an upload of another credential, or an unknown one, is answered with 404"
)
def _(venue: Venue) -> None:
    problem(wire(venue).send("GET", "/v1/uploads/AAAAAAAAAAAAAAAAAAAAAA", None, at_work(venue).token), 404)


def settled(venue: Venue, task: str) -> TrialReply:
    """The task, once its gates have answered."""
    until = time.monotonic() + LONGEST_GATES_S
    while (reply := venue.shown(task)).value("reason") == "gates_running" and time.monotonic() < until:
        time.sleep(0.3)
    return reply


class ProvedPerson(MutableRecord):
    """A person who has proved themselves: the session, the key of their decisions, and how many they have made."""

    session: str
    key: bytes
    store: str
    principal: Mapping[str, Any]
    number: int = 0

    def code(self, operation: str, fields: Mapping[str, Any]) -> str:
        """The code of the next request: its number, and a MAC over store, number, operation and fields."""
        self.number += 1
        told = json.dumps(["onloop", self.store, self.number, operation, fields], sort_keys=True, separators=(",", ":"))
        return f"{self.number}:{hmac.digest(self.key, told.encode(), 'sha256').hex()}"


def exchange(venue: Venue, passphrase: str) -> tuple[TrialReply, str, bytes]:
    """The answer to a final message of SCRAM, with the session and the key that both ends then have."""
    nonce = token_urlsafe(18)
    first = f"n,,n={venue.gateway.person},r={nonce}"
    begun = wire(venue).ask("scram_first", {"message": first}).ends(200)
    session, demanded = begun.headers.get("onloop-session", ""), str(begun.value("ok"))
    begun.holds(session, "a header Onloop-Session")
    asked = dict(part.split("=", 1) for part in demanded.split(","))
    begun.holds(asked["r"].startswith(nonce) and len(asked["r"]) > len(nonce), "a nonce that goes on from ours")
    salt, cost = base64.b64decode(asked["s"]), int(asked["i"])
    salted = scrypt(passphrase.encode(), salt=salt, n=cost, r=8, p=1, dklen=32, maxmem=MOST_MEMORY)
    client = hmac.digest(salted, b"Client Key", "sha256")
    final = f"c=biws,r={asked['r']},a=0,u=0"
    about = ",".join((first.removeprefix("n,,"), demanded, final)).encode()
    signature = hmac.digest(sha256(client).digest(), about, "sha256")
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client, signature, strict=True))).decode()
    said = {"message": f"{final},p={proof}", "typed": True}
    ended = wire(venue).ask("scram_final", said, onloop_session=session)
    return ended, session, hmac.digest(client, b"onloop decisions\0" + about, "sha256")


def proved(venue: Venue) -> ProvedPerson:
    """The person, who has just proved their passphrase."""
    ended, session, key = exchange(venue, venue.gateway.passphrase)
    ended.ends(200)
    return ProvedPerson(session, key, str(ended.value("ok", "store")), dict(ended.value("ok", "person")))


def approval(venue: Venue, who: ProvedPerson) -> tuple[str, Mapping[str, Any]]:
    """A task that waits, and the fields of its approval by that person."""
    task = venue.waiting()
    asked = venue.asked(task)
    voice = who.principal.get("voice", {})
    command = ["Approve", {"request": asked["request"], "digest": asked["digest"], "voice": voice}]
    return task, {"principal": dict(who.principal), "task": task, "command": command}


def decide(venue: Venue, who: ProvedPerson, fields: Mapping[str, Any], code: str) -> TrialReply:
    """The answer to a person's request under that code."""
    return wire(venue).ask("perform", fields, onloop_session=who.session, onloop_code=code)


@PROVING.case(460, "a passphrase is proved, not sent", "scram_first and scram_final end in a session of the person")
def _(venue: Venue) -> None:
    who = proved(venue)
    wire(venue).ask("board", {"now": 0}, onloop_session=who.session).ends(200, 400)


@PROVING.case(461, "a wrong passphrase proves nothing", "scram_final with a wrong proof is refused: 401 or 403")
def _(venue: Venue) -> None:
    problem(exchange(venue, "not the passphrase")[0], 401, 403)


@PROVING.case(
    462, "a decision goes under its code", "`perform` of Approve with Onloop-Session and Onloop-Code moves the task"
)
def _(venue: Venue) -> None:
    who = proved(venue)
    task, fields = approval(venue, who)
    decide(venue, who, fields, who.code("perform", fields)).ends(200)
    venue.shown(task).has(state="completed")


@PROVING.case(463, "no code, no decision", "the same request without Onloop-Code, or with another, is refused")
def _(venue: Venue) -> None:
    who = proved(venue)
    task, fields = approval(venue, who)
    reply = wire(venue).ask("perform", fields, onloop_session=who.session)
    problem(reply, 400, 401, 403)
    problem(decide(venue, who, fields, f"1:{'0' * 64}"), 400, 401, 403)
    venue.shown(task).has(state="input_required")


@PROVING.case(464, "a code is spent once", "a request that is sent again under its code is refused")
def _(venue: Venue) -> None:
    who = proved(venue)
    _, fields = approval(venue, who)
    code = who.code("perform", fields)
    decide(venue, who, fields, code).ends(200)
    problem(decide(venue, who, fields, code), 400, 401, 403)


@PROVING.case(465, "a code is of one request", "a request whose fields were changed on their way is refused")
def _(venue: Venue) -> None:
    who = proved(venue)
    (first, fields), (second, other) = approval(venue, who), approval(venue, who)
    problem(decide(venue, who, other, who.code("perform", fields)), 400, 401, 403)
    for task in (first, second):
        venue.shown(task).has(state="input_required")


@PROVING.case(466, "a session is not made up", "a session that the gateway does not know is answered with 401")
def _(venue: Venue) -> None:
    problem(wire(venue).ask("board", {"now": 0}, onloop_session="A" * 32), 401)
