"""A symbolic link that leads out of the repository is found, by whatever way it leads there, and flagged."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.desk import Desk, command
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.symbolic_links import leads_out, new_ways_out
from onloop.machine.flags import Flag, FlagKind

if TYPE_CHECKING:
    from gates.conftest import Origin


@pytest.fixture
def desk(origin: Origin, mirror: Mirror) -> Desk:
    return Desk(origin, mirror)


@pytest.mark.parametrize(
    ("links", "path"),
    [
        ({b"a": b"/etc/passwd"}, b"a"),
        ({b"a": b"../x"}, b"a"),
        ({b"d/a": b"../../x"}, b"d/a"),
        ({b"a": b"b", b"b": b"d/../.."}, b"a"),
        ({b"d/deep": b"..", b"a": b"d/deep/../x"}, b"a"),
        ({b"here": b".", b"a": b"here/../x"}, b"a"),
        ({b"a": b"d//../../x"}, b"a"),
    ],
    ids=["absolute", "up", "up from a folder", "through a link", "through a link up", "through .", "double slash"],
)
def test_a_link_that_leaves_the_top_on_its_way_leads_out(links: dict[bytes, bytes], path: bytes) -> None:
    assert leads_out(links, path)


@pytest.mark.parametrize(
    ("links", "path"),
    [
        ({b"a": b"README.md"}, b"a"),
        ({b"d/e/a": b"../../x"}, b"d/e/a"),
        ({b"deep": b"d/e", b"a": b"deep/../../x"}, b"a"),
        ({b"a": b"b", b"b": b"a"}, b"a"),
        ({b"a": b""}, b"a"),
        ({b"a": b"..x/y"}, b"a"),
    ],
    ids=["a file", "up to the top", "up from where a link leads", "a circle", "nothing", "a name with dots"],
)
def test_a_link_that_stays_does_not_lead_out(links: dict[bytes, bytes], path: bytes) -> None:
    assert not leads_out(links, path)


NAMES = st.sampled_from([b"a", b"b", b"c", b"d"])
WORDS = st.lists(st.sampled_from([b"..", b".", b"a", b"b", b"c", b"d"]), min_size=1, max_size=4).map(b"/".join)


@given(st.dictionaries(NAMES, WORDS, max_size=4))
def test_whatever_the_file_system_follows_out_is_said_to_lead_out(
    tmp_path_factory: pytest.TempPathFactory, links: dict[bytes, bytes]
) -> None:
    top = Path(os.path.realpath(tmp_path_factory.mktemp("links"))) / "top"
    top.mkdir()
    for name, target in links.items():
        (top / os.fsdecode(name)).symlink_to(os.fsdecode(target))
    for name in links:
        path = top / os.fsdecode(name)
        if path.exists() and not Path(os.path.realpath(path)).is_relative_to(top):
            assert leads_out(links, name)


def test_a_change_that_turns_another_link_outwards_is_told_by_that_link() -> None:
    before, after = {b"a": b"d/../x"}, {b"a": b"d/../x", b"d": b"."}
    assert new_ways_out(before, after, ["d"]) == ("a",)
    assert new_ways_out({b"a": b"/etc"}, {b"a": b"/etc", b"d": b"."}, ["d"]) == ()
    assert new_ways_out({b"a": b"/etc"}, {b"a": b"/root"}, ["a"]) == ("a",)


def test_a_link_that_leads_out_of_the_repository_is_flagged_and_one_that_stays_is_not(desk: Desk) -> None:
    desk.base({"README.md": "shop\n"})
    (desk.origin.clone / "secrets").symlink_to("/etc/passwd")
    (desk.origin.clone / "read").symlink_to("README.md")
    evidence = desk.ask(command("true"), desk.submit({"app.py": "1\n"}))
    assert evidence.flags == (Flag("secrets", FlagKind.LEADS_OUT),)
