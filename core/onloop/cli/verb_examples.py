"""What one would type: examples for every verb and every word that a verb chooses by, and the verbs by what one wants.

Only help reads it. `r7k2m` stands for a run, `r7k2m.3` for a task, `c6c4ab0c` for a cause, `m1f3` for a mute.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from onloop.cli.insight_examples import OF_INSIGHT
from onloop.cli.machine_examples import OF_MACHINES
from onloop.records import Record

TASK, RUN, CAUSE, RULE = "r7k2m.3", "r7k2m", "c6c4ab0c", "m1f3"


class Example(Record):
    """A command as it is typed, what it does, and whether it only looks, so that it can be tried at once."""

    command: str
    does: str
    looks: bool = False


def _looks(command: str, does: str) -> Example:
    return Example(command, does, looks=True)


_OF_AGENTS: Mapping[str, tuple[Example, ...]] = MappingProxyType(
    {
        "claim": (
            Example('eval "$(onloop claim --role implementer)"', "take the next task, and export its variables"),
        ),
        "join": (Example("onloop join r7k2m.3", "work on it yourself, in this clone of its repository"),),
        "leave": (Example('onloop leave --reason "back tomorrow"', "give it back; that costs no attempt"),),
        "next": (Example("onloop next", "what to do now"),),
        "check": (Example("onloop check && echo done", "0 where the step is achieved"),),
        "submit": (
            Example("onloop submit", "hand HEAD in, and wait for the gates"),
            Example('onloop submit --statement "7 tests, all pass" --wait 5m', "say what you did, and wait longer"),
        ),
        "ask": (Example('onloop ask "Keep the old endpoint?"', "ask a person; your turn ends"),),
        "review": (Example('onloop review fail --reason "no test for an empty cart"', "judge another agent's work"),),
        "spawn": (
            Example('onloop spawn --title "The parser" --brief "Only src/parse.py"', "a child of your own"),
            Example('onloop spawn --title "The docs" --after "The parser"', "one that begins with another's work"),
            Example('onloop spawn --title "The build" --environment vm', "a child in a virtual machine"),
        ),
        "tell": (Example('onloop tell "The schema is v2 now" --to parent', "tell another task of your run"),),
        "inbox": (Example("onloop inbox", "what others told you"),),
        "checkpoint": (Example("onloop checkpoint --file notes.md", "keep how far you are"),),
        "handoff": (Example('onloop handoff --why "my context is full"', "let another agent go on"),),
        "heartbeat": (Example("onloop heartbeat --context 60%", "keep the lease, and say how full your context is"),),
        "release": (Example('onloop release --until 45m --why "usage limit"', "not now; it costs no attempt"),),
        "acp": (Example("onloop acp -- opencode acp", "work on your task with an agent that speaks ACP"),),
        "mcp": (Example("onloop mcp", "serve the verbs as MCP tools: claude mcp add onloop -- onloop mcp"),),
        "fail": (Example('onloop fail "the API that the brief names does not exist"', "you cannot do this step"),),
    }
)

_OF_DECISIONS: Mapping[str, tuple[Example, ...]] = MappingProxyType(
    {
        "attention": (
            _looks("onloop attention", "what needs a person, one row for each cause"),
            _looks("onloop attention --all --json", "also what is hidden, for a script"),
        ),
        "show": (
            _looks("onloop show r7k2m.3", "what is asked, and what it rests on"),
            _looks("onloop show r7k2m.3 --diff", "with the whole diff"),
        ),
        "logs": (Example("onloop logs r7k2m.3 -f", "what its agent prints, as it comes"),),
        "why": (_looks("onloop why r7k2m.3", "why it does not move, and what would move it"),),
        "approve": (
            Example("onloop approve r7k2m.3 --digest 98db33eacb00", "approve exactly what `onloop show` printed"),
            Example('onloop approve r7k2m.3 --digest 98db33eacb00 --gate release --note "ship it"', "one of two gates"),
            Example(
                "onloop approve r7k2m.3 --digest 98db33eacb00 --sign ~/.ssh/id_ed25519_sk", "with touch and PIN: A3"
            ),
        ),
        "override": (
            Example(
                'onloop override r7k2m.3 --gate tests --reason "the runner is broken" --as ana',
                "past a gate that fails, where its workflow lets you; it stays failed",
            ),
        ),
        "reject": (Example('onloop reject r7k2m.3 --reason "the cart may be empty"', "back to the agent, with why"),),
        "answer": (Example('onloop answer r7k2m.3 "Keep it for one release"', "answer its question"),),
        "enter": (
            Example("onloop enter r7k2m.3", "open a shell beside its agent"),
            Example("onloop enter r7k2m.3 --most 30m --transcript stay.txt", "half an hour, with a transcript"),
        ),
        "environment build": (
            Example("onloop environment build vm --packages nodejs", "an image for work --environment vm"),
        ),
        "environment list": (_looks("onloop environment list", "the images of this machine"),),
        "environment remove": (Example("onloop environment remove debian", "one of them, with its disk"),),
        "note": (Example('onloop note r7k2m.3 "Leave the vendored files alone"', "tell its agent while it works"),),
        "take": (Example('onloop take r7k2m.3 --reason "faster by hand"', "do the work yourself, by the same gates"),),
        "open": (Example("onloop open r7k2m.3", "the commit that is asked about, in a folder of your own"),),
        "decisions": (_looks("onloop decisions --limit 20", "what people decided, and what came of it"),),
        "delegate": (
            Example('onloop delegate --to ben --until 24h --reason "on leave"', "ben decides in your place, for a day"),
            Example("onloop delegate --end dl4k2", "you decide again"),
        ),
        "people": (_looks("onloop people", "who may decide, and who stands in for whom"),),
        "people key": (
            _looks("onloop people key", "whose security keys may sign"),
            Example("onloop people key add ben --public-key id_ed25519_sk.pub", "with it, ben proves A3"),
        ),
        "people list": (_looks("onloop people list --json", "for a script"),),
        "people remove": (Example('onloop people remove ben --reason "has left"', "they decide nothing any more"),),
        "people rename": (Example("onloop people rename ben benjamin", "another name for the same person"),),
        "passphrase": (Example("onloop passphrase", "another one; the old one is asked first"),),
        "login": (
            Example("onloop login --url https://gateway.example:8443 --as ana", "read there from now on, for 12 hours"),
        ),
        "logout": (Example("onloop logout --url https://gateway.example:8443", "end it there, and forget it here"),),
        "reassign": (
            Example('onloop reassign r7k2m.3 --to agent:ada --reason "she knows it"', "somebody else does it"),
        ),
        "retry": (
            Example('onloop retry r7k2m.3 --note "use snapshot()"', "try it again, with guidance"),
            Example("onloop retry --cause c6c4ab0c", "try the first of those with one cause"),
            Example("onloop retry --cause c6c4ab0c --rest", "then the rest"),
        ),
        "amend": (
            Example(
                'onloop amend r7k2m --workflow feature --reason "its gate needs setup"',
                "another workflow for a live run",
            ),
        ),
        "adopt": (
            Example("onloop adopt r7k2m.3 --branch agents/fix-totals", "its work is what is pushed to that branch"),
            Example("onloop adopt r7k2m.3 --pull-request 7", "its work is that pull request of its repository"),
        ),
        "tickets list": (Example("onloop tickets list --repo . --label onloop", "open issues with that label"),),
        "tickets take": (
            Example("onloop tickets take --repo . --label onloop", "a task for each of them"),
            Example("onloop tickets take --repo . --team ENG --label onloop", "the same of a team in Linear"),
        ),
        "retarget": (Example('onloop retarget r7k2m.3 --branch trunk --reason "renamed"', "put right where it works"),),
        "exclude": (Example('onloop exclude --cause c6c4ab0c --reason "archived"', "let the fleet end without them"),),
        "pause": (Example('onloop pause r7k2m --reason "release week"', "stop a run, with all below it"),),
        "undo": (Example("onloop undo r7k2m.3", "take back what was decided last, before it has an effect"),),
        "resume": (Example("onloop resume r7k2m", "go on, at the same steps"),),
        "cancel": (Example('onloop cancel r7k2m.3 --reason "not needed any more"', "end it for good"),),
        "freeze": (
            Example('onloop freeze all --reason "incident 4711"', "nothing moves, no push begins"),
            Example('onloop freeze repo:shop --reason "migration"', "only what is in one repository"),
        ),
        "unfreeze": (Example("onloop unfreeze repo:shop", "lift it"),),
        "gc": (
            Example("onloop gc --dry-run", "what would go, and how much space that is"),
            Example("onloop gc --older 2d", "remove it"),
        ),
        "repository": (),
        "repository tolerate": (
            Example(
                "onloop repository tolerate https://example.org/shop.git missingSpaceBeforeEmail",
                "pass over this in its old history",
            ),
        ),
        "ack": (Example("onloop ack c6c4ab0c --for 1h", "you take care of it"),),
        "snooze": (
            Example("onloop snooze c6c4ab0c --for 2h", "hide it until then"),
            Example("onloop snooze c6c4ab0c --grows-by 5", "hide it until five more have it"),
        ),
        "wake": (Example("onloop wake c6c4ab0c", "show it again"),),
        "mute": (Example('onloop mute --for 24h --repo shop --reason "being moved"', "hide what a rule covers"),),
        "unmute": (Example("onloop unmute m1f3", "lift it; `onloop attention --all` names it"),),
        "cause": (),
        "cause show": (_looks("onloop cause show c6c4ab0c", "the texts that are counted as one"),),
        "cause split": (Example("onloop cause split c6c4ab0c --task r7k2m.3", "this task's failure is another one"),),
        "cause merge": (Example("onloop cause merge c6c4ab0c 51d0a7be", "the second is the first"),),
        "cause restore": (Example("onloop cause restore c6c4ab0c", "group it as before"),),
    }
)

_OF_WORK: Mapping[str, tuple[Example, ...]] = MappingProxyType(
    {
        "start": (
            Example('onloop start --title "Discounts by coupon"', "with the workflow in .onloop, in this repository"),
            Example("onloop start feature --brief ticket.md --dry-run", "look at everything, and begin nothing"),
        ),
        "fleet": (
            Example(
                'onloop fleet cve-remediation --targets repos.txt --title "kvlite 2"', "a task for each repository"
            ),
            Example("onloop fleet cve-remediation --targets repos.txt --waves 1,5,25,rest --halt 20%", "in slices"),
            Example("onloop fleet --file kvlite-2", "all of that as a file in .onloop/fleets"),
            Example("onloop fleet add r7k2m --targets more.txt", "more of them, in a live fleet"),
            Example("onloop fleet show r7k2m", "how its waves stand"),
        ),
        "list": (
            _looks("onloop list", "every task in a line"),
            _looks("onloop list --run r7k2m --state working", "some of them"),
            _looks("onloop list --columns state,owner,age --sort age", "in columns and an order of yours"),
        ),
        "tree": (_looks("onloop tree --run r7k2m", "a run, its tasks and their gates"),),
        "log": (
            _looks("onloop log r7k2m.3", "who did what to it, when"),
            _looks("onloop log --after 0 --limit 20 --json", "the first events, for a script"),
        ),
        "loop": (
            _looks("onloop loop", "touches, autonomy, what gates cost and catch, calls for nothing"),
            Example("onloop loop --since 14d --md > loop.md", "the last two weeks, for others"),
        ),
        "report": (
            _looks("onloop report r7k2m", "how far it is, what holds it up, how long the rest may take"),
            Example("onloop report r7k2m --out report.html", "all of it, as one file for others"),
            Example("onloop report r7k2m --format csv > tasks.csv", "a row for each task"),
        ),
        "work": (
            Example("onloop work --agent claude --jobs 4", "a vendor's agent, four at a time"),
            Example("onloop work --acp 'opencode acp' --permit execute", "an agent that speaks ACP"),
            Example("onloop work --role implementer --once -- my-agent --quiet", "a command of your own, for one task"),
        ),
        "verifier": (Example("onloop verifier --jobs 2 --idle-exit 10m", "gates, two at a time, while there are any"),),
        "demo": (
            Example("onloop demo", "a fleet that needs you, in two minutes"),
            Example("onloop demo swarm-feature", "a swarm of agents on one feature"),
            Example("onloop demo bank", "a factory: a bank that grows by what its roadmap lists"),
        ),
        "simulate": (
            _looks("onloop simulate --workflow feature --repos 20 --agents 5", "what it would take"),
            Example("onloop simulate --workflow mine.yaml --repos 500 --runs 20", "a workflow of yours, twenty times"),
            Example("onloop simulate --print-conduct > conduct.yaml", "how agents, gates and people behave"),
            _looks("onloop simulate --repos 30 --waves 1,5,rest --halt 20% --halt-of 3", "waves, and when they halt"),
        ),
    }
)

_OF_BUILDING: Mapping[str, tuple[Example, ...]] = MappingProxyType(
    {
        "init": (
            Example("onloop init", "make a store, and enrol yourself"),
            Example("onloop init --repo . --commit", "propose a workflow for this project, proved green on it"),
        ),
        "enrol": (
            Example("onloop enrol ben --group approvers --as ana", "another person; both passphrases are asked"),
        ),
        "validate": (Example("onloop validate .onloop/*.yaml", "every error, with line and column"),),
        "graph": (
            _looks("onloop graph feature", "a workflow as Mermaid"),
            _looks("onloop graph feature --text", "the same in plain text"),
            _looks("onloop graph --task r7k2m.3 --text", "where a task stands, and which way it took"),
            _looks("onloop graph", "what a task may do"),
        ),
        "workflow": (),
        "workflow list": (_looks("onloop workflow list", "those that come with onloop"),),
        "workflow print": (Example("onloop workflow print feature > .onloop/feature.yaml", "begin with a copy"),),
        "workflow schema": (
            Example("onloop workflow schema > .onloop/schema.json", "for an editor that completes and explains fields"),
        ),
        "workflow export": (Example("onloop workflow export attractor feature", "as DOT, which comes back the same"),),
        "workflow import": (Example("onloop workflow import pipeline.dot > .onloop/pipe.yaml", "and what it lost"),),
        "audit": (
            _looks("onloop audit", "what this repository has for agents to work in"),
            Example("onloop audit --fleet ~/code --md > audit.md", "every repository of a folder, in one table"),
            Example("onloop audit --require tests,ownership", "exit 10 in a CI where one is stale or absent"),
            Example("onloop audit permissions --require approval", "exit 10 where a way leads to an approval"),
        ),
        "policy": (),
        "policy list": (_looks("onloop policy list", "those that runs are held to from now on"),),
        "policy test": (Example("onloop policy test .onloop/policies/*.yaml", "every case, and what a rule hides"),),
        "policy check": (_looks("onloop policy check r7k2m", "what each policy says of a task now"),),
        "policy facts": (_looks("onloop policy facts", "everything that a rule may ask about"),),
        "policy print": (
            Example("onloop policy print size-of-change > .onloop/policies/size.yaml", "begin with a copy"),
        ),
        "policy schema": (Example("onloop policy schema > .onloop/policy.json", "for an editor"),),
        "policy adopt": (
            Example('onloop policy adopt --control . --reason "agreed"', "those that are committed here"),
        ),
        "trigger": (),
        "trigger list": (_looks("onloop trigger list", "what may begin and end tasks from outside"),),
        "trigger test": (
            Example("onloop trigger test --payload issue.json --event issues", "what would happen, and why not"),
            Example("onloop trigger test --delivery 3f9a1c", "with a webhook that came in"),
        ),
        "trigger log": (
            _looks("onloop trigger log", "what the newest webhooks did"),
            Example("onloop trigger log --delivery 3f9a1c", "what each trigger did on one, and why not"),
        ),
        "trigger again": (Example("onloop trigger again 3f9a1c", "carry it out anew"),),
        "trigger hooks": (_looks("onloop trigger hooks", "where webhooks are taken"),),
        "trigger schema": (Example("onloop trigger schema > .onloop/triggers.json", "for an editor"),),
        "trigger adopt": (
            Example('onloop trigger adopt --control . --reason "agreed"', "those that are committed here"),
        ),
        "trigger drop": (Example('onloop trigger drop --reason "a storm"', "nothing begins outside any more"),),
        "policy drop": (Example('onloop policy drop budget --reason "too early"', "not for runs from now on"),),
        "calls": (),
        "calls list": (_looks("onloop calls list", "who is called about what"),),
        "calls adopt": (Example('onloop calls adopt --reason "on call"', "the rules in .onloop/calls.yaml"),),
        "calls drop": (Example('onloop calls drop --reason "nobody is on call"', "call nobody"),),
        "calls test": (_looks("onloop calls test", "what would be sent now, and why not"),),
        "calls log": (_looks("onloop calls log --limit 10", "what was sent to whom"),),
        "calls schema": (Example("onloop calls schema > .onloop/calls.json", "for an editor"),),
        "watch": (_looks("onloop watch --until 0s", "what needs people, a line each; without --until it stays"),),
        "conformance": (
            Example('onloop conformance --command "onloop" --level agent', "hold this gateway to a level"),
            _looks("onloop conformance --list", "every case, with what the standard says"),
        ),
        "schema": (_looks("onloop schema show", "what `onloop show --json` prints"),),
        "help": (
            _looks("onloop help workflows", "a guide"),
            _looks("onloop help retry", "what a verb takes, with examples"),
            _looks("onloop help store verify", "one of several things that a verb does"),
        ),
        "completion": (
            Example("source <(onloop completion bash)", "in ~/.bashrc; in ~/.zshrc with zsh"),
            Example("onloop completion fish > ~/.config/fish/completions/onloop.fish", "for fish"),
        ),
        "serve": (
            Example("onloop serve --jobs 4", "one gateway for hundreds of agents; leave it running"),
            Example("onloop serve --listen 127.0.0.1:8443 --web", "the dashboard as a page for browsers here, too"),
        ),
        "token": (),
        "token mint": (
            Example(
                "onloop token mint farm --role implementer --repo 'github.com/acme/*' --to token --as ana",
                "workers at another machine may claim there",
            ),
        ),
        "token list": (_looks("onloop token list", "who is let in, until when, and what they hold"),),
        "token revoke": (
            Example(
                'onloop token revoke farm --reason "the machine was sold" --as ana', "what it held is free at once"
            ),
        ),
        "hook": (),
        "hook show": (_looks("onloop hook show claude", "what an agent would call at the end of a turn"),),
        "hook install": (
            Example("onloop hook install claude", "in this project"),
            Example("onloop hook install codex --managed", "as root: for all users, out of agents' reach"),
        ),
        "instruct": (),
        "instruct show": (_looks("onloop instruct show codex", "what it would read in AGENTS.md"),),
        "instruct install": (Example("onloop instruct install claude", "in this repository: CLAUDE.md and a skill"),),
        "instruct uninstall": (Example("onloop instruct uninstall claude", "leaves what others wrote"),),
        "hook doctor": (Example("onloop hook doctor claude", "what the hooks that are installed hold it to, tried"),),
        "hook uninstall": (Example("onloop hook uninstall codex --user", "out of all your projects"),),
        "doctor": (
            Example("onloop doctor", "what this machine and store can prove"),
            Example("onloop doctor --agent claude", "whether this agent works as a worker runs it"),
            Example("onloop doctor --repo https://example.org/shop.git", "whether our git reaches an origin"),
            Example("onloop doctor --forge https://github.com/acme/shop", "whether the gateway alone can merge there"),
        ),
        "attest": (
            Example("onloop attest r7k2m.3 --out r7k2m.3.dsse", "the decision with its evidence, signed"),
            Example("onloop attest --public-key > onloop.pem", "what verifies it"),
            Example("onloop attest --verify r7k2m.3.dsse --key onloop.pem", "anywhere, without a store"),
        ),
        "store": (),
        "store verify": (_looks("onloop store verify", "compare the store with its log"),),
        "store export": (Example("onloop store export backup.jsonl", "all of it; without a file to stdout"),),
        "store import": (Example("onloop store import backup.jsonl --store /srv/onloop", "into a new store"),),
        "store copy": (
            Example("onloop store copy postgresql://onloop@db.example/onloop", "into a team's new database"),
        ),
        "store archive": (
            Example("onloop store archive old.jsonl --before 2026-01-01", "move finished runs out"),
            Example("onloop store archive old.jsonl --read", "list what is in it"),
        ),
        "store migrate": (Example("onloop store migrate", "to this version's schema, with a backup"),),
    }
)

EXAMPLES: Mapping[str, tuple[Example, ...]] = MappingProxyType(
    {
        **_OF_AGENTS,
        **_OF_DECISIONS,
        **_OF_WORK,
        **_OF_BUILDING,
        **{name: tuple(Example(*row) for row in rows) for name, rows in {**OF_INSIGHT, **OF_MACHINES}.items()},
    }
)
"""By verb, and by verb and the word that it chooses by."""


def examples_of(verb: str, word: str | None = None) -> tuple[Example, ...]:
    """The examples of a verb with all the words that it chooses by, or with one of them."""
    chosen = [name for name in EXAMPLES if name == verb or name.startswith(f"{verb} ")]
    return tuple(each for name in chosen if word is None or name == f"{verb} {word}" for each in EXAMPLES[name])


def example_lines(examples: tuple[Example, ...]) -> tuple[str, ...]:
    """The examples as the end of a help text: the command, and below it what it does."""
    return ("examples:", *(line for each in examples for line in (f"  {each.command}", f"      {each.does}")))
