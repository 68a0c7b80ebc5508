"""Workflow files of a few steps that lead anywhere, for properties of graphs."""

from __future__ import annotations

from hypothesis import strategies as st

IDS = [f"work.s{number}" for number in range(6)]


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file of a few steps that lead anywhere."""
    count = draw(st.integers(2, 6))
    lines = ["workflow: any", "steps:"]
    for number, name in enumerate(IDS[:count]):
        lines.append(f"  - id: {name}")
        kind = draw(st.sampled_from(["agent", "agent", "run", "people"])) if number else "agent"
        lines += {
            "agent": ["    role: implementer", "    max_visits: 2"],
            "run": ["    run: [make]"],
            "people": ["    gates: [{id: ask, human: {from: [approvers]}}]", f"    on_reject: {IDS[0]}"],
        }[kind]
        if draw(st.booleans()):
            targets = draw(st.lists(st.sampled_from([*IDS[:count], "end"]), min_size=1, max_size=3))
            rules = [f"{{when: 'task.round >= {at}', to: {to}}}" for at, to in enumerate(targets[:-1])]
            lines.append(f"    next: [{', '.join((*rules, f'{{to: {targets[-1]}}}'))}]")
        if kind == "run" and draw(st.booleans()):
            lines.append(f"    on_fail: {draw(st.sampled_from(IDS[:count]))}")
    if draw(st.booleans()):
        lines += ["  - id: ship.merge", "    effect: merge"]
    return "\n".join(lines) + "\n"
