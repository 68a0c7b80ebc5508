"""A client of the standard's HTTP end, which can also send what no honest client would."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from onloop.errors import BadInput, Unavailable
from onloop.interop.conformance.replies import TrialReply
from onloop.interop.conformance.speakers import object_in
from onloop.records import Record

LONGEST_WAIT_S = 40.0
LONGEST_SILENCE_S = 1.0
LARGEST_BODY = 8 << 20
JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"


class Wire(Record):
    """Requests to the gateway at `url`; `authority` is a file with the certificate that is believed."""

    url: str
    authority: str = ""

    def ask(
        self, operation: str, fields: Mapping[str, Any] | None = None, token: str = "", **headers: str
    ) -> TrialReply:  # fmt: skip
        """The answer to one operation."""
        body = json.dumps(fields or {}).encode()
        return self.send("POST", f"/v1/{operation}", body, token, {"Content-Type": JSON_TYPE, **named(headers)})

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        token: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        is_stream: bool = False,
    ) -> TrialReply:
        """The answer to any request; of a stream, what comes until it is silent for a while."""
        given = {"Authorization": f"Bearer {token}"} if token else {}
        said = f"{method} {path[:120]} {(body or b'')[:200].decode('utf-8', 'replace')}".strip()
        line = self._line()
        try:
            line.request(method, path, body, {**given, **(headers or {})})
            answer = line.getresponse()
            content = _begun(line, answer) if is_stream else answer.read(LARGEST_BODY)
            text = content.decode("utf-8", "replace")
            found = {name.lower(): value for name, value in answer.getheaders()}
        except (OSError, http.client.HTTPException, ValueError) as problem:
            return TrialReply(said, 0, f"no answer: {type(problem).__name__}")
        finally:
            line.close()
        return TrialReply(said, answer.status, text, data=object_in(text), headers=found)

    def _line(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        where = parts.hostname or ""
        if parts.scheme == "http":
            return http.client.HTTPConnection(where, parts.port, timeout=LONGEST_WAIT_S)
        try:
            trust = ssl.create_default_context(cafile=self.authority or None)
        except (OSError, ssl.SSLError):
            raise Unavailable(f"{self.authority[:200]!r} holds no certificate", hint="--ca FILE, in PEM") from None
        return http.client.HTTPSConnection(where, parts.port, timeout=LONGEST_WAIT_S, context=trust)


def _begun(line: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> bytes:
    """What has come of a stream when nothing more comes for a while."""
    if answer.getheader("content-length") or line.sock is None:
        return answer.read(LARGEST_BODY)
    line.sock.settimeout(LONGEST_SILENCE_S)
    content = b""
    with suppress(TimeoutError):
        while len(content) < LARGEST_BODY and (piece := answer.read1(LARGEST_BODY)):
            content += piece
    return content


def named(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Headers by their names on the wire: `idempotency_key` is Idempotency-Key."""
    return {"-".join(part.capitalize() for part in name.split("_")): value for name, value in headers.items()}


def wire_to(url: str, authority: str = "") -> Wire:
    """The wire to a URL; BadInput where it is none."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise BadInput(f"{url[:120]!r} is no URL of a gateway", hint="--url https://HOST:PORT")
    return Wire(url.rstrip("/"), authority)
