"""The verbs about environments, as data."""

from __future__ import annotations

from onloop.cli.place_arguments import EnterArguments, EnvironmentArguments
from onloop.cli.verb import AS, KEY, TASK, Reach, Verb, arg

ENTER = Verb(
    "enter",
    "people",
    "open a shell beside a task's agent, in its environment; it is recorded",
    "persons.enter_verb:enter",
    EnterArguments,
    (
        TASK,
        arg("--most", help="how long to stay at most (default: 8h)", default="8h"),
        arg(
            "--transcript", help="keep what the shell shows in this new file, and its digest in the log", metavar="FILE"
        ),
        *AS,
        KEY,
    ),
    prints=("place_models:EnteredJson",),
    reach=Reach.GATEWAY,
)

ENVIRONMENT = Verb(
    "environment",
    "build",
    "make, list or remove images of virtual machines for agents",
    "image_verbs:environment",
    EnvironmentArguments,
    (
        arg("what", choices=("build", "list", "remove"), help="build, list or remove"),
        arg("kind", nargs="?", help="build: vm; remove: the image's name", metavar="KIND|NAME"),
        arg("--name", help="build: what to call it (default: debian)", metavar="NAME"),
        arg("--packages", help="build: packages of Debian beside the usual ones, with commas", default=""),
        arg("--suite", help="build: which Debian (default: bookworm)", default="bookworm"),
        arg(
            "--mirror",
            help="build: where Debian is (default: http://deb.debian.org/debian)",
            default="http://deb.debian.org/debian",
            metavar="URL",
        ),
        arg(
            "--disk",
            help="build: how large its disk is, in MiB (default: 8192)",
            type=int,
            default=8_192,
            metavar="MIB",
        ),
        arg("--script", help="build: commands for sh, run in it as root at the end", metavar="FILE"),
        arg("--anew", help="build: even if it is there", action="store_true"),
    ),
    prints=("place_models:ImageBuiltJson", "place_models:ImagesJson", "place_models:ImageRemovedJson"),
    reach=Reach.NONE,
)
