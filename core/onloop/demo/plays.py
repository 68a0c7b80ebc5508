"""The demos that exist: for each its workflow with shorter times, its programs, and its workers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from onloop.demo import bank_play, programs, scenario, swarm_play
from onloop.demo.scenario import Pattern
from onloop.errors import BadInput
from onloop.records import Record
from onloop.workflow.builtins import builtin

MAX_PARALLEL = 6
_ENVIRONMENT = re.compile(r"^environment:\n(?:[ #].*\n|\n)*", re.MULTILINE)
_PYTEST = """command: [.venv/bin/python, -m, pytest, -q, "--junitxml={report}"]"""
_JUNIT = "junit: {min_tests: 1, max_skipped: 5, no_fewer_than: base}"

_UNITTEST = 'command: ["{python}", -m, unittest, discover, -s, tests, -t, .]'
"""Works without pytest."""

_PATCHED = "file: {path: vendor/kvlite/VERSION, contains: '2.'}"
_SCRIPT = r"- id: {gate}\b[^\n]*\n +(command:\n +- \S+/python\n +- -c\n +- \|\n.*?)timeout:"
"""A gate whose command is a text for Python, up to its time."""


def _script(workflow: str, gate: str) -> str:
    """What a gate of the workflow runs: it asks a registry, or pytest, which a demo has not."""
    found = re.search(_SCRIPT.format(gate=gate), builtin(workflow).decode(), re.DOTALL)
    if found is None:
        raise BadInput(f"the workflow {workflow} has no script at {gate}", hint="update plays.py to match it")
    return found[1]


class Play(Record):
    """One demo: `pace` maps texts of the built-in workflow to their replacements in the demo.

    The workflow's environment is left out: a demo needs no network, and its programs need nothing but Python.
    """

    name: str
    """What is typed after `onloop demo`."""
    workflow: str
    scenario: Path
    pace: Mapping[str, str]
    programs: tuple[str, ...]
    workers: Mapping[str, str]
    """The role of each worker, by the worker's name."""

    def paced(self) -> bytes:
        """The built-in workflow with the replacements of `pace`."""
        text = _ENVIRONMENT.sub("", builtin(self.workflow).decode())
        for text_before, text_after in self.pace.items():
            if text_before not in text:
                raise BadInput(
                    f"the workflow {self.workflow} does not contain {text_before!r}", hint="update plays.py to match it"
                )
            text = text.replace(text_before, text_after)
        return text.encode()


PLAYS: Mapping[Pattern, Play] = {
    Pattern.FLEET: Play(
        name="cve-remediation",
        workflow="cve-remediation",
        scenario=scenario.BUILT_IN,
        pace={
            "timeout: 30m": "timeout: 12s",
            "backoff: 5s": "backoff: 2s",
            _PYTEST: _UNITTEST,
            _JUNIT: "unittest: {min_tests: 1, no_fewer_than: base}",
            f"{_script('cve-remediation', 'patched')}timeout: 5m": _PATCHED,
        },  # short, so that a viewer sees the timeout end a hanging agent
        programs=programs.names(),
        workers={f"implementer-{number}": "implementer" for number in (1, 2, 3)},
    ),
    Pattern.SWARM: Play(
        name="swarm-feature",
        workflow="swarm-feature",
        scenario=scenario.BUILT_IN.with_name("swarm-feature.yaml"),
        pace={
            "backoff: 10s, max_backoff: 5m": "backoff: 1s, max_backoff: 2s",
            _PYTEST: _UNITTEST,
            _JUNIT: "unittest: {min_tests: 1, no_fewer_than: base}",
        },
        programs=(swarm_play.PROGRAM,),
        workers={
            "planner-1": "planner",
            **{f"implementer-{number}": "implementer" for number in (1, 2, 3)},
            "resolver-1": "resolver",
            "reviewer-1": "reviewer",
        },
    ),
    Pattern.FACTORY: Play(
        name="bank",
        workflow="bank-of-ona",
        scenario=scenario.BUILT_IN.with_name("bank.yaml"),
        pace={
            "backoff: 10s, max_backoff: 5m": "backoff: 1s, max_backoff: 2s",
            "wait: 1h": "wait: 3s",  # an hour of the factory
            _PYTEST: _UNITTEST,
            _JUNIT: "unittest: {min_tests: 1, no_fewer_than: base}",
            f"{_script('bank-of-ona', 'steady')}timeout: 20m": (
                f'command: ["{{python}}", -c, {json.dumps(bank_play.BACKWARDS)}]'
            ),
        },
        programs=(bank_play.PROGRAM,),
        workers={
            "product-1": "product",
            "triage-1": "triage",
            **{f"implementer-{number}": "implementer" for number in (1, 2, 3)},
            "reviewer-1": "reviewer",
            "qa-1": "qa",
            "security-1": "security",
        },
    ),
}


def play_named(name: str) -> Pattern:
    """The pattern of the play that is called so."""
    return next(pattern for pattern, play in PLAYS.items() if play.name == name)
