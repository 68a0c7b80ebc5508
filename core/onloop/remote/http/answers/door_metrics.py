"""What the door counted, as Prometheus reads it: text, with a label for each operation and status."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(slots=True)
class _Histogram:
    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    total_s: float = 0.0


@dataclass(slots=True)
class DoorMetrics:
    """Counts by operation. The names of operations are ours: no caller makes a label."""

    _requests: dict[tuple[str, int], int] = field(default_factory=dict)
    _took: dict[str, _Histogram] = field(default_factory=dict)

    def note(self, operation: str, status: int, took_s: float) -> None:
        """Count one request."""
        self._requests[operation, status] = self._requests.get((operation, status), 0) + 1
        found = self._took.setdefault(operation, _Histogram())
        place = next((at for at, most in enumerate(BUCKETS_S) if took_s <= most), len(BUCKETS_S))
        found.counts[place] += 1
        found.total_s += took_s

    def text(self, gauges: Sequence[tuple[str, str, float]]) -> str:
        """Everything, and the gauges: name, what it says, value."""
        return "\n".join((*self._counters(), *self._histograms(), *_gauges(gauges))) + "\n"

    def _counters(self) -> Iterator[str]:
        yield from _head("onloop_http_requests_total", "Requests by operation and status.", "counter")
        for (operation, status), count in sorted(self._requests.items()):
            yield f'onloop_http_requests_total{{operation="{operation}",status="{status}"}} {count}'

    def _histograms(self) -> Iterator[str]:
        name = "onloop_http_request_seconds"
        yield from _head(name, "How long answers took, by operation.", "histogram")
        for operation, found in sorted(self._took.items()):
            below = 0
            for most, count in zip((*map(str, BUCKETS_S), "+Inf"), found.counts, strict=True):
                below += count
                yield f'{name}_bucket{{operation="{operation}",le="{most}"}} {below}'
            yield f'{name}_sum{{operation="{operation}"}} {found.total_s:.6f}'
            yield f'{name}_count{{operation="{operation}"}} {below}'


def _gauges(gauges: Sequence[tuple[str, str, float]]) -> Iterator[str]:
    for name, about, value in gauges:
        yield from _head(name, about, "gauge")
        yield f"{name} {value:g}" if value != int(value) else f"{name} {int(value)}"


def _head(name: str, about: str, kind: str) -> tuple[str, str]:
    return f"# HELP {name} {about}", f"# TYPE {name} {kind}"
