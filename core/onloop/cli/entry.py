"""The `onloop` command: `check` and `next` take a short path where they can, everything else the long one."""

from __future__ import annotations

import sys


def main() -> int:
    """Run one verb; the answer is the exit code."""
    if sys.argv[1:2] in (["check"], ["next"]) and sys.argv[2:] in ([], ["--json"]):
        from onloop.cli.glance import glance

        answer = glance(sys.argv[1], as_json=len(sys.argv) > 2)
        if answer is not None:
            return answer
    if sys.argv[1:2] == ["hook"] and len(sys.argv) == 3 and not sys.argv[2].startswith("-"):
        from onloop.cli.hook import answer_hook

        return answer_hook(sys.argv[2])
    from onloop.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main())
