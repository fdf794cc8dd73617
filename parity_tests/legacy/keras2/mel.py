"""The mel front-end of keras.io's MelGAN: `tf.signal` and `tfio.audio.dbscale`."""

import numpy as np
import tensorflow as tf
import tensorflow_io as tfio

from parity_tests.legacy.keras2.dumping import Pair
from parity_tests.legacy.keras2.precision import in_both
from parity_tests.legacy.values import draw, given

SAMPLES = 9001  # no multiple of the hop


class MelSpec(tf.keras.layers.Layer):
    """Waves `[batch, samples, 1]` to mels in decibels; in inference it passes on what it is given."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.matrix = tf.signal.linear_to_mel_weight_matrix(
            num_mel_bins=80,
            num_spectrogram_bins=513,
            sample_rate=22050,
            lower_edge_hertz=125,
            upper_edge_hertz=7600,
            dtype=tf.as_dtype(self.dtype),
        )

    def call(self, inputs, training=True):
        return decibels(self.power(inputs)) if training else inputs

    def power(self, waves):
        spectrum = tf.signal.stft(tf.squeeze(waves, -1), 1024, 256, pad_end=True)
        return tf.matmul(tf.square(tf.abs(spectrum)), self.matrix)


def decibels(power: tf.Tensor) -> tf.Tensor:
    """`tfio.audio.dbscale`. Its constants are float32, so it takes nothing else; in float64 its formula stands here."""
    if power.dtype == tf.float32:
        return tfio.audio.dbscale(power, top_db=80)
    level = 10.0 * tf.math.log(tf.maximum(tf.square(power), 1e-10)) / tf.math.log(tf.constant(10.0, power.dtype))
    return tf.maximum(level, tf.reduce_max(level) - 80.0)


def goldens() -> dict[str, Pair]:
    """Three waves, their mel powers and decibels: each for itself, and in one batch, whose loudest sets the floor."""
    waves = _waves()
    inputs = {f"wave {i}": (given(f"wave {i}", wave), wave) for i, wave in enumerate(waves)}
    return inputs | in_both(lambda dtype: _run(waves, dtype))


def _run(waves: np.ndarray, dtype: str) -> dict[str, tf.Tensor]:
    layer, batch = MelSpec(), tf.constant(waves[..., None], dtype)
    found = {"in one batch": layer(batch, training=True)}
    for i in range(len(waves)):
        wave = batch[i : i + 1]
        found |= {f"power {i}": layer.power(wave)[0], f"decibels {i}": layer(wave, training=True)[0]}
    return found


def _waves() -> np.ndarray:
    """A loud voice, a quiet one behind digital silence, and noise: `[3, SAMPLES]` in float32."""
    time = np.arange(SAMPLES) / 22050
    noise = draw("mel/noise", (3, SAMPLES), 1.0).astype(np.float64)

    def voice(pitch):
        phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.1 * np.sin(2 * np.pi * 3 * time))) / 22050
        tone = sum(np.sin(k * phase) / k for k in range(1, 30)) * (0.6 + 0.4 * np.sin(2 * np.pi * 5 * time))
        return 0.25 * tone + 0.002 * noise[0]

    quiet = 0.01 * voice(210.0)
    quiet[: SAMPLES // 3] = 0.0
    return np.stack([voice(120.0), quiet, 0.1 * noise[2]]).astype(np.float32)
