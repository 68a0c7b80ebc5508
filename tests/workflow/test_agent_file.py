"""Agent files: front matter as strict as a workflow's, with the positions of the whole file."""

from __future__ import annotations

import pytest

from onloop.agents.vendors.known_vendors import VENDORS
from onloop.errors import WorkflowError
from onloop.workflow.agent_file import VENDOR_NAMES, AgentSpec, load_agent

WHOLE = """\
---
vendor: claude
model: opus
flags: [--effort, high]
environment: {LOG_LEVEL: info}
limits: {context_tokens: 200000, silent: 10m}
---
Be careful.

Ask first.
"""


def test_a_whole_file_says_all_of_it() -> None:
    assert load_agent(WHOLE.encode(), "careful", "f.md") == AgentSpec(
        "careful",
        "claude",
        "opus",
        ("--effort", "high"),
        (("LOG_LEVEL", "info"),),
        200_000,
        600_000,
        "Be careful.\n\nAsk first.",
        "f.md",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vendor: claude\n", "f.md:1:1: it has no front matter"),
        ("---\nvendor: clod\n---\n", "f.md:2:9: vendor cannot be 'clod'"),
        ("---\nvendor: claude\nmodle: x\n---\n", "f.md:3:1: unknown field 'modle' in an agent; did you mean model?"),
        ("---\nvendor: claude\nenvironment: {PATH: /x}\n---\n", "f.md:3:21:"),
        ("---\nvendor: claude\nenvironment:\n  GIT_DIR: /x\n---\n", "GIT_DIR is never given to an agent"),
        ("---\nvendor: claude\nvendor: codex\n---\n", "f.md:3:1:"),
        ("---\nmodel: x\n---\n", "f.md:2:1: an agent lacks vendor"),
    ],
)
def test_what_is_wrong_is_named_with_line_and_column(text: str, said: str) -> None:
    with pytest.raises(WorkflowError) as refused:
        load_agent(text.encode(), "careful", "f.md")

    assert said in refused.value.message


def test_every_vendor_that_a_file_can_name_is_known() -> None:
    assert tuple(VENDORS) == VENDOR_NAMES
