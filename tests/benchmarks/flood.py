"""How soon a person's freeze is answered while another user floods the gateway, and how much memory that takes.

As root: .venv/bin/python tests/benchmarks/flood.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("core", "tui", "tests")]

from support.flooding import measured  # noqa: E402

FREEZES = 100


def main() -> None:
    """Measure, and say it."""
    took, afresh, peak_kib, seen = measured(FREEZES)
    ordered = sorted(took)
    middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    sys.stdout.write(
        f"{len(took)} freezes in a flood: p50 {middle * 1000:.0f} ms, p99 {late * 1000:.0f} ms, "
        f"worst {ordered[-1] * 1000:.0f} ms; with connection and proof {afresh * 1000:.0f} ms; "
        f"memory at most {peak_kib / 1024:.0f} MiB; the flood saw {seen}\n"
    )


if __name__ == "__main__":
    main()
