"""Makes an image of a virtual machine from Debian's packages, by mmdebstrap; nothing else is fetched."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from onloop.environments.vm.machine_image import (
    ImageRecipe,
    MachineImage,
    digest_of,
    manifest_of,
    read_image,
)
from onloop.errors import BadInput, Unavailable
from onloop.gates.repository.folders import built
from onloop.text import safe

PROGRAMS = {
    "mmdebstrap": "apt-get install mmdebstrap",
    "mkfs.ext4": "apt-get install e2fsprogs",
    "apt-get": "images are made on Debian",
    "dpkg-deb": "images are made on Debian",
}
BUILD_S = 1_800.0
KERNEL = "linux-image-cloud-amd64"
"""The metapackage of a kernel with its disk driver built in, so that it needs no initial file system."""
DRIVERS = (
    *("drivers/virtio/virtio_ring.ko", "drivers/virtio/virtio.ko", "drivers/virtio/virtio_pci_legacy_dev.ko"),
    *("drivers/virtio/virtio_pci_modern_dev.ko", "drivers/virtio/virtio_pci.ko", "drivers/char/virtio_console.ko"),
)
"""What the line to the host needs, in the order in which it is loaded."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LAST_WORDS = 1_500

START = """#!/bin/sh
# Started by the kernel. What runs next is onloop's, on a disk of its own, which cannot be written.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
mount -t devtmpfs dev /dev
until test -b /dev/nvme0n2; do sleep 0.02; done
mount -t ext4 -o ro,nosuid,nodev /dev/nvme0n2 /onloop
exec /onloop/lib/loader --library-path /onloop/lib /onloop/libexec/python -I -S /onloop/vm_guest.py "$@"
"""


def missing_programs() -> tuple[str, ...]:
    """What is not there of what makes images, with what would bring it."""
    return tuple(f"{name} ({words})" for name, words in PROGRAMS.items() if _found(name) is None)


def build_image(
    folder: Path, recipe: ImageRecipe, now: int, say: Callable[[str], None], *, anew: bool = False
) -> tuple[MachineImage, bool]:
    """The image of a recipe in `folder`, and whether it was made now; Unavailable says why it cannot be made."""
    recipe = recipe.check()
    place = folder / f"{recipe.name}-{recipe.digest[:16]}"
    known = read_image(place)
    if known is not None and not anew:
        return known, False
    if lacking := missing_programs():
        raise Unavailable(f"images cannot be made here: no {', '.join(lacking)}", hint="install it, then try again")
    if anew and place.is_dir():
        shutil.rmtree(place)
    say(f"making {recipe.name} of {len(recipe.packages)} packages of {recipe.suite}; it takes a minute or two")
    with built(place) as fresh:
        _fill(fresh, recipe)
        image = MachineImage(
            fresh,
            recipe.name,
            recipe.digest,
            (fresh / "kernel-version").read_text("ascii").strip()[:100],
            digest_of(fresh / "vmlinuz"),
            digest_of(fresh / "root.raw"),
            now,
        )
        (fresh / "kernel-version").unlink()
        (fresh / "manifest.json").write_text(manifest_of(image, recipe), "utf-8")
        for name in ("root.raw", "vmlinuz"):
            (fresh / name).chmod(0o400)
    made = read_image(place)
    if made is None:
        raise Unavailable(f"{place} was removed meanwhile", hint="try again")
    return made, True


def remove_image(image: MachineImage) -> None:
    """Remove an image; a machine that runs from it keeps its open files."""
    shutil.rmtree(image.path)


def _fill(fresh: Path, recipe: ImageRecipe) -> None:
    work = fresh / "work"
    work.mkdir()
    if os.getuid() != 0:  # in a user namespace, root is another user than we are
        for each in (fresh, work):
            each.chmod(0o777)
    hook = work / "finish"
    hook.write_text(_finishing(fresh, work, recipe), "utf-8")
    hook.chmod(0o755)
    (work / "start").write_text(START, "utf-8")
    (work / "script").write_text(recipe.script or "true\n", "utf-8")
    argv = [
        *("mmdebstrap", "--quiet", f"--mode={'root' if os.getuid() == 0 else 'unshare'}", "--variant=apt"),
        *(f"--include={','.join(recipe.packages)}", f"--customize-hook={hook}", "--format=null"),
        *(recipe.suite, "-", f"deb {recipe.mirror} {recipe.suite} main"),
    ]
    environment = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    try:
        ran = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={**environment, "PATH": _PATH, "LC_ALL": "C.UTF-8", "TMPDIR": str(work)},
            timeout=BUILD_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise Unavailable(f"mmdebstrap: {safe(str(problem), 300)}", hint="try again") from problem
    if ran.returncode != 0 or not (fresh / "root.raw").is_file():
        said = safe(ran.stdout[-_LAST_WORDS:].decode("utf-8", "replace"), _LAST_WORDS)
        raise _reason(recipe, said)
    if os.getuid() != 0:
        fresh.chmod(0o700)
    with suppress(OSError):
        shutil.rmtree(work)


def _reason(recipe: ImageRecipe, said: str) -> BadInput | Unavailable:
    if "Unable to locate package" in said or "has no installation candidate" in said:
        return BadInput(f"{recipe.suite} has not all of these packages: {said[-300:]}", hint="mend --packages")
    return Unavailable(f"mmdebstrap failed: {said}", hint=f"is {recipe.mirror} in reach? --mirror names another")


def _finishing(fresh: Path, work: Path, recipe: ImageRecipe) -> str:
    """What makes of the unpacked packages an image: kernel, drivers, a user, how it starts, a file system."""
    here, out = shlex.quote(str(work)), shlex.quote(str(fresh))
    drivers = " ".join(DRIVERS)
    return f"""#!/bin/sh
set -eu
root=$1
cd {here}
version=$(chroot "$root" apt-cache depends --important {KERNEL} | sed -n 's/^ *Depends: linux-image-//p' | head -n 1)
chroot "$root" sh -c "cd /tmp && apt-get -qq -o APT::Sandbox::User=root download linux-image-$version"
dpkg-deb -x "$root"/tmp/linux-image-*.deb kernel
rm "$root"/tmp/linux-image-*.deb
cp kernel/boot/vmlinuz-"$version" {out}/vmlinuz
printf '%s\\n' "$version" > {out}/kernel-version
mkdir -p "$root"/onloop "$root"/onloop-modules "$root"/onloop-run "$root"/work
for driver in {drivers}; do
    cp kernel/lib/modules/"$version"/kernel/"$driver" "$root"/onloop-modules/
    basename "$driver" >> "$root"/onloop-modules/order
done
install -m 755 start "$root"/onloop-start
chroot "$root" useradd --uid 1000 --create-home --shell /bin/bash agent
printf '127.0.0.1 localhost onloop\\n::1 localhost\\n' > "$root"/etc/hosts
printf 'onloop\\n' > "$root"/etc/hostname
cp script "$root"/tmp/script
chroot "$root" sh /tmp/script
rm -rf kernel "$root"/tmp/script "$root"/var/cache/apt/archives/*.deb
: > "$root"/etc/resolv.conf
mkdir plain
mount --bind "$root" plain
trap 'umount plain' EXIT
mkfs.ext4 -q -F -m 0 -O '^has_journal' -E root_owner=0:0 -d plain {out}/root.raw {recipe.disk_mib}M
"""


def _found(name: str) -> str | None:
    return shutil.which(name, path=_PATH)
