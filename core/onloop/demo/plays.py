"""What can be played: for each, its workflow at the pace of a demo, its programs, and who works."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from onloop.demo import programs, scenario, swarm_play
from onloop.demo.scenario import Pattern
from onloop.errors import BadInput
from onloop.records import Record
from onloop.workflow.builtins import builtin

MAX_PARALLEL = 6
_PYTEST = """command: ["{python}", -m, pytest, -q, "--junitxml={report}"]"""
_JUNIT = "junit: {min_tests: 1, max_skipped: 5, no_fewer_than: base}"


class Play(Record):
    """One demo: `pace` maps what stands in the built-in workflow to what stands there in a demo."""

    workflow: str
    scenario: Path
    pace: Mapping[str, str]
    programs: tuple[str, ...]
    workers: Mapping[str, str]
    """Each worker's role, by its name."""

    def paced(self) -> bytes:
        """The built-in workflow, at the pace of a demo."""
        text = builtin(self.workflow).decode()
        for there, instead in self.pace.items():
            if there not in text:
                raise BadInput(f"{self.workflow} has no {there!r}", hint="keep plays.py in step with the workflow")
            text = text.replace(there, instead)
        return text.encode()


PLAYS: Mapping[Pattern, Play] = {
    Pattern.FLEET: Play(
        workflow="cve-remediation",
        scenario=scenario.BUILT_IN,
        pace={"timeout: 30m": "timeout: 12s", "backoff: 5s": "backoff: 2s"},  # a hanging agent is seen to be ended
        programs=programs.names(),
        workers={f"implementer-{number}": "implementer" for number in (1, 2, 3)},
    ),
    Pattern.SWARM: Play(
        workflow="swarm-feature",
        scenario=scenario.BUILT_IN.with_name("swarm-feature.yaml"),
        pace={
            "backoff: 10s, max_backoff: 5m": "backoff: 1s, max_backoff: 2s",
            _PYTEST: 'command: ["{python}", -m, unittest, discover, -s, tests, -t, .]',  # runs where pytest is missing
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
