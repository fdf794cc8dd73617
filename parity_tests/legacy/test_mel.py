"""`keras_22k` beside `tf.signal` and `tfio.audio.dbscale`."""

import numpy as np
import pytest
import tensorflow as tf

from parity_tests.legacy.judging import committed, require_equal
from parity_tests.legacy.values import fold, given
from tfvc.audio import MelExtractor, extract_mel, filterbank, named_spec
from tfvc.parity.dumped import Dumped
from tfvc.testing import assert_equal_in_float64

GOLDENS = committed("mel")
SPEC = named_spec("keras_22k")
DOUBLE, SINGLE = (GOLDENS.values(float64) for float64 in (True, False))
WAVES = [SINGLE[f"wave {i}"] for i in range(3)]


def extractor(dtype: str, i: int) -> dict[str, tf.Tensor]:
    layer = MelExtractor(SPEC, dtype=dtype)
    wave = tf.constant(given(f"wave {i}", WAVES[i])[None], dtype)
    return {f"power {i}": layer._mel_energies(layer._pad(wave))[0], f"decibels {i}": layer(wave)[0]}


def only(*names: str) -> Dumped:
    return GOLDENS.renamed(lambda name: name if name in names else None)


@pytest.mark.parametrize("i", range(3), ids=["loud", "quiet", "noise"])
def test_a_wave_for_itself(i):
    """Powers and decibels, in the graph's path."""
    require_equal(only(f"power {i}", f"decibels {i}"), lambda dtype: extractor(dtype, i))


@pytest.mark.parametrize("i", range(3), ids=["loud", "quiet", "noise"])
def test_the_numpy_path(i):
    """It computes in float64 and rounds at the end."""
    theirs = DOUBLE[f"decibels {i}"]
    ours = fold(extract_mel(WAVES[i], SPEC).astype(np.float64))
    assert 0 < np.linalg.norm(ours - theirs) <= 2.0**-24 * np.linalg.norm(theirs)


def test_a_batch_differs_in_one_thing():
    """The loudest of a batch sets the floor for all in it; ours is that of each, so that no utterance sees another."""
    assert DOUBLE["in one batch"].shape == (256,), "the batch is folded"
    alone = np.stack([np.asarray(extractor("float64", i)[f"decibels {i}"]) for i in range(3)])
    floor = alone.max() - SPEC.dynamic_range
    assert (alone[1] < floor).any()
    assert not (alone[[0, 2]] < alone[[0, 2]].max() - SPEC.dynamic_range).all()

    def batch(dtype):
        mels = tf.stack([extractor(dtype, i)[f"decibels {i}"] for i in range(3)])
        return {"in one batch": tf.maximum(mels, tf.reduce_max(mels) - tf.constant(SPEC.dynamic_range, dtype))}

    require_equal(only("in one batch"), batch)


def test_the_matrix_is_that_of_tf_signal():
    matrix = tf.signal.linear_to_mel_weight_matrix(80, 513, 22050, 125, 7600, dtype=tf.float64)
    assert_equal_in_float64(filterbank.mel_matrix(SPEC), matrix)
