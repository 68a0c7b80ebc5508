"""Whatever fits the OpenAPI document, and whatever almost does, is answered as the document says, and never by a fault.

schemathesis makes the requests; its plugin is off (`-p no:schemathesis`), because every run of pytest would load it.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from network.far import Far

PROBLEM = {"type", "title", "status", "detail", "code", "exit", "hint"}
EXPECTED = {200, 400, 401, 403, 404, 409, 412, 413, 415, 503}
LATER = {"/v1/events": "answers until it is hung up", "/v1/wait": "answers later"}


class Fuzzer:
    """Sends what schemathesis makes, in somebody's name."""

    def __init__(self, far: Far, bearers: Sequence[str], document: Mapping[str, Any]) -> None:
        self._far, self._bearers, self._document = far, bearers, document
        self._session = requests.Session()
        self._session.trust_env = False
        self.statuses = Counter[int]()

    def send(self, case: Any) -> None:
        """One request, whose answer is looked at."""
        bearer = self._bearers[self.statuses.total() % len(self._bearers)]
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        trusted = str(self._far.authority.file)
        response = case.call(base_url=self._far.url, session=self._session, headers=headers, timeout=60, verify=trusted)
        self.statuses[response.status_code] += 1
        assert response.status_code in EXPECTED, f"{case.as_curl_command()}\n{response.status_code} {response.text}"
        if response.status_code != 200:
            assert response.headers.get("content-type") == ["application/problem+json"], (
                f"{case.as_curl_command()}\n{response.headers} {response.text}"
            )
            told = response.json()
            assert told.keys() >= PROBLEM, told
        elif case.operation.path.startswith("/v1/"):
            self._check_answer(case.operation.path, case.method.lower(), response)

    def _check_answer(self, path: str, method: str, response: Any) -> None:
        """The answer is what the document says. Not by schemathesis, which takes `prefixItems` for an older word."""
        content = self._document["paths"][path][method]["responses"]["200"]["content"]
        ((kind, said),) = content.items()
        assert response.headers["content-type"][0].startswith(kind)
        if kind == "application/json":
            schema = {**said["schema"], "components": self._document["components"]}
            jsonschema_rs.validator_for(schema).validate(response.json())

    def close(self) -> None:
        """Hang up."""
        self._session.close()


def fuzzed(far: Far, bearers: Sequence[str], each: int) -> Counter[int]:
    """How often which status was answered, `each` requests of each kind of every operation."""
    text = far.client.get("/v1/openapi.json").text
    schema, fuzzer = schemathesis.openapi.from_dict(json.loads(text)), Fuzzer(far, bearers, json.loads(text))
    quiet = settings(
        max_examples=each,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        derandomize=True,
    )
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if operation.path in LATER:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            def send(case: Any) -> None:
                fuzzer.send(case)

            with contextlib.suppress(Unsatisfiable):  # nothing about a path without parameters can be wrong
                quiet(given(case=operation.as_strategy(generation_mode=mode))(send))()
    fuzzer.close()
    return fuzzer.statuses


def _is_sound(far: Far) -> None:
    assert [words for words in far.words if words.startswith("trouble")] == []
    far.shop.check_rows()
    assert far.client.get("/readyz").json()["ready"] is True


def _everybody(far: Far) -> list[str]:
    return [far.agent("r1"), far.session(), far.launcher(), ""]


def test_every_operation_answers_whatever_it_is_sent(far: Far) -> None:
    statuses = fuzzed(far, _everybody(far), 1)

    assert statuses.total() > 100
    assert statuses.keys() >= {200, 400, 401}
    _is_sound(far)


@pytest.mark.soak
def test_every_operation_answers_whatever_it_is_sent_two_hundred_times(far: Far) -> None:
    fuzzed(far, _everybody(far), 200)
    _is_sound(far)
