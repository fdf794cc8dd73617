import numpy as np
import pytest
import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.models.melgan.model_test import parameters
from tfvc.models.melgan_keras_io import (
    KerasIOMelGAN,
    KerasIOMelGANConfig,
    KerasIOMelGANDiscriminator,
    KerasIOMelGANGenerator,
)

# Trainable parameters of each layer in the summaries that the keras.io article prints; its weight normalisation counts
# one flag more for each layer, and a second copy of the last one.
GENERATOR_SUMMARY = [
    287_232,
    *(2_097_920, *[197_120] * 6),
    *(524_672, *[49_408] * 6),
    *(131_264, *[12_416] * 6),
    *(32_864, *[3_136] * 6),
    226,
]
DISCRIMINATOR_SUMMARY = [272, 10_624, 42_496, 169_984, 169_984, 5_244_928, 3_074]


def test_each_layer_has_the_parameters_in_the_articles_summary():
    network = KerasIOMelGANGenerator.from_name("keras_io").network
    assert [parameters(layer) for layer in network.convolutions] == GENERATOR_SUMMARY
    for scale in KerasIOMelGANDiscriminator.from_name("keras_io").scales:
        assert [parameters(layer) for layer in scale.convolutions] == DISCRIMINATOR_SUMMARY


def test_the_articles_own_calls():
    """`fit` on pairs of waves as its dataset yields them, `predict` on drawn mels, at full size."""
    waves = np.random.default_rng(0).uniform(-0.5, 0.5, (20, 8192, 1)).astype(np.float32)
    dataset = tf.data.Dataset.from_tensor_slices(waves).map(lambda wave: (wave, wave))
    gan = KerasIOMelGAN.from_name("keras_io")
    gan.compile()
    before = [network.get_weights() for network in (gan.generator, gan.discriminator)]
    history = gan.fit(dataset.shuffle(200).batch(16).prefetch(tf.data.AUTOTUNE), epochs=1, shuffle=False, verbose=0)
    assert set(history.history) == {"discriminator", "generator", "adversarial", "feature"}
    assert all(np.isfinite(values).all() for values in history.history.values())
    for network, old in zip((gan.generator, gan.discriminator), before, strict=True):
        moved = [not np.array_equal(a, b) for a, b in zip(old, network.get_weights(), strict=True)]
        assert all(moved)
    wave = gan.generator.predict(tf.random.uniform([128, 50, 80]), batch_size=32, verbose=0)
    assert wave.shape == (128, 50 * 256, 1)
    assert np.abs(wave).max() <= 1


@pytest.mark.parametrize("rates", [(8, 5, 4), (32, 2)])
def test_impossible_upsampling_is_refused(rates):
    with pytest.raises(TfvcError, match="even upsample_rates up to 16, received"):
        KerasIOMelGANConfig(upsample_rates=rates)
