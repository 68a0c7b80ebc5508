"""How the test forge speaks HTTP: who asks, limits, ETags, pages, and trouble on demand."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from support.forge.asking import Asker
from support.forge.fault import Fault
from support.forge.forge_world import Answer, App, Json, app_key
from support.forge.observing import observe
from support.forge.routes import answer

if TYPE_CHECKING:
    from support.forge.serving import TestForge

LIMIT = 5_000
API = "/api/v3"
TOKEN_S = 3_600
_LISTS = ("check_runs", "workflow_runs", "jobs", "items")
_INSTEAD = frozenset({"error", "limits", "secondary", "many", "html", "redirect", "forbidden", "unauthorized", "gone"})


class ForgeHandler(BaseHTTPRequestHandler):
    """One connection to the forge."""

    forge: TestForge
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        pass

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(timestamp or self.forge.world.clock() + self.forge.skew_s, usegmt=True)

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = urlsplit(self.path)
        path = parts.path.removeprefix(API).replace("/api/graphql", "/graphql")
        request = f"{self.command} {path}"
        fault = next((each for each in self.forge.faults if each.takes(request)), None)
        if fault is not None and fault.kind in _INSTEAD:
            self._fail(fault, path)
            return
        try:
            status, given = self._done(path, dict(parse_qsl(parts.query)), body)
        except Answer as no:
            if "to" in no.more:
                self._say(no.status, b"", {"Location": no.more["to"]}, path)
                return
            status, given = no.status, {"message": no.message, "documentation_url": "https://docs.test", **no.more}
        except (KeyError, TypeError, ValueError) as problem:
            status, given = 422, {"message": f"Validation Failed: {type(problem).__name__}: {problem}"}
        if isinstance(given, bytes):
            self._say(status, given, {"Content-Type": "text/plain"}, path)
            return
        self._answer(status, given, path, fault)

    def _done(self, path: str, query: dict[str, str], body: bytes) -> tuple[int, Any]:
        forge = self.forge
        if path.startswith("/-/logs/"):
            owner, name, job = path.removeprefix("/-/logs/").split("/")
            if self.headers.get("Authorization"):
                raise Answer(400, "a signed address takes no other proof")
            return 200, forge.world.repository(f"{owner}/{name}").logs[int(job)].encode()
        given: Json = json.loads(body) if body else {}
        with forge.world.turn:
            observe(forge.world)
            if (app := self._app_itself()) is not None:
                return self._as_app(path, app)
            by = self._asker()
            found = answer(forge.world, self.command, path, query, given, by)
            if self.command != "GET":
                observe(forge.world)
            status, said = found if isinstance(found, tuple) else (200, found)
            return status, self._paged(path, query, said)

    # Who asks

    def _bearer(self) -> str:
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ").removeprefix("token ")

    def _asker(self) -> Asker:
        token, world = self._bearer(), self.forge.world
        for user in world.users.values():
            if user.token == token:
                return Asker(user)
        for app in world.apps.values():
            if app.tokens.get(token, 0) > world.clock():
                return Asker(app.user, app)
        raise Answer(401, "Bad credentials")

    def _app_itself(self) -> App | None:
        """The App whose claim was sent; None if something else was."""
        words = self._bearer().split(".")
        if len(words) != 3:
            return None
        signed = f"{words[0]}.{words[1]}".encode()
        try:
            app_key()[1].verify(_decoded(words[2]), signed, padding.PKCS1v15(), hashes.SHA256())
            claims = json.loads(_decoded(words[1]))
        except (InvalidSignature, ValueError):
            raise Answer(401, "A JSON web token could not be decoded") from None
        now = self.forge.world.clock() + self.forge.skew_s
        if not claims["iat"] <= now < claims["exp"] or claims["exp"] - now > 600:
            raise Answer(401, "'Expiration time' claim ('exp') or 'Issued at' claim ('iat') is off")
        return self.forge.world.apps.get(int(claims["iss"])) or _raise(401)

    def _as_app(self, path: str, app: App) -> tuple[int, Any]:
        if path == "/app":
            return 200, app.json()
        if path != f"/app/installations/{app.installation}/access_tokens" or self.command != "POST":
            raise Answer(404, "Not Found")
        world = self.forge.world
        token = f"ghs_{app.id}{len(app.tokens):036}"[:40]
        app.tokens[token] = int(world.clock()) + TOKEN_S
        ends = datetime.fromtimestamp(world.clock() + TOKEN_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return 201, {"token": token, "expires_at": ends, "permissions": app.rights}

    # What is said

    def _paged(self, path: str, query: dict[str, str], given: Any) -> Any:
        """The page of a list that was asked for; where the next one is stands in `Link`."""
        self._link = ""
        name = next((each for each in _LISTS if isinstance(given, dict) and each in given), "")
        whole = given[name] if name else given
        if not isinstance(whole, list) or "/rules/" in path or path == "/graphql":
            return given
        size, page = min(100, int(query.get("per_page", "30"))), int(query.get("page", "1"))
        last = max(1, -(-len(whole) // size))
        if page < last:
            words = {number: urlencode({**query, "page": number}) for number in (page + 1, last)}
            address = f"{self.forge.world.url}{path}"
            self._link = f'<{address}?{words[page + 1]}>; rel="next", <{address}?{words[last]}>; rel="last"'
        shown = whole[(page - 1) * size : page * size]
        return {**given, name: shown} if name else shown

    def _answer(self, status: int, given: Any, path: str, fault: Fault | None) -> None:
        body = b"" if given is None else json.dumps(given).encode()
        kind = fault.kind if fault is not None else ""
        if kind == "lost":
            self.forge.calls.append((self.command, path, 0))
            self.close_connection = True
            return
        if kind == "other":
            body = re.sub(rb"/[a-z0-9-]+/[a-z0-9-]+(?=[\"/])|(?<=full_name\": \")[^\"]+", b"/evil/twin", body)
        if kind == "garbage":
            body = b'"surprise"'
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if getattr(self, "_link", ""):
            headers["Link"], self._link = self._link, ""
        if self.command == "GET" and status == 200:
            headers["ETag"] = f'W/"{hashlib.sha256(body + headers.get("Link", "").encode()).hexdigest()}"'
            if self.headers.get("If-None-Match") == headers["ETag"]:
                self._say(304, b"", {**headers, **self._budget(0)}, path)
                return
        headers |= self._budget(1)
        if headers["X-RateLimit-Remaining"] == "-1":
            status, body = 403, b'{"message": "API rate limit exceeded for user ID 1."}'
            headers |= {"X-RateLimit-Remaining": "0"}
        self._say(status, body, headers, path, kind, fault.seconds if fault else 0)

    def _budget(self, cost: int) -> dict[str, str]:
        token = self._bearer()
        left = self.forge.left.get(token, LIMIT)
        self.forge.left[token] = max(-1, left - cost)
        reset = int(self.forge.world.clock() + self.forge.skew_s) + 1800
        budget = {"Limit": LIMIT, "Remaining": self.forge.left[token], "Reset": reset, "Used": LIMIT - left}
        return {f"X-RateLimit-{name}": str(number) for name, number in budget.items()}

    def _fail(self, fault: Fault, path: str) -> None:
        now, words = int(self.forge.world.clock()), "application/json"
        seconds = str(int(fault.seconds))
        limits = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(now + int(fault.seconds))}
        status, message, headers = {
            "error": (500, "Server Error", {}),
            "limits": (403, "API rate limit exceeded", limits),
            "secondary": (403, "You have exceeded a secondary rate limit", {"Retry-After": seconds}),
            "many": (429, "Too many requests", {"Retry-After": seconds}),
            "html": (200, "<html><h1>Sign in</h1></html>", {"Content-Type": "text/html"}),
            "redirect": (302, "", {"Location": fault.to}),
            "forbidden": (403, "Resource not accessible by personal access token", {}),
            "unauthorized": (401, "Bad credentials", {}),
            "gone": (404, "Not Found", {}),
        }[fault.kind]
        body = message if fault.kind == "html" else json.dumps({"message": message})
        self._say(status, body.encode(), {"Content-Type": words, **headers}, path)

    def _say(
        self, status: int, body: bytes, headers: dict[str, str], path: str, kind: str = "", seconds: float = 0
    ) -> None:
        self.forge.calls.append((self.command, path, status))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if kind == "truncated":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif kind == "slow":
            self._dribble(body, seconds)
        elif status not in {204, 304}:
            self.wfile.write(body)

    def _dribble(self, body: bytes, seconds: float) -> None:
        """Send a byte now and then; whoever has hung up is noticed."""
        end = time.monotonic() + seconds
        for byte in body:
            if time.monotonic() > end:
                return
            try:
                self.wfile.write(bytes([byte]))
            except OSError:
                return
            time.sleep(0.05)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _raise(status: int) -> App:
    raise Answer(status, "Integration not found")
