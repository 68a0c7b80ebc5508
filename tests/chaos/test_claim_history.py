"""The judge of histories is judged: it takes what one task could have answered, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chaos.claim_history import Act, Asked, Held, faults_of, from_lines, is_linearizable


def _asked(act: Act, began: float, ended: float, epoch: int, *, done: bool = True, agent: str = "a") -> Asked:
    return Asked(agent, act, "t", began, ended, epoch, done)


def test_two_holders_of_one_epoch_are_found() -> None:
    history = [_asked(Act.CLAIM, 0, 1, 1), _asked(Act.CLAIM, 2, 3, 1, agent="b")]

    assert faults_of(history)[0] == "t: epoch 1 has two holders, a and b"


def test_a_claim_that_was_granted_while_another_held_is_found() -> None:
    assert not is_linearizable([_asked(Act.CLAIM, 0, 1, 1), _asked(Act.CLAIM, 2, 3, 2)])


def test_a_release_that_was_answered_and_then_lost_is_found() -> None:
    lost = [_asked(Act.CLAIM, 0, 1, 1), _asked(Act.RELEASE, 2, 3, 1), _asked(Act.CLAIM, 4, 5, 0, done=False)]

    assert not is_linearizable(lost)
    assert is_linearizable([replace(lost[0]), lost[1], replace(lost[2], began=2.5)]), "it was asked before the answer"


def test_what_overlaps_may_be_put_in_the_order_that_fits() -> None:
    claimed, released = _asked(Act.CLAIM, 0, 9, 2), _asked(Act.RELEASE, 1, 2, 1)

    assert is_linearizable([_asked(Act.CLAIM, 0, 0.5, 1), claimed, released])


@given(st.lists(st.tuples(st.sampled_from(Act), st.booleans(), st.integers(0, 3)), max_size=24), st.randoms())
def test_whatever_one_task_answers_is_taken_however_far_the_times_are_stretched(steps: list, chance: object) -> None:  # type: ignore[type-arg]
    state, history = Held(), list[Asked]()
    for at, (act, wide, stretch) in enumerate(steps):
        epoch = state.epoch + 1 if act is Act.CLAIM else state.epoch
        done = state.by_somebody is (act is Act.RELEASE)
        asked = _asked(act, at - stretch * wide, at + 0.5 + stretch, epoch, done=done)
        after = state.after(asked)
        assert after is not None
        state, history = after, [*history, asked]
    chance.shuffle(history)  # type: ignore[attr-defined]

    assert is_linearizable(history)
    assert list(from_lines(asked.line() for asked in history)) == history
