"""`onloop report` as it is typed: on the terminal, into a file, into a pipe, and what it refuses."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import end_verifier
from onloop.errors import Exit
from support.world import World


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    """A world in which one task has begun, and its run."""
    world = World(tmp_path_factory.mktemp("reported"))
    world.init()
    origin = world.origin("shop")
    ran = world.onloop("start", "feature", "--repo", str(origin), "--no-base-check", "--title", "=1+1 <b>", "--json")
    yield world, ran.json["run"]
    end_verifier(world)


def test_a_report_is_one_screen_without_a_format_and_a_document_with_one(begun: tuple[World, str]) -> None:
    world, run = begun
    told = world.onloop("report", run)

    assert told.code == 0 and told.out.startswith("=1+1 <b>\n")
    assert "waiting 1 · 1 in all" in told.out and "no estimate: not enough finished to say (0 of 5)" in told.out
    page = world.onloop("report", run, "--format", "html").out
    assert page.startswith("<!doctype html>") and "<b>" not in page and "=1+1 &lt;b&gt;" in page
    assert world.onloop("report", run, "--format", "md").out.startswith("# `=1+1 <b>`\n")
    header, row = csv.reader(io.StringIO(world.onloop("report", run, "--format", "csv").out))
    assert row[header.index("title")] == "'=1+1 <b>" and row[header.index("class")] == "waiting"
    whole = world.onloop("report", run, "--json").json
    assert sum(whole["counts"].values()) == whole["total"] == len(whole["tasks"]) == 1


def test_a_file_is_written_whole_by_the_format_that_its_name_says_and_again_over_itself(
    begun: tuple[World, str],
) -> None:
    world, run = begun
    out = world.folder / "report.html"
    out.write_text("old")
    ran = world.onloop("report", run, "--out", str(out), "--json")

    assert (ran.code, ran.json["format"], ran.json["tasks"]) == (0, "html", 1)
    assert out.read_text().endswith("</html>\n")
    assert [path.name for path in world.folder.iterdir() if path.name.startswith(".report")] == []


def test_what_cannot_be_written_or_is_not_known_is_said_and_nothing_is_left(begun: tuple[World, str]) -> None:
    world, run = begun
    link = world.folder / "link.html"
    link.symlink_to(world.store / "onloop.db")
    for words, told in (
        ((run, "--out", "report.txt"), "does not say a format"),
        ((run, "--out", str(world.store / "report.md")), "is inside the store"),
        ((run, "--out", str(link)), "is inside the store"),
        ((run, "--out", str(world.folder / "nowhere" / "x.md")), "cannot be written"),
        ((run, "--format", "html", "--json"), "stdout cannot hold both"),
        ((run, "--format", "pdf"), "invalid choice"),
        (("nope",), "there is no task"),
    ):
        ran = world.onloop("report", *words)
        assert ran.code in {Exit.USAGE, Exit.UNAVAILABLE} and told in ran.out + ran.err, (words, ran.err)
        assert "Traceback" not in ran.err
    assert not Path(world.store / "report.md").exists()
    assert world.onloop("store", "verify").code == 0
