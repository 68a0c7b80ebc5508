"""The recipes for a CI, as the guide shows them: their lines are run, as written, against a gateway over TLS.

The CI is one of the test's own: it hands a job its token at a URL, or in a variable, and signs with a key of its own.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ruamel.yaml import YAML

from guides.pages import GUIDES, blocks
from identity.local_issuer import LocalIssuer, write_settings
from support.far_machines import certified, far_gateway
from support.waiting import DEADLINE_S
from support.world import WORKFLOW, World

REQUEST_TOKEN = "what GitHub gives a job to ask with"
GITHUB = {"repository_owner": "acme", "repository": "acme/shop", "event_name": "schedule"}
GITLAB: dict[str, Any] = {
    "project_path": "acme/shop",
    "ref": "main",
    "ref_protected": "true",
    "job_id": "77",
    "repository": None,
}


def _settings(name: str, world: World, keys: Path) -> str:
    """The settings of the guide for that CI; the keys are in a file, and the forge is a folder of the test's."""
    found = next(each.code for each in blocks(GUIDES["ci"]) if each.code.startswith(f"[{name}]"))
    found = re.sub(r'^keys = ".*"$', f'keys = "{keys}"', found, flags=re.MULTILINE)
    return re.sub(r'repositories = \["[^/]*/', f'repositories = ["{world.folder}/origins/', found)


def _recipe(name: str) -> str:
    """The lines that the guide's job runs."""
    shown = [YAML(typ="safe").load(each.code) for each in blocks(GUIDES["ci"]) if each.language == "yaml"]
    if name == "gitlab":
        return "\n".join(next(job["work"]["script"] for job in shown if "script" in job.get("work", {})))
    job = next(each["jobs"]["work"] for each in shown if "jobs" in each)
    return "\n".join(step["run"] for step in job["steps"] if "run" in step)


@contextmanager
def _asked_for_tokens(issuer: LocalIssuer, **claims: Any) -> Iterator[tuple[str, list[str]]]:
    """Where a job of GitHub asks for its token, and for whom it asked."""
    asked = list[str]()

    class Tokens(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            (audience,) = parse_qs(urlsplit(self.path).query)["audience"]
            is_theirs = self.headers["Authorization"] == f"Bearer {REQUEST_TOKEN}"
            asked.append(audience if is_theirs else "nobody")
            body = json.dumps({"value": issuer.token(int(time.time()), aud=audience, **claims)}).encode()
            self.send_response(200 if is_theirs else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Tokens)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/token?job=1", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _runner(world: World, url: str) -> tuple[Path, dict[str, str]]:
    """The folder of a job's checkout with its agent, and the environment of its runner, where onloop is installed."""
    folder, shims = world.folder / "checkout", world.folder / "shims"
    for each in (folder, shims):
        each.mkdir()
    programs = {
        shims / "onloop": f'exec {sys.executable} -m onloop.cli.entry "$@"',
        shims / "pip": '[ "$*" = "install onloop" ]',
        folder / "agent.sh": "echo hello > hello.txt; git add -A; git commit -qm hello",
    }
    for path, line in programs.items():
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
    given = {"ONLOOP_URL": url, "ONLOOP_CA": str(certified() / "ca.pem")}
    elsewhere = World(world.folder / "runner", given)
    elsewhere.folder.mkdir()
    environment = elsewhere.environment
    return folder, {**environment, "PATH": f"{shims}:{environment['PATH']}"}


@pytest.mark.parametrize("name", ["github", "gitlab"])
def test_a_job_of_a_ci_works_by_the_lines_of_the_guide(name: str, world: World) -> None:
    issuer = LocalIssuer(
        url={"github": "https://token.actions.githubusercontent.com"}.get(name, "https://gitlab.example")
    )
    world.init()
    (world.folder / "origins" / "acme").mkdir(parents=True)
    origin = world.origin("acme/shop", {"small.yaml": WORKFLOW})
    keys = world.folder / "keys.json"
    keys.write_bytes(issuer.keys)
    write_settings(world.store, _settings(name, world, keys))
    begun = world.onloop("start", "small.yaml", "--repo", str(origin), "--json")
    assert begun.code in {0, 11}, begun.err
    task = str(begun.json["task"])
    with far_gateway(world) as gateway, _asked_for_tokens(issuer, **GITHUB) as (place, asked):
        folder, environment = _runner(world, gateway.url)
        of_job = {
            "github": {"ACTIONS_ID_TOKEN_REQUEST_URL": place, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN},
            "gitlab": {"JOB_TOKEN_FOR_ONLOOP": issuer.token(int(time.time()), **GITLAB)},
        }[name]
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", _recipe(name)],
            cwd=folder,
            env={**environment, **of_job},
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_S,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr + gateway.said
        world.until(task, "input_required", "approval_required")

    claims = [line for line in world.onloop("log", "--json").json["events"] if line["name"] == "Claimed"]
    assert [line["principal"] for line in claims] == [f"launcher:ci-{name}"]
    assert asked == (["https://onloop.example"] if name == "github" else [])
    assert sorted(path.name for path in folder.iterdir()) == ["agent.sh"], "no token is left behind"
    listed = world.onloop("token", "list", "--json").json["tokens"]
    assert [(each["name"], each["by"], each["holds"]) for each in listed] == [(f"ci-{name}", "ci.toml", 0)]
