"""Images of virtual machines as people see them: listed, removed, and what cannot be is said before anything runs."""

from __future__ import annotations

from onloop.environments.vm.machine_image import ImageRecipe, MachineImage, digest_of, manifest_of
from support.world import World


def imaged(world: World, name: str = "debian") -> None:
    path = world.folder / "state" / "onloop" / "machines" / f"{name}-1"
    path.mkdir(parents=True)
    for file in ("vmlinuz", "root.raw"):
        (path / file).write_bytes(name.encode())
    digests = digest_of(path / "vmlinuz"), digest_of(path / "root.raw")
    (path / "manifest.json").write_text(
        manifest_of(MachineImage(path, name, "ab" * 32, "6.1", *digests, 1), ImageRecipe())
    )


def test_images_are_listed_and_removed_by_name(world: World) -> None:
    imaged(world)
    imaged(world, "node")
    listed = world.onloop("environment", "list", "--json").json["images"]
    assert [(each["name"], each["kernel"]) for each in listed] == [("debian", "6.1"), ("node", "6.1")]
    assert world.onloop("environment", "remove", "node", "--json").json["count"] == 1
    gone = world.onloop("environment", "remove", "node")
    assert gone.code == 2 and "those that are there: debian" in gone.err


def test_what_cannot_be_made_is_said_and_an_agent_makes_none(world: World) -> None:
    for words, said in (
        (("build",), "no image of 'nothing' is made here"),
        (("build", "container"), "onloop environment build vm"),
        (("build", "vm", "--packages", "git;rm"), "'git;rm' cannot be a package"),
        (("build", "vm", "--mirror", "file:///etc"), "is no mirror"),
        (("build", "vm", "--name", "../x"), "cannot be an image's name"),
        (("build", "vm", "--script", "/nowhere"), "--script /nowhere"),
    ):
        no = world.onloop("environment", *words)
        assert no.code == 2 and said in no.err, no.err
    denied = world.onloop("environment", "list", env={"ONLOOP_TOKEN": "x"})
    assert denied.code == 13 and "an agent may not make images" in denied.err
