"""What needs people, on the command line: put aside, paused, excluded, retried by cause; by people only."""

from __future__ import annotations

from typing import Any

import pytest

from support.world import PASSPHRASE, WORKFLOW, Ran, World

ONE_TRY = WORKFLOW.replace("attempts: {max: 2, backoff: 1s}", "attempts: {max: 1}")


@pytest.fixture
def failing(world: World) -> tuple[World, str]:
    """A fleet of two whose agents gave up for the same reason, and the id of its run."""
    world.init()
    run = world.fleet(world.origin("shop"), world.origin("bank"), workflow=ONE_TRY)
    for number in (1, 2):
        env = world.onloop("claim", f"{run}.{number}", "--role", "implementer", "--json").json["env"]
        assert world.onloop("fail", "no compiler", env=env).code == 0
    return world, run


def seen(world: World) -> Any:
    return world.onloop("attention", "--json").json


def mark(world: World, *words: str) -> Ran:
    return world.onloop(*words, "--as", "ana", "--json", passphrase=PASSPHRASE)


def test_what_a_person_puts_aside_is_counted_and_comes_back(failing: tuple[World, str]) -> None:
    world, run = failing
    (group,) = seen(world)["groups"]
    cause = group["cause"]
    assert (group["life"]["stage"], len(group["members"])) == ("new", 2)

    assert mark(world, "ack", cause).json["stage"] == "acknowledged"
    quiet = world.onloop("attention")
    assert quiet.out == f"nothing needs a person in {world.store}\n"
    assert "not shown: 2 acknowledged; onloop attention --all shows them" in quiet.err
    assert f"[{cause}]" in world.onloop("attention", "--all").out

    assert mark(world, "wake", cause).code == 0
    assert mark(world, "wake", cause).code == 15
    assert mark(world, "snooze", cause, "--until-change").json["hidden"] is True
    assert mark(world, "exclude", f"{run}.2", "--reason", "no toolchain").code == 0
    (left,) = seen(world)["groups"]
    assert [member["task"] for member in left["members"]] == [f"{run}.1"], "it changed, and so it is back"

    muted = mark(world, "mute", "--repo", "shop", "--for", "2h", "--reason", "known").json
    assert (muted["muted"], seen(world)["counts"]["muted"], seen(world)["needs_person"]) == (1, 1, 1)
    assert mark(world, "unmute", muted["rule"]).code == 0
    assert len(seen(world)["groups"]) == 1
    env = world.onloop("claim", f"{run}.1", "--role", "implementer", "--json", env={"ONLOOP_TOKEN": ""})
    assert env.code == 11, "it waits for a person"
    assert world.onloop("ack", left["cause"], "--as", "ana").code == 13, "nobody is no person"


def test_what_is_not_ones_own_is_counted_and_times_are_those_of_ones_zone(failing: tuple[World, str]) -> None:
    world, _ = failing
    mine = world.onloop("attention", "--mine")
    assert mine.out == f"nothing needs you in {world.store}\n"
    assert "not shown: 2 for others; onloop attention --all-people shows them" in mine.err
    every = world.onloop("attention", "--all-people", "--json").json
    assert (len(every["groups"]), every["counts"]["needs_you"], every["counts"]["for_others"]) == (1, 2, 0)
    for verb in ("attention", "list"):
        assert "2 need you (blocked 2 in 1 cause)" in world.onloop(verb).err
    assert "2 need you" in world.onloop("tree").out
    assert "2 need you" in world.onloop().err, "no terminal"
    assert world.onloop("attention", "--viewer", "eve").code == 2

    tokyo = {"TZ": "Asia/Tokyo"}
    cause = every["groups"][0]["cause"]
    asleep = world.onloop("snooze", cause, "--until", "tomorrow", "--as", "ana", passphrase=PASSPHRASE, env=tokyo)
    assert "09:00 JST" in asleep.out
    assert "T" in (moment := world.onloop("log", env=tokyo).out.split()[1]) and moment.endswith("Z")
    past = world.onloop("snooze", cause, "--until", "2020-01-01", "--as", "ana", passphrase=PASSPHRASE)
    assert past.code == 2 and "is no moment to come" in past.err


def test_one_of_a_cause_is_retried_and_then_the_rest_each_with_a_verdict(failing: tuple[World, str]) -> None:
    world, run = failing
    group = seen(world)["groups"][0]
    cause, version = group["cause"], str(group["members"][0]["version"])

    one = mark(world, "retry", "--cause", cause, "--note", "the image is mended")
    assert [(told["task"], told["state"]) for told in one.json["outcomes"]] == [(f"{run}.1", "submitted")]
    for words in (("cancel",), ("reassign", "--to", "implementer", "--reason", "x")):
        late = mark(world, words[0], f"{run}.1", *words[1:], "--version", version)
        assert late.code == 12, words
        assert f"was at version {version} when you looked" in late.err and "human:ana had it retried" in late.err
    assert f"1 more share the cause: onloop retry --cause {cause} --rest" in one.err
    assert mark(world, "exclude", "--cause", cause, "--reason", "later").json["left"] == 0
    assert seen(world)["groups"] == []
    gone = mark(world, "retry", "--cause", cause)
    assert (gone.code, "there is no cause" in gone.err) == (2, True)
    assert mark(world, "retry").code == 2


def test_a_run_is_paused_and_goes_on_as_a_whole(failing: tuple[World, str]) -> None:
    world, run = failing
    mark(world, "retry", f"{run}.1")

    env = world.onloop("claim", f"{run}.1", "--role", "implementer", "--json").json["env"]
    for words in (("pause", run, "--reason", "x"), ("mute", "--repo", "bank", "--for", "1h", "--reason", "x")):
        assert world.onloop(*words, env=env).code == 13, "an agent stops and hides nothing"
    paused = mark(world, "pause", run, "--reason", "incident")
    assert world.onloop("check", env=env).code == 13
    assert (paused.code, [told["task"] for told in paused.json["outcomes"]]) == (0, [f"{run}.1"])
    assert world.onloop("claim", "--role", "implementer").code == 15
    assert seen(world)["hidden"][0]["how"] == "inhibited"
    assert f"inhibited by {run}, paused: paused by human:ana: incident" in world.onloop("attention", "--all").out

    resumed = mark(world, "resume", run)
    assert (resumed.json["state"], world.task(f"{run}.1")["state"]) == ("working", "submitted")
    assert seen(world)["counts"]["blocked"] == 1


def test_a_person_tells_the_texts_of_a_cause_apart_and_makes_them_one_again(world: World) -> None:
    world.init()
    run = world.fleet(world.origin("shop"), world.origin("bank"), workflow=ONE_TRY)
    for number, words in ((1, "got 3, want 4"), (2, "got 5, want 4")):
        env = world.onloop("claim", f"{run}.{number}", "--role", "implementer", "--json").json["env"]
        assert world.onloop("fail", words, env=env).code == 0
    (group,) = seen(world)["groups"]
    cause = group["cause"]
    assert (group["text_count"], len(group["members"])) == (2, 2)
    shown = world.onloop("attention").out
    assert f"2 different texts: onloop cause show {cause}" in shown and "got 3, want 4" in shown
    assert f"what it printed: onloop logs {run}.1" in shown
    assert f"onloop logs {run}.1" in world.onloop("show", f"{run}.1").out

    assert world.onloop("cause", "split", cause, "--as", "ana").code == 13, "nobody is no person"
    told = mark(world, "cause", "split", cause)
    assert told.code == 0, told.err
    apart = told.json["causes"]
    assert [(one["tasks"], one["text_count"]) for one in apart] == [(1, 1), (1, 1)]
    assert [one["acts"] for one in apart] == [[f"one text of {cause} by human:ana"]] * 2
    assert mark(world, "cause", "split", cause).code == 2, "no failure has that cause any more"

    first, second = (one["cause"] for one in apart)
    (both,) = mark(world, "cause", "merge", first, second).json["causes"]
    assert (both["cause"], both["tasks"]) == (first, 2)
    retried = mark(world, "retry", "--cause", first, "--first", "1").json
    assert (retried["cause"], retried["left"], len(retried["outcomes"])) == (first, 1, 1)

    (restored,) = mark(world, "cause", "restore", first).json["causes"]
    assert (restored["cause"], restored["tasks"], restored["acts"]) == (cause, 1, [])
    assert mark(world, "cause", "restore", cause).code == 15
    assert world.onloop("store", "verify").code == 0
