"""The tickets of one team in Linear."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from onloop.forges.forge_errors import ForgeRefused, ForgeTrouble
from onloop.forges.github.answer_fields import nonsense
from onloop.forges.github.api_tokens import read_token
from onloop.forges.linear.linear_settings import LinearSettings
from onloop.forges.outgoing import Courier, Incoming, Outgoing
from onloop.forges.public_address import AddressRule
from onloop.forges.ticket_port import Ticket, TicketComment
from onloop.text import safe

HOST = "linear.app"
LARGEST = 4 * 1024 * 1024
MOST_PAGES = 20
PER_PAGE = 50
LONGEST_TEXT = 200_000

_TICKET = "id identifier number title description url state{type} labels{nodes{name}} creator{name}"
_ONE = f"query($id:String!){{issue(id:$id){{{_TICKET}}}}}"
_OPEN = (
    "query($team:String!,$labels:[String!],$first:Int!,$after:String){issues(first:$first,after:$after,filter:"
    '{team:{key:{eq:$team}},labels:{some:{name:{in:$labels}}},state:{type:{nin:["completed","canceled"]}}})'
    f"{{nodes{{{_TICKET}}}pageInfo{{hasNextPage endCursor}}}}}}"
)
_SAID = (
    "query($id:String!,$first:Int!,$after:String){viewer{id}issue(id:$id){comments(first:$first,after:$after)"
    "{nodes{id body user{id}}pageInfo{hasNextPage endCursor}}}}"
)
_SAY = "mutation($id:String!,$body:String!){commentCreate(input:{issueId:$id,body:$body}){success}}"
_SAY_AGAIN = "mutation($id:String!,$body:String!){commentUpdate(id:$id,input:{body:$body}){success}}"
_DONE_STATES = (
    'query($team:String!){workflowStates(filter:{team:{key:{eq:$team}},type:{eq:"completed"}}){nodes{id position}}}'
)
_MOVE = "mutation($id:String!,$state:String!){issueUpdate(id:$id,input:{stateId:$state}){success}}"
_ENDED = frozenset({"completed", "canceled"})


class LinearTickets:
    """One team's tickets; `team` is its key, such as ENG."""

    def __init__(self, settings: LinearSettings, team: str) -> None:
        self._settings, self._team = settings, team
        self._courier = _courier(settings.api)

    def ticket(self, number: int) -> Ticket:
        """See Tickets."""
        found = _object(self._asked(_ONE, id=f"{self._team}-{number:d}"), "issue")
        made = self._made(found)
        if made.number != number or made.name.partition("-")[0].upper() != self._team.upper():
            raise nonsense(f"it is {safe(made.name, 60)}, and {self._team}-{number} was asked for")
        return made

    def open_tickets(self, labels: Sequence[str]) -> tuple[Ticket, ...]:
        """See Tickets."""
        wanted = [*labels]
        found = self._pages(_OPEN, ("issues",), team=self._team, labels=wanted)
        made = tuple(self._made(each) for each in found)
        return tuple(each for each in made if set(labels) <= set(each.labels))

    def comments(self, ticket: Ticket) -> tuple[TicketComment, ...]:
        """See Tickets."""
        us = _text(_object(self._asked(_SAID, id=ticket.name, first=1), "viewer"), "id")
        found = self._pages(_SAID, ("issue", "comments"), id=ticket.name)
        return tuple(_comment(each, us) for each in found)

    def comment(self, ticket: Ticket, body: str) -> None:
        """See Tickets."""
        self._asked(_SAY, id=self._id(ticket), body=body)

    def update_comment(self, ticket: Ticket, id: str, body: str) -> None:  # noqa: A002, ARG002 - see Tickets
        """See Tickets."""
        self._asked(_SAY_AGAIN, id=id, body=body)

    def finish(self, ticket: Ticket) -> None:
        """See Tickets."""
        if not ticket.is_open:
            return
        states = _nodes(_object(self._asked(_DONE_STATES, team=self._team), "workflowStates"))
        if states:
            first = min(states, key=lambda each: float(each.get("position") or 0))
            self._asked(_MOVE, id=self._id(ticket), state=_text(first, "id"))

    def _id(self, ticket: Ticket) -> str:
        return _text(_object(self._asked(_ONE, id=ticket.name), "issue"), "id")

    def _made(self, given: Mapping[str, Any]) -> Ticket:
        number = given.get("number")
        if type(number) is not int or number < 1:
            raise nonsense("a ticket has no number")
        state = _text(_object(given, "state"), "type")
        labels = tuple(_text(each, "name") for each in _nodes(_object(given, "labels")))
        return Ticket(
            HOST,
            self._team,
            number,
            _text(given, "identifier"),
            _text(given, "url"),
            _text(given, "title"),
            _text(given, "description"),
            _text(given.get("creator") or {}, "name"),
            state not in _ENDED,
            labels,
        )

    def _pages(self, query: str, path: tuple[str, ...], **variables: Any) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        after: str | None = None
        for _ in range(MOST_PAGES):
            answer = self._asked(query, first=PER_PAGE, after=after, **variables)
            for name in path:
                answer = _object(answer, name)
            found += _nodes(answer)
            page = _object(answer, "pageInfo")
            if page.get("hasNextPage") is not True:
                return found
            after = _text(page, "endCursor")
        raise ForgeRefused(f"Linear has more than {len(found)} entries", hint="ask for fewer of them", status=422)

    def _asked(self, query: str, **variables: Any) -> Mapping[str, Any]:
        """The data of an answer; ForgeTrouble or ForgeRefused for another one."""
        token = read_token(self._settings.token)
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Authorization": token, "Content-Type": "application/json"}
        got = self._courier.carry(Outgoing("POST", self._settings.api, headers, body, most=LARGEST))
        _check_status(got)
        try:
            answer = json.loads(got.body)
        except (ValueError, RecursionError):
            raise nonsense("it is not JSON") from None
        if not isinstance(answer, Mapping):
            raise nonsense("it is no object")
        if answer.get("errors"):
            raise _refusal(answer["errors"])
        return _object(answer, "data")


@cache
def _courier(api: str) -> Courier:
    """One for all who ask there in this process; loopback alone is asked without encryption."""
    place = urlsplit(api)
    return Courier(AddressRule((f"{place.hostname}:{place.port}",) if place.scheme == "http" else ()))


def _check_status(got: Incoming) -> None:
    if got.status == 429 or got.status >= 500:
        raise ForgeTrouble(f"Linear answers {got.status}", hint="it is tried again")
    if got.status in {401, 403}:
        raise ForgeRefused(
            f"Linear answers {got.status}", hint="put the token right in tickets.toml", status=got.status
        )
    if got.status not in {200, 400}:
        raise ForgeRefused(f"Linear answers {got.status}", hint="see what its status says", status=got.status)


def _refusal(errors: Any) -> ForgeTrouble | ForgeRefused:
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else {}
    more = first.get("extensions")
    code = str(more.get("code", "")) if isinstance(more, Mapping) else ""
    words = safe(str(first.get("message", "no reason")), 200)
    if code == "RATELIMITED":
        return ForgeTrouble(f"Linear's limit is reached: {words}", hint="it is tried again")
    status = 401 if code == "AUTHENTICATION_ERROR" else 404 if "not found" in words.lower() else 422
    return ForgeRefused(f"Linear refuses: {words}", hint="see what Linear says", status=status)


def _object(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name)
    if not isinstance(value, Mapping):
        raise nonsense(f"there is no {name}")
    return value


def _nodes(given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    nodes = given.get("nodes")
    if not isinstance(nodes, list) or not all(isinstance(each, Mapping) for each in nodes):
        raise nonsense("a list has no nodes")
    return nodes


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def _comment(given: Mapping[str, Any], us: str) -> TicketComment:
    by = _text(given.get("user") or {}, "id")
    return TicketComment(_text(given, "id"), _text(given, "body"), bool(us) and by == us)
