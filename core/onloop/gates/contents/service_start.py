"""Starts services, waits until they are ready, then runs a command beside them, and ends them all. Runs in the box.

A gate's interpreter gets this text as an argument (`python -c TEXT order words…`), so it imports nothing of ours. What
happened is written to the folder that the order names, each service's output to a file there.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import IO, Any

POLL_S = 0.05
GRACE_S = 2.0
TRY_S = 10.0
NOT_READY = 70


class Service:
    """One service of the order, and its process."""

    def __init__(self, order: "dict[str, Any]", folder: str) -> None:
        self.order = order
        self.name: str = order["name"]
        self.log: IO[bytes] = open(os.path.join(folder, self.name + ".log"), "ab")  # noqa: SIM115, PTH118, PTH123
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start it and wait until it is ready; the answer says why it is not, or is empty."""
        deadline = time.monotonic() + self.order["timeout_ms"] / 1000
        os.makedirs(self.order["data"], mode=0o700, exist_ok=True)  # noqa: PTH103
        port = self.order["port"]
        if port and accepts(port):
            return f"needs port {port}, which somebody else has"
        for argv in self.order["prepare"]:
            problem = self.prepare(argv, deadline)
            if problem:
                return problem
        try:
            self.process = self.launch(self.order["command"])
        except OSError as error:
            return f"cannot start {self.order['command'][0]!r}: {error.strerror}"
        while not self.is_ready():
            code = self.process.poll()
            if code is not None:
                return f"ended before it was ready, {ending(code)}"
            if time.monotonic() > deadline:
                return f"was not ready after {self.order['timeout_ms'] / 1000:g} s"
            time.sleep(POLL_S)
        return ""

    def prepare(self, argv: "list[str]", deadline: float) -> str:
        """Run one command before the service; the answer says how it failed, or is empty."""
        try:
            code = self.launch(argv).wait(max(0.0, deadline - time.monotonic()))
        except OSError as error:
            return f"cannot start {argv[0]!r}: {error.strerror}"
        except subprocess.TimeoutExpired:
            return f"{argv[0]!r}, which prepares it, did not end in time"
        return f"{argv[0]!r}, which prepares it, ended {ending(code)}" if code else ""

    def launch(self, argv: "list[str]") -> "subprocess.Popen[bytes]":
        """A process of its own group that writes to the log."""
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True
        )

    def is_ready(self) -> bool:
        """Whether it can be used now."""
        if self.order["ready"]:
            try:
                return self.launch(self.order["ready"]).wait(TRY_S) == 0
            except (OSError, subprocess.TimeoutExpired):
                return False
        return not self.order["port"] or accepts(self.order["port"])

    def end(self, how: int) -> None:
        """Send a signal to all that it started and that has not left its group."""
        if self.process is not None:
            with suppress(OSError):
                os.killpg(self.process.pid, how)


def accepts(port: int) -> bool:
    """Whether somebody listens on that port of the loopback."""
    for host in ("127.0.0.1", "::1"):
        try:
            with socket.create_connection((host, port), 1.0):
                return True
        except OSError:
            pass
    return False


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"


def watched(command: "subprocess.Popen[bytes]", services: "list[Service]", timeout_s: float) -> "dict[str, Any]":
    """What to report when the command has ended, its time is up, or a service has ended."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            command.wait(POLL_S)
            return {}
        except subprocess.TimeoutExpired:
            pass
        for service in services:
            code = service.process.poll() if service.process else None
            if code is not None:
                return {"service": service.name, "problem": f"ended while the command ran, {ending(code)}"}
        if time.monotonic() > deadline:
            return {"timed_out": True}


def end_all(services: "list[Service]") -> None:
    """End the services, the last one first."""
    for service in reversed(services):
        service.end(signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    for service in services:
        if service.process is not None:
            with suppress(subprocess.TimeoutExpired):
                service.process.wait(max(0.0, deadline - time.monotonic()))
    for service in services:
        service.end(signal.SIGKILL)


def supervise(order: "dict[str, Any]", argv: "list[str]") -> "tuple[dict[str, Any], int]":
    """Run the command beside its services; the answer is what to report, and the command's exit code."""
    began = time.monotonic()
    services: list[Service] = []
    try:
        for each in order["services"]:
            services.append(Service(each, order["folder"]))
            problem = services[-1].start()
            if problem:
                return {"service": each["name"], "problem": problem}, NOT_READY
        ready_ms = int((time.monotonic() - began) * 1000)
        try:
            command = subprocess.Popen(argv)
        except OSError as error:
            return {"not_started": error.strerror or str(error), "ready_ms": ready_ms}, NOT_READY
        report = watched(command, services, order["timeout_ms"] / 1000)
        if report:
            command.kill()
        return {**report, "ready_ms": ready_ms}, command.wait()
    finally:
        end_all(services)


def main() -> None:
    """Carry out the order, and end as the command ended."""
    order = json.loads(sys.argv[1])
    os.makedirs(order["folder"], mode=0o700, exist_ok=True)  # noqa: PTH103
    report, code = supervise(order, sys.argv[2:])
    with open(os.path.join(order["folder"], order["report"]), "w") as file:  # noqa: PTH118, PTH123
        json.dump(report, file)
    if code < 0:
        with suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main()
