"""Runs a module as `python -m` does, but never imports the standard library or the runner from the checkout.

A gate's interpreter gets this text as an argument (`python -c TEXT token report cwd|none module words…`), so it
imports nothing of ours. When the module has ended, it reports once how, with the token.
"""

# ruff: noqa: E402, PTH109, PTH113, PTH118, PTH123, PTH208 - nothing is imported before the checkout is off the path, and little after it
import sys

HAS_CWD = sys.path[:1] == [""]
if HAS_CWD:
    del sys.path[0]

import os
import runpy
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

RUNNERS = ("pytest", "_pytest", "pluggy", "iniconfig", "coverage", "xdist", "nose2", "ruff", "mypy", "tox", "nox")
LEFT_ALONE = ("test", "this", "antigravity")
CHECKOUT = os.getcwd()
MISSING = 127


class Own:
    """Finds top-level modules of these names where they are without the checkout on the path."""

    def __init__(self, names: list[str], path: list[str]) -> None:
        self.names = frozenset(names)
        self.path = path

    def find_spec(
        self, name: str, path: "list[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """The interpreter's own module of that name; None leaves it to the next finder."""
        return None if path is not None or name not in self.names else PathFinder.find_spec(name, self.path, target)


def is_brought(folder: str) -> bool:
    """Whether a folder of the path is outside the checkout, or is an environment (site-packages) in it."""
    return not os.path.realpath(folder).startswith(os.path.realpath(CHECKOUT) + os.sep) or "site-packages" in folder


def guard() -> None:
    """Put our finder before the one that searches the path."""
    names = [name for name in (*getattr(sys, "stdlib_module_names", ()), *RUNNERS) if name not in LEFT_ALONE]
    own = Own(names, [folder for folder in sys.path if is_brought(folder) and folder != CHECKOUT])
    finders: list[Any] = sys.meta_path
    finders.insert(finders.index(PathFinder) if PathFinder in finders else len(finders), own)
    for name in sorted(os.listdir(CHECKOUT)):
        stem, dot, ending = name.partition(".")
        is_module = ending == "py" or (not dot and os.path.isfile(os.path.join(CHECKOUT, name, "__init__.py")))
        if is_module and stem in own.names and own.find_spec(stem) is not None:
            sys.stderr.write(f"[onloop: {name} does not replace the interpreter's own {stem}]\n")


def counted() -> list[Any]:
    """A list that collects the result of each run of unittest's runner from now on."""
    import unittest

    results: list[Any] = []
    run = unittest.TextTestRunner.run

    def counting(self: Any, test: Any) -> Any:
        results.append(run(self, test))
        return results[-1]

    unittest.TextTestRunner.run = counting  # type: ignore[method-assign]
    return results


def counts_of(results: list[Any]) -> str:
    """The counts of the last result: ran, skipped, failed; "none" if there is no result."""
    if not results:
        return "none"
    last = results[-1]
    failed = len(last.failures) + len(last.errors) + len(last.unexpectedSuccesses)
    return f"{max(0, last.testsRun - len(last.skipped))},{len(last.skipped)},{failed}"


def digest_of(report: str) -> str:
    """The digest of the test report as the runner left it; "none" if there is no such file."""
    from hashlib import sha256

    try:
        with open(report, "rb") as file:
            return sha256(file.read()).hexdigest()
    except OSError:
        return "none"


def is_there(module: str) -> bool:
    """Whether a module of that name can be found. If its parent fails to import, it counts, and the run shows why."""
    from importlib.util import find_spec

    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
    except Exception:
        return True


def run(module: str) -> int:
    """Run the module as the program; the answer is its exit code, or MISSING if there is no such module."""
    if not is_there(module):
        sys.stderr.write(f"{sys.executable}: No module named {module}\n")
        return MISSING
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 0xFF
        sys.stderr.write(f"{end.code}\n")
        return 1
    return 0


def main() -> None:
    """Run the module that the arguments name, and report how it ended."""
    token, report, place, module = sys.argv[1:5]
    sys.argv = [module, *sys.argv[5:]]
    output, process = os.dup(1), os.getpid()
    guard()
    results = counted() if module == "unittest" else []
    if HAS_CWD and place == "cwd":
        sys.path.insert(0, CHECKOUT)
    code = run(module)
    if os.getpid() == process:
        sys.stdout.flush()
        sys.stderr.flush()
        words = f"\n[onloop {token} exit={code} report={digest_of(report)} tests={counts_of(results)}]\n"
        os.write(output, words.encode())
    sys.exit(code)


if __name__ == "__main__":
    main()
