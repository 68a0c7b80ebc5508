"""A devcontainer file of the base is obeyed where it stays inside, and refused by name where it would reach further."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.environments.containers.devcontainer_file import IGNORED, REFUSED, filled, read_devcontainer
from onloop.environments.containers.jsonc import read_jsonc
from onloop.errors import BadInput

NAME = ".devcontainer/devcontainer.json"


def read(**fields: Any) -> Any:
    return read_devcontainer(json.dumps({"image": "acme/build:7", **fields}).encode(), NAME)


def test_image_variables_and_set_up_are_what_is_obeyed() -> None:
    text = b"""// how we build
    {
        "name": "shop", /* any */
        "image": "acme/build:7",
        "containerEnv": {"A": "1",},
        "remoteEnv": {"PATH": "${containerEnv:PATH}:/opt", "GONE": null},
        "postCreateCommand": "make setup // all",
        "onCreateCommand": ["tool", "a b"],
        "customizations": {"vscode": {"extensions": ["x"]}},
    }"""
    found = read_devcontainer(text, NAME)
    assert found.image == "acme/build:7"
    assert found.variables == (("A", "1"), ("PATH", "${containerEnv:PATH}:/opt"))
    assert found.commands == (("tool", "a b"), ("/bin/sh", "-c", "make setup // all"))


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_reach_this_machine_is_refused_with_the_field_named(name: str) -> None:
    with pytest.raises(BadInput, match=f"{name} is refused"):
        read(**{name: ["something"]})


@pytest.mark.parametrize("value", [None, False, [], {}])
def test_a_field_that_asks_for_nothing_is_not_refused(value: Any) -> None:
    assert read(mounts=value, privileged=value).image == "acme/build:7"


def test_what_nobody_knows_is_refused_and_what_matters_to_no_agent_is_passed_over() -> None:
    with pytest.raises(BadInput, match="hostDaemon is not known"):
        read(hostDaemon=True)
    assert read(**dict.fromkeys(IGNORED, "x")).commands == ()


@pytest.mark.parametrize("image", [None, "", "-v", "a b", 7, "a\nb"])
def test_a_file_without_an_image_is_refused(image: Any) -> None:
    with pytest.raises(BadInput, match="names no image"):
        read(image=image)


@pytest.mark.parametrize(
    "variables", [{"ONLOOP_TOKEN": "x"}, {"GIT_DIR": "x"}, {"LD_PRELOAD": "x"}, {"a=b": "x"}, {"A": 1}, []]
)
def test_variables_that_choose_an_identity_or_code_are_refused(variables: Any) -> None:
    with pytest.raises(BadInput):
        read(remoteEnv=variables or [1])


def test_nothing_of_this_machine_can_be_named_in_a_value() -> None:
    assert filled("${containerEnv:A:no}-${containerWorkspaceFolder}", {}, "/work/clone") == "no-/work/clone"
    with pytest.raises(BadInput, match="something of this machine"):
        filled("${localEnv:HOME}", {}, "/work/clone")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b'{"a": 1, "a": 2}', b"{" * 5000, b"[" * 300_000, b'{"a": "b']
)
def test_what_is_no_object_is_bad_input(content: bytes) -> None:
    with pytest.raises(BadInput):
        read_jsonc(content, NAME)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=10), _VALUES, max_size=5))
def test_plain_json_is_read_as_json_reads_it(found: dict[str, Any]) -> None:
    assert read_jsonc(json.dumps(found).encode(), NAME) == found


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_bad_input(content: bytes) -> None:
    with contextlib.suppress(BadInput):
        assert isinstance(read_jsonc(content, NAME), dict)
