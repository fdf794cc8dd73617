"""The MelGAN of keras.io: both networks at full size, and the losses of one step of its training."""

import tensorflow as tf
import tensorflow_addons as tfa

from parity_tests.legacy.forms import HOP, MEL_FRAMES, N_MELS
from parity_tests.legacy.keras2.dumping import Pair
from parity_tests.legacy.keras2.mel import MelSpec
from parity_tests.legacy.keras2.precision import in_both
from parity_tests.legacy.keras2.weights import fill
from parity_tests.legacy.values import draw

layers = tf.keras.layers

# Networks as the article's summary prints them: parameters, those trained, those not.
SUMMARIES = {"generator": (4_646_912, 4_646_658, 254), "discriminator": (16_924_107, 16_924_086, 21)}


def normed(layer: layers.Layer) -> tfa.layers.WeightNormalization:
    """Under weight normalisation that starts from lengths."""
    return tfa.layers.WeightNormalization(layer, data_init=False)


def residual_stack(x, filters: int):
    """Three times two convolutions beside the identity; the first pair takes x already activated."""
    for dilation in (1, 3, 9):
        y = x if dilation == 1 else layers.LeakyReLU()(x)
        y = normed(layers.Conv1D(filters, 3, dilation_rate=dilation, padding="same"))(y)
        y = normed(layers.Conv1D(filters, 3, padding="same"))(layers.LeakyReLU()(y))
        x = layers.Add()([y, x])
    return x


def create_generator() -> tf.keras.Model:
    """Waves `[batch, samples, 1]` in training, mels `[batch, frames, 80]` in inference, to waves."""
    wave = tf.keras.Input((None, 1))
    x = layers.Conv1D(512, 7, padding="same")(MelSpec()(wave))
    x = layers.LeakyReLU()(x)
    for filters, rate in ((256, 8), (128, 8), (64, 2), (32, 2)):
        x = normed(layers.Conv1DTranspose(filters, 16, rate, padding="same"))(x)
        x = layers.LeakyReLU()(residual_stack(layers.LeakyReLU()(x), filters))
    # The one that starts from data, as is the default.
    x = tfa.layers.WeightNormalization(layers.Conv1D(1, 7, padding="same", activation="tanh"))(x)
    return tf.keras.Model(wave, x)


def discriminator_block(x) -> list:
    """Six maps and the score."""
    maps = []
    convolutions = [layers.Conv1D(16, 15, padding="same")]
    for filters, groups in ((64, 4), (256, 16), (1024, 64), (1024, 256)):
        convolutions.append(layers.Conv1D(filters, 41, 4, padding="same", groups=groups))
    convolutions.append(layers.Conv1D(1024, 5, padding="same"))
    for convolution in convolutions:
        x = layers.LeakyReLU()(normed(convolution)(x))
        maps.append(x)
    return [*maps, normed(layers.Conv1D(1, 3, padding="same"))(x)]


def create_discriminator() -> tf.keras.Model:
    """Waves to the maps of three scales, each on half the rate of the one before."""
    wave = tf.keras.Input((None, 1))
    half = layers.AveragePooling1D()
    quarter = layers.AveragePooling1D()
    outputs = [discriminator_block(wave)]
    halved = half(wave)
    outputs.append(discriminator_block(halved))
    outputs.append(discriminator_block(quarter(halved)))
    return tf.keras.Model(wave, outputs)


def create() -> dict[str, tf.keras.Model]:
    """Both networks, with the values of `weight`."""
    networks = {"generator": create_generator(), "discriminator": create_discriminator()}
    for name, network in networks.items():
        trained = sum(int(tf.size(w)) for w in network.trainable_weights)
        others = sum(int(tf.size(w)) for w in network.non_trainable_weights)
        assert (network.count_params(), trained, others) == SUMMARIES[name], name
        fill(network, f"melgan_{name}")
    return networks


def goldens() -> dict[str, Pair]:
    """Waves, maps, losses and gradients of both networks."""
    return in_both(_run)


def _run(dtype: str) -> dict[str, tf.Tensor]:
    networks = create()
    generator, discriminator = networks["generator"], networks["discriminator"]
    mel = tf.constant(draw("melgan/mel", (2, MEL_FRAMES, N_MELS)), dtype)
    real_wave = tf.constant(draw("melgan/wave", (2, MEL_FRAMES * HOP, 1), 0.5), dtype)
    squares, distance = tf.keras.losses.MeanSquaredError(), tf.keras.losses.MeanAbsoluteError()
    with tf.GradientTape(persistent=True) as tape:
        wave = generator(mel, training=False)
        real, fake = discriminator(real_wave), discriminator(wave)
        adversarial = tf.reduce_mean([squares(tf.ones_like(f[-1]), f[-1]) for f in fake])
        pairs = [pair for r, f in zip(real, fake) for pair in zip(r[:-1], f[:-1])]  # noqa: B905
        feature = tf.reduce_mean([distance(r, f) for r, f in pairs])
        of_generator = adversarial + 10 * feature
        of_discriminator = tf.reduce_mean([squares(tf.ones_like(r[-1]), r[-1]) for r in real])
        of_discriminator += tf.reduce_mean([squares(tf.zeros_like(f[-1]), f[-1]) for f in fake])
    found = {"wave": wave, "adversarial": adversarial, "feature": feature, "discriminator": of_discriminator}
    for maps, source in ((real, "real"), (fake, "fake")):
        found |= {f"{source}/scale {i}/map {j}": m for i, of_scale in enumerate(maps) for j, m in enumerate(of_scale)}
    for name, loss in (("generator", of_generator), ("discriminator", of_discriminator)):
        trained = networks[name].trainable_weights
        gradients = tape.gradient(loss, trained)
        found |= {f"gradient/{name}/{w.name}": g for w, g in zip(trained, gradients)}  # noqa: B905
    return found
