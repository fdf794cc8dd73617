"""The network of WaveNeXt; `torch_model` has the same in PyTorch, in the same order."""

import keras
import tensorflow as tf
from keras.layers import LayerNormalization

from tfvc.layers import Conv1D, Dense, GroupedConv1D
from wavenext.config import WaveNeXtConfig
from wavenext.layers import LayerScale

TAPS = 7
EPSILON = 1e-6  # upstream's; torch has 1e-5 of its own, Keras 1e-3


class Block(keras.layers.Layer):
    """A ConvNeXt block beside its input: `[batch, time, width]` to the same."""

    def __init__(self, config: WaveNeXtConfig, **kwargs):
        super().__init__(**kwargs)
        policy = self.dtype_policy
        self.width, self.hidden = config.width, config.hidden
        self.depthwise = GroupedConv1D(self.width, TAPS, groups=self.width, padding=TAPS // 2, dtype=policy)
        self.norm = LayerNormalization(epsilon=EPSILON, dtype=policy)
        self.widen = Dense(self.hidden, dtype=policy)
        self.gelu = keras.layers.Activation("gelu", dtype=policy)
        self.narrow = Dense(self.width, dtype=policy)
        self.scale = LayerScale(dtype=policy)

    def build(self, input_shape):
        for layer in (self.depthwise, self.norm, self.widen, self.scale):
            layer.build((None, None, self.width))
        self.narrow.build((None, None, self.hidden))

    def call(self, x):
        y = self.norm(self.depthwise(x))
        return x + self.scale(self.narrow(self.gelu(self.widen(y))))


class Network(keras.layers.Layer):
    """A mel `[batch, frames, n_mels]` to a waveform `[batch, frames * hop, 1]` in [-1, 1]."""

    least_frames = 1

    def __init__(self, config: WaveNeXtConfig, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        policy = self.dtype_policy
        self.embed = Conv1D(config.width, TAPS, padding=TAPS // 2, dtype=policy)
        self.norm = LayerNormalization(epsilon=EPSILON, dtype=policy)
        self.blocks = [Block(config, name=f"blocks_{i}", dtype=policy) for i in range(config.blocks)]
        self.last_norm = LayerNormalization(epsilon=EPSILON, dtype=policy)
        self.to_frame = Dense(config.frame, dtype=policy)
        self.to_samples = Dense(config.hop, use_bias=False, dtype=policy)

    def build(self, input_shape=None):
        self.embed.build((None, None, self.config.n_mels))
        for layer in (self.norm, *self.blocks, self.last_norm, self.to_frame):
            layer.build((None, None, self.config.width))
        self.to_samples.build((None, None, self.config.frame))

    def call(self, mel):
        x = self.norm(self.embed(mel))
        for block in self.blocks:
            x = block(x)
        samples = self.to_samples(self.to_frame(self.last_norm(x)))  # [batch, frames, hop]
        wave = tf.reshape(samples, [tf.shape(mel)[0], -1, 1])
        return tf.clip_by_value(tf.cast(wave, self.variable_dtype), -1.0, 1.0)

    @property
    def reach(self) -> int:
        """Frames before and after its own on which a sample depends."""
        return (1 + len(self.blocks)) * (TAPS // 2)
