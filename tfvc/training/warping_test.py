import numpy as np
import pytest
import tensorflow as tf

from tfvc.testing import assert_equal_in_float64
from tfvc.training.warping import hear_warped, warped


def drawn(shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape)


@pytest.mark.parametrize("most", [0.05, 0.15, 0.5])
def test_equals_the_recipe_in_torch(most):
    torch = pytest.importorskip("torch")
    from torch_ref.recipes.autovc_small import warped as reference

    mel, draw = drawn((3, 11, 80)), drawn((3, 3), seed=1)
    ours = warped(tf.constant(mel), tf.constant(draw), most).numpy()
    theirs = reference(torch.from_numpy(mel), torch.from_numpy(draw)[..., None], most).numpy()
    assert_equal_in_float64(ours, theirs)


def test_no_draw_changes_nothing():
    mel = drawn((2, 7, 80))
    np.testing.assert_array_equal(warped(tf.constant(mel), tf.zeros([3, 2], tf.float64), 0.15), mel)


def test_a_tone_moves_by_the_stretch():
    """What was in band 40 is read by the band k for which k * exp(0.2) is 40."""
    mel = np.zeros((1, 2, 80))
    mel[:, :, 40] = 1.0
    higher = warped(tf.constant(mel), tf.constant([[1.0], [0.0], [0.0]], tf.float64), 0.2).numpy()
    centre = (higher[0, 0] * np.arange(80)).sum() / higher[0, 0].sum()
    assert centre == pytest.approx(40 / np.exp(0.2), abs=0.5)


def test_what_is_heard_depends_on_seed_and_step_alone():
    mel, embedding = drawn((6, 2, 9, 80)).astype(np.float32), drawn((6, 2, 4)).astype(np.float32)
    crops = tf.data.Dataset.from_tensor_slices((mel, embedding))
    whole = list(hear_warped(crops, 3, 0, 0.15, 0.07).as_numpy_iterator())
    rest = list(hear_warped(crops.skip(4), 3, 4, 0.15, 0.07).as_numpy_iterator())
    for ours, theirs in zip(rest, whole[4:], strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(whole[0][0], mel[0])
    assert np.abs(whole[0][2] - mel[0]).max() > 0.1
    assert np.abs((whole[0][2] - mel[0]) - (whole[1][2] - mel[1])).max() > 0.1
