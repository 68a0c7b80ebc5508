"""A push that the origin refuses: what the origin said is in the cause, on the sheet and in `why`, with the way on."""

from __future__ import annotations

from support.world import World

GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello"
HOOK = """\
#!/bin/sh
echo "ticket missing: write SHOP-123 into the title" >&2
printf '\\033[31mtoken=ghp_0123456789abcdefghijABCDEFGHIJ0123456789\\033[0m\\n' >&2
exit 1
"""


def test_what_the_origin_said_about_a_refused_push_is_shown_with_what_to_do(world: World) -> None:
    world.init()
    origin = world.origin()
    task = f"{world.fleet(origin)}.1"
    hook = origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)
    assert world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(GOOD)).code == 0
    world.until(task, "input_required", "approval_required")
    assert world.decide("approve", task).code == 0
    asked = world.until(task, "input_required", "gate_failed")

    said = "the origin says: ticket missing: write SHOP-123 into the title"
    shown, why, attention = world.onloop("show", task), world.onloop("why", task), world.onloop("attention")
    for out in (asked["detail"], shown.out, why.out, attention.out):
        assert said in out, out
        assert "ghp_0123" not in out
        assert "\x1b[31m" not in out
    assert "ghp_0123" not in world.logs()
    assert "satisfy what the origin says" in shown.out

    hook.unlink()
    assert world.decide("retry", task, "--note", "the hook is satisfied").code == 0
    world.until(task, "completed")
