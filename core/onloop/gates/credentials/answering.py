"""Answers git's question for a credential, for one host only. Git runs this file: `python -I -S answering.py FD get`.

FD is an open file with one JSON object that the gateway wrote for this run of git; it has no name on any disk. A
question about another host, transport or path gets no answer.
"""

from __future__ import annotations

import json
import os
import sys

LARGEST = 65_536


def answer(question: dict[str, str], known: dict[str, str]) -> str:
    """The lines for git, or nothing if the question is about another place than the known one."""
    path, prefix = question.get("path", "").strip("/").removesuffix(".git"), known["path"]
    is_same = (question.get("protocol"), question.get("host")) == (known["protocol"], known["host"])
    if not is_same or (prefix and not f"{path}/".startswith(f"{prefix}/")):
        return ""
    return f"username={known['user']}\npassword={known['password']}\n"


def main() -> None:
    """Read the question on standard input; only `get` has an answer."""
    if sys.argv[2:] != ["get"]:
        return
    question = dict(line.rstrip("\n").split("=", 1) for line in sys.stdin if "=" in line)
    sys.stdout.write(answer(question, json.loads(os.pread(int(sys.argv[1]), LARGEST, 0))))


if __name__ == "__main__":
    main()
