"""Asks an address of the web what a gate demands, and says what the answer means."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlsplit

from onloop.errors import BadInput
from onloop.forges.forge_errors import ForgeTrouble
from onloop.forges.outgoing import Courier, Incoming, Outgoing
from onloop.forges.outside_answer import Meant, OutsideAnswer
from onloop.forges.public_address import AddressRule
from onloop.machine.outside_gates import HttpGate

SECONDS = 20.0
MOST = 1024 * 1024
_LONGEST_VALUE = 200
_ABSENT = object()


def ask_address(gate: HttpGate, commit: str, task: str, allowed: tuple[str, ...]) -> OutsideAnswer:
    """What an address answers. ForgeTrouble where nothing of use comes, BadInput where it may not be asked."""
    url = gate.url.replace("{commit}", commit).replace("{task}", quote(task, safe=""))
    rule = AddressRule(allowed)
    parts = urlsplit(url)
    if parts.scheme == "http" and not rule.allows(parts.hostname or "", parts.port or 80):
        raise BadInput(f"{parts.netloc} would be asked without TLS", hint="write https://, or have the host allowed")
    courier = Courier(rule)
    try:
        got = courier.carry(Outgoing("GET", url, {"Accept": "application/json"}, seconds=SECONDS, most=MOST))
    finally:
        courier.close()
    return meaning(gate, got, parts.netloc)


def meaning(gate: HttpGate, got: Incoming, host: str) -> OutsideAnswer:
    """What an answer means: a trouble of the server is none."""
    if got.status in gate.waits_for_status:
        return OutsideAnswer(Meant.NOT_YET, f"{host} answers {got.status}")
    if got.status not in gate.statuses:
        if got.status >= 500 or got.status in {408, 425, 429}:
            raise ForgeTrouble(f"{host} answers {got.status}", hint="it is tried again")
        wanted = " or ".join(map(str, gate.statuses))
        return OutsideAnswer(Meant.NO, f"{host} answers {got.status}, not {wanted}")
    if gate.pointer is None:
        return OutsideAnswer(Meant.YES, f"{host} answers {got.status}")
    return _value_meaning(gate, got, host)


def _value_meaning(gate: HttpGate, got: Incoming, host: str) -> OutsideAnswer:
    pointer = gate.pointer or ""
    try:
        whole = json.loads(got.body)
    except (ValueError, RecursionError):
        raise ForgeTrouble(f"{host} answers something that is not JSON", hint="it is tried again") from None
    value = at_pointer(whole, pointer)
    if value is _ABSENT:
        return OutsideAnswer(Meant.NO, f"{host} answers JSON without {pointer or 'anything'}")
    text = json.dumps(value, ensure_ascii=False)
    words = f"{pointer or 'the whole'} of {host} is {text[:_LONGEST_VALUE]}"
    if any(_same(value, json.loads(each)) for each in gate.waits_for):
        return OutsideAnswer(Meant.NOT_YET, words)
    is_it = _same(value, json.loads(gate.equals))
    return OutsideAnswer(Meant.YES if is_it else Meant.NO, words if is_it else f"{words}, not {gate.equals}")


def at_pointer(whole: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) leads to; a value that equals nothing where it leads nowhere."""
    here = whole
    for word in pointer.split("/")[1:]:
        name = word.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict) and name in here:
            here = here[name]
        elif isinstance(here, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(here):
            here = here[int(name[:9])]
        else:
            return _ABSENT
    return here


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON is: true is not 1."""
    return type(one) is type(other) and bool(one == other)
