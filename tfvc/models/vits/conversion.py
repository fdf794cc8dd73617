"""What every model is that converts as VITS does: its posterior encoder, flow and decoder."""

from typing import Any, Self

import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.models.fusing import copy_fused
from tfvc.models.preset import PresetModel
from tfvc.models.vits.decoder import Decoder
from tfvc.models.vits.flow import Flow
from tfvc.models.vits.posterior_encoder import PosteriorEncoder
from tfvc.models.vits.text_encoder import sequence_mask


class ConversionModel(PresetModel):
    """A `PresetModel` that takes a spectrogram of one speaker to a waveform of another.

    A subclass says by `condition` what a speaker is to it. Its front-end is a spectrogram of `spec_channels` bins.

    Args:
        config: sizes.
        mel_spec: the front-end whose spectrograms it takes.
        fused: a state; the kernels are plain ones, whose weight normalisation has been computed.
    """

    states = ("fused",)

    def __init__(self, config, mel_spec=None, **kwargs):
        super().__init__(config, mel_spec, **kwargs)
        policy = self.dtype_policy
        self.decoder = Decoder(config, self.fused, name="decoder", dtype=policy)
        self.posterior_encoder = None
        if self.converts:
            self.posterior_encoder = PosteriorEncoder(config, self.fused, name="posterior_encoder", dtype=policy)
        self.flow = Flow(config, self.fused, name="flow", dtype=policy)

    def parts(self) -> list:
        """The networks that it is made of."""
        return [part for part in (self.decoder, self.posterior_encoder, self.flow) if part is not None]

    @property
    def converts(self) -> bool:
        """Whether it has the posterior encoder."""
        return True

    def build(self, input_shape=None):
        for part in self.parts():
            part.build()
        self.built = True

    def condition(self, speaker: tf.Tensor | None) -> tf.Tensor | None:
        """g `[batch, 1, gin_channels]` of whoever is meant; None where there is one speaker."""
        raise NotImplementedError

    def outside_flow(self, g: tf.Tensor | None) -> tf.Tensor | None:
        """The condition as posterior encoder and decoder see it."""
        return g

    def convert(self, spectrogram, lengths, source, target, noise) -> dict[str, tf.Tensor]:
        """What `source` said, spoken by `target`.

        Args:
            spectrogram: `[batch, frames, spec_channels]`, as the model's front-end makes it.
            lengths: how many frames of each row count, `[batch]`.
            source, target: what `condition` takes, a row for each of the batch.
            noise: `[batch, frames, inter_channels]` from N(0, 1). Upstream takes it as it is, OpenVoice 0.3 of it; with
                zeros the result is that of the posterior's mean.

        Returns:
            `waveform` `[batch, frames * hop, 1]` in [-1, 1], of which `lengths * hop` samples count; on the way to it
            `z`, `mean`, `log_scale` of the posterior, `z_p` and `z_target` before and behind the flow back.

        Raises:
            TfvcError: if the model has no posterior encoder.
        """
        if not self.converts:
            raise TfvcError(f"{self.name_in_presets}: without its posterior encoder the model does not convert")
        spectrogram, noise = tf.convert_to_tensor(spectrogram), tf.convert_to_tensor(noise)
        keep = sequence_mask(lengths, tf.shape(spectrogram)[1], spectrogram.dtype)
        source, target = self.condition(source), self.condition(target)
        z, mean, log_scale = self.posterior_encoder(spectrogram, keep, noise, self.outside_flow(source))
        z_p = self.flow(z, keep, source)
        z_target = self.flow(z_p, keep, target, reverse=True)
        waveform = self.decoder(z_target * keep, self.outside_flow(target))
        names = ("waveform", "z", "mean", "log_scale", "z_p", "z_target")
        return dict(zip(names, (waveform, z, mean, log_scale, z_p, z_target), strict=True))

    @property
    def hop(self) -> int:
        """Samples for each frame."""
        return self.config.hop

    @property
    def conversion_reach(self) -> int:
        """Frames before and after its own on which a converted sample depends."""
        return self.posterior_encoder.enc.reach + 2 * self.flow.reach + self.decoder.reach

    def arguments(self) -> dict[str, Any]:
        """What a copy of the model is made with, beside its configuration and its states."""
        return {"mel_spec": self.mel_spec, "name": self.name, "dtype": self.dtype_policy}

    def fuse(self) -> Self:
        """The same model with the weight normalisation computed once and for all: for inference."""
        if self.fused:
            return self
        plain = type(self)(self.config, fused=True, **self.arguments())
        copy_fused(self, plain)
        return plain
