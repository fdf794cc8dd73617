"""What tells speakers apart: the condition g `[batch, 1, gin_channels]` that the other networks take."""

import keras
import tensorflow as tf

from tfvc.layers import Dense
from tfvc.models.vits.config import VITSConfig


class SpeakerTable(keras.layers.Layer):
    """A row for each speaker: ids `[batch]` from 0 to g.

    Args:
        speakers: rows.
        gin: channels of g.
    """

    def __init__(self, speakers: int, gin: int, **kwargs):
        super().__init__(**kwargs)
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.table = keras.layers.Embedding(speakers, gin, normal, name="table", dtype=self.dtype_policy)

    def build(self, input_shape=None):
        self.table.build((None,))

    def call(self, ids):
        return self.table(ids)[:, None]


class SpeakerEmbedding(keras.layers.Layer):
    """What an encoder made of a recording, as it is: embeddings `[batch, gin]` to g.

    As in YourTTS and FreeVC. Coqui scales embeddings to length 1 first, which here whoever makes them does.
    """

    def build(self, input_shape=None):
        self.built = True  # nothing is to be made

    def call(self, embedding):
        return embedding[:, None]


class ProjectedSpeakerEmbedding(keras.layers.Layer):
    """The same through a linear layer: embeddings `[batch, size]` to g.

    Args:
        size: of an embedding.
        gin: channels of g.
    """

    def __init__(self, size: int, gin: int, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.projection = Dense(gin, name="projection", dtype=self.dtype_policy)

    def build(self, input_shape=None):
        self.projection.build((None, self.size))

    def call(self, embedding):
        return self.projection(embedding)[:, None]


def make_speakers(config: VITSConfig, policy) -> keras.layers.Layer | None:
    """How a model of this configuration tells speakers apart; None where it has one."""
    options = {"name": "speakers", "dtype": policy}
    if config.n_speakers:
        return SpeakerTable(config.n_speakers, config.gin_channels, **options)
    if config.project_embedding:
        return ProjectedSpeakerEmbedding(config.embedding_size, config.gin_channels, **options)
    return SpeakerEmbedding(**options) if config.embedding_size else None


def expand(x: tf.Tensor, durations: tf.Tensor, frames: tf.Tensor | int) -> tf.Tensor:
    """Each symbol as often as it has frames, zeros behind the last: `[batch, time, c] -> [batch, frames, c]`.

    Args:
        x: of symbols.
        durations: whole frames of each, `[batch, time]`; 0 where a row has ended.
        frames: of the longest row.
    """
    ends = tf.cumsum(tf.cast(durations, tf.int32), axis=1)
    place = tf.tile(tf.range(frames)[None], [tf.shape(ends)[0], 1])
    symbol = tf.searchsorted(ends, place, side="right")
    sounding = tf.cast(place < ends[:, -1:], x.dtype)[..., None]
    return tf.gather(x, tf.minimum(symbol, tf.shape(x)[1] - 1), batch_dims=1) * sounding
