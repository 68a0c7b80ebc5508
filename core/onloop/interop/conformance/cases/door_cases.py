"""The HTTP end: what it answers to anybody, what it refuses, and how its errors look."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from onloop.errors import Unavailable
from onloop.interop.conformance.levels import CaseList, End, Level
from onloop.interop.conformance.replies import TrialReply
from onloop.interop.conformance.venue import Venue
from onloop.interop.conformance.wire import JSON_TYPE, PROBLEM_TYPE, Wire

DOOR = CaseList(Level.TRUST, End.URL)
OPERATIONS = (
    "claim",
    "agent",
    "check",
    "next",
    "heartbeat",
    "hand_in",
    "submit",
    "perform",
    "scram_first",
    "scram_final",
)
"""Operations without which no agent and no person could do anything over HTTP."""
MEBIBYTE = 1 << 20


def wire(venue: Venue) -> Wire:
    """The wire; the suite plays no such case without one."""
    if venue.gateway.wire is None:
        raise Unavailable("no URL was given", hint="--url URL")
    return venue.gateway.wire


def problem(reply: TrialReply, *statuses: int) -> TrialReply:
    """The reply, if it is an error of the standard's form with one of these statuses."""
    reply.ends(*statuses)
    kind = reply.headers.get("content-type", "").partition(";")[0]
    reply.holds(kind == PROBLEM_TYPE, f"Content-Type: {PROBLEM_TYPE}, not {kind[:60]!r}")
    return reply.has(status=reply.code).holds(reply.value("detail"), "a `detail` in words")


def posted(venue: Venue, body: bytes, path: str = "/v1/task", **headers: str) -> TrialReply:
    """The answer to a request as the launcher, with that body."""
    return wire(venue).send("POST", path, body, venue.gateway.launcher, {"Content-Type": JSON_TYPE, **headers})


@DOOR.case(401, "it says that it lives", "GET /healthz answers 200 to anybody")
def _(venue: Venue) -> None:
    wire(venue).send("GET", "/healthz").ends(200)


@DOOR.case(402, "it says that it is ready", "GET /readyz answers 200 with `ready` true where the store answers")
def _(venue: Venue) -> None:
    wire(venue).send("GET", "/readyz").ends(200).has(ready=True)


@DOOR.case(403, "it describes itself", "GET /v1/openapi.json is an OpenAPI 3.1 document with every operation")
def _(venue: Venue) -> None:
    reply = wire(venue).send("GET", "/v1/openapi.json").ends(200)
    missing = [name for name in OPERATIONS if f"/v1/{name}" not in reply.value("paths")]
    reply.holds(str(reply.value("openapi")).startswith("3.1") and not missing, f"OpenAPI 3.1 with {', '.join(missing)}")


@DOOR.case(404, "nobody is answered nothing", "an operation without a credential is answered with 401")
def _(venue: Venue) -> None:
    for name in ("board", "tasks", "claim", "log"):
        problem(wire(venue).ask(name, {}), 400, 401)
    problem(wire(venue).ask("board"), 401)


@DOOR.case(
    405, "an unknown credential is nobody's", "a credential that was never given out is answered with 401 or 403"
)
def _(venue: Venue) -> None:
    for token in ("onl_lnc_" + "A" * 43, "onl_agt_" + "A" * 43, "onl_ses_" + "A" * 43, "x"):
        problem(wire(venue).ask("board", {"now": 0}, token), 401, 403)


@DOOR.case(406, "an unknown operation is not there", "POST /v1/UNKNOWN is answered with 404")
def _(venue: Venue) -> None:
    problem(posted(venue, b"{}", "/v1/achieve"), 404)


@DOOR.case(407, "an operation is a POST", "GET of an operation is answered with 405, and `Allow` names POST")
def _(venue: Venue) -> None:
    reply = problem(wire(venue).send("GET", "/v1/task", None, venue.gateway.launcher), 405)
    reply.holds("POST" in reply.headers.get("allow", ""), "Allow: POST")


@DOOR.case(408, "a request is JSON", "a Content-Type other than application/json is answered with 415")
def _(venue: Venue) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        problem(posted(venue, b"{}", **{"Content-Type": kind}), 415)


BAD_BODIES: Mapping[str, bytes] = {
    "no JSON": b"{'task': 1}",
    "a part of JSON": b'{"task": "r1',
    "an array": b"[]",
    "a name twice": b'{"task": "r1", "task": "r2"}',
    "a number that is none": b'{"task": NaN}',
    "no UTF-8": b'{"task": "\xff\xfe"}',
    "many levels": b'{"task": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "a field that is not known": b'{"task": "r1", "as": "root"}',
    "a field of another type": b'{"task": 17}',
    "a text past its limit": b'{"task": "' + b"r" * 2_000 + b'"}',
}
"""Bodies that are refused; each is a case of its own."""


def _bad(number: int, what: str, body: bytes) -> None:
    @DOOR.case(number, f"a body with {what} is refused", f"a body with {what} is answered with 400, as a problem")
    def _(venue: Venue) -> None:
        problem(posted(venue, body), 400)


for _at, (_what, _body) in enumerate(BAD_BODIES.items()):
    _bad(409 + _at, _what, _body)


@DOOR.case(419, "a body has a limit", "a body of more than 1 MiB is answered with 413")
def _(venue: Venue) -> None:
    problem(posted(venue, b'{"task": "' + b"r" * MEBIBYTE + b'"}'), 413)


@DOOR.case(420, "it answers to its own names alone", "a `Host` that is no name of the gateway is answered with 421")
def _(venue: Venue) -> None:
    problem(posted(venue, b"{}", Host="gateway.evil.example"), 421)


@DOOR.case(421, "no page of elsewhere asks it", "an `Origin` of another page is refused: 403")
def _(venue: Venue) -> None:
    problem(posted(venue, b"{}", Origin="https://evil.example"), 400, 403)


@DOOR.case(422, "two lengths are none", "content that is compressed is refused: 400 or 415")
def _(venue: Venue) -> None:
    problem(posted(venue, b"{}", **{"Content-Encoding": "gzip"}), 400, 415)


@DOOR.case(423, "headers have a limit", "more than 16 KiB of headers is answered with 431 or 400")
def _(venue: Venue) -> None:
    wire(venue).send("GET", "/healthz", headers={f"X-{at}": "x" * 900 for at in range(24)}).ends(400, 431)


@DOOR.case(424, "a target has a limit", "a path of more than 4 KiB is answered with 414")
def _(venue: Venue) -> None:
    wire(venue).send("GET", "/v1/events?after=" + "1" * 5_000).ends(414, 400)


@DOOR.case(426, "it is never asked across", "no answer has Access-Control-Allow-Origin or Set-Cookie")
def _(venue: Venue) -> None:
    reply = wire(venue).send("GET", "/healthz", headers={"Origin": f"https://{urlsplit(wire(venue).url).netloc}"})
    found = [name for name in reply.headers if name.startswith("access-control") or name == "set-cookie"]
    reply.holds(not found, f"no header {', '.join(found)}")


@DOOR.case(430, "a wait ends", "GET /v1/wait?timeout=0 answers at once with the store's `stamp`")
def _(venue: Venue) -> None:
    reply = wire(venue).send("GET", "/v1/wait?timeout=0", None, venue.gateway.launcher).ends(200)
    reply.holds(type(reply.value("stamp")) is int, "a `stamp` that is a whole number")
