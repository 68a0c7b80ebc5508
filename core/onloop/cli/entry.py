"""The `onloop` command: `check` takes a short path where it can, everything else the long one."""

from __future__ import annotations

import sys


def main() -> int:
    """Run one verb; the answer is the exit code."""
    if sys.argv[1:] in (["check"], ["check", "--json"]):
        from onloop.cli.glance import glance

        answer = glance(as_json=len(sys.argv) > 2)
        if answer is not None:
            return answer
    from onloop.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main())
