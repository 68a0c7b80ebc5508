"""The `onloop` command: `check` and `next` take a short path where they can, everything else the long one."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # the module typing costs more than the short path
if TYPE_CHECKING:
    from typing import Protocol

    class Glance(Protocol):
        """Prints a short answer, and gives its exit code; None where the long path must decide."""

        def __call__(self, verb: str, *, as_json: bool) -> int | None:
            """See above."""
            ...


SELDOM = 10_000
"""After how many new objects Python looks for rings of garbage: of what a verb reads nothing is, and it reads a lot."""


_AGENTS = frozenset(
    {
        *("next", "check", "submit", "ask", "review", "spawn", "tell", "inbox", "checkpoint", "handoff"),
        *("heartbeat", "release", "fail", "leave"),
    }
)
"""The verbs of agents, which act under what was joined in their folder. Those of people never do."""


def main() -> int:
    """Run one verb, and end with its exit code: at once, for taking the interpreter apart costs a tenth of a verb."""
    code = _answer()
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:  # it is waited for as Python does
        return code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _answer() -> int:
    has_joined = "ONLOOP_TOKEN" not in os.environ and _joins(sys.argv[1:])
    if not has_joined and sys.argv[1:2] in (["check"], ["next"]) and sys.argv[2:] in ([], ["--json"]):
        answer = _glance()(sys.argv[1], as_json=len(sys.argv) > 2)
        if answer is not None:
            return answer
    if sys.argv[1:2] == ["complete"]:  # asked by scripts of shells, at each Tab
        from onloop.cli.completion.offered_values import offer

        return offer(sys.argv[2:])
    if sys.argv[1:2] == ["hook"] and len(sys.argv) == 3 and not sys.argv[2].startswith("-"):
        from onloop.cli.hook import answer_hook

        return answer_hook(sys.argv[2])
    gc.disable()  # nothing that is imported becomes garbage
    from onloop.cli.main import run

    gc.freeze()
    gc.set_threshold(SELDOM)
    gc.enable()
    return run(sys.argv[1:])


def _glance() -> Glance:
    """The short path to the store that the environment names."""
    if os.environ.get("ONLOOP_URL", "")[:4].lower() == "http":
        from onloop.cli.far_glance import far_glance

        return far_glance
    from onloop.cli.glance import glance

    return glance


def _joins(words: list[str]) -> bool:
    """Whether the folder's session has joined a task, under which this verb of agents acts from here on."""
    is_hook = words[:1] == ["hook"] and len(words) == 2 and not words[1].startswith("-")
    if not is_hook and (not words or words[0] not in _AGENTS):
        return False
    from onloop.cli.joined import act_as_joined  # here: inside a worker's environment it is not needed

    return act_as_joined()


if __name__ == "__main__":
    raise SystemExit(main())
