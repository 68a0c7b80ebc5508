"""Large files, tags and what a gate leaves, through the real command line: from the clone to the merged origin."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from support.lfs_server import pointer_to
from support.world import WORKFLOW, World

FILM, SONG = "film " * 1000, "song " * 10
ENVIRONMENT = """
environment:
  git: true
  lfs: true
  attach: ["shots/*"]
steps:
"""
LEAVE = "printf 'a\\\\033[2Jb' > shots/page.txt; printf '\\\\000' > shots/page.png"
GATE = f"""
      - id: seen
        command: [sh, -ec, "git describe --always; grep -c song song.bin; mkdir shots; {LEAVE}"]
  - id: ship.approve
"""
AGENT = """
grep -q film film.bin
oid={oid}
mkdir -p .git/lfs/objects/$(echo $oid | cut -c1-2)/$(echo $oid | cut -c3-4)
printf '%s' "{song}" > .git/lfs/objects/$(echo $oid | cut -c1-2)/$(echo $oid | cut -c3-4)/$oid
printf '%s' "{pointer}" > song.bin
echo hello > hello.txt
git add -A
git commit -qm "Say hello, with a song"
"""


def kept(origin: Path, content: str) -> Path:
    oid = sha256(content.encode()).hexdigest()
    return origin / "lfs/objects" / oid[:2] / oid[2:4] / oid


def test_a_large_file_travels_from_an_agent_to_the_origin_and_what_a_gate_leaves_can_be_looked_at(world: World) -> None:
    attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n"
    origin = world.origin(files={".gitattributes": attributes, "film.bin": pointer_to(FILM.encode())})
    kept(origin, FILM).parent.mkdir(parents=True)
    kept(origin, FILM).write_text(FILM)
    world.init()
    workflow = WORKFLOW.replace("\nsteps:\n", ENVIRONMENT).replace("\n  - id: ship.approve\n", GATE)
    task = f"{world.fleet(origin, workflow=workflow)}.1"
    oid = sha256(SONG.encode()).hexdigest()
    script = AGENT.format(oid=oid, song=SONG, pointer=pointer_to(SONG.encode()))
    done = world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(script))
    assert done.code == 0, done.err
    shown = world.until(task, "input_required", "approval_required")

    seen = next(gate for gate in shown["gates"] if gate["gate"] == "seen")
    assert [(file["name"], file["size"]) for file in seen["attachments"]] == [
        ("shots/page.png", 1),
        ("shots/page.txt", 6),
    ]
    assert "left shots/page.png (1 bytes), shots/page.txt (6 bytes)" in world.onloop("show", task).out
    text = world.onloop("show", task, "--attachment", "shots/page.txt")
    assert text.out == "a␛[2Jb\n"
    picture = world.onloop("show", task, "--attachment", "seen:shots/page.png", "--to", str(world.folder / "page.png"))
    assert picture.code == 0, picture.err
    assert (world.folder / "page.png").read_bytes() == b"\0"
    by_agent = world.onloop("show", task, "--attachment", "shots/page.txt", env={"ONLOOP_TOKEN": "x"})
    assert (by_agent.code, by_agent.out) == (13, "")
    for words, said in (
        (("--attachment", "shots/page.png"), "is no text"),
        (("--attachment", "no"), "it has: seen:shots/page.png, seen:shots/page.txt"),
        (("--attachment", "shots/page.png", "--to", str(world.folder / "page.png")), "is already there"),
        (("--to", "x"), "--to needs --attachment"),
    ):
        refused = world.onloop("show", task, *words)
        assert refused.code != 0
        assert said in refused.err

    assert world.decide("approve", task).code == 0
    world.until(task, "completed")
    assert kept(origin, SONG).read_text() == SONG
