"""Mels as other voices would have them: what the content encoder reads in training.

An encoder that reads the true mel passes the voice on along with the words, as far as its bottleneck lets it. Told to
make the true mel of a changed one, it cannot: the voice has to come from the embedding.
"""

import tensorflow as tf


def warped(mel: tf.Tensor, draw: tf.Tensor, most: float) -> tf.Tensor:
    """Stretches frequencies, and adds a gain and a slope over frequency.

    Args:
        mel: `[batch, time, n_mels]`, logarithmic, in the network's scale.
        draw: `[3, batch]` in -1..1: stretch, gain, slope.
        most: band k is read at k * exp(most * stretch), so 0.15 stands for 16 %; gain and slope are at most half of
            `most` each.

    Returns:
        `[batch, time, n_mels]`.
    """
    n_mels = mel.shape[-1]
    bands = tf.range(n_mels, dtype=mel.dtype)[None]
    stretch, gain, slope = (part[:, None] for part in tf.unstack(tf.cast(most * draw, mel.dtype)))
    position = tf.minimum(bands * tf.exp(stretch), tf.cast(n_mels - 1, mel.dtype))
    low = tf.minimum(tf.cast(position, tf.int32), n_mels - 2)
    part = (position - tf.cast(low, mel.dtype))[:, None]
    # [batch, n_mels, time], so that a band is a row that can be gathered.
    rows = tf.transpose(mel, [0, 2, 1])
    below, above = (tf.transpose(tf.gather(rows, low + i, batch_dims=1), [0, 2, 1]) for i in (0, 1))
    tilt = 0.5 * gain + 0.5 * slope * (bands / (n_mels - 1) - 0.5)
    return below * (1 - part) + above * part + tilt[:, None]


def add_warped(crops: tf.data.Dataset, seed: int, start_step: int, most: float, mel_scale: float) -> tf.data.Dataset:
    """Adds `encoder_mel`, a warped `mel`, to each batch; it depends on (seed, step, row) alone.

    Args:
        crops: batches with `mel` `[batch, time, n_mels]`.
        seed: of the draws.
        start_step: that of `crops`.
        most: see `warped`.
        mel_scale: the network sees the mel times this, plus a constant.
    """

    def warp(step, batch):
        mel = batch["mel"]
        shape = [3, tf.shape(mel)[0]]
        # The algorithm is named: the one chosen by TensorFlow depends on the device.
        draw = tf.random.stateless_uniform(shape, [seed, step], minval=-1.0, maxval=1.0, alg="philox")
        return {**batch, "encoder_mel": warped(mel * mel_scale, draw, most) / mel_scale}

    return crops.enumerate(start_step).map(warp)
