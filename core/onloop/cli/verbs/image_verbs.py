"""The verb with which people make, list and remove images of virtual machines on this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from onloop.cli.context import Context
from onloop.cli.json_models.place_models import ImageBuiltJson, ImageJson, ImageRemovedJson, ImagesJson
from onloop.cli.output import VerbOutput, columns
from onloop.cli.place_arguments import EnvironmentArguments
from onloop.cli.running import say
from onloop.environments.vm.image_builder import build_image, remove_image
from onloop.environments.vm.machine_image import (
    DEFAULT_NAME,
    DEFAULT_PACKAGES,
    ImageRecipe,
    MachineImage,
    images,
)
from onloop.errors import BadInput, NotAllowed
from onloop.text import safe

LARGEST_SCRIPT = 262_144
_NONE = ("no image: onloop environment build vm",)


def environment(context: Context[EnvironmentArguments]) -> VerbOutput:
    """Make an image, list those that there are, or remove one."""
    if os.environ.get("ONLOOP_TOKEN"):
        raise NotAllowed("an agent may not make images", hint="a person does it, where ONLOOP_TOKEN is not set")
    args, folder = context.args, context.home.machines
    if args.what == "list":
        return _listed(folder)
    if args.what == "remove":
        return _removed(folder, args.kind)
    if args.kind != "vm":
        raise BadInput(
            f"no image of {safe(args.kind or 'nothing', 60)!r} is made here", hint="onloop environment build vm"
        )
    recipe = ImageRecipe(
        args.name or DEFAULT_NAME, args.suite, _packages(args.packages), args.mirror, args.disk, _script(args.script)
    )
    began = time.monotonic()
    image, is_new = build_image(folder, recipe, int(time.time() * 1000), say, anew=args.anew)
    seconds = time.monotonic() - began
    did = f"made in {seconds:.0f} s" if is_new else "was there already"
    lines = (
        f"{image.name}: {did}, kernel {image.kernel_version}, {len(image.packages)} packages",
        f"digest {image.digest}",
    )
    hint = f"onloop work --environment vm{'' if image.name == DEFAULT_NAME else f':{image.name}'} …"
    data = ImageBuiltJson(_json(image), is_new)
    return VerbOutput(lines=tuple(map(safe, lines)), data=data, notes=(f"agents work in it with: {hint}",))


def _packages(words: str) -> tuple[str, ...]:
    named = tuple(word.strip() for word in words.split(",") if word.strip())
    return tuple(dict.fromkeys((*DEFAULT_PACKAGES, *named)))


def _script(name: str | None) -> str:
    if not name:
        return ""
    try:
        with Path(name).open("rb") as file:
            content = file.read(LARGEST_SCRIPT + 1)
    except OSError as problem:
        words = f"--script {safe(name, 200)}: {problem.strerror or problem}"
        raise BadInput(words, hint="name a file with commands for sh") from problem
    if len(content) > LARGEST_SCRIPT or b"\0" in content:
        raise BadInput(f"--script {safe(name, 200)} is too large, or no text", hint="name a file with commands for sh")
    return content.decode("utf-8", "surrogateescape") + "\n"


def _listed(folder: Path) -> VerbOutput:
    found = tuple(images(folder))
    rows = [(image.name, image.recipe[:16], image.kernel_version, image.digest[:16]) for image in found]
    lines = columns(rows, header=("name", "recipe", "kernel", "digest")) if rows else _NONE
    return VerbOutput(lines=tuple(map(safe, lines)), data=ImagesJson([_json(image) for image in found]))


def _removed(folder: Path, name: str | None) -> VerbOutput:
    found = tuple(image for image in images(folder) if image.name == name)
    if not found:
        named = ", ".join(_names(folder)) or "none"
        raise BadInput(f"there is no image {safe(name or '', 60)!r}", hint=f"those that are there: {named}")
    for image in found:
        remove_image(image)
    return VerbOutput(lines=(f"{safe(name or '')}: removed",), data=ImageRemovedJson(name or "", len(found)))


def _names(folder: Path) -> Sequence[str]:
    return sorted({image.name for image in images(folder)})


def _json(image: MachineImage) -> ImageJson:
    return ImageJson(
        image.name,
        image.recipe,
        image.digest,
        image.kernel_version,
        image.kernel_digest,
        image.root_digest,
        image.made_at,
        image.packages,
    )
