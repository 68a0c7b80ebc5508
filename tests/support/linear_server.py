"""A Linear of our own: a real HTTP server that answers the GraphQL that we ask, as Linear documents it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

US = "user-onloop"
TOKEN = "lin_api_" + "k3" * 16
Json = dict[str, Any]


@dataclass
class Linear:
    """One team's tickets, and what was said and moved; `fails` is answered once in the place of an answer."""

    url: str = ""
    tickets: dict[str, Json] = field(default_factory=dict)
    comments: dict[str, list[Json]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    fails: list[tuple[int, bytes]] = field(default_factory=list)
    refused: int = 0

    def add(self, number: int, title: str, body: str = "", labels: tuple[str, ...] = ("onloop",)) -> None:
        """A new ticket of the team ENG."""
        name = f"ENG-{number}"
        self.tickets[name] = {
            "id": f"id-{name}",
            "identifier": name,
            "number": number,
            "title": title,
            "description": body,
            "url": f"https://linear.app/acme/issue/{name}",
            "state": {"type": "started"},
            "labels": {"nodes": [{"name": label} for label in labels]},
            "creator": {"name": "Zoe"},
        }
        self.comments[f"id-{name}"] = []

    def answer(self, query: str, given: Json) -> Json:
        """The data that a query gives."""
        self.asked.append(query)
        if "commentCreate" in query:
            there = self.comments[given["id"]]
            there.append({"id": f"c{len(there)}-{given['id']}", "body": given["body"], "user": {"id": US}})
            return {"commentCreate": {"success": True}}
        if "commentUpdate" in query:
            said = next(each for some in self.comments.values() for each in some if each["id"] == given["id"])
            said["body"] = given["body"]
            return {"commentUpdate": {"success": True}}
        if "issueUpdate" in query:
            ticket = next(each for each in self.tickets.values() if each["id"] == given["id"])
            ticket["state"] = {"type": "completed"}
            return {"issueUpdate": {"success": True}}
        if "workflowStates" in query:
            return {"workflowStates": {"nodes": [{"id": "done", "position": 2.5}]}}
        page = {"hasNextPage": False, "endCursor": None}
        if "issues(" in query:
            known = [*self.tickets.values()]
            found = [t for t in known if {n["name"] for n in t["labels"]["nodes"]} & {*given["labels"]}]
            return {"issues": {"nodes": found, "pageInfo": page}}
        ticket = self.tickets[given["id"]]
        if "comments(" in query:
            nodes = self.comments[ticket["id"]]
            return {"viewer": {"id": US}, "issue": {"comments": {"nodes": nodes, "pageInfo": page}}}
        return {"issue": ticket}


@contextmanager
def linear_server() -> Iterator[Linear]:
    """It, served on loopback."""
    linear = Linear()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = 200, b""
            if linear.fails:
                status, content = linear.fails.pop()
            elif self.headers["Authorization"] != TOKEN:
                linear.refused += 1
                errors = [{"message": "Authentication required", "extensions": {"code": "AUTHENTICATION_ERROR"}}]
                status, content = 400, json.dumps({"errors": errors}).encode()
            else:
                content = _answered(linear, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    linear.url = f"http://127.0.0.1:{server.server_port}/graphql"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield linear
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answered(linear: Linear, asked: Json) -> bytes:
    try:
        return json.dumps({"data": linear.answer(asked["query"], asked["variables"])}).encode()
    except KeyError:
        return json.dumps({"errors": [{"message": "Entity not found"}], "data": None}).encode()


def declare_linear(linear: Linear, store: Path) -> None:
    """Write `tickets.toml` into a store's folder."""
    token = store / "linear-token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    file = store / "tickets.toml"
    file.write_text(f'[linear]\napi = "{linear.url}"\ntoken = {{ file = "{token}" }}\n')
    file.chmod(0o600)
