"""The models made of stock Keras layers, as somebody would port them who knows only those."""

import keras
import tensorflow as tf
from keras import layers

from tfvc.models.autovc import AutoVCConfig
from tfvc.models.hifigan.config import HiFiGANConfig
from tfvc.models.melgan.config import MelGANConfig


def autovc(config: AutoVCConfig) -> tuple[keras.Model, keras.Model]:
    """The encoder, `(mel, embedding) -> codes`, and the rest, `(codes, embedding) -> (decoded, refined)`."""
    mel, embedding = keras.Input([None, config.n_mels]), keras.Input([config.embedding])
    x = _beside(mel, embedding)
    for _ in range(3):
        x = _conv_block(x, config.conv_channels, "relu")
    for _ in range(2):
        x = layers.Bidirectional(layers.LSTM(config.neck, return_sequences=True))(x)
    forward, backward = x[..., : config.neck], x[..., config.neck :]
    codes = layers.Concatenate()([forward[:, config.freq - 1 :: config.freq], backward[:, :: config.freq]])
    encoder = keras.Model([mel, embedding], codes)

    given = keras.Input([None, 2 * config.neck])
    x = layers.UpSampling1D(config.freq)(given)
    x = layers.LSTM(config.decoder_lstm1, return_sequences=True)(_beside(x, embedding))
    for _ in range(3):
        x = _conv_block(x, config.conv_channels, "relu")
    for _ in range(2):
        x = layers.LSTM(config.decoder_lstm2, return_sequences=True)(x)
    decoded = x = layers.Dense(config.n_mels)(x)
    for _ in range(4):
        x = _conv_block(x, config.conv_channels, "tanh")
    refined = decoded + _conv_block(x, config.n_mels, "linear")
    return encoder, keras.Model([given, embedding], [decoded, refined])


def autovc_step(config: AutoVCConfig, mel: tf.Tensor, embedding: tf.Tensor):
    """A training step of it, in a graph."""
    encoder, rest = autovc(config)
    variables = encoder.trainable_variables + rest.trainable_variables
    optimizer = keras.optimizers.Adam(1e-4)
    optimizer.build(variables)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            codes = encoder([mel, embedding], training=True)
            decoded, refined = rest([codes, embedding], training=True)
            again = encoder([refined, embedding], training=True)
            errors = [tf.reduce_mean(tf.square(x - mel)) for x in (decoded, refined)]
            loss = sum(errors) + tf.reduce_mean(tf.abs(again - codes))
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    return step


def melgan_generator(config: MelGANConfig) -> keras.Model:
    """The authors' generator, its weight normalisation computed beforehand."""
    mel = keras.Input([None, config.n_mels])
    channels = config.channels
    x = layers.Conv1D(channels, 7)(_Reflect(3)(mel))
    for rate in config.upsample_rates:
        channels //= 2
        x = layers.Conv1DTranspose(channels, 2 * rate, rate, "same")(layers.LeakyReLU(0.2)(x))
        for i in range(config.residual_layers):
            y = layers.Conv1D(channels, 3, dilation_rate=3**i)(_Reflect(3**i)(layers.LeakyReLU(0.2)(x)))
            x = layers.Conv1D(channels, 1)(x) + layers.Conv1D(channels, 1)(layers.LeakyReLU(0.2)(y))
    return keras.Model(mel, layers.Conv1D(1, 7, activation="tanh")(_Reflect(3)(layers.LeakyReLU(0.2)(x))))


def hifigan_generator(config: HiFiGANConfig) -> keras.Model:
    """The generator, its weight normalisation computed beforehand."""
    mel = keras.Input([None, config.n_mels])
    channels = config.upsample_initial_channel
    x = layers.Conv1D(channels, 7, padding="same")(mel)
    for rate, kernel in zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True):
        channels //= 2
        x = layers.Conv1DTranspose(channels, kernel, rate, "same")(layers.LeakyReLU(0.1)(x))
        blocks = zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True)
        x = sum(_resblock(x, channels, size, dilations, config.resblock) for size, dilations in blocks)
        x = x / len(config.resblock_kernel_sizes)
    return keras.Model(mel, layers.Conv1D(1, 7, padding="same", activation="tanh")(layers.LeakyReLU(0.01)(x)))


def _resblock(x, channels, size, dilations, kind):
    for dilation in dilations:
        y = layers.Conv1D(channels, size, padding="same", dilation_rate=dilation)(layers.LeakyReLU(0.1)(x))
        if kind == "1":
            y = layers.Conv1D(channels, size, padding="same")(layers.LeakyReLU(0.1)(y))
        x = x + y
    return x


def _conv_block(x, filters, activation):
    x = layers.Conv1D(filters, 5, padding="same")(x)
    return layers.Activation(activation)(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))


def _beside(mel, embedding):
    return layers.Concatenate()([mel, embedding[:, None] + keras.ops.zeros_like(mel[..., :1])])


class _Reflect(layers.Layer):
    """Reflected padding, which Keras has no layer for."""

    def __init__(self, frames):
        super().__init__()
        self.frames = frames

    def call(self, x):
        return tf.pad(x, [[0, 0], [self.frames, self.frames], [0, 0]], "REFLECT")
