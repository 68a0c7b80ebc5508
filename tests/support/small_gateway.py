"""A second gateway at the level `agent` of the standard, which shares nothing with onloop: plain Python, git, one file.

`python small_gateway.py VERB …` is its command line. `$SMALL_GATEWAY_BREAKS` names one of its promises to break.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import secrets
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

WORDS = {0: "yes", 10: "not_yet", 11: "held", 12: "redo", 13: "not_yours", 14: "spent"}
DAY_MS = 86_400_000
UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS}
Json = dict[str, Any]


class Refusal(Exception):
    def __init__(self, code: int, error: str, message: str, hint: str = "see the standard") -> None:
        super().__init__(message)
        self.code, self.error, self.hint = code, error, hint


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refusal(2, "bad_input", message, "see the guide `standard`")


TAKES = """\
init --name! --group --passphrase-fd
start workflow --repo! --title! --no-base-check? --key
claim task* --role! --name --lease --key
next
check
submit --ref --statement --wait --key
heartbeat --context
release --until --why --key
fail reason --key
ask question --key
checkpoint --file! --key
handoff --why! --to --key"""
FIELDS = r"""- id: (?P<step>\S+)|role: (?P<role>\S+)|brief: (?P<brief>.+)|attempts: \{max: (?P<attempts>\d+)|\
rounds: (?P<rounds>\d+)|gates: \[\{id: (?P<gate>\w+)|file: \{path: (?P<path>[^,}]+)|contains: (?P<contains>[^}]+)"""
FRESH = """{"state": "submitted", "reason": "ready", "detail": "waits", "epoch": 0, "token": "", "holder": null,
"attempt": 1, "round": 0, "not_before": 0, "left": [], "feedback": [], "commit": null, "mark": "missing",
"summary": "no evidence"}"""


def parser() -> Parser:
    made = Parser(prog="small", add_help=False)
    verbs = made.add_subparsers(dest="verb", required=True, parser_class=Parser)
    for verb, *names in map(str.split, TAKES.splitlines()):
        one = verbs.add_parser(verb, add_help=False)
        one.add_argument("--json", action="store_true")
        for name in names:
            if name[-1] in "?*":
                more = {"action": "store_true"} if name[-1] == "?" else {"nargs": "?", "default": ""}
                one.add_argument(name[:-1], **more)  # type: ignore[arg-type]
            elif name.startswith("--"):
                one.add_argument(name.rstrip("!"), required=name.endswith("!"), default="")
            else:
                one.add_argument(name)
    return made


def git(folder: str | Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def milliseconds(text: str, most: int) -> int:
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if found is None or not 0 < (length := int(found[1]) * UNITS[found[2]]) <= most:
        raise Refusal(2, "bad_input", f"{text[:40]!r} is no duration up to {most} ms", "give one like 10m")
    return length


def workflow_of(text: str) -> Json:
    """What the suite's workflows of one step say; whoever needs more needs a parser of YAML."""
    matches = re.finditer(FIELDS.replace("\\\n", ""), text)
    said = {str(match.lastgroup): match[match.lastgroup or 0].strip() for match in matches}
    return {**said, "attempts": int(said.get("attempts", 3)), "rounds": int(said.get("rounds", 3))}


class Small:
    def __init__(self, env: dict[str, str], cwd: Path, state: Json) -> None:
        self.env, self.cwd, self.state = env, cwd, state
        self.breaks = env.get("SMALL_GATEWAY_BREAKS", "")
        self.store = Path(env["ONLOOP_STORE"])
        self.now = int(time.time() * 1000)

    def once(self, args: argparse.Namespace) -> Any:
        key = f"{args.verb} {self.env.get('ONLOOP_TOKEN')} {key}" if (key := getattr(args, "key", "")) else ""
        if not key or key not in self.state["keys"]:
            answer = getattr(self, args.verb)(args)
            self.state["keys"] |= {key: answer} if key else {}
            return answer
        return tuple(self.state["keys"][key])

    def init(self, _: argparse.Namespace) -> tuple[int, Json]:
        return 0, {"store": str(self.store)}

    def start(self, args: argparse.Namespace) -> tuple[int, Json]:
        code, text = git(args.repo, "show", f"main:{args.workflow}")
        if code:
            raise Refusal(2, "unknown", f"{args.repo} has no file {args.workflow!r}")
        task = f"t{len(self.state['tasks']) + 1}"
        told = {"id": task, "repo": args.repo, "title": args.title, "flow": workflow_of(text)}
        self.state["tasks"][task] = {**json.loads(FRESH), **told}
        return 0, {"task": task}

    def claim(self, args: argparse.Namespace) -> tuple[int, Json]:
        lease = milliseconds(args.lease or "10m", DAY_MS)
        tasks = self.state["tasks"]
        if args.task and args.task not in tasks:
            raise Refusal(2, "unknown", f"there is no task {args.task!r}")
        free = [t for t in tasks.values() if t["state"] == "submitted" and t["not_before"] <= self.now]
        for task in [t for t in free if t["flow"]["role"] == args.role and args.task in {"", t["id"]}]:
            return 0, self.granted(task, args, lease)
        raise Refusal(15, "refused", f"nothing waits for {args.role[:40]!r}", "try again later")

    def granted(self, task: Json, args: argparse.Namespace, lease: int) -> Json:
        task["epoch"] = max(1, task["epoch"] + (self.breaks != "epoch"))
        token, agent = secrets.token_urlsafe(32), f"agent:{args.name or args.role}"
        self.state["tokens"][token] = [task["id"], task["epoch"]]
        task.update(token=token, holder=agent, state="working", reason=None, expires=self.now + lease)
        place, out, given = (self.store / kind / task["id"] for kind in ("clones", "out", "in"))
        git(self.store, "clone", "--quiet", task["repo"], str(place))  # which does nothing where it is there
        _ = [folder.mkdir(parents=True, exist_ok=True) for folder in (out, given)]
        names = ("STORE", "TASK", "TOKEN", "OUT", "IN", "REPO", "STEP", "ATTEMPT", "ROUND")
        about = (Path(task["repo"]).stem, task["flow"]["step"], task["attempt"], task["round"])
        values = (self.store, task["id"], token, out, given, *about)
        env = {f"ONLOOP_{name}": str(value) for name, value in zip(names, values, strict=True)}
        held = {"task": task["id"], "step": task["flow"]["step"], **{name: task[name] for name in ("epoch", "expires")}}
        return {**held, "env": env, "place": str(place)}

    def mine(self) -> tuple[Json, bool]:
        """The task of the token, and whether its lease is the present one."""
        token = self.env.get("ONLOOP_TOKEN", "")
        if not token:
            raise Refusal(2, "bad_input", "no ONLOOP_TOKEN says who asks", "claim a task")
        if token not in self.state["tokens"]:
            raise Refusal(13, "not_allowed", "that token was never given out", "claim a task")
        task = self.state["tasks"][self.state["tokens"][token][0]]
        return task, self.breaks == "fencing" or (task["token"] == token and task["state"] == "working")

    def held(self) -> Json:
        task, is_held = self.mine()
        if not is_held:
            raise Refusal(13, "refused", f"the lease on {task['id']} has ended", "stop work on it")
        return task

    def verdict(self, task: Json, code: int, why: str, following: str) -> tuple[int, Json]:
        gate = {"step": task["flow"]["step"], "gate": task["flow"]["gate"], "mark": task["mark"], "digest": None}
        place = {
            "task": task["id"],
            "step": gate["step"],
            **{name: task[name] for name in ("state", "reason", "commit")},
        }
        more = {"gates": [{**gate, "summary": task["summary"]}], "why": why, "next": following, "advice": []}
        return code, {"verdict": WORDS[code], **place, **more}

    def check(self, _: argparse.Namespace) -> tuple[int, Json]:
        task, is_held = self.mine()
        if task["state"] == "completed" and task["token"] == self.env["ONLOOP_TOKEN"]:
            return self.verdict(task, 0, "the step is achieved", "stop here: nothing more is asked of you")
        if not is_held:
            asked = 14 if "exhausted" in str(task["reason"]) else 11
            code = asked if task["state"] == "input_required" else 13
            return self.verdict(task, code, task["detail"], "stop work on it")
        if git(self.cwd, "rev-parse", "HEAD")[1].strip() != task["commit"]:
            return self.verdict(task, 10, "HEAD is not submitted", "git commit, then: small submit")
        return self.verdict(task, 12, task["summary"], "mend it, git commit, then: small submit")

    def next(self, args: argparse.Namespace) -> tuple[int, Json]:
        task, _ = self.mine()
        code, answer = self.check(args)
        flow, told = task["flow"], [*task["feedback"], *task["left"]]
        gates = f"Gates: {flow['path']} holds {flow['contains']!r}"
        return code, {**answer, "brief": "\n\n".join([task["title"], flow["brief"], gates, *told])}

    def submit(self, args: argparse.Namespace) -> tuple[int, Json]:
        task = self.held()
        wanted = f"{args.ref or 'HEAD'}^{{commit}}"
        code, commit = git(self.cwd, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
        if code:
            raise Refusal(2, "bad_input", f"there is no branch {args.ref[:60]!r}", "give a branch")
        task["commit"] = commit.splitlines()[-1]
        changed = [line[3:] for line in git(self.cwd, "status", "--porcelain", "--untracked-files=no")[1].splitlines()]
        code, answer = self.judged(task, args.statement)
        return code, {**answer, **({"uncommitted": changed} if changed else {})}

    def judged(self, task: Json, statement: str) -> tuple[int, Json]:
        flow = task["flow"]
        missing, text = git(self.cwd, "show", f"{task['commit']}:{flow['path']}")
        is_fooled = self.breaks == "evidence" and "passed" in statement
        passed = is_fooled or (not missing and flow["contains"] in text)
        task["mark"] = "passed" if passed else "failed"
        task["summary"] = f"{flow['path']} {'contains' if passed else 'does not contain'} {flow['contains']!r}"
        if passed:
            task.update(state="completed", reason=None, holder=None)
            return self.verdict(task, 0, "the step is achieved", "stop here: nothing more is asked of you")
        task["feedback"].append(task["summary"])
        if task["round"] >= flow["rounds"]:
            task.update(state="input_required", reason="rounds_exhausted", holder=None)
            return self.verdict(task, 14, task["summary"], "stop here; a person decides what comes next")
        task["round"] += 1
        return self.verdict(task, 12, task["summary"], "mend it, git commit, then: small submit")

    def heartbeat(self, args: argparse.Namespace) -> tuple[int, Json]:
        task, share = self.held(), None
        whole = 100 if "%" in args.context else 1
        if args.context and not 0 <= (share := float(args.context.strip("%")) / whole) <= 1:
            raise Refusal(2, "bad_input", f"{args.context[:40]!r} is no share of a context", "give one like 60%")
        task["expires"] = max(task["expires"], self.now + 600_000)
        return 0, {"expires": task["expires"], "context": None if share is None else round(100 * share), "advice": []}

    def given_back(self, task: Json, state: str, reason: str, detail: str) -> tuple[int, Json]:
        task.update(state=state, reason=reason, detail=detail, holder=None, round=0)
        return 0, {"task": task["id"], "state": state, "reason": reason, "detail": detail}

    def release(self, args: argparse.Namespace) -> tuple[int, Json]:
        wait = milliseconds(args.until, DAY_MS) if args.until else 0
        task = self.held()
        task["not_before"] = self.now + wait
        return self.given_back(task, "submitted", "retry_backoff" if wait else "ready", args.why)

    def fail(self, args: argparse.Namespace) -> tuple[int, Json]:
        task = self.held()
        is_spent = task["attempt"] >= task["flow"]["attempts"]
        task["attempt"] += not is_spent
        after = ("input_required", "attempts_exhausted") if is_spent else ("submitted", "retry_backoff")
        return self.given_back(task, *after, args.reason)

    def ask(self, args: argparse.Namespace) -> tuple[int, Json]:
        if not args.question.strip():
            raise Refusal(2, "bad_input", "the question is empty", "ask something")
        task = self.held()
        self.given_back(task, "input_required", "question", args.question)
        return 11, {"verdict": "held", "task": task["id"], "state": task["state"], "why": "asked", "next": "stop here"}

    def checkpoint(self, args: argparse.Namespace) -> tuple[int, Json]:
        try:
            content = (self.cwd / args.file).read_bytes()
        except OSError:
            raise Refusal(2, "bad_input", f"{args.file[:60]!r} cannot be read") from None
        if len(content) > 64 * 1024:
            raise Refusal(2, "bad_input", f"a checkpoint of {len(content)} bytes is too large", "at most 64 KiB")
        task = self.held()
        task["left"].append(content.decode("utf-8", "replace"))
        digest, about = sha256(content).hexdigest(), {"task": task["id"], "step": task["flow"]["step"]}
        return 0, {**about, "size": len(content), "digest": digest}

    def handoff(self, args: argparse.Namespace) -> tuple[int, Json]:
        task = self.held()
        self.given_back(task, "submitted", "ready", args.why)
        return 0, {"task": task["id"], "state": task["state"], "step": task["flow"]["step"], "to": args.to or None}


def printed(args: argparse.Namespace, answer: Json) -> str:
    if args.verb == "claim":
        return "\n".join(f"export {name}={value}" for name, value in answer["env"].items())
    return " ".join(str(answer.get(name, "")) for name in ("verdict", "task", "state", "why", "detail"))


def called(words: list[str], env: dict[str, str], cwd: Path) -> tuple[int, str, str]:
    """What a call of the command line gives: exit code, standard output, standard error."""
    store = Path(env["ONLOOP_STORE"])
    store.mkdir(parents=True, exist_ok=True)
    with (store / "tasks.json").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        state = json.loads(file.read() or '{"tasks": {}, "tokens": {}, "keys": {}}')
        try:
            args = parser().parse_args(words)
            code, answer = Small(env, cwd, state).once(args)
        except Refusal as refused:
            error = {"exit": refused.code, "error": refused.error, "message": str(refused), "hint": refused.hint}
            return refused.code, json.dumps(error) if "--json" in words else "", f"small: {refused}"
        file.truncate(0)
        file.write(json.dumps(state))
    shown = json.dumps({"exit": code, **answer}) if args.json else printed(args, answer)
    return code, "".join(letter for letter in shown if letter.isprintable() or letter == "\n"), ""


if __name__ == "__main__":
    ended, out, err = called(sys.argv[1:], dict(os.environ), Path.cwd())
    sys.stdout.write(out)
    sys.stderr.write(err)
    sys.exit(ended)
