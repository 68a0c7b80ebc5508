"""The `onloop` command."""

from __future__ import annotations

import sys


def main() -> int:
    """Run one verb; the answer is the exit code."""
    from onloop.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main())
