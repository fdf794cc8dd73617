"""The generator networks of both shapes of MelGAN, and what the shapes share.

A network takes a mel `[batch, frames, n_mels]` and gives a waveform `[batch, frames * hop, 1]` in [-1, 1]. It has
`conv_pre`, `stages` of an upsampling and residual layers, and `conv_post`; and it knows its `reach`: how many frames
before and after its own a sample depends on.
"""

import keras
import tensorflow as tf

from tfvc.layers import Conv1D, Conv1DTranspose, GroupedConv1D, WeightNorm, leaky_relu
from tfvc.models.melgan.config import MelGANConfig

Convolution = Conv1D | Conv1DTranspose | GroupedConv1D | WeightNorm

SLOPES = {"descript": 0.2, "keras_io": 0.3}


def normed(layer: Conv1D | Conv1DTranspose | GroupedConv1D, config: MelGANConfig) -> Convolution:
    """The layer under weight normalisation, unless the model has been fused."""
    return WeightNorm(layer) if config.weight_norm else layer


class DescriptResidual(keras.layers.Layer):
    """descript's residual layer: a shortcut of one tap beside a dilated convolution of three and one of one tap."""

    def __init__(self, config: MelGANConfig, channels: int, dilation: int, **kwargs):
        super().__init__(**kwargs)
        policy = self.dtype_policy
        self.slope = SLOPES["descript"]
        self.dilated = normed(
            Conv1D(
                channels,
                3,
                padding=dilation,
                padding_mode="reflect",
                dilation_rate=dilation,
                name="dilated",
                dtype=policy,
            ),
            config,
        )
        self.pointwise = normed(Conv1D(channels, 1, name="pointwise", dtype=policy), config)
        self.shortcut = normed(Conv1D(channels, 1, name="shortcut", dtype=policy), config)
        self.reach = dilation

    @property
    def convolutions(self) -> list[Convolution]:
        """All of them, in torch's order."""
        return [self.dilated, self.pointwise, self.shortcut]

    def build(self, input_shape):
        for layer in self.convolutions:
            layer.build(input_shape)

    def call(self, x):
        y = self.dilated(leaky_relu(x, self.slope))
        return self.shortcut(x) + self.pointwise(leaky_relu(y, self.slope))


class KerasIOResidual(keras.layers.Layer):
    """keras.io's residual layer: a dilated convolution of three taps and a plain one, beside the input itself.

    Args:
        activate: whether a LeakyReLU comes first; in the first layer of a stack it has already been.
    """

    def __init__(self, config: MelGANConfig, channels: int, dilation: int, activate: bool, **kwargs):
        super().__init__(**kwargs)
        policy = self.dtype_policy
        self.slope = SLOPES["keras_io"]
        self.activate = activate
        self.dilated = normed(
            Conv1D(channels, 3, padding="same", dilation_rate=dilation, name="dilated", dtype=policy), config
        )
        self.plain = normed(Conv1D(channels, 3, padding="same", name="plain", dtype=policy), config)
        self.reach = dilation + 1

    @property
    def convolutions(self) -> list[Convolution]:
        """All of them, in order."""
        return [self.dilated, self.plain]

    def build(self, input_shape):
        for layer in self.convolutions:
            layer.build(input_shape)

    def call(self, x):
        y = self.dilated(leaky_relu(x, self.slope) if self.activate else x)
        return x + self.plain(leaky_relu(y, self.slope))


class Stage(keras.layers.Layer):
    """An upsampling and the residual layers behind it.

    Args:
        activated: where the LeakyReLU is: "before" the upsampling (descript), or "after" it and again at the end
            (keras.io).
    """

    def __init__(self, upsample: Convolution, residuals: list[keras.layers.Layer], activated: str, **kwargs):
        super().__init__(**kwargs)
        self.upsample = upsample
        self.residuals = residuals
        self.before = activated == "before"
        self.slope = SLOPES["descript" if self.before else "keras_io"]

    def build(self, input_shape):
        self.upsample.build(input_shape)
        for residual in self.residuals:
            residual.build(self.upsample.compute_output_shape(input_shape))

    def call(self, x):
        if self.before:
            x = leaky_relu(x, self.slope)
        x = self.upsample(x)
        if not self.before:
            x = leaky_relu(x, self.slope)
        for residual in self.residuals:
            x = residual(x)
        return x if self.before else leaky_relu(x, self.slope)

    def reach_before(self, reach: int) -> int:
        """Steps of the input on which `reach` steps of the output depend."""
        reach += sum(residual.reach for residual in self.residuals)
        layer = self.upsample.layer if isinstance(self.upsample, WeightNorm) else self.upsample
        # Output t is made of the inputs i with 0 <= t + padding - i * stride < kernel size.
        further = max(layer.padding, layer.kernel_size - 1 - layer.padding)
        return -(-(reach + further) // layer.strides)


class GeneratorNetwork(keras.layers.Layer):
    """Base of both: `conv_pre`, `stages`, `conv_post` of seven taps, seven taps."""

    def build(self, input_shape=None):
        self.conv_pre.build((None, None, self.config.n_mels))
        channels = self.config.channels
        for stage in self.stages:
            stage.build((None, None, channels))
            channels //= 2
        self.conv_post.build((None, None, channels))

    @property
    def convolutions(self) -> list[Convolution]:
        """All of them, in order."""
        of_stages = [
            layer
            for stage in self.stages
            for layer in (stage.upsample, *(c for residual in stage.residuals for c in residual.convolutions))
        ]
        return [self.conv_pre, *of_stages, self.conv_post]

    @property
    def reach(self) -> int:
        """Frames before and after its own on which a sample depends."""
        reach = 3
        for stage in reversed(self.stages):
            reach = stage.reach_before(reach)
        return reach + 3

    @property
    def least_frames(self) -> int:
        """The shortest mel that the network takes; zeros can be added to any."""
        return 1


class DescriptGenerator(GeneratorNetwork):
    """The network of descriptinc/melgan-neurips."""

    def __init__(self, config: MelGANConfig, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        policy = self.dtype_policy
        ends = {"padding": 3, "padding_mode": "reflect", "dtype": policy}
        self.conv_pre = normed(Conv1D(config.channels, 7, name="conv_pre", **ends), config)
        self.stages = []
        for i, rate in enumerate(config.upsample_rates):
            channels = config.channels // 2 ** (i + 1)
            upsample = Conv1DTranspose(
                channels,
                2 * rate,
                strides=rate,
                padding=rate // 2 + rate % 2,
                output_padding=rate % 2,
                name="upsample",
                dtype=policy,
            )
            residuals = [
                DescriptResidual(config, channels, 3**j, name=f"residuals_{j}", dtype=policy)
                for j in range(config.residual_layers)
            ]
            self.stages.append(Stage(normed(upsample, config), residuals, "before", name=f"stages_{i}", dtype=policy))
        self.conv_post = normed(Conv1D(1, 7, name="conv_post", **ends), config)

    @property
    def least_frames(self) -> int:
        """The shortest mel that the network takes: a reflection needs more steps than it adds."""
        least, samples = 3 + 1, 1
        for rate, stage in zip(self.config.upsample_rates, self.stages, strict=True):
            samples *= rate
            least = max(least, *(-(-(residual.reach + 1) // samples) for residual in stage.residuals))
        return least

    def call(self, mel):
        x = self.conv_pre(mel)
        for stage in self.stages:
            x = stage(x)
        x = self.conv_post(leaky_relu(x, SLOPES["descript"]))
        return tf.tanh(tf.cast(x, self.variable_dtype))


class KerasIOGenerator(GeneratorNetwork):
    """The network of the keras.io example, whose first convolution has no weight normalisation."""

    def __init__(self, config: MelGANConfig, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        policy = self.dtype_policy
        self.conv_pre = Conv1D(config.channels, 7, padding="same", name="conv_pre", dtype=policy)
        self.stages = []
        for i, rate in enumerate(config.upsample_rates):
            channels = config.channels // 2 ** (i + 1)
            upsample = Conv1DTranspose(
                channels, 16, strides=rate, padding=(16 - rate) // 2, name="upsample", dtype=policy
            )
            residuals = [
                KerasIOResidual(config, channels, 3**j, activate=j > 0, name=f"residuals_{j}", dtype=policy)
                for j in range(config.residual_layers)
            ]
            self.stages.append(Stage(normed(upsample, config), residuals, "after", name=f"stages_{i}", dtype=policy))
        self.conv_post = normed(Conv1D(1, 7, padding="same", name="conv_post", dtype=policy), config)

    def call(self, mel):
        x = leaky_relu(self.conv_pre(mel), SLOPES["keras_io"])
        for stage in self.stages:
            x = stage(x)
        return tf.tanh(tf.cast(self.conv_post(x), self.variable_dtype))


GENERATORS = {"descript": DescriptGenerator, "keras_io": KerasIOGenerator}
