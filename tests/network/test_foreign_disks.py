"""A folder that a gateway elsewhere names is of that machine's disk: at this one's, nobody looks."""

from __future__ import annotations

from pathlib import Path

from support.far_machines import far_gateway, machine
from support.world import World


def test_a_repository_of_the_gateways_disk_comes_through_the_gateway_even_where_this_machine_has_one_there(
    tmp_path: Path,
) -> None:
    (tmp_path / "gateway").mkdir()
    world = World(tmp_path / "gateway")
    world.init()
    task = world.fleet(world.origin()) + ".1"
    with far_gateway(world) as gateway:
        worker = machine(tmp_path / "worker", gateway.url)
        worker.work(gateway.let_in(), "echo hello > hello.txt; git add -A; git commit -qm hello; onloop submit")
        try:
            world.until(task, "input_required", "approval_required")
        finally:
            worker.end()

    assert "bytes of history came through the gateway" in worker.said
