"""The cookie that keeps a person's reading session in a browser, and whom it shows to be there."""

from __future__ import annotations

from onloop.errors import BadInput, Ground, NotAllowed
from onloop.gateway.credential_operations import RecogniseSession
from onloop.identity.network_credentials import OF_SESSION
from onloop.machine.principal import Principal, PrincipalKind
from onloop.records import SecretRecord
from onloop.remote.framing import parsed
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.answers.operation_route import AskedOperation, ask_line, good
from onloop.remote.http.entry.problem_details import HttpProblem, answered_problem, unauthorized
from onloop.remote.http.entry.request_checks import ArrivedRequest
from onloop.remote.http.lines.kept_lines import LONGEST_CREDENTIAL
from onloop.remote.http.web.web_settings import PAGE, WebSettings
from onloop.remote.protocol import answer_from


class SignedIn(SecretRecord):
    """Who is at a page, and the session that shows it."""

    person: str
    session: str


def cookie_name(settings: WebSettings) -> str:
    """What it is called: over TLS so that no page in the clear can have set it; on loopback, by its port."""
    return "__Secure-onloop" if settings.is_encrypted else f"onloop-{settings.url.rpartition(':')[2]}"


def cookie(settings: WebSettings, secret: str, lasts_s: int) -> str:
    """The header that has a browser keep the session, out of the reach of scripts, and forget it in time."""
    secure = "; Secure" if settings.is_encrypted else ""
    return f"{cookie_name(settings)}={secret}; Path={PAGE}; Max-Age={lasts_s}; HttpOnly; SameSite=Strict{secure}"


def session_of(settings: WebSettings, arrived: ArrivedRequest) -> str:
    """The session in a request's cookies; empty where there is none, or more than one."""
    wanted = cookie_name(settings)
    pairs = (each.strip().partition("=") for each in arrived.headers.get("cookie", "").split(";"))
    found = [value for name, _, value in pairs if name == wanted]
    is_one = len(found) == 1 and found[0].startswith(OF_SESSION) and len(found[0]) <= LONGEST_CREDENTIAL
    return found[0] if is_one else ""


def check_own_page(arrived: ArrivedRequest) -> None:
    """NotAllowed for what no page of ours sent: a browser says of every page which one it is."""
    if "origin" not in arrived.headers or arrived.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
        words = "only the page of this gateway may ask this"
        raise HttpProblem(NotAllowed(words, hint=f"open {PAGE} in a browser", ground=Ground.PEER), closes=True)


async def signed_in(state: DoorState, settings: WebSettings, arrived: ArrivedRequest) -> SignedIn:
    """Who is at the page; HttpProblem where no session that is alive shows it."""
    secret = session_of(settings, arrived)
    if not secret:
        raise unauthorized("nobody is signed in here", "sign in at the page")
    asked = RecogniseSession(secret)
    async with state.lines.of_bearer(secret, arrived.address) as line:
        answer = await ask_line(state, line, AskedOperation(RecogniseSession, {"token": secret}, None))
        problem = answered_problem(answer)
        if problem is not None and isinstance(problem.error, NotAllowed):  # it was right when the line was proved
            state.lines.drop(line)
            raise unauthorized("this session has ended", "sign in at the page")
    try:
        who, _ = answer_from(asked, parsed(good(answer)))
    except BadInput:
        raise unauthorized("this session has ended", "sign in at the page") from None
    if not isinstance(who, Principal) or who.kind is not PrincipalKind.SESSION:
        raise unauthorized("this session has ended", "sign in at the page")
    return SignedIn(who.name, secret)
