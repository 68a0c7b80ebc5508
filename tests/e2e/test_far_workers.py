"""`onloop work` on another machine: claimed over TLS, cloned through the gateway, handed in, whatever breaks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from onloop.access.opening import open_file
from onloop.home import Home
from onloop.views.queries.reads import ReadTask
from support.cutting_proxy import cutting
from support.far_machines import Far, machine
from support.waiting import DEADLINE_S, wait_for

GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello; onloop submit"


def test_a_machine_with_a_token_works_from_claim_to_merge(far: Far) -> None:
    token, task = far.gateway.let_in(), far.begin()
    seen = far.machine.world.folder / "env"
    worker = far.machine.work(token, f"env > {seen}; cat > {seen}.brief; ls -l /proc/self/fd > {seen}.fds; {GOOD}")

    far.world.until(task, "input_required", "approval_required")
    approved = far.world.decide("approve", task)
    far.world.until(task, "completed")
    worker.terminate()

    assert approved.code == 0, approved.err
    assert far.world.git(far.origin.folder / "shop.git", "show", "main:hello.txt") == "hello"
    assert "bytes of history came through the gateway" in far.machine.said
    assert worker.wait(DEADLINE_S) == 0, far.machine.said
    told = dict(line.split("=", 1) for line in seen.read_text().splitlines() if "=" in line)
    assert told["ONLOOP_URL"].startswith("unix:/") and "ONLOOP_CA" not in told
    assert token not in seen.read_text() and far.gateway.url not in seen.read_text()
    assert "Make it say hello" in Path(f"{seen}.brief").read_text()
    assert _holding(far.machine.world.folder, token) == []
    assert list((far.machine.state / "relays").glob("*.sock")) == []


def _holding(folder: Path, secret: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_a_round_that_failed_goes_back_to_the_same_agent_with_what_is_wrong(far: Far) -> None:
    token, task = far.gateway.let_in(), far.begin()
    script = f"cat > brief; grep -q 'hello.txt' brief; if [ $ONLOOP_ROUND = 0 ]; then echo x > x; else {GOOD}; fi"
    far.machine.work(token, f"{script}; git add -A; git commit -qm try || true")

    far.world.until(task, "input_required", "approval_required")

    assert far.world.task(task)["attempt"] == 1
    assert far.events("RoundStarted") == 1


def test_a_token_that_was_revoked_or_never_was_claims_nothing(far: Far) -> None:
    far.begin()
    worker = far.machine.work("onl_lnc_never-was", GOOD)

    assert worker.wait(DEADLINE_S) == 13, far.machine.said
    assert "ONLOOP_TOKEN" not in far.machine.said


def test_a_worker_that_is_killed_loses_nothing_and_the_next_one_goes_on(far: Far) -> None:
    token, task = far.gateway.let_in(), far.begin()
    flag = far.machine.world.folder / "begun"
    half = f"echo half > half.txt; git add -A; git commit -qm half; touch {flag}; exec sleep 600"
    first = far.machine.work(token, half, "--lease", "3s")
    wait_for(flag.exists, lambda: far.machine.said)
    first.kill()
    first.wait()
    far.machine.work(token, f"test -f half.txt; {GOOD}", "--lease", "30s")

    far.world.until(task, "input_required", "approval_required")

    assert (far.events("Submitted"), far.events("Claimed")) == (1, 2)


def test_a_gateway_that_is_killed_and_comes_back_finds_its_agents_at_work(far: Far) -> None:
    token, task = far.gateway.let_in(), far.begin()
    folder = far.machine.world.folder
    script = f"touch {folder}/begun; while ! test -f {folder}/go; do sleep 0.1; done; {GOOD}"
    far.machine.work(token, script, "--lease", "5m")  # however long a gateway takes to start
    wait_for((folder / "begun").exists, lambda: far.machine.said)

    far.gateway.kill()
    (folder / "go").touch()
    far.gateway.start()

    far.world.until(task, "input_required", "approval_required")
    assert (far.events("Submitted"), far.events("Claimed")) == (1, 1)


def test_connections_that_are_cut_while_work_is_handed_in_lose_nothing_and_double_nothing(far: Far) -> None:
    with cutting(far.gateway.port, 3_000_000, 4_000_000, 1_500_000) as proxy:
        far.gateway.end()
        far.gateway.public = f"https://127.0.0.1:{proxy.port}"
        far.gateway.start()
        there = machine(far.world.folder / "behind", far.gateway.public)
        token, task = far.gateway.let_in(), far.begin()
        many = "for n in 1 2 3; do head -c 3900000 /dev/urandom > $ONLOOP_OUT/artefact-$n; done"
        sums = f"(cd $ONLOOP_OUT; sha256sum artefact-*) > {there.world.folder}/sums"
        script = f"{many}; {sums}; echo hello > hello.txt; git add -A; git commit -qm hello"
        there.work(token, script, "--lease", "5m")  # however long three cut connections take
        try:
            far.world.until(task, "input_required", "approval_required")
        finally:
            there.end()

    opened = open_file(Home(far.world.store))
    handed = opened.gateway.perform(ReadTask(task))
    opened.close()
    assert handed is not None and handed.submission is not None
    shown = {each.name: each.digest for each in handed.submission.artefacts}
    listed = [line.split() for line in (there.world.folder / "sums").read_text().splitlines()]
    sent = {name: digest for digest, name in listed}
    assert (proxy.made, far.events("Submitted"), far.events("Claimed")) == (3, 1, 1)
    assert shown == sent


@pytest.mark.skipif(not shutil.which("bwrap"), reason="there is no bubblewrap here")
def test_an_agent_in_a_box_without_a_network_reaches_its_gateway_by_the_socket_alone(far: Far) -> None:
    token, task = far.gateway.let_in(), far.begin()
    box = "bwrap --unshare-net --unshare-pid --ro-bind / / --dev /dev --proc /proc --bind $PWD $PWD"
    box += " --tmpfs /var/tmp --setenv TMPDIR /var/tmp"
    inner = f"! curl -sk --max-time 5 {far.gateway.url}/healthz; {GOOD}"
    far.machine.work(token, f"exec {box} sh -ec '{inner}'")

    far.world.until(task, "input_required", "approval_required")
    assert far.events("Claimed") == 1
