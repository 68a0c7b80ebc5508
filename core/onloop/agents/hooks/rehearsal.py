"""Runs a vendor's agent once against a model on loopback: one turn, no key, no network."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from onloop.agents.hooks.loopback_model import Say, Script, loopback_model
from onloop.agents.hooks.vendors import NO_LOGIN_SHELL, STOP, Vendor
from onloop.agents.workplace import path_with_onloop
from onloop.records import Record

PROOF = "ONLOOP_HOOK_PROOF"
"""The variable that names a file in which a hook records that it was called."""
PROOF_S = 60.0
KEY = "loopback"
"""The value given as API key; the model on loopback does not check it."""


class Rehearsal(Record):
    """The arguments and the environment of one run; the prompt comes on standard input."""

    argv: tuple[str, ...]
    environment: dict[str, str]


def rehearsal_of(vendor: Vendor, program: str, address: str, folder: Path, *extra: str) -> Rehearsal:
    """How to run the vendor's agent against the model at `address`; `extra` arguments go before the prompt."""
    if vendor.name == "claude":
        return Rehearsal(
            (
                program,
                "-p",
                "--permission-mode",
                "acceptEdits",
                "--allowedTools",
                "Bash",
                "--output-format",
                "json",
                *extra,
            ),
            {
                "ANTHROPIC_BASE_URL": address,
                "ANTHROPIC_API_KEY": KEY,
                "ANTHROPIC_AUTH_TOKEN": "",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "DISABLE_AUTOUPDATER": "1",
                "DISABLE_TELEMETRY": "1",
            },
        )
    provider = f'{{name="loopback",base_url="{address}/v1",wire_api="responses",env_key="LOOPBACK_KEY"}}'
    return Rehearsal(
        (
            program,
            "exec",
            "--skip-git-repo-check",
            "--sandbox",
            "workspace-write",
            *("-c", 'model_provider="loopback"'),
            *("-c", f"model_providers.loopback={provider}"),
            *("-c", 'model="loopback"'),
            *("-c", NO_LOGIN_SHELL),
            *extra,
            "-",
        ),
        {"LOOPBACK_KEY": KEY, "TMPDIR": str(folder)},
    )


def fires(vendor: Vendor, program: str, project: Path) -> bool:
    """Whether the vendor's program, run in `project` with its settings, calls our hook when it stops."""
    with (
        tempfile.TemporaryDirectory(prefix="onloop-proof-") as folder,
        loopback_model(Script([Say("done")])) as address,
    ):
        proof = Path(folder) / "called"
        ready = rehearsal_of(vendor, program, address, Path(folder))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ONLOOP_")}
        own = {"PATH": path_with_onloop(kept), PROOF: str(proof)}
        _run(ready.argv, project, kept | ready.environment | own)
        called = proof.read_text(encoding="utf-8").splitlines() if proof.exists() else []
    return f"{vendor.name} {STOP}" in called


def version_of(program: str) -> str:
    """The version that the program prints, at most 200 characters."""
    return _run((program, "--version"), Path.cwd(), dict(os.environ)).strip()[:200]


def _run(argv: tuple[str, ...], folder: Path, environment: dict[str, str]) -> str:
    """What the program prints; empty if it does not end in time."""
    prompt = "Say that there is nothing to do."
    try:
        done = subprocess.run(
            argv,
            cwd=folder,
            env=environment,
            input=prompt,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROOF_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout
