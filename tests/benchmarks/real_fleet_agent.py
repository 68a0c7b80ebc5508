"""A scripted agent of `real_fleet.py`: it edits and commits; `careless` and `limited` say what goes wrong first.

It keeps in a folder of its own how often each task was given to it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NOT_NOW = 75
NOTE = Path("FLEET.md")
IDENTITY = ("-c", "user.name=Agent", "-c", "user.email=agent@example.org")
LEAVE = ("setup.py", "conftest.py", "noxfile.py", "_version.py")


def calls(folder: Path) -> int:
    """How often this task was given to an agent, this time included."""
    file = folder / os.environ["ONLOOP_TASK"]
    with file.open("a", encoding="utf-8") as opened:
        opened.write("x")
    return file.stat().st_size


def edited(*, careless: bool) -> None:
    """A line more in a module and in a note, committed; a careless agent forgets what the note must say."""
    listed = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True).stdout.split()
    module = next(Path(path) for path in listed if "test" not in path and Path(path).name not in LEAVE)
    with module.open("a", encoding="utf-8") as opened:
        opened.write("\n# read by the fleet\n")
    with NOTE.open("a", encoding="utf-8") as opened:
        opened.write(f"{os.environ['ONLOOP_TASK']}: {module} read\n" + ("" if careless else "reviewed\n"))
    subprocess.run(["git", "add", "--all"], check=True)
    subprocess.run(["git", *IDENTITY, "commit", "--quiet", "-m", "Read by the fleet"], check=True)


def main() -> int:
    """Do the task, or say why not now."""
    sys.stdin.read()
    kind, folder = sys.argv[1], Path(sys.argv[2])
    number, again = int(os.environ["ONLOOP_TASK"].rpartition(".")[2]), calls(folder)
    if kind == "limited" and again == 1 and number % 2:
        print("the licence is in use, resets in 1m")  # noqa: T201
        return NOT_NOW
    if kind == "limited" and again == 1:
        print("ERROR: You've hit your usage limit. Upgrade to Pro or try again in 1 minute.")  # noqa: T201
        return 1
    edited(careless=kind == "careless" and number % 6 == 0 and again == 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
