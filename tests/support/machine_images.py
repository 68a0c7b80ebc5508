"""The image of a virtual machine for tests: made once for all of them from Debian's packages, where that can be."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from pathlib import Path

import pytest

from onloop.environments.vm.image_builder import build_image, missing_programs
from onloop.environments.vm.machine_image import ImageRecipe, image_named
from onloop.environments.vm.machine_maker import VirtualMachineMaker
from onloop.errors import OnloopError

SHARED_IMAGES = Path(tempfile.gettempdir()) / f"onloop-test-machines-{os.getuid()}"


def _lacking() -> str:
    problem = VirtualMachineMaker(SHARED_IMAGES, SHARED_IMAGES).problem()
    if problem or image_named(SHARED_IMAGES, "") is not None:
        return problem
    return ", ".join(missing_programs())


needs_vm = pytest.mark.skipif(bool(_lacking()), reason=f"no virtual machine here: {_lacking()}")


def machines_in(state: Path) -> None:
    """Let a world whose state folder this is find the image, which is made where it is not there yet."""
    SHARED_IMAGES.mkdir(mode=0o700, exist_ok=True)
    with (SHARED_IMAGES / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if image_named(SHARED_IMAGES, "") is None:
            try:
                build_image(SHARED_IMAGES, ImageRecipe(), int(time.time() * 1000), lambda _: None)
            except OnloopError as problem:
                pytest.skip(f"no image of a virtual machine can be made here: {problem}")
    place = state / "onloop" / "machines"
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.is_symlink():
        place.symlink_to(SHARED_IMAGES)
