"""A line to a gateway's door over HTTP: each request is one of the list of operations, as over its socket.

What agents ask goes with their token, what people decide with the session in which they proved themselves and its code,
and all else with the credential that was given for it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from onloop.errors import BadInput, NotAllowed, Unavailable
from onloop.identity.passphrase import Proved
from onloop.machine.operation import AnswerT, Operation
from onloop.machine.principal import Principal, PrincipalKind
from onloop.remote.client_credentials import Credentials, ProvedOnConnection
from onloop.remote.connection_operations import AnnounceWork, BeginProof, FinishProof, SubmitAnnounced
from onloop.remote.framing import error_from
from onloop.remote.http_client.carriers import Carrier, HttpAnswer, HttpRequest
from onloop.remote.http_client.gateway_clock import GatewayClock
from onloop.remote.http_client.problems import told_from
from onloop.remote.http_client.upload import Upload, check_upload
from onloop.remote.line import ANSWER_S, RETRY_S, ConnectionLost, Line

WAIT_S = 1
"""How long a gateway keeps the question for news: the data's age follows, and leaving waits for it."""

_SESSION, _CODE, _UPLOAD = "Onloop-Session", "Onloop-Code", "Onloop-Upload"
_Headers = tuple[tuple[str, str], ...]
_JSON = ("Content-Type", "application/json")


class HttpLine(Line):
    """See Line: over HTTP, to the gateway at a URL. `carrier` may be shared by many of them."""

    def __init__(
        self,
        url: str,
        carrier: Carrier,
        credentials: Credentials | None = None,
        patience: Sequence[float] = RETRY_S,
        answer_s: float = ANSWER_S,
        clock: GatewayClock | None = None,
    ) -> None:
        super().__init__(credentials, patience, answer_s)
        self._url, self._carrier, self._clock = url, carrier, clock or GatewayClock()
        self._tokens: dict[Principal, str] = {}
        self._sessions: dict[str, str] = {}
        self._session_begun = ""
        self._upload: Upload | None = None

    @property
    def where(self) -> str:
        """See Line."""
        return self._url

    def clock(self) -> int:
        """See Line: as far as the gateway's answers tell it."""
        return self._clock.now()

    def connect(self) -> None:
        """See Line: each request connects where that is needed."""

    def ask(self, operation: Operation[AnswerT]) -> AnswerT:
        """See Line."""
        who = operation.principal_or_none
        if who is not None and who.kind is PrincipalKind.HUMAN and who.name not in self._sessions:
            self._standing = ProvedOnConnection()
            self._prove_people()
        return self._ask(operation)

    def send(self, content: bytes) -> None:
        """See Line."""
        if self._upload is None:
            raise ConnectionLost("nothing was announced")
        self._upload.send(content)

    def news(self, seen: int | None) -> int:
        """See Line: the gateway keeps the question until there is news, or its time is over."""
        return self.until_told(lambda: self._stamp_after(seen))

    def _stamp_after(self, seen: int | None) -> int:
        asked = f"/v1/wait?timeout={WAIT_S}" + ("" if seen is None else f"&seen={seen}")
        request = HttpRequest("GET", asked, self._bearer(None), timeout_s=WAIT_S + self._answer_s)
        told = told_from(self._patiently(request, is_coded=False), self._url)
        if "error" in told:
            self._check_session(told["error"], request)
            raise error_from(told["error"])
        stamp = told.get("stamp")
        if type(stamp) is not int:
            raise BadInput("the answer to wait is not valid", hint="use the same version of onloop at both ends")
        return stamp

    def close(self) -> None:
        """See Line."""
        self._forget_sessions()
        self._carrier.close()

    def _ask(self, operation: Operation[AnswerT]) -> AnswerT:
        answer = super()._ask(operation)
        if operation.proves and isinstance(answer, Principal):
            self._tokens[answer] = getattr(operation, "token", "")
        if isinstance(answer, Proved):
            self._sessions[answer.person.name] = self._session_begun
        return answer

    def _exchange(
        self, operation: Operation[Any], fields: Mapping[str, Any], code: Mapping[str, object] | None, timeout_s: float
    ) -> Mapping[str, Any]:
        headers = [_JSON, *self._credential(operation, code)]
        if isinstance(operation, SubmitAnnounced):
            headers.append((_UPLOAD, self._uploaded()))
        asked = HttpRequest("POST", f"/v1/{operation.name}", tuple(headers), json.dumps(fields).encode(), timeout_s)
        answer = self._patiently(asked, is_coded=code is not None)
        told = told_from(answer, self._url)
        if "error" in told:
            self._check_session(told["error"], asked)
            check_upload(told["error"])
        if isinstance(operation, BeginProof):
            self._session_begun = answer.headers.get(_SESSION.lower(), "")
        if isinstance(operation, AnnounceWork) and "error" not in told:
            credential = self._credential(operation, code)
            self._upload = Upload(answer.headers.get(_UPLOAD.lower(), ""), partial(self._put, credential))
        return told

    def _credential(self, operation: Operation[Any], code: Mapping[str, object] | None) -> tuple[tuple[str, str], ...]:
        """What goes along with an operation: of the person who decides, of the agent who asks, or what was given."""
        if isinstance(operation, BeginProof):
            return ()
        if isinstance(operation, FinishProof):
            return ((_SESSION, self._session_begun),)
        who = operation.principal_or_none
        if code is not None and who is not None:
            session = self._sessions.get(who.name, "")
            return ((_SESSION, session), (_CODE, f"{code['n']}:{code['tag']}"))
        if operation.proves:
            return (_authorization(getattr(operation, "token", "")),)
        return self._bearer(who)

    def _bearer(self, who: Principal | None) -> tuple[tuple[str, str], ...]:
        token = self._tokens.get(who) if who is not None else None
        token = token or self._credentials.bearer or next(iter(self._tokens.values()), "")
        if token:
            return (_authorization(token),)
        session = next(iter(self._sessions.values()), "")
        return ((_SESSION, session),) if session else ()

    def _patiently(self, asked: HttpRequest, *, is_coded: bool) -> HttpAnswer:
        """The answer, after the waits for which a busy gateway asks; a person's code counts once, and is made anew."""
        left_s = sum(self._patience)
        while True:
            answer = self._carried(asked)
            pause_s = _retry_after(answer)
            if pause_s is None or pause_s > left_s:
                return answer
            if is_coded:
                self._forget_sessions()
            time.sleep(pause_s)
            if is_coded:
                raise ConnectionLost("the gateway was busy")
            left_s -= max(pause_s, 0.1)

    def _carried(self, asked: HttpRequest) -> HttpAnswer:
        try:
            answer = self._carrier.carry(asked)
        except TimeoutError:
            self._forget_sessions()
            raise Unavailable(
                f"the gateway at {self._url} has not answered in time",
                hint="try again; the request may still take effect",
            ) from None
        except BaseException:  # a code may have been spent
            self._forget_sessions()
            raise
        self._clock.hear(answer.headers.get("date", ""))
        return answer

    def _put(self, credential: _Headers, method: str, path: str, content: bytes) -> Mapping[str, Any]:
        """Send a piece of an upload, or ask how much of it has come: as whoever announced it."""
        headers = (("Content-Type", "application/octet-stream"),) if content else ()
        asked = HttpRequest(method, path, (*headers, *credential), content, self._answer_s)
        return told_from(self._patiently(asked, is_coded=False), self._url)

    def _uploaded(self) -> str:
        if self._upload is None:
            raise ConnectionLost("nothing was announced")
        upload, self._upload = self._upload, None
        return upload.finished()

    def _check_session(self, error: Mapping[str, Any], asked: HttpRequest) -> None:
        """Lost, where the gateway does not know the session (any more); what would work, where it knows nobody."""
        if error.get("code") == "session_lost":
            self._forget_sessions()
            raise ConnectionLost("the gateway does not know the session any more")
        has_credential = any(name in {"Authorization", _SESSION} for name, _ in asked.headers)
        if error.get("status") == 401 and not has_credential and "scram" not in asked.path:
            raise NotAllowed(
                f"the gateway at {self._url} does not know who you are",
                hint="onloop login --as NAME begins a session that reads; an agent needs ONLOOP_TOKEN",
            )

    def _forget_sessions(self) -> None:
        self._sessions.clear()
        self._session_begun, self._standing = "", ProvedOnConnection()


def _authorization(secret: str) -> tuple[str, str]:
    """A bearer's header; BadInput for what cannot be a credential."""
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise BadInput("the credential holds characters that no credential has", hint="copy it again, whole")
    return "Authorization", f"Bearer {secret}"


def _retry_after(answer: HttpAnswer) -> float | None:
    """How long a busy gateway asks to wait, in seconds; None where it is not busy, or says nothing of it."""
    said = answer.headers.get("retry-after", "")
    if answer.status not in {429, 503} or not (said.isascii() and said.isdigit() and len(said) < 5):
        return None
    return float(said)
