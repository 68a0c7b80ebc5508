"""Strangers on the network: without a credential they take nothing from those who have one."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from network.far import Far
from support.waiting import wait_for


def _slow_body(far: Far, number: int, stack: ExitStack) -> socket.socket:
    """A request of somebody without a valid credential, whose body never comes."""
    raw = stack.enter_context(socket.create_connection((far.host, far.port), 20))
    made = stack.enter_context(far.authority.trust.wrap_socket(raw, server_hostname=far.host))
    head = f"POST /v1/check HTTP/1.1\r\nHost: {far.host}:{far.port}\r\nAuthorization: Bearer onl_agt_none{number}\r\n"
    made.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{{".encode())
    return made


def test_strangers_whose_requests_never_end_keep_no_agent_from_being_answered(far: Far) -> None:
    agent = far.caller(far.agent("r1"))
    before = agent.post("check").status_code
    with ExitStack() as stack:
        slow = [_slow_body(far, number, stack) for number in range(300)]
        wait_for(lambda: far.gauge("onloop_http_connections") > 250, lambda: "they do not come in")

        answer = agent.post("check")

        assert answer.status_code == before, answer.text
        assert slow


def test_guesses_from_an_address_keep_out_no_credential_of_it_that_was_right_of_late(far: Far) -> None:
    agent = far.caller(far.agent("r1"))
    assert agent.post("check").status_code == 200
    guesses = [far.caller(f"onl_agt_guess{number}").post("check").status_code for number in range(40)]
    assert guesses[-1] == 429
    with ThreadPoolExecutor(4) as pool:  # more at once than the one line that it has
        answers = list(pool.map(lambda _: agent.post("check").status_code, range(8)))

    assert set(answers) == {200}
