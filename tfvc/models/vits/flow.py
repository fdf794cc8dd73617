"""The flow between posterior and prior (jaywalnut310/vits, modules.py and models.py)."""

import keras
import tensorflow as tf

from tfvc.layers import Conv1D
from tfvc.models.vits.config import ConversionConfig
from tfvc.models.vits.wavenet import WaveNet


class Coupling(keras.layers.Layer):
    """Adds to the second half of the channels what a WaveNet makes of the first, or takes it off again.

    `[batch, time, channels]` to the same; no volume changes. It starts as the identity.

    Args:
        config: sizes.
        fused: without weight normalisation, which has been computed.
    """

    def __init__(self, config: ConversionConfig, fused: bool, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        policy, hidden = self.dtype_policy, config.hidden_channels
        self.pre = Conv1D(hidden, 1, name="pre", dtype=policy)
        self.enc = WaveNet(
            hidden, config.wavenet_kernel_size, config.flow_layers, config.gin_channels, fused, name="enc", dtype=policy
        )
        half = config.inter_channels // 2
        self.post = Conv1D(half, 1, kernel_initializer="zeros", name="post", dtype=policy)

    def build(self, input_shape=None):
        self.pre.build((None, None, self.config.inter_channels // 2))
        self.enc.build()
        self.post.build((None, None, self.config.hidden_channels))
        self.post.bias.assign(tf.zeros_like(self.post.bias))

    def call(self, x, keep, g=None, reverse=False):
        through, other = tf.split(x, 2, axis=-1)  # what goes through is not masked
        mean = self.post(self.enc(self.pre(through) * keep, keep, g)) * keep
        other = (other - mean) * keep if reverse else mean + other * keep
        return tf.concat([through, other], axis=-1)


class Flow(keras.layers.Layer):
    """z to z_p under a speaker's condition, or with `reverse` z_p to z: `[batch, time, inter_channels]`.

    Behind each coupling all channels are put in reverse order.

    Args:
        config: sizes.
        fused: without weight normalisation, which has been computed.
    """

    def __init__(self, config: ConversionConfig, fused: bool, **kwargs):
        super().__init__(**kwargs)
        self.couplings = [
            Coupling(config, fused, name=f"couplings_{i}", dtype=self.dtype_policy) for i in range(config.n_flows)
        ]

    def build(self, input_shape=None):
        for coupling in self.couplings:
            coupling.build()

    def call(self, x, keep, g=None, reverse=False):
        if reverse:
            for coupling in reversed(self.couplings):
                x = coupling(flip(x), keep, g, reverse=True)
            return x
        for coupling in self.couplings:
            x = flip(coupling(x, keep, g))
        return x

    @property
    def reach(self) -> int:
        """Frames before and after its own on which a frame depends."""
        return sum(coupling.enc.reach for coupling in self.couplings)


def flip(x: tf.Tensor) -> tf.Tensor:
    """The channels in reverse order."""
    return tf.reverse(x, [-1])
