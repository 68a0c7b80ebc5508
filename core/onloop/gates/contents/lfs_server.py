"""Git LFS's batch API with its basic transfers, by the standard library alone: no program is needed for it.

A credential goes to the host for which a person declared it and to no other; only actions that the server names are
followed, by https, or by http on the loopback.
"""

from __future__ import annotations

import base64
import json
import ssl
import sys
import time
import urllib.request
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from onloop.errors import FailureKind, Unavailable
from onloop.gates.contents.lfs_address import is_allowed
from onloop.gates.credentials.declared import Access, access_for
from onloop.gates.credentials.sources import credential_of
from onloop.gates.repository.pointers import Pointer

SILENCE_S = 60.0
"""How long a server may say nothing, in seconds."""

LONGEST_S = 3_600.0
"""How long one file may take."""

AT_ONCE = 100
"""How many files one request asks for."""

MOST_REDIRECTS = 3
_LARGEST_ANSWER = 4 * 1024 * 1024
_CHUNK = 1 << 20
_JSON = "application/vnd.git-lfs+json"
_KINDS = {401: FailureKind.AUTH, 403: FailureKind.AUTH, 404: FailureKind.MISSING, 410: FailureKind.MISSING}

Action = Mapping[str, Any]


class LfsFailed(Unavailable):
    """A Git LFS server did not do what was asked."""

    code = "lfs"


class LfsClient(NamedTuple):
    """One server, and what a person declared for it."""

    url: str
    credentials: Path | None = None

    def actions(self, operation: str, wanted: Sequence[Pointer]) -> Mapping[str, Mapping[str, Action]]:
        """The actions that the server names for each file, by digest; LfsFailed if it has no such file."""
        found = dict[str, Mapping[str, Action]]()
        for start in range(0, len(wanted), AT_ONCE):
            asked = [{"oid": each.oid, "size": each.size} for each in wanted[start : start + AT_ONCE]]
            body = {"operation": operation, "transfers": ["basic"], "objects": asked, "hash_algo": "sha256"}
            answer = self._json(f"{self.url}/objects/batch", body)
            for item in answer.get("objects") or ():
                if isinstance(item, dict) and (trouble := item.get("error")):
                    code = trouble.get("code") if isinstance(trouble, dict) else None
                    raise self._failed(f"it does not have {str(item.get('oid'))[:12]} (error {code})", _kind(code))
                if isinstance(item, dict) and isinstance(item.get("actions"), dict):
                    found[str(item.get("oid"))] = item["actions"]
        return found

    def download(self, action: Action) -> Generator[bytes, None, None]:
        """The bytes of a file."""
        with self._opened(self._request(action, "GET")) as answer:
            yield from _chunks(answer)

    def upload(self, actions: Mapping[str, Action], pointer: Pointer, path: Path) -> None:
        """Send a file, and have the server verify it if it asks for that."""
        request = self._request(actions["upload"], "PUT")
        if not request.has_header("Content-type"):
            request.add_header("Content-Type", "application/octet-stream")
        with path.open("rb") as content:
            request.data = content
            request.add_header("Content-Length", str(pointer.size))  # last: another body would take it away
            with self._opened(request):
                pass
        if isinstance(actions.get("verify"), dict):
            verify = self._request(actions["verify"], "POST")
            verify.add_header("Content-Type", _JSON)
            verify.data = json.dumps({"oid": pointer.oid, "size": pointer.size}).encode()
            with self._opened(verify):
                pass

    def _json(self, url: str, body: object) -> Mapping[str, Any]:
        request = self._request({"href": url}, "POST")
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", _JSON)
        request.add_header("Accept", _JSON)
        with self._opened(request) as answer:
            content = b"".join(_chunks(answer, _LARGEST_ANSWER + 1))
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._failed("its answer is not JSON")
        return found

    def _request(self, action: Action, method: str) -> urllib.request.Request:
        url, headers = action.get("href"), action.get("header") or {}
        if not isinstance(url, str) or not is_allowed(url, self.url) or not isinstance(headers, dict):
            raise self._failed("it names an address that is not https, or is on this machine")
        request = urllib.request.Request(url, method=method)  # noqa: S310 - only https, and http on the loopback
        for name, value in headers.items():
            request.add_header(str(name), str(value))
        if not request.has_header("Authorization") and _place(url) == _place(self.url):
            access = access_for(self.credentials, self.url)
            credential = credential_of(access) if access else None
            if credential is not None:
                words = base64.b64encode(f"{credential.user}:{credential.password}".encode()).decode()
                request.add_unredirected_header("Authorization", f"Basic {words}")
        return request

    @contextmanager
    def _opened(self, request: urllib.request.Request) -> Iterator[HTTPResponse]:
        """The answer to a request; a redirected GET goes on without any header."""
        try:
            for _ in range(MOST_REDIRECTS):
                try:
                    with self._opener().open(request, timeout=SILENCE_S) as answer:
                        yield answer
                        return
                except HTTPError as refused:
                    refused.close()
                    request = self._redirected(request, refused)
            raise self._failed("it redirects too often")
        except HTTPError as refused:
            raise self._failed(f"HTTP status {refused.code}", _kind(refused.code)) from None
        except (URLError, HTTPException, OSError, ValueError) as problem:
            reason = getattr(problem, "reason", None) or problem
            kind = FailureKind.AUTH if isinstance(reason, ssl.SSLError) else FailureKind.UNREACHABLE
            raise self._failed(f"{type(reason).__name__}: {reason}"[:200], kind) from None

    def _redirected(self, request: urllib.request.Request, refused: HTTPError) -> urllib.request.Request:
        url = refused.headers.get("Location", "")
        if (
            request.get_method() != "GET"
            or refused.code not in {301, 302, 303, 307, 308}
            or not is_allowed(url, self.url)
        ):
            raise refused
        return urllib.request.Request(url)  # noqa: S310 - only https, and http on the loopback

    def _opener(self) -> urllib.request.OpenerDirector:
        access = access_for(self.credentials, self.url)
        handlers: list[urllib.request.BaseHandler] = [
            _NoRedirect(),
            urllib.request.HTTPSHandler(context=_trust(access)),
        ]
        if access is not None and access.proxy:
            handlers.append(urllib.request.ProxyHandler({"https": access.proxy}))
        return urllib.request.build_opener(*handlers)

    def _failed(self, why: str, kind: FailureKind | None = None) -> LfsFailed:
        place = urlsplit(self.url)
        hint = "try again"
        if kind is FailureKind.AUTH:
            hint = f'declare a credential for ["https://{place.netloc}"] in git.toml of the store'
        elif kind is FailureKind.MISSING:
            hint = "let a person push the file: git lfs push --all origin"
        return LfsFailed(f"the Git LFS server {place.scheme}://{place.netloc}: {why}", hint=hint, kind=kind)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves redirects to us: they must not carry what was meant for another host."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """None: the redirect becomes an error."""


def _trust(access: Access | None) -> ssl.SSLContext:
    """Which authorities we believe: those that a person declared, else the machine's."""
    if access is None:
        return ssl.create_default_context()
    context = ssl.create_default_context(cafile=access.ca_file or None, capath=access.ca_path or None)
    if access.client_cert:
        context.load_cert_chain(access.client_cert, access.client_key or None)
    return context


def _chunks(answer: HTTPResponse, most: int = sys.maxsize) -> Iterator[bytes]:
    """What comes, as it comes, and at most so many bytes: a server that sends drops keeps nobody for ever."""
    deadline = time.monotonic() + LONGEST_S
    while most > 0 and (chunk := answer.read1(min(_CHUNK, most))):
        most -= len(chunk)
        if time.monotonic() > deadline:
            raise TimeoutError(f"it took longer than {LONGEST_S:g} s")
        yield chunk


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _kind(code: object) -> FailureKind | None:
    if isinstance(code, int) and (code == 429 or code >= 500):
        return FailureKind.UNREACHABLE
    return _KINDS.get(code) if isinstance(code, int) else None
