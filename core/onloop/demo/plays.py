"""The demos that exist: for each its workflow with shorter times, its programs, and its workers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from onloop.demo import programs, scenario, swarm_play
from onloop.demo.scenario import Pattern
from onloop.errors import BadInput
from onloop.records import Record
from onloop.workflow.builtins import builtin

MAX_PARALLEL = 6
_ENVIRONMENT = re.compile(r"^environment:\n(?:[ #].*\n|\n)*", re.MULTILINE)
_PYTEST = """command: [.venv/bin/python, -m, pytest, -q, "--junitxml={report}"]"""
_JUNIT = "junit: {min_tests: 1, max_skipped: 5, no_fewer_than: base}"


class Play(Record):
    """One demo: `pace` maps texts of the built-in workflow to their replacements in the demo.

    The workflow's environment is left out: a demo needs no network, and its programs need nothing but Python.
    """

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
        workflow="cve-remediation",
        scenario=scenario.BUILT_IN,
        pace={
            "timeout: 30m": "timeout: 12s",
            "backoff: 5s": "backoff: 2s",
        },  # short, so that a viewer sees the timeout end a hanging agent
        programs=programs.names(),
        workers={f"implementer-{number}": "implementer" for number in (1, 2, 3)},
    ),
    Pattern.SWARM: Play(
        workflow="swarm-feature",
        scenario=scenario.BUILT_IN.with_name("swarm-feature.yaml"),
        pace={
            "backoff: 10s, max_backoff: 5m": "backoff: 1s, max_backoff: 2s",
            _PYTEST: 'command: ["{python}", -m, unittest, discover, -s, tests, -t, .]',  # works without pytest
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
}


def play_named(name: str) -> Pattern:
    """The pattern whose workflow has that name."""
    return next(pattern for pattern, play in PLAYS.items() if play.workflow == name)
