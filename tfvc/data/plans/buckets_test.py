import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfvc.common.errors import TfvcError
from tfvc.data.plans import Buckets

LENGTHS = np.random.default_rng(0).integers(20, 900, 101)
some_lengths = st.lists(st.integers(1, 2000), min_size=1, max_size=60)


@settings(deadline=None)
@given(lengths=some_lengths, batch_size=st.integers(1, 9), stretch=st.floats(1.01, 3), epoch=st.integers(0, 10**6))
def test_an_epoch_visits_every_utterance_once_and_padding_is_bounded(lengths, batch_size, stretch, epoch):
    schedule = Buckets(batch_size, 7, stretch).schedule(lengths)
    first = epoch * schedule.steps_per_epoch
    batches = [schedule.rows(step) for step in range(first, first + schedule.steps_per_epoch)]
    assert sorted(np.concatenate([batch.items for batch in batches])) == list(range(len(lengths)))
    for batch in batches:
        assert 1 <= len(batch.items) <= batch_size
        np.testing.assert_array_equal(batch.counts, np.array(lengths)[batch.items])
        assert (batch.starts == 0).all()
        assert batch.counts.max() <= batch.frames <= stretch * batch.counts.min()


@settings(deadline=None)
@given(seed=st.integers(0, 2**64 - 1), step=st.integers(0, 10**9))
def test_a_batch_depends_on_seed_and_step_alone(seed, step):
    schedule = Buckets(8, seed).schedule(LENGTHS)
    for earlier in (step + 40, 0, step + 1):
        schedule.rows(earlier)
    for ours, theirs in zip(schedule.rows(step), Buckets(8, seed).schedule(LENGTHS).rows(step), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def epoch(seed, number):
    schedule = Buckets(4, seed).schedule(LENGTHS)
    steps = schedule.steps_per_epoch
    return [schedule.rows(number * steps + i) for i in range(steps)]


def test_epochs_and_seeds_differ_in_who_shares_a_batch_and_in_the_order_of_the_batches():
    epochs = [epoch(seed, number) for seed in (0, 1) for number in range(5)]
    assert len({frozenset(frozenset(batch.items) for batch in batches) for batches in epochs}) == 10
    assert len({tuple(batch.frames for batch in batches) for batches in epochs}) == 10


def test_utterances_of_one_length_share_their_batches():
    schedule = Buckets(8, 0).schedule([50] * 20)
    assert sorted(len(schedule.rows(step).items) for step in range(3)) == [4, 8, 8]


def test_the_stream_is_the_published_one():
    """A run resumed after an update of NumPy must see the same batches."""
    items, _, counts, frames = Buckets(6, seed=2024).schedule(LENGTHS).rows(10**6)
    assert items.tolist() == PUBLISHED
    assert counts.tolist() == LENGTHS[PUBLISHED].tolist()
    assert frames >= counts.max()


PUBLISHED = [69, 66, 35, 81, 85, 46]


@pytest.mark.parametrize(
    ("arguments", "lengths", "problem"),
    [
        ((0, 0), [5], "batch size is 0"),
        ((2, -1), [5], "seed is -1"),
        ((2, 0, 1.0), [5], "stretch is 1.0"),
        ((2, 0, float("nan")), [5], "stretch is nan"),
        ((2, 0), [], "no utterances"),
    ],
)
def test_senseless_plans_are_refused(arguments, lengths, problem):
    with pytest.raises(TfvcError, match=problem):
        Buckets(*arguments).schedule(lengths)
