"""A2A 1.0 at the door: tasks in its words, its errors, and what a message may do. Its own schema and client judge."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.conftest import end_verifier
from e2e.test_serve_http import listening_in_clear
from onloop.gateway.claims import ClaimTask
from onloop.gateway.credential_operations import MintSession, RecogniseLauncher
from onloop.identity.scram import RANDOM_COST
from onloop.interop.a2a.a2a_door import METHODS, UNSUPPORTED
from onloop.interop.a2a.a2a_tasks import EXTENSION, a2a_state, states_of
from onloop.machine.principal import Principal
from onloop.machine.state import State
from onloop.records import MutableRecord
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.http_client.carriers import SmallCarrier
from onloop.remote.http_client.http_line import HttpLine
from support.waiting import DEADLINE_S
from support.world import PASSPHRASE, World

TEXT = "Which \x1b[31mcolour?"
DEEP = b'{"jsonrpc": "2.0", "id": 1, "method": "ListTasks", "params": {"x": ' + b'{"a":' * 400 + b"1" + b"}" * 402
WAITING = "TASK_STATE_INPUT_REQUIRED"


ASKS = """\
workflow: asks
description: Agree first.
steps:
  - id: plan.agree
    role: implementer
    brief: Write a plan.
    gates: [{id: agreed, human: {from: [approvers]}}]
"""


class Person(MutableRecord):
    """A person who has proved themselves over HTTP: a reading session, and what makes their codes."""

    line: HttpLine
    principal: Principal
    reading: str

    @property
    def session(self) -> str:
        return self.line._sessions["ana"]

    def code(self, name: str, fields: object) -> str:
        made = self.line._standing.code(self.line._credentials, name, self.principal, fields)
        assert made is not None
        return f"{made['n']}:{made['tag']}"


class Gateway(MutableRecord):
    """A gateway that listens, a fleet of three in it: one asks, one waits to be claimed, one waits for a person."""

    world: World
    url: str
    run: str
    approval: str
    token: str
    launcher: str
    person: Person

    def post(self, content: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """What comes back for a body; by a reading session unless something else is said."""
        said = {"Authorization": f"Bearer {self.person.reading}", "A2A-Version": "1.0"} if headers is None else headers
        with httpx.Client(trust_env=False, timeout=DEADLINE_S) as client:
            return client.post(
                f"{self.url}/a2a/v1", content=content, headers={"Content-Type": "application/json", **said}
            )

    def call(self, method: str, params: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """The answer to one call."""
        said = {"jsonrpc": "2.0", "id": 7, "method": method, **({} if params is None else {"params": params})}
        answer = self.post(json.dumps(said).encode(), headers)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["jsonrpc"] == "2.0" and told["id"] == 7
        return told

    def result(self, method: str, params: object = None) -> Any:
        told = self.call(method, params)
        assert "result" in told, told
        return told["result"]

    def code_of(self, method: str, params: object = None, headers: Mapping[str, str] | None = None) -> int:
        return int(self.call(method, params, headers)["error"]["code"])

    def as_person(self, code: str = "") -> dict[str, str]:
        coded = {"Onloop-Code": code} if code else {}
        return {"Onloop-Session": self.person.session, "A2A-Version": "1.0", **coded}

    def decided(self, method: str, params: object) -> Any:
        """What a person's call gives after they put their code over exactly what the gateway says it would do."""
        asked = self.call(method, params, self.as_person())["error"]
        assert asked["code"] == -32099, asked
        proof = asked["data"][-1]
        return self.call(method, params, self.as_person(self.person.code(proof["operation"], proof["fields"])))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    world = World(tmp_path_factory.mktemp("a2a"))
    world.init()
    run = world.fleet(*map(world.origin, ("one", "two", "three")))
    asking = world.onloop("start", "asks.yaml", "--repo", str(world.origin("four", {"asks.yaml": ASKS})), "--json")
    assert asking.code in {0, 11}, asking.err
    handed_in(world, asking.json["task"])
    with listening_in_clear(world) as (_, url):
        claimed = world.onloop("claim", f"{run}.1", "--role", "implementer", "--json").json
        assert world.onloop("ask", TEXT, env=claimed["env"]).code == 11
        farm = ("token", "mint", "farm", "--role", "implementer", "--repo", "*", "--as", "ana")
        launcher = world.onloop(*farm, passphrase=PASSPHRASE).out.strip()
        far = HttpLine(url, SmallCarrier(url), Credentials(bearer=launcher))
        held = far.ask(ClaimTask(far.ask(RecogniseLauncher(launcher)), "agent:coder", "implementer", f"{run}.2"))
        far.close()
        line = HttpLine(url, SmallCarrier(url), Credentials(least_cost=RANDOM_COST))
        client = GatewayClient(line, ClientStore(line), line.clock)
        principal = client.person("ana", PASSPHRASE, typed=False)
        reading = line.ask(MintSession(principal)).secret
        yield Gateway(world, url, run, asking.json["task"], held.secret, launcher, Person(line, principal, reading))
        line.close()
    end_verifier(world)


def handed_in(world: World, task: str) -> None:
    """Work that waits for a person's approval, as an agent hands it in."""
    claimed = world.onloop("claim", task, "--role", "implementer", "--json").json
    (Path(claimed["place"]) / "plan.md").write_text("a plan")
    world.git(Path(claimed["place"]), "add", "--all")
    world.git(Path(claimed["place"]), "commit", "--quiet", "-m", "plan")
    submitted = world.onloop("submit", "--statement", "I approved it myself", env=claimed["env"])
    assert submitted.code == 11, submitted.err


def message(task: str, text: str, *, name: str = "m1", person: str = "ana", **more: object) -> dict[str, Any]:
    """A message of a user to a task."""
    own = {EXTENSION: {"person": person}}
    return {
        "message": {
            "messageId": name, "role": "ROLE_USER", "taskId": task, "parts": [{"text": text}], "metadata": own, **more,
        }
    }  # fmt: skip


def own(task: Mapping[str, Any]) -> Any:
    return task["metadata"][EXTENSION]


def test_the_inbox_is_the_list_of_tasks_that_need_input_with_what_is_asked(gateway: Gateway) -> None:
    page = gateway.result("ListTasks", {"status": WAITING})

    (task,) = [each for each in page["tasks"] if each["id"] == f"{gateway.run}.1"]
    assert {each["id"] for each in page["tasks"]} == {
        each["task"]
        for each in gateway.world.onloop("list", "--json").json["tasks"]
        if each["state"] == "input_required"
    }
    assert page["totalSize"] == len(page["tasks"]) and page["nextPageToken"] == ""
    assert task["contextId"] == gateway.run and task["status"]["state"] == WAITING
    (part,) = task["status"]["message"]["parts"]
    assert "colour?" in part["text"] and "\x1b" not in part["text"]
    assert own(task)["reason"] == "question" and own(task)["requests"][0]["kind"] == "question"
    assert "artifacts" not in task


def test_every_state_of_ours_is_one_of_a2as_and_a_filter_finds_all_that_it_stands_for() -> None:
    for state in State:
        assert state in states_of(a2a_state(state))
    assert set(states_of("TASK_STATE_WORKING")) == {State.WORKING, State.PAUSED}


def test_pages_go_on_where_the_last_one_ended_and_leave_nothing_out(gateway: Gateway) -> None:
    whole = gateway.result("ListTasks")["tasks"]
    seen, token = list[str](), ""
    while True:
        page = gateway.result("ListTasks", {"pageSize": 1, "pageToken": token})
        seen += [each["id"] for each in page["tasks"]]
        token = page["nextPageToken"]
        if not token:
            break

    assert seen == [each["id"] for each in whole] and len(seen) == len(set(seen)) == 5
    moments = [each["status"]["timestamp"] for each in whole]
    assert moments == sorted(moments, reverse=True)
    assert gateway.result("ListTasks", {"statusTimestampAfter": "2999-01-01T00:00:00Z"})["tasks"] == []
    assert gateway.result("ListTasks", {"contextId": "nothing"})["totalSize"] == 0


def test_every_answer_is_what_the_official_schema_says(gateway: Gateway) -> None:
    pb = pytest.importorskip("a2a.types.a2a_pb2", reason="a2a-sdk is not installed")
    parsed = pytest.importorskip("google.protobuf.json_format").ParseDict

    for params in ({}, {"includeArtifacts": True}, {"historyLength": 0}):
        parsed(gateway.result("ListTasks", params), pb.ListTasksResponse())
    parsed(gateway.result("GetTask", {"id": f"{gateway.run}.1"}), pb.Task())
    with httpx.Client(trust_env=False) as client:
        answer = client.get(f"{gateway.url}/.well-known/agent-card.json")
    parsed(answer.json(), pb.AgentCard())
    assert answer.headers["cache-control"] == "max-age=300"
    assert answer.json()["supportedInterfaces"][0]["url"] == f"{gateway.url}/a2a/v1"
    by_file = gateway.world.onloop("show", f"{gateway.run}.1", "--a2a")
    parsed(by_file.json, pb.Task())
    parsed(gateway.world.onloop("list", "--a2a").json, pb.ListTasksResponse())
    assert by_file.json == gateway.result("GetTask", {"id": f"{gateway.run}.1"})


def test_the_official_client_finds_the_card_lists_and_gets(gateway: Gateway) -> None:
    client_parts = pytest.importorskip("a2a.client", reason="a2a-sdk is not installed")
    pb = pytest.importorskip("a2a.types.a2a_pb2")

    async def asked() -> tuple[Any, Any]:
        headers = {"Authorization": f"Bearer {gateway.person.reading}"}
        async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=DEADLINE_S) as http:
            config = client_parts.ClientConfig(httpx_client=http, streaming=False)
            made = client_parts.ClientFactory(config)
            client = await made.create_from_url(gateway.url)
            listed = await client.list_tasks(pb.ListTasksRequest(status=pb.TASK_STATE_INPUT_REQUIRED))
            return listed, await client.get_task(pb.GetTaskRequest(id=f"{gateway.run}.1"))

    listed, got = asyncio.run(asked())

    assert f"{gateway.run}.1" in [each.id for each in listed.tasks]
    assert got.status.state == pb.TASK_STATE_INPUT_REQUIRED and got.context_id == gateway.run


def test_an_agent_sees_its_own_task_and_no_other(gateway: Gateway) -> None:
    mine = {"Authorization": f"Bearer {gateway.token}", "A2A-Version": "1.0"}

    page = gateway.call("ListTasks", {}, mine)["result"]
    waiting = gateway.call("ListTasks", {"status": WAITING}, mine)["result"]
    foreign = gateway.code_of("GetTask", {"id": f"{gateway.run}.1"}, mine)

    assert [each["id"] for each in page["tasks"]] == [f"{gateway.run}.2"] and waiting["tasks"] == []
    assert foreign == gateway.code_of("GetTask", {"id": "nothing.1"}, mine) == -32001
    asked = {"id": f"{gateway.run}.2", "metadata": {EXTENSION: {"person": "ana"}}}
    assert gateway.code_of("CancelTask", asked, mine) == -32098
    launcher = {"Authorization": f"Bearer {gateway.launcher}", "A2A-Version": "1.0"}
    assert gateway.code_of("ListTasks", {}, launcher) == -32098


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("GetTask", {"id": "nothing.1"}, -32001),
        ("GetTask", {"id": "../../etc/passwd"}, -32001),
        ("GetTask", {}, -32602),
        ("GetTask", {"id": 7}, -32602),
        ("GetTask", {"id": "x" * 300}, -32602),
        ("GetTask", {"id": "x", "historyLength": -1}, -32602),
        ("CancelTask", {"id": "nothing.1"}, -32001),
        ("ListTasks", {"status": "WAITING"}, -32602),
        ("ListTasks", {"pageSize": 0}, -32602),
        ("ListTasks", {"pageSize": 101}, -32602),
        ("ListTasks", {"pageSize": True}, -32602),
        ("ListTasks", {"pageToken": "??"}, -32602),
        ("ListTasks", {"statusTimestampAfter": "soon"}, -32602),
        ("ListTasks", {"includeArtifacts": "yes"}, -32602),
        ("ListTasks", {"contextId": []}, -32602),
        ("SendMessage", {}, -32602),
        ("SendMessage", {"message": {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": "x"}]}}, -32602),
        ("SendMessage", {"message": {"messageId": "m", "role": "ROLE_USER", "parts": []}}, -32602),
        ("SendMessage", {"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"raw": "eA=="}]}}, -32005),
        ("SendMessage", {"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "do it"}]}}, -32004),
        ("SendMessage", message("nothing.1", "blue"), -32001),
        ("message/send", {}, -32601),
        ("", {}, -32601),
        *((method, {}, -32004) for method in ("SendStreamingMessage", "SubscribeToTask", "GetExtendedAgentCard")),
        ("CreateTaskPushNotificationConfig", {}, -32003),
        ("DeleteTaskPushNotificationConfig", {}, -32003),
    ],
)
def test_what_cannot_be_is_the_error_that_the_specification_has_for_it(
    gateway: Gateway, method: str, params: object, code: int
) -> None:
    error = gateway.call(method, params)["error"]

    assert error["code"] == code and error["message"]
    assert error["data"][0]["@type"] == "type.googleapis.com/google.rpc.ErrorInfo" and error["data"][0]["reason"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b'{"jsonrpc": "2.0", "id": NaN, "method": "ListTasks"}', -32700),
        (b'{"jsonrpc": "2.0", "id": 1e999, "method": "ListTasks"}', -32700),
        (rb'{"jsonrpc": "2.0", "id": "\ud800", "method": "ListTasks"}', -32700),
        (rb'{"jsonrpc": "2.0", "id": 1, "method": "GetTask", "params": {"id": "\ud800"}}', -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "ListTasks"}', -32600),
        (b'{"jsonrpc": "2.0", "method": "ListTasks"}', -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "ListTasks"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 7}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ListTasks", "params": [1]}', -32600),
        (
            b'{"jsonrpc": "2.0", "id": 1, "method": "ListTasks", "params": {"x": ' + b'{"a":' * 400 + b"1" + b"}" * 402,
            0,
        ),
    ],
)
def test_what_is_no_call_is_told_so_and_what_is_not_known_is_passed_over(
    gateway: Gateway, content: bytes, code: int
) -> None:
    answer = gateway.post(content)

    assert answer.status_code == 200, answer.text
    assert answer.json().get("error", {}).get("code", 0) == code


def test_a_call_that_is_too_large_compressed_or_nobodys_is_refused_by_http(gateway: Gateway) -> None:
    reading = {"Authorization": f"Bearer {gateway.person.reading}"}

    assert gateway.post(b" " * 300_000).status_code == 413
    assert gateway.post(b"{}", {}).status_code == 401
    assert gateway.post(b"{}", {}).headers["www-authenticate"].startswith("Bearer")
    assert gateway.post(b"{}", {**reading, "Content-Encoding": "gzip"}).status_code == 415
    call = b'{"jsonrpc": "2.0", "id": 1, "method": "ListTasks"}'
    assert gateway.post(call, {"Authorization": "Bearer onl_ses_made-up", "A2A-Version": "1.0"}).status_code == 401


@pytest.mark.parametrize(
    ("version", "code"), [("1.0", 0), ("1.0.3", 0), ("", -32009), ("0.3", -32009), ("2.0", -32009), ("x" * 99, -32009)]
)
def test_another_version_is_told_and_none_is_an_old_one(gateway: Gateway, version: str, code: int) -> None:
    headers = {"Authorization": f"Bearer {gateway.person.reading}", "A2A-Version": version}

    told = gateway.call("ListTasks", {}, headers)

    assert told.get("error", {}).get("code", 0) == code


def test_a_reading_session_answers_and_cancels_nothing(gateway: Gateway) -> None:
    task = f"{gateway.run}.1"

    for method, params in (("SendMessage", message(task, "blue")), ("CancelTask", {"id": task})):
        assert gateway.code_of(method, params) == -32098
    assert gateway.world.task(task)["reason"] == "question"


def test_a_person_answers_with_a_code_over_exactly_what_is_done_and_no_other_counts(gateway: Gateway) -> None:
    task = f"{gateway.run}.1"
    asked = gateway.call("SendMessage", message(task, "blue"), gateway.as_person())["error"]
    fields = asked["data"][-1]["fields"]

    forged = gateway.code_of("SendMessage", message(task, "blue"), gateway.as_person("1:" + "0" * 64))
    other = gateway.code_of("SendMessage", message(task, "blue", person="bob"), gateway.as_person("1:" + "0" * 64))
    wrong = gateway.code_of("SendMessage", message(task, "blue", contextId="another"), gateway.as_person())
    code = gateway.person.code("perform", fields)
    changed = gateway.code_of("SendMessage", message(task, "red"), gateway.as_person(code))
    told = gateway.call("SendMessage", message(task, "blue"), gateway.as_person(code))

    assert (forged, other, wrong, changed) == (-32098, -32098, -32602, -32098)
    task_then = told["result"]["task"]
    assert task_then["status"]["state"] != WAITING
    assert task_then["history"][-1]["parts"][0]["text"] == "blue" and task_then["history"][-1]["role"] == "ROLE_USER"
    assert gateway.code_of("SendMessage", message(task, "again", name="m2"), gateway.as_person()) == -32004


def test_work_that_was_handed_in_is_an_artifact_and_what_its_agent_says_is_untrusted(gateway: Gateway) -> None:
    task = gateway.result("GetTask", {"id": gateway.approval})

    (commit,) = task["artifacts"]
    assert commit["artifactId"] == "commit"
    assert commit["parts"][0]["data"]["head"] == gateway.world.task(gateway.approval)["commit"]
    assert (
        own(task)["untrusted"] == {"statement": "I approved it myself"} and own(task)["reason"] == "approval_required"
    )


def test_no_message_approves_anything_whoever_sends_it_and_however_it_is_proved(gateway: Gateway) -> None:
    task = gateway.approval
    request = gateway.world.task(task)["asked"][0]["request"]
    named = {EXTENSION: {"person": "ana", "request": request}}

    for params in (message(task, "approve"), message(task, "I approve", metadata=named)):
        for headers in (gateway.as_person(), gateway.as_person("1:" + "0" * 64)):
            error = gateway.call("SendMessage", params, headers)["error"]
            assert error["code"] == -32004 and "gives no approval" in error["data"][0]["metadata"]["detail"]
    assert gateway.world.task(task)["reason"] == "approval_required"


def test_a_person_cancels_and_what_has_ended_is_not_cancelable(gateway: Gateway) -> None:
    task = f"{gateway.run}.3"
    params = {"id": task, "metadata": {EXTENSION: {"person": "ana", "reason": "not needed"}}}

    told = gateway.decided("CancelTask", params)

    assert told["result"]["status"]["state"] == "TASK_STATE_CANCELED"
    assert gateway.code_of("CancelTask", params, gateway.as_person()) == -32002
    assert gateway.code_of("SendMessage", message(task, "more"), gateway.as_person()) == -32004


def test_every_method_of_the_specification_is_answered_or_refused_by_name() -> None:
    pb = pytest.importorskip("a2a.types.a2a_pb2", reason="a2a-sdk is not installed")

    methods = {each.name for each in pb.DESCRIPTOR.services_by_name["A2AService"].methods}

    assert methods == set(METHODS) | set(UNSUPPORTED)


def test_two_forms_at_once_are_refused(gateway: Gateway) -> None:
    assert gateway.world.onloop("list", "--a2a", "--json").code == 2
