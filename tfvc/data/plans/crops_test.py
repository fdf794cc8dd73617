import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfvc.common.errors import TfvcError
from tfvc.data.plans import Crops

LENGTHS = [300, 128, 129, 60, 1000, 131, 500]


def crops(lengths, frames, batch_size, seed):
    return Crops(frames, batch_size, seed).schedule(lengths)


def rows(schedule, steps):
    batches = [schedule.rows(step) for step in steps]
    return np.concatenate([batch.items for batch in batches]), np.concatenate([batch.starts for batch in batches])


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**64 - 1),
    batch_size=st.integers(1, 20),
    step=st.integers(0, 10**9),
)
def test_a_batch_depends_on_seed_and_step_alone(seed, batch_size, step):
    plan = crops(LENGTHS, 128, batch_size, seed)
    for earlier in (step + 5, 0, step + 1):
        plan.rows(earlier)
    fresh = crops(LENGTHS, 128, batch_size, seed)
    for ours, theirs in zip(plan.rows(step)[:2], fresh.rows(step)[:2], strict=True):
        assert ours.shape == (batch_size,)
        np.testing.assert_array_equal(ours, theirs)


@settings(deadline=None)
@given(seed=st.integers(0, 1000), batch_size=st.integers(1, 20))
def test_the_order_of_rows_does_not_depend_on_the_batch_size(seed, batch_size):
    count = 5 * len(LENGTHS)
    single = rows(crops(LENGTHS, 128, 1, seed), range(count))
    batched = rows(crops(LENGTHS, 128, batch_size, seed), range(-(-count // batch_size)))
    for ours, theirs in zip(batched, single, strict=True):
        np.testing.assert_array_equal(ours[:count], theirs)


def test_every_epoch_visits_every_utterance_once_in_another_order():
    items, _ = rows(crops(LENGTHS, 128, 3, seed=5), range(7 * 8))
    epochs = items.reshape(-1, len(LENGTHS))
    assert len(epochs) == 24
    for epoch in epochs:
        assert sorted(epoch) == list(range(len(LENGTHS)))
    assert len({tuple(epoch) for epoch in epochs}) > 20


def test_seeds_and_epochs_are_unlike_each_other():
    orders = {tuple(crops([1] * 20, 1, 20, seed).rows(step).items) for seed in range(10) for step in range(10)}
    assert len(orders) == 100
    places = {tuple(crops([10**6], 1, 4, seed).rows(step).starts) for seed in range(10) for step in range(10)}
    assert len(places) == 100


def test_crops_stay_inside_and_short_utterances_begin_at_their_start():
    items, starts = rows(crops(LENGTHS, 128, 16, seed=1), range(500))
    lengths = np.array(LENGTHS)[items]
    assert (starts >= 0).all()
    assert (starts[lengths > 128] + 128 <= lengths[lengths > 128]).all()
    assert (starts[lengths <= 128] == 0).all()


def test_starts_are_uniform_up_to_both_ends():
    _, starts = rows(crops([137], 128, 50, seed=3), range(400))
    counts = np.bincount(starts, minlength=10)
    assert len(counts) == 10
    expected = 20000 / 10
    # Chi-squared with 9 degrees of freedom: 27.9 is passed once in a thousand; the seed is fixed.
    assert ((counts - expected) ** 2 / expected).sum() < 27.9


def test_positions_of_an_utterance_in_an_epoch_are_uniform():
    items, _ = rows(crops([1] * 5, 1, 5, seed=11), range(5000))
    ranks = np.argmax(items.reshape(-1, 5) == 2, axis=1)
    counts = np.bincount(ranks, minlength=5)
    assert ((counts - 1000) ** 2 / 1000).sum() < 18.5


def test_the_stream_is_the_published_one():
    """A run resumed after an update of NumPy must see the same batches."""
    items, starts, counts, frames = crops(LENGTHS, 128, 8, seed=2024).rows(10**6)
    assert items.tolist() == [1, 4, 6, 3, 2, 5, 0, 2]
    assert starts.tolist() == [0, 537, 83, 0, 0, 0, 150, 1]
    assert counts.tolist() == [128] * 8
    assert frames == 128


@pytest.mark.parametrize(
    ("lengths", "frames", "batch_size", "seed", "problem"),
    [
        ([], 128, 1, 0, "no utterances"),
        ([5], 0, 1, 0, "frames is 0"),
        ([5], 5, 0, 0, "batch size is 0"),
        ([5], 5, 1, -1, "seed is -1"),
        ([5], 5, 1, 2**64, "seed is"),
    ],
)
def test_senseless_plans_are_refused(lengths, frames, batch_size, seed, problem):
    with pytest.raises(TfvcError, match=problem):
        crops(lengths, frames, batch_size, seed)
