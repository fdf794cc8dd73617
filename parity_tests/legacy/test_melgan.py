"""keras.io's MelGAN at full size with imported weights: waves, maps, losses and gradients of Keras 2."""

import pytest
import tensorflow as tf

from parity_tests.legacy.forms import HOP, MEL_FRAMES, N_MELS
from parity_tests.legacy.imported import Imported
from parity_tests.legacy.judging import committed, require_equal
from parity_tests.legacy.values import draw
from tfvc.models.melgan_keras_io import KerasIOMelGANDiscriminator, KerasIOMelGANGenerator
from tfvc.models.melgan_keras_io.losses import adversarial_loss, discriminator_loss, feature_loss


def run(saved, dtype: str) -> dict[str, tf.Tensor]:
    generator = Imported(KerasIOMelGANGenerator.from_name("keras_io"), {"generator": saved("melgan_generator")})
    discriminator = Imported(
        KerasIOMelGANDiscriminator.from_name("keras_io"), {"discriminator": saved("melgan_discriminator")}
    )
    mel = tf.constant(draw("melgan/mel", (2, MEL_FRAMES, N_MELS)), dtype)
    real_wave = tf.constant(draw("melgan/wave", (2, MEL_FRAMES * HOP, 1), 0.5), dtype)
    with tf.GradientTape(persistent=True) as tape:
        wave = generator.model(mel)
        real, fake = discriminator.model(real_wave), discriminator.model(wave)
        adversarial, feature = adversarial_loss(fake), feature_loss(real, fake)
        of_generator = adversarial + 10 * feature
        of_discriminator = discriminator_loss(real, fake)
    found = {"wave": wave, "adversarial": adversarial, "feature": feature, "discriminator": of_discriminator}
    for maps, source in ((real, "real"), (fake, "fake")):
        found |= {f"{source}/scale {i}/map {j}": m for i, of_scale in enumerate(maps) for j, m in enumerate(of_scale)}
    return found | generator.gradients(tape, of_generator) | discriminator.gradients(tape, of_discriminator)


@pytest.mark.slow
def test_melgan_with_imported_weights_is_the_articles(saved):
    require_equal(committed("melgan"), lambda dtype: run(saved, dtype))


def test_what_is_trained_is_what_the_article_prints():
    """Its totals count, besides, one flag a layer and the copy that addons keeps of the last one (7 x 32 + 1)."""
    kinds = (KerasIOMelGANGenerator, KerasIOMelGANDiscriminator)
    generator, discriminator = (kind.from_name("keras_io") for kind in kinds)
    assert (generator.count_params(), generator.count_params() + 29 + 7 * 32 + 1) == (4_646_658, 4_646_912)
    assert (discriminator.count_params(), discriminator.count_params() + 21) == (16_924_086, 16_924_107)
