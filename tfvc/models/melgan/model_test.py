import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfvc.audio import MelSpec
from tfvc.common.errors import TfvcError
from tfvc.models.melgan import MelGAN, MelGANConfig, MelGANGenerator
from tfvc.models.melgan_keras_io import KerasIOMelGAN
from tfvc.optimizers.adam import Adam

NARROW = {"channels": 32, "discriminator_channels": 8, "discriminator_max_channels": 16}


def parameters(layer):
    return sum(int(np.prod(variable.shape)) for variable in layer.trainable_variables)


def draw(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=shape) * 0.1, tf.float32)


@pytest.mark.parametrize(
    ("kind", "name", "generator", "fused", "discriminator"),
    [
        (MelGAN, "descript", 4_266_050, 4_260_257, 16_924_086),
        (KerasIOMelGAN, "keras_io", 4_646_658, 4_642_817, 16_924_086),
    ],
)
def test_parameters_are_those_of_the_published_models(kind, name, generator, fused, discriminator):
    network = kind.generator_class.from_name(name)
    assert parameters(network) == generator
    assert parameters(network.fuse()) == fused
    assert parameters(kind.discriminator_class.from_name(name)) == discriminator
    assert network.count_params() == generator


@pytest.mark.parametrize(("kind", "lengths"), [(MelGAN, [300, 150, 75]), (KerasIOMelGAN, [301, 150, 75])])
def test_shapes_of_waves_and_maps(kind, lengths):
    gan = kind.fresh(kind.generator_class.config_class(**NARROW))
    assert gan(draw(2, 9, 80)).shape == (2, 9 * 256, 1)
    maps = gan.discriminator(draw(2, 301, 1))
    assert [len(scale) for scale in maps] == [7, 7, 7]
    for scale, length in zip(maps, lengths, strict=True):
        steps = [301 if length == 300 else length] + [
            -(-(301 if length == 300 else length) // 4**i) for i in range(1, 5)
        ]
        assert [y.shape[1] for y in scale] == [*steps, steps[-1], steps[-1]]
        assert scale[-1].shape[2] == 1


def test_waves_and_their_mels_are_the_same_to_training():
    spec = MelSpec.named("hifigan_22k")
    wave = draw(2, 4096)
    gan = MelGAN.fresh(MelGANConfig(**NARROW), spec)
    mel = np.stack([spec.extract(row) for row in wave.numpy()])
    for given in (wave, wave[..., None], mel):
        unpacked, real = gan.unpack((tf.constant(given), wave))
        np.testing.assert_allclose(unpacked, mel, atol=2e-4)
        assert real.shape == (2, 4096, 1)


def test_without_a_mel_spec_waves_cannot_be_given():
    with pytest.raises(TfvcError, match="must have a mel spec"):
        MelGAN.fresh(MelGANConfig(**NARROW)).unpack((draw(2, 4096), draw(2, 4096)))


def test_warming_up_moves_the_generator_alone_towards_the_mel():
    keras.utils.set_random_seed(1)
    gan = MelGAN.fresh(MelGANConfig(mel_weight=5.0, **NARROW), MelSpec.named("hifigan_22k"))
    gan.compile(Adam(1e-3), Adam(1e-3), warmup_steps=6)
    waves = draw(4, 2048)
    data = tf.data.Dataset.from_tensors((waves, waves))
    judge = gan.discriminator.get_weights()
    first = gan.fit(data, verbose=0, shuffle=False).history
    last = gan.fit(data.repeat(5), verbose=0, shuffle=False).history
    assert first["generator"] == first["mel"]
    assert last["mel"][0] < first["mel"][0]
    assert first["discriminator"] == [0.0]
    assert all(np.array_equal(a, b) for a, b in zip(judge, gan.discriminator.get_weights(), strict=True))
    joined = gan.fit(data, verbose=0, shuffle=False).history
    assert joined["discriminator"][0] > 0
    total = joined["adversarial"][0] + 10 * joined["feature"][0] + 5 * joined["mel"][0]
    assert joined["generator"][0] == pytest.approx(total, rel=1e-5)
    assert not np.array_equal(judge[0], gan.discriminator.get_weights()[0])


def test_the_averaged_generator_is_the_running_mean_of_the_weights():
    gan = MelGAN.fresh(MelGANConfig(**NARROW), MelSpec.named("hifigan_22k"))
    gan.compile(Adam(1e-3, use_ema=True, ema_momentum=0.6))
    waves = draw(2, 2048)
    data = tf.data.Dataset.from_tensors((waves, waves))
    average = None
    for _ in range(3):
        gan.fit(data, verbose=0, shuffle=False)
        weights = gan.generator.get_weights()
        average = weights if average is None else [0.6 * a + 0.4 * w for a, w in zip(average, weights, strict=True)]
    found = gan.averaged_generator().get_weights()
    for a, b, w in zip(found, average, weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-8)
        assert not np.array_equal(a, w)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"upsample_rates": ()}, "upsample_rates must have at least 1 item, not 0"),
        ({"upsample_rates": (8, 8, 4, 1)}, "stretches nothing"),
        ({"channels": 100}, "cannot be halved 4 times"),
        ({"discriminator_channels": 3}, "discriminator_channels must be greater than or equal to 4, received 3"),
        ({"discriminator_max_channels": 30}, "from 16 to 30 channels cannot be one in 4 groups; take powers of two"),
    ],
)
def test_impossible_sizes_are_refused(changes, words):
    with pytest.raises(TfvcError, match=words):
        dataclasses.replace(MelGANConfig(channels=64), **changes)


def test_a_preset_brings_the_generator_back(tmp_path):
    generator = MelGANGenerator(MelGANConfig(**NARROW), MelSpec.named("hifigan_22k"))
    generator.save_to_preset(tmp_path / "preset")
    again = MelGANGenerator.from_preset(tmp_path / "preset")
    mel = draw(1, 8, 80)
    np.testing.assert_array_equal(generator(mel), again(mel))
    assert again.config == generator.config
