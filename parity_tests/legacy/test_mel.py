"""`keras_22k` beside `tf.signal` and `tfio.audio.dbscale`."""

import numpy as np
import pytest
import tensorflow as tf

from parity_tests.legacy.judging import committed, in_both, require_equal
from parity_tests.legacy.values import fold
from tfvc.audio import MelExtractor, MelSpec, filterbank
from tfvc.testing import assert_equal_in_float64

GOLDENS = committed("mel")
SPEC = MelSpec.named("keras_22k")
WAVES = [GOLDENS[f"wave {i}"].single for i in range(3)]


def extractor(dtype: str, wave: np.ndarray) -> dict[str, tf.Tensor]:
    layer = MelExtractor(SPEC, dtype=dtype)
    wave = tf.constant(wave[None], dtype)
    return {"power": layer._mel_energies(layer._pad(wave))[0], "decibels": layer(wave)[0]}


@pytest.mark.parametrize("i", range(3), ids=["loud", "quiet", "noise"])
def test_a_wave_for_itself(i):
    """Powers and decibels, in the graph's path."""
    theirs = {name: GOLDENS[f"{name} {i}"] for name in ("power", "decibels")}
    require_equal(theirs, in_both(lambda dtype: extractor(dtype, WAVES[i])))


@pytest.mark.parametrize("i", range(3), ids=["loud", "quiet", "noise"])
def test_the_numpy_path(i):
    """It computes in float64 and rounds at the end."""
    theirs = GOLDENS[f"decibels {i}"].double
    ours = fold(SPEC.extract(WAVES[i]).astype(np.float64))
    assert 0 < np.linalg.norm(ours - theirs) <= 2.0**-24 * np.linalg.norm(theirs)


def test_a_batch_differs_in_one_thing():
    """The loudest of a batch sets the floor for all in it; ours is that of each, so that no utterance sees another."""
    theirs = GOLDENS["in one batch"]
    assert theirs.double.shape == (256,), "the batch is folded"
    alone = np.stack([np.asarray(extractor("float64", wave)["decibels"]) for wave in WAVES])
    floor = alone.max() - SPEC.dynamic_range
    assert (alone[1] < floor).any()
    assert not (alone[[0, 2]] < alone[[0, 2]].max() - SPEC.dynamic_range).all()

    def batch(dtype):
        mels = tf.stack([extractor(dtype, wave)["decibels"] for wave in WAVES])
        return {"in one batch": tf.maximum(mels, tf.reduce_max(mels) - tf.constant(SPEC.dynamic_range, dtype))}

    require_equal({"in one batch": theirs}, in_both(batch))


def test_the_matrix_is_that_of_tf_signal():
    matrix = tf.signal.linear_to_mel_weight_matrix(80, 513, 22050, 125, 7600, dtype=tf.float64)
    assert_equal_in_float64(filterbank.mel_matrix(SPEC), matrix)
