"""Images: what is asked for is checked, the same is made once, and one that was changed is not used."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from onloop.environments.port import EnvironmentLimits, EnvironmentTrouble, Offer, Wanted
from onloop.environments.vm.accelerator_trial import accelerator
from onloop.environments.vm.machine_image import ImageRecipe, MachineImage, digest_of, image_named, images, manifest_of
from onloop.environments.vm.machine_maker import VirtualMachineMaker
from onloop.environments.vm.qemu_command import Accelerator, qemu_command
from onloop.errors import BadInput
from onloop.machine.agent_environment import EnvironmentKind
from onloop.records import replace


def made(folder: Path, name: str = "debian", at: int = 1) -> MachineImage:
    path = folder / f"{name}-{at}"
    path.mkdir(parents=True)
    (path / "vmlinuz").write_bytes(b"kernel")
    (path / "root.raw").write_bytes(b"root")
    digests = digest_of(path / "vmlinuz"), digest_of(path / "root.raw")
    image = MachineImage(path, name, "ab" * 32, "6.1", *digests, at)
    (path / "manifest.json").write_text(manifest_of(image, ImageRecipe()))
    return image


def wanted(room: Path, name: str = "") -> Wanted:
    return Wanted("e1", "store", "1@1", Offer(EnvironmentKind.VM, name), room)


@pytest.mark.parametrize(
    "wrong",
    [
        ImageRecipe(name="../up"),
        ImageRecipe(packages=("git", "a;b")),
        ImageRecipe(packages=("--option",)),
        ImageRecipe(suite="$(x)"),
        ImageRecipe(mirror="file:///etc"),
        ImageRecipe(mirror="http://x y"),
        ImageRecipe(disk_mib=1),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(wrong: ImageRecipe) -> None:
    with pytest.raises(BadInput) as no:
        wrong.check()
    assert no.value.hint


def test_a_recipe_stands_for_all_that_is_in_it_and_the_order_of_packages_is_nothing() -> None:
    one = ImageRecipe(packages=("git", "make")).check()
    assert one.digest == ImageRecipe(packages=("make", "git", "git")).check().digest
    assert "mount" in one.packages
    for other in (replace(one, script="x"), replace(one, suite="trixie"), replace(one, disk_mib=9_000)):
        assert other.digest != one.digest


def test_the_newest_image_of_a_name_is_used_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    made(tmp_path, at=1)
    newest = made(tmp_path, at=2)
    made(tmp_path, "node", at=3)
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "manifest.json").write_text(json.dumps({"name": 7}))

    assert [image.name for image in images(tmp_path)] == ["debian", "debian", "node"]
    found = image_named(tmp_path, "")
    assert found is not None and found.path == newest.path
    assert image_named(tmp_path, "other") is None


def test_an_image_that_was_changed_is_not_used_and_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    maker = VirtualMachineMaker(tmp_path / "images", tmp_path / "kept", lambda: "/bin/false")
    if maker.problem():
        pytest.skip(maker.problem())
    with pytest.raises(EnvironmentTrouble, match="there is no image") as no:
        maker.make(wanted(tmp_path / "room"))
    assert no.value.hint == "make it: onloop environment build vm"
    image = made(tmp_path / "images")
    image.root.write_bytes(b"another")
    with pytest.raises(EnvironmentTrouble, match="not what it was"):
        maker.make(wanted(tmp_path / "room"))


def test_holes_and_zeros_of_a_disk_are_the_same(tmp_path: Path) -> None:
    holes, zeros, other = (tmp_path / name for name in ("holes", "zeros", "other"))
    with holes.open("wb") as file:
        file.write(b"head")
        file.truncate(3_000_000)
    zeros.write_bytes(b"head" + bytes(3_000_000 - 4))
    other.write_bytes(b"head" + bytes(2_999_000) + b"!" + bytes(3_000_000 - 2_999_005))
    assert digest_of(holes) == digest_of(zeros)
    assert digest_of(other) != digest_of(zeros)


def test_a_machine_has_no_network_device_no_monitor_and_disks_that_cannot_be_written(tmp_path: Path) -> None:
    argv = qemu_command("e1", made(tmp_path), Path("/kit,1.raw"), EnvironmentLimits(memory_mib=512), Accelerator.TCG)
    words = " ".join(argv)
    assert "-nic none" in words and "-nodefaults" in words and "-no-user-config" in words
    assert "monitor" not in words and "netdev" not in words and "virtfs" not in words
    assert "snapshot=on" in words and "file=/kit,,1.raw,format=raw,if=none,id=kit,readonly=on" in words
    assert "spawn=deny" in words and "-m 512M" in words and "-smp 1" in words


def test_the_processor_runs_machines_only_where_a_whole_one_answered_and_that_is_tried_once(tmp_path: Path) -> None:
    tries: list[Accelerator] = []

    def hangs(kind: Accelerator, _: float) -> None:
        tries.append(kind)
        raise EnvironmentTrouble("it was not ready in time", hint="none")

    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        assert accelerator(tmp_path, hangs) is Accelerator.TCG
        assert tries == []
        return
    assert accelerator(tmp_path, hangs) is accelerator(tmp_path, hangs) is Accelerator.TCG
    assert tries == [Accelerator.KVM]
    (tmp_path / "accelerator.json").write_text(json.dumps({"boot": "another start", "accelerator": "tcg"}))
    assert accelerator(tmp_path, lambda _kind, _seconds: None) is Accelerator.KVM
