"""What a model is that speaks a mel: the base of every generator that `--vocoder` takes."""

import abc
from typing import Self

import keras

from tfvc.models.fusing import copy_fused
from tfvc.models.preset import PresetModel


class VocoderModel(PresetModel):
    """A `PresetModel` from a mel `[batch, frames, n_mels]` to a waveform `[batch, frames * hop, 1]` in [-1, 1].

    To be a vocoder is to derive from this class: presets of every such model can be named wherever a vocoder can. A
    subclass makes its network, a layer that knows its `reach` and its `least_frames`; its configuration has a `hop`.

    Args:
        config: sizes.
        mel_spec: the front-end whose mels it takes.
    """

    def __init__(self, config, mel_spec=None, **kwargs):
        super().__init__(config, mel_spec, **kwargs)
        self.network = self.make_network()
        self.network.build()
        self.built = True

    @abc.abstractmethod
    def make_network(self) -> keras.layers.Layer:
        """The network of `self.config`, not built yet."""

    def call(self, mel, training=False):
        return self.network(mel)

    @property
    def hop(self) -> int:
        """Samples for each frame."""
        return self.config.hop

    @property
    def reach(self) -> int:
        """Frames before and after its own on which a sample depends."""
        return self.network.reach

    @property
    def least_frames(self) -> int:
        """The shortest mel that the network takes: reflected padding needs more frames than it adds."""
        return self.network.least_frames

    def fuse(self) -> Self:
        """The same model with what does not depend on the mel computed, for inference; itself if that is nothing."""
        return self


class WeightNormVocoder(VocoderModel):
    """A `VocoderModel` whose kernels are under weight normalisation, which can be fused into them.

    Its network knows its `convolutions`, all of them, in order.

    Args:
        config: sizes.
        mel_spec: the front-end whose mels it takes.
        fused: a state; the kernels are plain ones, whose normalisation has been computed.
    """

    states = ("fused",)

    @abc.abstractmethod
    def make_network(self) -> keras.layers.Layer:
        """The network of `self.config`, with plain kernels where `self.fused`; not built yet."""

    def fuse(self) -> Self:
        """The same model with the weight normalisation computed once and for all: for inference."""
        if self.fused:
            return self
        plain = type(self)(self.config, self.mel_spec, fused=True, name=self.name, dtype=self.dtype_policy)
        copy_fused(self, plain)
        return plain
