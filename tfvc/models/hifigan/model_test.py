import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from tfvc.audio import MelSpec
from tfvc.common.errors import TfvcError
from tfvc.models.hifigan import HiFiGAN, HiFiGANConfig, HiFiGANDiscriminator, HiFiGANDiscriminatorConfig
from tfvc.testing import assert_equal_in_float64

SMALL = HiFiGANDiscriminatorConfig(
    periods=(2, 5), period_widths=(2, 3), scales=2, scale_widths=(4, 16, 16, 16, 16, 16, 4)
)
NARROW = dataclasses.replace(HiFiGANConfig.from_name("v3"), upsample_initial_channel=16)


def draw(*shape):
    return tf.constant(np.random.default_rng(0).uniform(-0.5, 0.5, shape), tf.float32)


def parameters(variables):
    return sum(int(np.prod(variable.shape)) for variable in variables)


def test_parameters_are_those_of_the_published_models():
    model = HiFiGANDiscriminator.from_name("published")
    assert parameters(model.mpd.trainable_variables) == 41_105_770
    assert parameters(model.mpd.non_trainable_variables) == 0
    assert parameters(model.msd.trainable_variables) == 29_618_821
    assert parameters(model.msd.non_trainable_variables) == 18_536  # u and v


@pytest.mark.parametrize("samples", [400, 401, 407])
def test_shapes_of_the_maps(samples):
    """In a graph that does not know the length too."""
    model = HiFiGANDiscriminator(SMALL, dtype="float64")
    graph = tf.function(lambda wave: model(wave), input_signature=[tf.TensorSpec([None, None, 1], tf.float64)])
    wave = tf.cast(draw(3, samples, 1), tf.float64)
    maps = model(wave)
    assert [len(part) for part in maps] == [3, 3, 8, 8]
    for period, part in zip(SMALL.periods, maps[:2], strict=True):
        rows = math.ceil(samples / period / 3)
        assert [y.shape for y in part] == [(3, period, rows, width) for width in (2, 3, 1)]
    for part, steps in zip(maps[2:], (samples, samples // 2 + 1), strict=True):
        assert part[0].shape == (3, steps, 4)
        assert part[-1].shape == (3, math.ceil(steps / (2 * 2 * 4 * 4)), 1)
    for part, same in zip(maps, graph(wave), strict=True):
        for y, again in zip(part, same, strict=True):
            assert_equal_in_float64(y, again)


def test_a_preset_brings_the_discriminators_back(tmp_path):
    model = HiFiGANDiscriminator(SMALL, MelSpec.named("hifigan_22k"))
    model(draw(1, 300, 1), training=True)
    model.save_to_preset(tmp_path / "preset")
    again = HiFiGANDiscriminator.from_preset(tmp_path / "preset")
    assert again.config == SMALL
    for mine, theirs in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy(), err_msg=mine.path)


def test_the_compared_mels_reach_up_to_half_the_sample_rate():
    """A tone above the 8 kHz where the generator's mels end: only the loss hears it."""
    gan = HiFiGAN.fresh(NARROW, MelSpec.named("hifigan_22k"), SMALL)
    silence = tf.zeros([1, 4096, 1])
    tone = tf.reshape(tf.sin(2 * np.pi * 9500 / 22050 * tf.range(4096.0)), [1, 4096, 1])
    assert gan.compared_mels(gan.mel_spec) == dataclasses.replace(gan.mel_spec, fmax=11025.0)
    of_input = tf.reduce_mean(tf.abs(gan.extract_mel(tone[..., 0]) - gan.extract_mel(silence[..., 0])))
    assert gan.mel_distance(silence, tone) > of_input + 0.3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"periods": ()}, "periods must have at least 1 item, not 0"),
        ({"period_widths": (4, 0)}, r"period_widths\[1\] must be greater than or equal to 1, received 0"),
        ({"scales": 0}, "scales must be greater than or equal to 1, received 0"),
        ({"scale_widths": (16,) * 6}, "scale_widths must be 7 numbers, received 6"),
        ({"scale_widths": (6, 16, 16, 16, 16, 16, 1)}, r"scale_widths \(6, 16\) .* 4 groups; take multiples of 4"),
        ({"scale_widths": (4, 16, 16, 24, 16, 16, 1)}, r"\(16, 24\) .* 16 groups"),
    ],
)
def test_impossible_sizes_are_refused(changes, words):
    with pytest.raises(TfvcError, match=words):
        dataclasses.replace(HiFiGANDiscriminatorConfig(), **changes)
