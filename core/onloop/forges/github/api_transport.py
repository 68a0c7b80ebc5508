"""Asks GitHub's API: proved, within its limits, by ETag where an answer is known, and with what every answer means."""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from onloop.errors import BadInput, FailureKind
from onloop.forges.forge_errors import ForgeRefused, ForgeTrouble
from onloop.forges.github.answer_fields import Fields, each_of, nonsense
from onloop.forges.github.api_limits import SECONDARY_MS, is_limit, spent_until, until_of
from onloop.forges.github.api_tokens import TokenGiver
from onloop.forges.outgoing import Courier, Incoming, Outgoing
from onloop.records import Record
from onloop.text import safe

VERSION = "2022-11-28"
MOST_PAGES = 30
MOST_FOUND = 1_000
PER_PAGE = 100
MOST_KEPT_BYTES = 16 * 1024 * 1024
"""How much of answers is kept, to be asked for by ETag."""
_NEXT = re.compile(r'<([^<>]{1,2000})>;\s*rel="next"')
_LONGEST_WORDS = 300


class _KnownAnswer(Record):
    """An answer that is known, with what it is known by."""

    etag: str
    body: bytes
    headers: Mapping[str, str]


class GithubTransport:
    """One API under one account or App, for any number of threads. What changes something is asked one by one."""

    def __init__(self, host: str, api: str, courier: Courier, giver: TokenGiver, clock: Callable[[], int]) -> None:
        self.host, self.api, self.courier, self._giver, self._clock = host, api, courier, giver, clock
        self._kept: OrderedDict[str, _KnownAnswer] = OrderedDict()
        self._closed: dict[str, int] = {}
        self._limits_met = 0
        self._turn, self._changing = threading.Lock(), threading.Lock()
        self.asked = 0
        """How many requests were sent."""
        self.scopes: tuple[str, ...] = ()
        """What a classic token may do, as the last answer told."""

    def read(self, path: str, **query: str | int) -> Any:
        """What is at a path."""
        return _json(self._read(self._url(path, query)))

    def read_or_none(self, path: str, **query: str | int) -> Any:
        """What is at a path, or None where there is nothing."""
        try:
            return self.read(path, **query)
        except ForgeRefused as no:
            if no.status == 404:
                return None
            raise

    def pages(self, path: str, key: str = "", **query: str | int) -> Iterator[Fields]:
        """Every object of a list that comes in pages, below `key` where each page is an object.

        More pages than anybody needs are refused: half a list would be read as the whole.
        """
        url = self._url(path, {"per_page": PER_PAGE, **query})
        for _ in range(MOST_PAGES):
            got = self._read(url)
            page = _json(got)
            yield from Fields(page, path).parts(key) if key else each_of(page, path)
            url = self._next(got)
            if not url:
                return
        raise ForgeRefused(
            f"{path} has more than {MOST_PAGES * PER_PAGE} entries", hint="ask for fewer of them", status=422
        )

    def search(self, words: str) -> Iterator[Fields]:
        """Every repository that a query finds; BadInput for one that finds more than GitHub shows (1,000)."""
        url = self._url("/search/repositories", {"q": words, "per_page": PER_PAGE})
        for _ in range(MOST_FOUND // PER_PAGE):
            got = self._read(url)
            page = Fields(_json(got), "what was found")
            if page.number("total_count") > MOST_FOUND or page.flag("incomplete_results"):
                hint = "narrow it, for example with org:NAME or topic:WORD"
                raise BadInput(f"{words[:100]!r} finds more than GitHub shows", hint=hint)
            yield from page.parts("items")
            url = self._next(got)
            if not url:
                return

    def change(self, method: str, path: str, given: Mapping[str, Any]) -> Any:
        """Have something made, set or removed; what it is then, or None where nothing is answered."""
        body = json.dumps(given).encode()
        with self._changing:
            got = self._answered(method, self._url(path, {}), body, {})
        return _json(got) if got.status != 204 and got.body else None

    def graphql(self, query: str, **variables: str | None) -> Fields:
        """What a GraphQL query answers; its errors are errors."""
        root = self.api.removesuffix("/v3") if self.api.endswith("/api/v3") else self.api
        body = json.dumps({"query": query, "variables": variables}).encode()
        with self._changing:
            answer = Fields(_json(self._answered("POST", f"{root}/graphql", body, {})), "the answer")
        for error in answer.parts("errors"):
            words = safe(error.line("message"), _LONGEST_WORDS)
            if error.line("type") == "RATE_LIMITED":
                raise _limited(self._clock() + SECONDARY_MS, self._clock())
            raise ForgeRefused(f"GitHub says no: {words}", hint="see what the base's rules ask for", status=422)
        return answer.part("data")

    def location(self, path: str) -> str:
        """Where GitHub sends whoever asks for a path: a place of its own for large files."""
        got = self._sent("GET", self._url(path, {}), b"", {})
        if got.status in {301, 302, 307} and (to := got.headers.get("location", "")):
            return to
        if got.status < 300:
            raise nonsense(f"{path} leads nowhere")
        raise _refusal(got, path)

    def _read(self, url: str) -> Incoming:
        with self._turn:
            known = self._kept.get(url)
        got = self._answered("GET", url, b"", {"If-None-Match": known.etag} if known else {})
        if got.status == 304:
            if known is None:
                raise nonsense("it says that nothing has changed, though nothing was known")
            return Incoming(200, {**known.headers, **got.headers}, known.body)
        if etag := got.headers.get("etag", ""):
            self._keep(url, _KnownAnswer(etag, got.body, got.headers))
        return got

    def _keep(self, url: str, answer: _KnownAnswer) -> None:
        with self._turn:
            self._kept.pop(url, None)
            self._kept[url] = answer
            while len(self._kept) > 1 and sum(len(each.body) for each in self._kept.values()) > MOST_KEPT_BYTES:
                self._kept.popitem(last=False)

    def _answered(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Incoming:
        """An answer that says yes, or that nothing has changed."""
        got = self._sent(method, url, body, headers)
        if got.status < 300 or got.status == 304:
            return got
        raise _refusal(got, urlsplit(url).path)

    def _sent(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Incoming:
        resource = _resource(url)
        self._check_open(resource)
        token = self._giver.token()
        got = self._carried(method, url, body, headers, token)
        if got.status == 401 and self._giver.declined(token, got.headers.get("date", "")):
            got = self._carried(method, url, body, headers, self._giver.token())
        self._heed(resource, got)
        return got

    def _carried(self, method: str, url: str, body: bytes, headers: Mapping[str, str], token: str) -> Incoming:
        own = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": VERSION,
            **({"Content-Type": "application/json"} if body else {}),
        }
        self.asked += 1
        got = self.courier.carry(Outgoing(method, url, {**own, **headers}, body))
        if scopes := got.headers.get("x-oauth-scopes", ""):
            self.scopes = tuple(safe(each.strip(), 100) for each in scopes.split(",")[:50] if each.strip())
        return got

    def _check_open(self, resource: str) -> None:
        until = self._closed.get(resource, 0)
        if until > self._clock():
            raise _limited(until, self._clock())

    def _heed(self, resource: str, got: Incoming) -> None:
        """Ask for nothing more where nothing is left."""
        now = self._clock()
        if got.status in {403, 429} and is_limit(got.status, got.headers, _message(got)):
            self._limits_met += 1
            self._closed[resource] = until_of(got.headers, now, self._limits_met)
            raise _limited(self._closed[resource], now)
        if got.status < 400:
            self._limits_met = 0
            self._closed[resource] = spent_until(got.headers, now)

    def _url(self, path: str, query: Mapping[str, str | int]) -> str:
        words = urlencode({name: value for name, value in query.items() if value != ""})
        return f"{self.api}{path}{'?' if words else ''}{words}"

    def _next(self, got: Incoming) -> str:
        found = _NEXT.search(got.headers.get("link", ""))
        if found is None:
            return ""
        here, there = urlsplit(self.api), urlsplit(found[1])
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise nonsense("its next page is on another host")
        return found[1]


def answered(got: Incoming, path: str) -> Any:
    """What an answer that says yes holds; ForgeTrouble or ForgeRefused for another one."""
    if got.status >= 300:
        raise _refusal(got, path)
    return _json(got)


def _resource(url: str) -> str:
    """Which of GitHub's budgets a request is paid from."""
    path = urlsplit(url).path
    return next((name for name in ("search", "graphql") if f"/{name}" in path), "core")


def _limited(until: int, now: int) -> ForgeTrouble:
    seconds = max(1, (until - now + 999) // 1000)
    return ForgeTrouble(
        f"GitHub's limit is reached, for {seconds} s more",
        hint="it is tried again then; a GitHub App has a limit of its own",
        kind=FailureKind.BUSY,
        until=until,
    )


def _refusal(got: Incoming, path: str) -> ForgeTrouble | ForgeRefused:
    """What an answer that is no yes means."""
    words = f"{got.status} for {path}" + (f": {said}" if (said := safe(_message(got), _LONGEST_WORDS)) else "")
    if got.status >= 500 or got.status in {408, 425}:
        return ForgeTrouble(f"GitHub answers {words}", hint="it is tried again")
    if got.status in {301, 302, 303, 307, 308}:
        return ForgeRefused(
            f"GitHub answers {words}: it is somewhere else now",
            hint="if the repository was renamed, give its new name where it is named",
            status=got.status,
            kind=FailureKind.MISSING,
        )
    kind, hint = _meaning(got.status)
    return ForgeRefused(f"GitHub answers {words}", hint=hint, status=got.status, kind=kind)


def _meaning(status: int) -> tuple[FailureKind, str]:
    if status in {401, 403}:
        return FailureKind.AUTH, "onloop doctor --forge ORIGIN shows which right the token lacks"
    if status in {404, 410}:
        return FailureKind.MISSING, "it is gone, or the token may not see it; onloop doctor --forge ORIGIN tries it"
    return FailureKind.REFUSED, "what GitHub says tells what would work"


def _json(got: Incoming) -> Any:
    if "json" not in got.headers.get("content-type", ""):
        raise nonsense(f"it is {safe(got.headers.get('content-type', 'of no kind'), 60)}, not JSON")
    try:
        return json.loads(got.body)
    except (ValueError, RecursionError):
        raise nonsense("it is not JSON, though it says so") from None


def _message(got: Incoming) -> str:
    """What GitHub says is wrong, with the details that it gives."""
    try:
        given = _json(got)
        said = Fields(given, "the error")
        details = [each.line("message") or each.line("code") for each in said.parts("errors")]
        return "; ".join(part for part in (said.line("message"), *details) if part)
    except ForgeTrouble:
        return ""
