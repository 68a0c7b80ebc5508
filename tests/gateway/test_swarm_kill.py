"""A process that is killed while it makes children: there are all of them, or none, and then the same ones."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from gateway.shop import Shop
from onloop.machine.state import Reason
from onloop.store.port import TaskFilter
from support.steps import defined, develop, parts
from support.zygote import run_python

DIES = """\
import os, signal, sys
from pathlib import Path
from gateway.shop import Shop
from onloop.store.sqlite import database, tables

moment, written = int(sys.argv[2]), 0
put_task = tables.Tables.put_task

def put_and_die(tx, task):
    global written
    written += 1
    if written == moment:
        os.kill(os.getpid(), signal.SIGKILL)
    put_task(tx, task)

shop = Shop(database.SqliteStore(Path(sys.argv[1])))
tables.Tables.put_task = put_and_die
shop.report("r1")
"""
"""Reports the gate that lets the task go on to its fan-out, and dies at the n-th task that is written by then."""


@pytest.mark.parametrize("moment", [1, 2, 4])
def test_a_process_killed_in_the_middle_of_a_fan_out_leaves_no_part_of_it(
    durable: Shop, tmp_path: Path, moment: int
) -> None:
    durable.begin(defined(develop(), parts(3)))
    durable.submit(durable.claim())
    code, _, err = run_python(DIES, str(tmp_path / "store"), str(moment), env=os.environ)

    assert code == -signal.SIGKILL, err
    assert children(durable) == []
    assert durable.task().reason is Reason.GATES_RUNNING

    durable.report()

    assert children(durable) == ["r1.1", "r1.2", "r1.3"]


def children(shop: Shop) -> list[str]:
    with shop.store.reading() as at:
        return [child.id for child in at.tasks(TaskFilter(parent="r1"))]
