"""What an agent hands in, as a stream from the collector's process, or from a client that sends the same bytes."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from onloop.errors import BadInput, FailureKind, OnloopError, Unavailable
from onloop.gates.intake import collector
from onloop.gates.intake.collector import LENGTH
from onloop.gates.intake.manifest import LARGEST_MANIFEST, Manifest, manifest_from
from onloop.records import Record

COLLECT_S = 600.0
"""How long a collector may take, in seconds: git may have to pack a whole history."""

CHUNK = 262_144
_KEPT_FROM_IT = ("ONLOOP_TOKEN",)


class Collection(Record):
    """A manifest, and the bytes that it announces, which can be read once."""

    manifest: Manifest
    chunks: Iterator[bytes]


@contextmanager
def collected(
    environment: Path, out: Path, target: str, known: Sequence[str] = (), ref: str = ""
) -> Iterator[Collection]:
    """What a clone and an artefact folder hold, gathered by a process that has no file of ours open.

    `known` are commits that the bundle can leave out; the commit is HEAD, or that of `ref`. OnloopError says why there
    is nothing to hand in.
    """
    order = {"environment": str(environment), "out": str(out), "target": target, "known": list(known), "ref": ref}
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", collector.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={name: value for name, value in os.environ.items() if name not in _KEPT_FROM_IT},
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
    stream = _Stream(process.stdout.fileno(), time.monotonic() + COLLECT_S)
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(order).encode())
            process.stdin.close()
        manifest = _manifest(stream)
        yield Collection(manifest, stream.chunks(manifest.size))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()
        process.wait()


def _manifest(stream: _Stream) -> Manifest:
    (length,) = LENGTH.unpack(stream.exactly(LENGTH.size))
    if length > LARGEST_MANIFEST:
        raise BadInput(
            f"the manifest has {length} bytes", hint=f"it may have at most {LARGEST_MANIFEST}: hand over less"
        )
    try:
        fields = json.loads(stream.exactly(length))
    except (ValueError, RecursionError) as problem:
        raise Unavailable(f"the collector's manifest is not valid JSON: {problem}", hint="try again") from None
    if not isinstance(fields, dict):
        raise Unavailable("the collector's manifest is not a JSON object", hint="try again")
    if "error" in fields:
        raise _error(fields["error"])
    return manifest_from(fields)


def _error(fields: dict[str, str]) -> OnloopError:
    error = BadInput if fields.get("code") == BadInput.code else Unavailable
    kind = next((kind for kind in FailureKind if kind == fields.get("kind")), None)
    return error(str(fields.get("message")), hint=str(fields.get("hint")), kind=kind)


@dataclass(slots=True)
class _Stream:
    """A pipe that can be read until a deadline."""

    handle: int
    deadline: float

    def exactly(self, size: int) -> bytes:
        return b"".join(self.chunks(size))

    def chunks(self, size: int) -> Iterator[bytes]:
        with selectors.DefaultSelector() as selector:
            selector.register(self.handle, selectors.EVENT_READ)
            while size:
                if not selector.select(max(0.0, self.deadline - time.monotonic())):
                    words = f"gathering the clone took longer than {COLLECT_S:g} s"
                    raise Unavailable(words, hint="remove what git waits for, such as a pipe, then try again")
                chunk = os.read(self.handle, min(size, CHUNK))
                if not chunk:
                    raise Unavailable("the collector ended too early", hint="try again: onloop submit")
                size -= len(chunk)
                yield chunk
